package projections_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
)

// folded is what was sold of an event, by a fold of its records.
type folded struct {
	state     domain.State
	revenue   map[string][2]int64 // tickets and amount, by type and currency
	bookings  map[uuid.UUID]domain.Lines
	currency  map[uuid.UUID]string
	intervals map[time.Time]string
}

func foldSales(t *testing.T, records []eventstore.Record, startOf func(time.Time) time.Time) map[uuid.UUID]*folded {
	t.Helper()
	events := map[uuid.UUID]*folded{}
	type counted struct{ bookings, tickets, cancelled, returned int }
	counts := map[uuid.UUID]map[time.Time]counted{}
	for _, r := range records {
		v, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
		dbtest.Must(t, err)
		e := events[r.StreamID]
		if e == nil {
			e = &folded{
				revenue: map[string][2]int64{}, bookings: map[uuid.UUID]domain.Lines{}, currency: map[uuid.UUID]string{},
				intervals: map[time.Time]string{},
			}
			events[r.StreamID], counts[r.StreamID] = e, map[time.Time]counted{}
		}
		e.state = e.state.Evolve(v)
		at := startOf(r.RecordedAt).UTC()
		c := counts[r.StreamID][at]
		booked := func(id uuid.UUID, lines domain.Lines, currency string, times int64) {
			for _, l := range lines.All() {
				key := fmt.Sprint(l.Type, currency)
				sum := e.revenue[key]
				n := times * int64(l.Quantity)
				e.revenue[key] = [2]int64{sum[0] + n, sum[1] + n*l.Price}
			}
			e.bookings[id], e.currency[id] = lines, currency
		}
		switch v := v.(type) {
		case domain.TicketBooked:
			booked(v.BookingID, v.Lines, v.Currency, 1)
			c.bookings, c.tickets = c.bookings+1, c.tickets+v.Lines.Quantity()
		case domain.HoldConfirmed:
			booked(v.HoldID, v.Lines, v.Currency, 1)
			c.bookings, c.tickets = c.bookings+1, c.tickets+v.Lines.Quantity()
		case domain.BookingCancelled:
			booked(v.BookingID, e.bookings[v.BookingID], e.currency[v.BookingID], -1)
			c.cancelled, c.returned = c.cancelled+1, c.returned+v.Lines.Quantity()
		default: // it sells nothing
			continue
		}
		counts[r.StreamID][at] = c
	}
	for id, of := range counts {
		for at, c := range of {
			events[id].intervals[at] = fmt.Sprint(c)
		}
	}
	return events
}

func TestSalesAreTheFoldOfTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	theatre := b.theatre()
	b.live(400)
	p.Reaches(b.head)
	records, err := eventstore.NewLog(b.Pool).After(t.Context(), 0, 1_000_000)
	dbtest.Must(t, err)
	zone := time.FixedZone("five and a half", 19_800)
	minutes := func(at time.Time) time.Time { return at.Truncate(time.Minute) }
	bookings := projections.Bookings{Pool: b.Pool}
	events := foldSales(t, records, minutes)
	if len(events) != 6 || events[theatre].state.Sold() == 0 {
		t.Fatalf("the history has %d events", len(events))
	}
	for id, want := range events {
		revenue, err := bookings.Revenue(t.Context(), id)
		dbtest.Must(t, err)
		got := map[string][2]int64{}
		for _, r := range revenue {
			got[fmt.Sprint(r.Type, r.Currency)] = [2]int64{int64(r.Tickets), r.Amount}
		}
		maps.DeleteFunc(want.revenue, func(_ string, sum [2]int64) bool { return sum[0] == 0 })
		if !maps.Equal(got, want.revenue) {
			t.Errorf("revenue of %s: got %v, want %v", id, got, want.revenue)
		}
		sales, err := bookings.Sales(t.Context(), projections.SalesQuery{
			EventID: id, Interval: projections.ByMinute, Zone: zone, To: time.Now().Add(time.Hour),
		})
		dbtest.Must(t, err)
		intervals := map[time.Time]string{}
		for _, s := range sales {
			intervals[s.At] = fmt.Sprint(struct{ bookings, tickets, cancelled, returned int }{
				s.Bookings, ticketsOf(s.Sold), s.Cancelled, ticketsOf(s.Returned),
			})
		}
		if !maps.Equal(intervals, want.intervals) {
			t.Errorf("sales of %s: got %v, want %v", id, intervals, want.intervals)
		}
	}
	b.checkCounts(events)
}

