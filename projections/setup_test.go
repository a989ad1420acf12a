package projections_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
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

const patient = time.Minute // longer than anything here takes when all is well

var (
	actor  = uuid.MustParse("11111111-2222-4333-8444-555555555555")
	silent = slog.New(slog.DiscardHandler)
)

// bundle is what a test works with: a database of its own, a pool on it that no projection uses,
// and a history to write.
type bundle struct {
	*testing.T
	url  string
	pool *pgxpool.Pool
	*history
}

func setup(t *testing.T) *bundle {
	t.Helper()
	url := dbtest.URL(t)
	pool := dbtest.Connect(t, url, dbtest.MaxConns(8))
	return &bundle{t, url, pool, newHistory(t, pool)}
}

// process is one process's projections on a database that several may share.
type process struct {
	testing.TB
	notifier *engine.Notifier
	progress *engine.Progress
	stop     func()
}

type choice func(*engine.Options)

// start runs the projections. Its options say in which way they differ from the usual.
func (b *bundle) start(choices ...choice) *process {
	b.Helper()
	return b.startOn(dbtest.Connect(b, b.url, dbtest.MaxConns(projections.Connections+2),
		dbtest.Settings(engine.RunSession())), choices...)
}

func (b *bundle) startOn(pool *pgxpool.Pool, choices ...choice) *process {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{TB: b, notifier: engine.NewNotifier(b.url, b.pool, projections.Names(), silent)}
	p.progress = engine.NewProgress(b.pool, p.notifier, nil, silent)
	o := engine.Options{Projections: projections.All(), Pool: pool, Notifier: p.notifier, Holder: uuid.NewString()}
	for _, choose := range choices {
		choose(&o)
	}
	var work sync.WaitGroup
	work.Go(func() { p.notifier.Run(ctx) })
	work.Go(func() { p.progress.Run(ctx) })
	work.Go(func() {
		if err := engine.Run(ctx, o); err != nil {
			b.Errorf("run: %v", err)
		}
	})
	p.stop = sync.OnceFunc(func() { cancel(); work.Wait() })
	b.Cleanup(p.stop)
	b.notifiers = append(b.notifiers, p.notifier)
	return p
}

// reaches fails the test when the read models have not got to the position in good time.
func (p *process) reaches(position int64) {
	p.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	if reached := p.progress.Wait(ctx, position); reached < position {
		p.Fatalf("the read models are at %d, want %d", reached, position)
	}
}

// named is one of the program's projections.
func named(name string) engine.Projection {
	p, err := projections.Named(name)
	if err != nil {
		panic(err)
	}
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) exec(sql string, args ...any) {
	b.Helper()
	if _, err := b.pool.Exec(context.Background(), sql, args...); err != nil {
		b.Fatalf("%s: %v", sql, err)
	}
}

func (b *bundle) count(sql string, args ...any) (n int) {
	b.Helper()
	if err := b.pool.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		b.Fatalf("%s: %v", sql, err)
	}
	return n
}

// eventually waits for a condition of which nobody sends word.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	if !waittest.Until(patient, holds) {
		t.Fatalf("still not so: %s", what)
	}
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
		for _, r := range records {
			name, schema, data, err := domain.Codec{}.Encode(r)
			must(h.t, err)
			added = append(added, appendtest.Record{Type: name, SchemaVersion: schema, Data: data})
			h.states[event] = h.states[event].Evolve(r)
		}
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
	must(h.t, err)
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

// checkFold compares the read models with a fold of the log that is made here, without the
// projections. Streams that are named are left out from a version on.
func customerOf(s domain.State, booking uuid.UUID) uuid.UUID {
	b, _ := s.Booking(booking)
	return b.CustomerID
}

func (b *bundle) checkFold(parked map[uuid.UUID]int) { //nolint:unparam // a test of parked streams may name them
	b.Helper()
	ctx := context.Background()
	records, err := eventstore.NewLog(b.pool).After(ctx, 0, 1_000_000)
	must(b, err)
	wantEvents, wantBookings := map[uuid.UUID]string{}, map[uuid.UUID]string{}
	states, first, booked := map[uuid.UUID]domain.State{}, map[uuid.UUID]time.Time{}, map[uuid.UUID]eventstore.Record{}
	for _, r := range records {
		if from, is := parked[r.StreamID]; is && r.Version >= from {
			continue
		}
		v, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
		must(b, err)
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
	events := projections.NewEvents(b.pool)
	for page := 1; ; page++ {
		rows, _, err := events.List(ctx, projections.EventQuery{Sort: projections.SortByDate, Page: page, Limit: 1000})
		must(b, err)
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
	rows, _ := b.pool.Query(ctx, `select id, event_id, user_id, status, created_at, cancelled_at, version from bookings`)
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
	must(b, err)
	compareRows(b, "events", gotEvents, wantEvents)
	compareRows(b, "bookings", gotBookings, wantBookings)
	if parked == nil {
		b.checkClaims(records)
	}
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

// checkVerified wants every record to have been applied once.
func (b *bundle) checkVerified() {
	b.Helper()
	for _, name := range projections.Names() {
		v, err := engine.Verify(context.Background(), b.pool, named(name))
		must(b, err)
		if len(v.Mismatches) > 0 {
			b.Errorf("%s: %+v", name, v)
		}
	}
}

// dump is all that a table holds.
func (b *bundle) dump(table string) []string {
	b.Helper()
	rows, _ := b.pool.Query(context.Background(), `select t::text from `+table+` t order by 1`)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(b, err)
	return lines
}

func (b *bundle) checkDump(table string, want []string) {
	b.Helper()
	if got := b.dump(table); !slices.Equal(got, want) {
		b.Errorf("%s has other rows than it had:\n%v\n%v", table, got, want)
	}
}

func (b *bundle) rebuild(projection string, choices ...func(*engine.RebuildOptions)) (engine.Rebuilt, error) {
	b.Helper()
	o := engine.RebuildOptions{Pool: b.toolPool(), Holder: "a rebuild"}
	for _, choose := range choices {
		choose(&o)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	return engine.Rebuild(ctx, named(projection), o)
}

func (b *bundle) toolPool() *pgxpool.Pool {
	b.Helper()
	return dbtest.Connect(b, b.url, dbtest.MaxConns(engine.RebuildConnections), dbtest.Settings(engine.Session()))
}
