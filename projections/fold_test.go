package projections_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
)

func TestAReadModelIsTheFoldOfTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	b.live(400)
	b.do(b.events[0], domain.CancelEvent{})
	p.reaches(b.head)
	b.checkFold(nil)
	b.checkVerified()
}

func TestALongLogIsCaughtUpWith(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	for range 3 {
		event := b.schedule("E", 10_000)
		b.book(event, 4000) // together more than two pages
		for _, m := range b.bookings[len(b.bookings)-50:] {
			b.do(event, domain.CancelBooking{BookingID: m.booking, CustomerID: m.customer, Now: b.now})
		}
	}
	b.start().reaches(b.head)
	b.checkFold(nil)
	b.checkVerified()
}

// Decoding must not depend on who wrote: the data of the log is JSON that a later version may lay out differently.
func TestRecordsOfAnotherLayoutAreProjectedToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	event, booking, customer := b.schedule("E", 2), uuid.New(), uuid.New()
	data, err := json.MarshalIndent(map[string]any{"customerId": customer, "bookingId": booking}, "", " ")
	must(t, err)
	b.append(event, appendtest.Record{Type: domain.TypeTicketBooked, SchemaVersion: 1, Data: data})
	p.reaches(b.head)
	row, err := projections.Bookings{Pool: b.pool}.Get(context.Background(), booking)
	must(t, err)
	if row.UserID != customer || row.EventID != event {
		t.Errorf("got %+v", row)
	}
}

func TestAHotEventCostsAFewStatements(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event := b.schedule("E", 10_000)
	b.book(event, 4000)
	counter := &statements{}
	pool := dbtest.Connect(t, b.url, dbtest.MaxConns(projections.Connections), func(c *pgxpool.Config) { c.ConnConfig.Tracer = counter })
	b.startOn(pool).reaches(b.head)
	if n := counter.containing("begin", "insert into", "with moved", "commit", "select id"); n > 7*len(projections.Names()) {
		t.Errorf("%d statements for one page of each projection:\n%s", n, counter)
	}
	b.checkFold(nil)
}

// statements counts what is sent to the database.
type statements struct {
	mu  sync.Mutex
	sql []string
}

func (s *statements) add(sql string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sql = append(s.sql, strings.Join(strings.Fields(sql), " "))
}

func (s *statements) containing(parts ...string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sql := range s.sql {
		for _, part := range parts {
			if strings.HasPrefix(sql, part) {
				n++
			}
		}
	}
	return n
}

func (s *statements) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.sql, "\n")
}

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	s.add(data.SQL)
	return ctx
}

func (s *statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (s *statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (s *statements) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	s.add(data.SQL)
}

func (s *statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