// theatre is an event with several types, of which some tickets are sold and given back.
func (b *bundle) theatre() uuid.UUID {
	b.Helper()
	id, ann, bob := uuid.New(), uuid.New(), uuid.New()
	d, err := domain.NewDetails(domain.Details{
		Title: "Theatre", Venue: "Hall", Currency: "KWD", MaxPerCustomer: 9, StartsAt: b.now.AddDate(1, 0, 0),
		TicketTypes: []domain.TicketType{{ID: 1, Name: "Floor", Price: 49_990}, {ID: 2, Name: "Balcony", Price: 5}},
	})
	dbtest.Must(b, err)
	both := domain.Lines{{Type: 1, Quantity: 2}, {Type: 2, Quantity: 3}}
	given, kept := uuid.New(), uuid.New()
	b.do(id, domain.ScheduleEvent{Details: d, Capacity: 30},
		domain.BookTicket{BookingID: given, CustomerID: ann, Lines: both, Now: b.now},
		domain.BookTicket{BookingID: kept, CustomerID: bob, Lines: both, Now: b.now},
		domain.CancelBooking{BookingID: given, CustomerID: ann, Now: b.now},
		domain.CheckInTicket{Ticket: domain.TicketID{BookingID: kept, Type: 2, Number: 3}, By: actor, Now: b.now},
		domain.HoldTickets{HoldID: uuid.New(), CustomerID: ann, Lines: both, Now: b.now, Until: b.now.Add(time.Hour)})
	// An older program's, whose price is not on record.
	b.append(id, appendtest.Record{Type: domain.TypeTicketBooked, SchemaVersion: 1,
		Data: fmt.Appendf(nil, `{"bookingId":%q,"customerId":%q}`, uuid.New(), uuid.New())})
	return id
}

func ticketsOf(rows []projections.Turnover) (n int) {
	for _, r := range rows {
		n += r.Tickets
	}
	return n
}

// checkCounts compares the numbers of events with the states of their streams.
func (b *bundle) checkCounts(events map[uuid.UUID]*folded) {
	b.Helper()
	counts, err := projections.NewEvents(b.Pool).Counts(context.Background(), slices.Collect(maps.Keys(events)))
	dbtest.Must(b, err)
	for id, e := range events {
		s := e.state
		want := projections.Counts{Sold: s.Sold(), Held: s.Held(), Waiting: s.Waiting(), CheckedIn: s.CheckedIn()}
		if counts[id] != want {
			b.Errorf("event %s: got %+v, want %+v", id, counts[id], want)
		}
	}
}

func TestSalesGoByTheClockOfTheEvent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event := uuid.New()
	book := func(at string, cancelled any) {
		t.Helper()
		b.Exec(`
			insert into bookings (id, event_id, user_id, status, created_at, cancelled_at, version, lines, currency)
			values (gen_random_uuid(), $1, gen_random_uuid(), 'CONFIRMED', $2::timestamptz, $3::timestamptz, 1,
				'[{"type": 1, "quantity": 1, "price": 500}]', 'EUR')`, event, at, cancelled)
	}
	kolkata, err := time.LoadLocation("Asia/Kolkata")
	dbtest.Must(t, err)
	q := projections.SalesQuery{
		EventID: event, Zone: kolkata,
		From: time.Date(2026, 3, 1, 18, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC),
	}
	book("2026-03-01T17:59:59.999Z", "2026-03-01T18:29:59Z") // cancelled at 23:59:59, booked before From
	book("2026-03-01T18:29:59Z", nil)
	book("2026-03-01T18:30:00Z", nil) // midnight
	book("2026-03-01T19:29:59Z", "2026-03-03T00:00:00Z")
	book("2026-03-03T00:00:00Z", nil)
	for interval, want := range map[projections.Interval]string{
		projections.ByDay:    "02-28 18:30 1/1, 03-01 18:30 2/0",
		projections.ByHour:   "03-01 17:30 1/1, 03-01 18:30 2/0",
		projections.ByMinute: "03-01 18:29 1/1, 03-01 18:30 1/0, 03-01 19:29 1/0",
	} {
		q.Interval = interval
		sales, err := projections.Bookings{Pool: b.Pool}.Sales(t.Context(), q)
		dbtest.Must(t, err)
		got := ""
		for i, s := range sales {
			if i > 0 {
				got += ", "
			}
			got += fmt.Sprintf("%s %d/%d", s.At.Format("01-02 15:04"), s.Bookings, s.Cancelled)
		}
		if got != want {
			t.Errorf("by %s: got %s, want %s", interval, got, want)
		}
	}
}

// The total of a list is remembered. It changes when somebody becomes an organizer of one more event.
func TestTheTotalOfAnOrganizersEventsIsThatOfNow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	events, q := projections.NewEvents(b.Pool), projections.EventQuery{
		Organizer: uuid.New(), Drafts: true, Sort: projections.SortByDate, Limit: 5,
	}
	for i := range 3 {
		b.schedule(fmt.Sprint("Event ", i), 3)
	}
	for i := range 3 {
		b.do(b.events[i], domain.AddOrganizer{UserID: q.Organizer, Role: domain.RoleSell})
		p.Reaches(b.head)
		page, _, total, err := events.After(t.Context(), q, projections.EventCursor{})
		dbtest.Must(t, err)
		if len(page) != i+1 || total != i+1 {
			t.Errorf("got %d events of %d, want %d", len(page), total, i+1)
		}
	}
	b.do(b.events[0], domain.RemoveOrganizer{UserID: q.Organizer})
	p.Reaches(b.head)
	page, _, total, err := events.After(t.Context(), q, projections.EventCursor{})
	dbtest.Must(t, err)
	if len(page) != 2 || total != 2 {
		t.Errorf("got %d events of %d, want 2", len(page), total)
	}
}
