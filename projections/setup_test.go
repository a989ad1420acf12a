package projections_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func TestMain(m *testing.M) {
	// They wait for the database and for clocks more than they compute.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	dbtest.Main(m)
}

var (
	actor  = uuid.MustParse("11111111-2222-4333-8444-555555555555")
	silent = slog.New(slog.DiscardHandler)
)

// bundle is what a test works with: a database of its own, and a history to write.
type bundle struct {
	dbtest.Database
	*history
}

func setup(t *testing.T) *bundle {
	t.Helper()
	db := dbtest.New(t)
	return &bundle{db, newHistory(t, db.Pool)}
}

// start runs the projections. Its options say in which way they differ from the usual.
func (b *bundle) start(change ...func(*engine.Options)) *enginetest.Process {
	b.Helper()
	pool := dbtest.Connect(b, b.URL, dbtest.MaxConns(projections.Connections+2), dbtest.Settings(engine.RunSession()))
	return b.startOn(pool, change...)
}

func (b *bundle) startOn(pool *pgxpool.Pool, change ...func(*engine.Options)) *enginetest.Process {
	b.Helper()
	p := enginetest.Start(b.Database, pool, projections.All(), change...)
	b.notifiers = append(b.notifiers, p.Notifier)
	return p
}

// named is one of the program's projections.
func named(name string) engine.Projection {
	p, err := projections.Named(name)
	if err != nil {
		panic(err)
	}
	return p
}

// history appends to streams, as the executor would.
type history struct {
	t         testing.TB
	pool      *pgxpool.Pool
	notifiers []*engine.Notifier // told of appends
	random    *rand.Rand
	now       time.Time

	versions map[uuid.UUID]int
	states   map[uuid.UUID]domain.State
	events   []uuid.UUID
	bookings []made
	head     int64
}

type made struct{ event, booking, customer uuid.UUID }

func newHistory(t testing.TB, pool *pgxpool.Pool) *history {
	return &history{
		t: t, pool: pool, random: rand.New(rand.NewPCG(1, 2)), now: time.Now(),
		versions: map[uuid.UUID]int{}, states: map[uuid.UUID]domain.State{},
	}
}

// do appends what commands give, all of them at once. Refused ones append nothing.
func (h *history) do(event uuid.UUID, commands ...domain.Command) {
	h.t.Helper()
	var added []appendtest.Record
	for _, c := range commands {
		records, err := domain.Decide(c, h.states[event])
		if err != nil {
			continue
		}
		added = append(added, appendtest.Encode(h.t, domain.Codec{}, records...)...)
		h.states[event] = h.states[event].Evolve(records...)
	}
	if len(added) > 0 {
		h.append(event, added...)
	}
}

func (h *history) append(event uuid.UUID, added ...appendtest.Record) {
	h.t.Helper()
	for i := range added {
		added[i].Metadata = eventstore.Metadata{Actor: actor, CorrelationID: fmt.Sprint("request ", h.head+1)}
	}
	stored, err := appendtest.Append(context.Background(), h.pool, event, h.versions[event], added...)
	dbtest.Must(h.t, err)
	h.versions[event] += len(added)
	h.head = stored[len(stored)-1].Position
	for _, n := range h.notifiers {
		n.Appended()
	}
}

// schedule opens the stream of a new event.
func (h *history) schedule(title string, capacity int) uuid.UUID {
	h.t.Helper()
	event := uuid.New()
	h.do(event, domain.ScheduleEvent{Details: details(title, len(h.events), 1000), Capacity: capacity})
	h.events = append(h.events, event)
	return event
}

// anyID is one of a few.
func (h *history) anyID() uuid.UUID { return uuid.UUID{6: 0x40, 8: 0x80, 15: byte(h.random.IntN(4))} }

// book sells n tickets of an event in one append.
func (h *history) book(event uuid.UUID, n int) {
	h.t.Helper()
	commands := make([]domain.Command, n)
	for i := range commands {
		b := made{event, uuid.New(), uuid.New()}
		commands[i] = domain.BookTicket{BookingID: b.booking, CustomerID: b.customer, Now: h.now}
		h.bookings = append(h.bookings, b)
	}
	h.do(event, commands...)
}

// live lets n things happen to the events there are, or to five new ones.
func (h *history) live(n int) {
	h.t.Helper()
	for i := len(h.events); i < 5; i++ {
		h.schedule(fmt.Sprint("Event ", i), 3+i)
	}
	for range n {
		event := h.events[h.random.IntN(len(h.events))]
		switch h.random.IntN(19) {
		case 13, 14, 15, 16, 17, 18:
			h.claim(event)
		case 10:
			h.do(event, domain.AddOrganizer{UserID: h.anyID(), Role: domain.EventRoles()[h.random.IntN(3)]})
		case 11:
			h.do(event, domain.RemoveOrganizer{UserID: h.anyID()})
		case 12:
			if len(h.bookings) > 0 {
				b := h.bookings[h.random.IntN(len(h.bookings))]
				ticket := domain.TicketID{BookingID: b.booking, Type: domain.FirstTypeID, Number: 1}
				h.do(b.event, domain.UndoCheckIn{Ticket: ticket, Reason: "too early"},
					domain.CheckInTicket{Ticket: ticket, By: actor, Now: h.now})
			}
		case 0:
			h.do(event, domain.ChangeCapacity{Capacity: 1 + h.random.IntN(10)})
		case 1:
			h.do(event, domain.ChangeDetails{Details: details(fmt.Sprint("Renamed ", h.random.IntN(3)), h.random.IntN(9),
				h.random.Int64N(5000))})
		case 2, 3, 4:
			if len(h.bookings) > 0 {
				b := h.bookings[h.random.IntN(len(h.bookings))]
				h.do(b.event, domain.CancelBooking{BookingID: b.booking, CustomerID: b.customer, Now: h.now})
			}
		default:
			h.book(event, 1)
		}
	}
}

