package booking_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// transactions notes the first statement of each transaction of its connections: one is over when
// PostgreSQL says so with the answer to a message.
type transactions struct {
	mu         sync.Mutex
	done       []string
	statements []string // of batches
}

type statementKey struct{}

func (t *transactions) note(ctx context.Context, conn *pgx.Conn) {
	if conn.PgConn().TxStatus() != 'I' {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done = append(t.done, strings.Join(strings.Fields(ctx.Value(statementKey{}).(string)), " "))
}

func (t *transactions) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, statementKey{}, q.SQL)
}

func (t *transactions) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, _ pgx.TraceQueryEndData) {
	t.note(ctx, conn)
}

func (t *transactions) TraceBatchStart(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	queries := b.Batch.QueuedQueries
	return context.WithValue(ctx, statementKey{}, queries[min(1, len(queries)-1)].SQL) // behind begin
}

func (t *transactions) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.statements = append(t.statements, strings.Join(strings.Fields(q.SQL), " "))
}

func (t *transactions) TraceBatchEnd(ctx context.Context, conn *pgx.Conn, _ pgx.TraceBatchEndData) {
	t.note(ctx, conn)
}

// split tells the polls of an idle process from the others.
func (t *transactions) split() (polls int, others []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, sql := range t.done {
		switch {
		case strings.HasPrefix(sql, "with renewed as"):
			polls++
		case strings.HasPrefix(sql, "update projection_checkpoints set lease_until"): // a poll was late
		default:
			others = append(others, sql)
		}
	}
	return polls, others
}

// polled waits until the projections have polled n times, with about a second in between.
func (t *transactions) polled(tb testing.TB, n int) {
	tb.Helper()
	before, _ := t.split()
	if !waittest.Until(time.Minute, func() bool { now, _ := t.split(); return now >= before+n }) {
		_, others := t.split()
		tb.Fatalf("the projections do not poll: %q", others)
	}
}

// costly is a whole process whose transactions are counted, apart from its HTTP.
func costly(t *testing.T) (*booking.Service, *transactions, func(int64)) {
	t.Helper()
	seen, url, silent := &transactions{}, dbtest.URL(t), slog.New(slog.DiscardHandler)
	traced := func(c *pgxpool.Config) { c.ConnConfig.Tracer = seen }
	pool := dbtest.Connect(t, url, dbtest.MaxConns(8), traced)
	writing := dbtest.Connect(t, url, dbtest.MaxConns(eventstore.ReservedConns), dbtest.Settings(eventstore.Session(0)),
		eventstore.ConfigureCommits, traced)
	projecting := dbtest.Connect(t, url, dbtest.MaxConns(projections.Connections),
		dbtest.Settings(engine.RunSession()), traced)
	p := enginetest.Read(dbtest.Database{TB: t, URL: url, Pool: pool}, projections.Names()...)
	live := projections.NewLive(pool, p.Notifier, silent)
	p.Project(projecting, live.Projections())
	told := make(chan int64, 1000)
	waittest.Background(t, func(ctx context.Context) {
		live.Run(ctx, func(n projections.Changes) { told <- n.Upto })
	})
	executor, err := eventstore.NewExecutor(writing, booking.Model(), eventstore.Options{
		Committed: func(records []eventstore.Record) { p.Notifier.Appended(records...) },
	})
	dbtest.Must(t, err)
	t.Cleanup(func() { dbtest.Must(t, executor.Close(context.Background())) })
	service := &booking.Service{
		Executor: executor, Log: eventstore.NewLog(pool), Bookings: projections.Bookings{Pool: pool}, Progress: p.Progress,
		Now: time.Now,
	}
	return service, seen, func(position int64) {
		for at := range told {
			if at >= position {
				return
			}
		}
	}
}

func TestABookingThatComesAloneTakesAtMostThreeTransactions(t *testing.T) {
	t.Parallel()
	service, seen, told := costly(t)
	scheduled, err := service.Schedule(t.Context(), by(uuid.New()), concert(100))
	dbtest.Must(t, err)
	told(scheduled.Position)
	seen.polled(t, 3) // until all is quiet
	for range 3 {
		_, before := seen.split()
		r, err := service.Book(t.Context(), by(uuid.New()), booking.Book{EventID: scheduled.Event.ID, BookingID: uuid.New()})
		dbtest.Must(t, err)
		told(r.Position)
		seen.polled(t, 3) // what comes a moment later counts too
		_, after := seen.split()
		if cost := after[len(before):]; len(cost) > 3 {
			t.Errorf("the booking took %d transactions:\n%s", len(cost), strings.Join(cost, "\n"))
		}
	}
}

// The read models of holds and waiting lists go on in the statement that moves the checkpoints.
func TestABookingWithoutAHoldCostsHoldsNoStatement(t *testing.T) {
	t.Parallel()
	service, seen, told := costly(t)
	scheduled, err := service.Schedule(t.Context(), by(uuid.New()), concert(100))
	dbtest.Must(t, err)
	told(scheduled.Position)
	seen.polled(t, 3)
	seen.mu.Lock()
	seen.statements = nil
	seen.mu.Unlock()
	r, err := service.Book(t.Context(), by(uuid.New()), booking.Book{EventID: scheduled.Event.ID})
	dbtest.Must(t, err)
	told(r.Position)
	seen.polled(t, 1)
	seen.mu.Lock()
	defer seen.mu.Unlock()
	written := 0
	for _, sql := range seen.statements {
		for _, table := range []string{"events", "bookings", "holds", "waitlist"} {
			if strings.HasPrefix(sql, "insert into "+table) || strings.HasPrefix(sql, "update "+table+" set") {
				written++
			}
		}
		if strings.Contains(sql, " holds") || strings.Contains(sql, " waitlist") {
			t.Errorf("about holds: %s", sql)
		}
	}
	if written != 2 {
		t.Errorf("rows of %d read models were written, want 2: %q", written, seen.statements)
	}
}

func TestAnIdleProcessOnlyPolls(t *testing.T) {
	t.Parallel()
	service, seen, told := costly(t)
	scheduled, err := service.Schedule(t.Context(), by(uuid.New()), concert(100))
	dbtest.Must(t, err)
	told(scheduled.Position)
	seen.polled(t, 3)
	_, before := seen.split()
	seen.polled(t, 4)
	if _, after := seen.split(); len(after) > len(before) {
		t.Errorf("between four polls there were other transactions:\n%s", strings.Join(after[len(before):], "\n"))
	}
}
