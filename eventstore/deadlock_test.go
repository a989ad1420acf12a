package eventstore_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// Batches name their streams in whatever order the commands come, so every order meets every other.
func TestAppendsThatShareStreamsDoNotDeadlock(t *testing.T) {
	t.Parallel()
	const processes, callers, commands, streams = 3, 30, 15, 6
	b := setup(t)
	ids := make([]uuid.UUID, streams)
	for i := range ids {
		ids[i] = b.schedule(t, 10_000)
	}
	all := b.processes(t, processes, options{})
	var done sync.WaitGroup
	for i := range callers {
		done.Go(func() {
			for range commands {
				if _, err := all[i%processes].book(context.Background(), ids[rand.IntN(streams)], uuid.New()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
	if got, want := len(b.audit(t)), streams+callers*commands; got != want {
		t.Errorf("got %d records, want %d", got, want)
	}

	if n := b.deadlocks(t, all); n != 0 {
		t.Errorf("got %d deadlocks", n)
	}
	b.makeDeadlock(t)
	waittest.For(t, "a deadlock on purpose is counted", func() bool { return b.deadlocks(t, nil) == 1 })
}

// deadlocks reads PostgreSQL's count. A connection reports when it ends at the latest, so those of
// the processes end first.
func (b bundle) deadlocks(tb testing.TB, processes []process) int {
	tb.Helper()
	for _, p := range processes {
		ctx, cancel := context.WithTimeout(context.Background(), waittest.Timeout)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			tb.Fatal(err)
		}
		p.pool.Close()
	}
	b.waitForNoExecutors(tb)
	return b.count(tb, `select deadlocks from pg_stat_database where datname = current_database()`)
}

func (b bundle) makeDeadlock(tb testing.TB) {
	tb.Helper()
	one, two := b.connect(tb), b.connect(tb)
	for i, conn := range []*pgx.Conn{one, two} {
		mustExec(tb, conn, `set deadlock_timeout = '10ms'`)
		mustExec(tb, conn, `select pg_advisory_lock($1)`, i)
	}
	ctx, cancel := context.WithTimeout(context.Background(), waittest.Timeout)
	defer cancel()
	var done sync.WaitGroup
	var failed [2]error
	for i, conn := range []*pgx.Conn{one, two} {
		done.Go(func() {
			_, failed[i] = conn.Exec(ctx, `select pg_advisory_lock($1)`, 1-i)
			_ = conn.Close(ctx)
		})
	}
	done.Wait()
	if failed[0] == nil && failed[1] == nil {
		tb.Fatal("there was no deadlock")
	}
}

// A process that stalls while it holds the head row is cut off by PostgreSQL, and the others go on.
func TestAFrozenProcessIsCutOff(t *testing.T) {
	t.Parallel()
	// The lock is given 2 s, and those who wait for it have 4 s.
	const within = 3900 * time.Millisecond

	t.Run("an executor in its second attempt", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		via := newProxy(t, b.url)
		stream := b.schedule(t, 10)
		p, other := startProcess(t, via.url, booking(), options{}), b.process(t, options{})
		conflict := hold(t, pass, nil)
		frozen := make(chan *link, 1)
		freeze := once((*flight).locks, func(f *flight) verdict {
			frozen <- f.link
			return mute
		})
		via.intercept(once((*flight).appends, func(f *flight) verdict {
			via.intercept(freeze)
			return conflict.rule(f)
		}))

		call := p.beginBooking(stream)
		conflict.flight(t)
		if _, err := other.book(t.Context(), stream, uuid.New()); err != nil {
			t.Fatal(err)
		}
		conflict.release()
		l := <-frozen
		t.Cleanup(l.cut)
		b.waitForFrozen(t)
		started := time.Now()
		if _, err := other.book(t.Context(), stream, uuid.New()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(started); took > within {
			t.Errorf("the other process went on after %s", took)
		}
		l.cut()
		call.mustDo(t)
		b.auditSold(t, stream, 3)
	})

	t.Run("any connection with the settings of a session", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		stream := b.schedule(t, 10)
		other := b.process(t, options{})
		// The settings allow for the delay and 5 s more. Nobody here wants to wait that long.
		stalled := newPool(t, b.url, 1, eventstore.Session(500*time.Millisecond-5*time.Second))
		conn, err := stalled.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Release()
		mustExec(t, conn, `begin`)
		mustExec(t, conn, `update log_head set position = position`)
		if _, err := other.book(t.Context(), stream, uuid.New()); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), `commit`); err == nil {
			t.Error("the transaction that stalled was not cut off")
		}
		b.auditSold(t, stream, 1)
	})
}

// waitForFrozen waits until a connection is idle in a transaction that has locked the head row.
func (b bundle) waitForFrozen(tb testing.TB) {
	tb.Helper()
	waittest.For(tb, "the head row is locked by an idle connection", func() bool {
		return b.count(tb, `
			select count(*) from pg_stat_activity
			where datname = current_database() and state = 'idle in transaction' and backend_xid is not null`) == 1
	})
}
