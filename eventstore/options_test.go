package eventstore_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	// Nothing connects before it has to.
	pool := newPool(t, "postgres://nobody@127.0.0.1:1/nothing", 7, nil)
	for name, o := range map[string]options{
		"a negative delay":                     {Delay: -1},
		"a negative number of transactions":    {Transactions: -1},
		"a negative queue":                     {Queue: -1},
		"a negative batch":                     {Batch: -1},
		"a negative cache":                     {Cache: -1},
		"a negative timeout":                   {Timeout: -1},
		"more transactions than connections":   {Delay: time.Second, Transactions: 2},
		"the default number of transactions, ": {Delay: time.Second},
	} {
		if _, err := eventstore.NewExecutor(pool, booking(), o); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	unconfigured, err := pgxpool.New(t.Context(), "postgres://nobody@127.0.0.1:1/nothing?pool_max_conns=7")
	if err != nil {
		t.Fatal(err)
	}
	defer unconfigured.Close()
	if _, err := eventstore.NewExecutor(unconfigured, booking(), options{}); err == nil {
		t.Error("a pool that sends cancel requests was accepted")
	}
	e, err := eventstore.NewExecutor(pool, booking(), options{Delay: time.Second,
		Transactions: 7 - eventstore.ReservedConns})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCommittedGetsTheRecordsOfEachCommit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := b.schedule(t, 100)
	var mu sync.Mutex
	var positions []int64
	p := b.process(t, options{Delay: 5 * time.Millisecond, Committed: func(records []eventstore.Record) {
		mu.Lock()
		defer mu.Unlock()
		positions = append(positions, records[len(records)-1].Position)
	}})
	storm(t, []process{p}, stream, newIDs(150))
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	last := int64(1) // the event was scheduled by other means
	for _, position := range positions {
		if position <= last {
			t.Errorf("position %d was named after %d", position, last)
		}
		last = position
	}
	if head := b.head(t); last != head {
		t.Errorf("the last position named is %d, and the head is %d", last, head)
	}
}

func TestACommandThatChangesNothingAnswersWithTheStreamAsItIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := b.schedule(t, 5)
	p, other := b.process(t, options{}), b.process(t, options{Cache: 1})
	book := bookFor(uuid.New())
	first, err := p.do(t.Context(), stream, book)
	if err != nil {
		t.Fatal(err)
	}
	b.schedule(t, 5)
	for _, by := range []process{p, other} {
		again, err := by.do(t.Context(), stream, book)
		if err != nil {
			t.Fatal(err)
		}
		if len(again.Records) != 0 || again.Version != first.Version || again.Position != first.Position ||
			again.State.Sold() != 1 {
			t.Errorf("got %d records, version %d and position %d, want none, %d and %d",
				len(again.Records), again.Version, again.Position, first.Version, first.Position)
		}
	}
	b.auditSold(t, stream, 1)
}

// Each answer tells of the moment right after its own command, also when several commands share an
// append.
func TestAnswersOfOneBatchTellOfTheirOwnMoment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := b.schedule(t, 5)
	p := b.process(t, options{})
	repeated := bookFor(uuid.New())
	calls := together(t, p.executor,
		order(stream, bookFor(uuid.New())), order(stream, repeated), order(stream, repeated),
		order(b.schedule(t, 5), bookFor(uuid.New())), order(stream, domain.ChangeCapacity{Capacity: 9}))
	results := make([]result, len(calls))
	for i, c := range calls {
		results[i] = c.mustDo(t)
	}
	entries := b.audit(t)
	for i, want := range []struct{ records, version, sold, capacity int }{{1, 2, 1, 5}, {1, 3, 2, 5}, {0, 3, 2, 5},
		{1, 2, 1, 5}, {1, 4, 2, 9}} {
		r := results[i]
		if len(r.Records) != want.records || r.Version != want.version || r.State.Sold() != want.sold ||
			r.State.Capacity() != want.capacity {
			t.Errorf("answer %d: got %d records, version %d, %d of %d sold; want %+v",
				i, len(r.Records), r.Version, r.State.Sold(), r.State.Capacity(), want)
		}
		checkStored(t, entries, r)
		if at := entries[r.Position-1]; at.Version != r.Version {
			t.Errorf("answer %d: position %d is that of version %d, want %d", i, r.Position, at.Version, r.Version)
		}
	}
}

// With a cache that keeps nothing, everything is read each time.
func TestTheCacheIsOnlyWhereReadingStarts(t *testing.T) {
	t.Parallel()
	const tickets = 30
	b := setup(t)
	stream := b.schedule(t, tickets)
	all := []process{b.process(t, options{Cache: 1}), b.process(t, options{}),
		b.process(t, options{Cache: 1, Delay: time.Millisecond})}
	for range 3 {
		storm(t, all, stream, newIDs(tickets/2))
	}
	b.auditSold(t, stream, tickets)

	// What another process wrote meanwhile is seen at once.
	if _, err := all[0].do(context.Background(), stream, domain.ChangeCapacity{Capacity: tickets + 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := all[1].book(context.Background(), stream, uuid.New()); err != nil {
		t.Errorf("got %v, want the ticket that was just added", err)
	}
}

// Under repeatable read, a conflict is a serialization failure, and a read under the lock sees what
// the transaction saw at first.
func TestTheDatabasesDefaultIsolationDoesNotMatter(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			mustExec(t, b.pool, `do $$ begin
				execute format('alter database %I set default_transaction_isolation = %L', current_database(), '`+level+`');
			end $$`)
			o := options{Delay: 20 * time.Millisecond}
			first, _ := startCounter(t, b.url, o)
			second, _ := startCounter(t, b.url, o)
			stream := uuid.New()
			var all sync.WaitGroup
			for i := range 40 {
				all.Go(func() {
					e := first
					if i%2 == 0 {
						e = second
					}
					if _, err := e.Execute(t.Context(), countOn(stream)); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if n, err := b.log.Version(t.Context(), stream); err != nil || n != 40 {
				t.Errorf("%d records, %v, want 40", n, err)
			}
		})
	}
}