func details(title string, days int, price int64) domain.Details {
	d, err := domain.NewDetails(domain.Details{
		Title: title, Venue: "Hall", Currency: "EUR", TicketTypes: domain.GeneralAdmission(price),
		StartsAt: time.Date(2031, 1, 1, 20, 0, 0, 0, time.UTC).AddDate(0, 0, days),
	})
	if err != nil {
		panic(err)
	}
	return d
}

func customerOf(s domain.State, booking uuid.UUID) uuid.UUID {
	b, _ := s.Booking(booking)
	return b.CustomerID
}

// checkFold compares the read models with a fold of the log that is made here, without the
// projections.
func (b *bundle) checkFold() {
	b.Helper()
	ctx := context.Background()
	records, err := eventstore.NewLog(b.Pool).After(ctx, 0, 1_000_000)
	dbtest.Must(b, err)
	wantEvents, wantBookings := map[uuid.UUID]string{}, map[uuid.UUID]string{}
	states, first, booked := map[uuid.UUID]domain.State{}, map[uuid.UUID]time.Time{}, map[uuid.UUID]eventstore.Record{}
	for _, r := range records {
		v, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
		dbtest.Must(b, err)
		s := states[r.StreamID].Evolve(v)
		states[r.StreamID] = s
		switch v := v.(type) {
		case domain.EventScheduled:
			first[r.StreamID] = r.RecordedAt
		case domain.TicketBooked:
			booked[v.BookingID] = r
			wantBookings[v.BookingID] = fmt.Sprint(r.StreamID, v.CustomerID, "CONFIRMED", r.RecordedAt, "-", r.Version)
		case domain.HoldConfirmed:
			booked[v.HoldID] = r
			wantBookings[v.HoldID] = fmt.Sprint(r.StreamID, v.CustomerID, "CONFIRMED", r.RecordedAt, "-", r.Version)
		case domain.BookingCancelled:
			wantBookings[v.BookingID] = fmt.Sprint(r.StreamID, v.CustomerID, "CANCELLED", booked[v.BookingID].RecordedAt,
				r.RecordedAt, r.Version)
		case domain.TicketCheckedIn:
			wantBookings[v.BookingID] = fmt.Sprint(r.StreamID, customerOf(s, v.BookingID), "CONFIRMED",
				booked[v.BookingID].RecordedAt, "-", r.Version)
		case domain.CheckInUndone:
			wantBookings[v.BookingID] = fmt.Sprint(r.StreamID, customerOf(s, v.BookingID), "CONFIRMED",
				booked[v.BookingID].RecordedAt, "-", r.Version)
		default: // no booking
		}
		status := "SCHEDULED"
		if s.Cancelled() {
			status = "CANCELLED"
		}
		wantEvents[r.StreamID] = fmt.Sprint(s.Details(), s.Capacity(), s.Remaining(), status, r.Version, first[r.StreamID],
			r.RecordedAt)
	}

	gotEvents, gotBookings := map[uuid.UUID]string{}, map[uuid.UUID]string{}
	events := projections.NewEvents(b.Pool)
	for page := 1; ; page++ {
		rows, _, err := events.List(ctx, projections.EventQuery{Sort: projections.SortByDate, Page: page, Limit: 1000})
		dbtest.Must(b, err)
		for _, e := range rows {
			d := domain.Details{Title: e.Title, Description: e.Description, Venue: e.Venue, StartsAt: e.StartsAt,
				TimeZone: e.TimeZone, MaxPerCustomer: 1,
				Currency: e.Price.Currency, TicketTypes: domain.GeneralAdmission(e.Price.Minor)}
			gotEvents[e.ID] = fmt.Sprint(d, e.Capacity, e.Remaining, e.Status, e.Version, e.CreatedAt, e.UpdatedAt)
		}
		if len(rows) == 0 {
			break
		}
	}
	rows, _ := b.Pool.Query(ctx, `select id, event_id, user_id, status, created_at, cancelled_at, version from bookings`)
	var (
		row       projections.Booking
		cancelled *time.Time
	)
	_, err = pgx.ForEachRow(rows, []any{&row.ID, &row.EventID, &row.UserID, &row.Status, &row.CreatedAt, &cancelled,
		&row.Version}, func() error {
		at := any("-")
		if cancelled != nil {
			at = cancelled.UTC()
		}
		gotBookings[row.ID] = fmt.Sprint(row.EventID, row.UserID, row.Status, row.CreatedAt.UTC(), at, row.Version)
		return nil
	})
	dbtest.Must(b, err)
	compareRows(b, "events", gotEvents, wantEvents)
	compareRows(b, "bookings", gotBookings, wantBookings)
	b.checkClaims(records)
}

func compareRows(t testing.TB, table string, got, want map[uuid.UUID]string) {
	t.Helper()
	wrong := 0
	for id := range want {
		if got[id] != want[id] {
			if wrong++; wrong <= 5 {
				t.Errorf("%s %s:\n got  %s\n want %s", table, id, got[id], want[id])
			}
		}
	}
	if len(got) != len(want) || wrong > 5 {
		t.Errorf("%s: got %d rows, want %d; %d of them differ", table, len(got), len(want), wrong)
	}
}
