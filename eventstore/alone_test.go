package eventstore_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
)

// reads counts how often news of streams are asked for.
type reads struct{ atomic.Int64 }

func (r *reads) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (r *reads) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	if strings.Contains(q.SQL, "known.version") {
		r.Add(1)
	}
}
func (r *reads) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
func (r *reads) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}
func (r *reads) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func TestStreamsAreReadAgainAfterTheDelayOnlyWhenSomebodyElseAppended(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const delay = 300 * time.Millisecond
	counted := &reads{}
	config, err := pgxpool.ParseConfig(b.url)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 4 + eventstore.Spare
	config.ConnConfig.Tracer = counted
	eventstore.ConfigureCommits(config)
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	e, err := eventstore.NewExecutor(pool, booking(), options{Delay: delay, Transactions: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(context.Background()) })
	p, other := process{e, pool}, b.process(t, options{})
	stream, another := b.schedule(t, 10), b.schedule(t, 10)

	during := func(meanwhile func()) (readings int64) {
		counted.Store(0)
		call := begin(func() (result, error) { return p.book(context.Background(), stream, uuid.New()) })
		eventually(t, "the booking is in its delay", func() bool { return counted.Load() == 1 })
		meanwhile()
		call.mustDo(t)
		return counted.Load()
	}
	if got := during(func() {}); got != 1 {
		t.Errorf("alone: streams were read %d times, want once", got)
	}
	immediate := func() {
		if _, err := p.Execute(t.Context(), command{StreamID: another, Immediate: true, Decide: bookMany(another, 1).Decide}); err != nil {
			t.Error(err)
		}
	}
	if got := during(immediate); got != 2 { // the other read is that of the immediate command
		t.Errorf("the process itself appended: streams were read %d times, want 2", got)
	}
	book := func() {
		if _, err := other.book(t.Context(), stream, uuid.New()); err != nil {
			t.Error(err)
		}
	}
	if got := during(book); got != 2 {
		t.Errorf("another process appended: streams were read %d times, want twice", got)
	}
	if got := during(func() { immediate(); book(); immediate() }); got < 4 {
		t.Errorf("both appended: streams were read %d times, want 4 or more", got)
	}
	b.auditSold(t, stream, 6)
}
