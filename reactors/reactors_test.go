package reactors_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/projections/engine"
	"github.com/boxoffice/boxoffice/reactors"
)

func positions(from, to int) (ids []string) {
	for p := from; p <= to; p++ {
		ids = append(ids, fmt.Sprint(p))
	}
	return ids
}

func TestANewReactorBeginsWithTheNextRecordUnlessItIsToldOtherwise(t *testing.T) {
	t.Parallel()
	for fromStart, first := range map[bool]int{false: 4, true: 1} {
		t.Run(fmt.Sprint(fromStart), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.add(3, "Seen")
			r := reactors.Reactor{Name: "noting", Handle: b.note, FromStart: fromStart}
			stop := b.start(r)
			b.begun("noting")
			b.add(2, "Seen")
			b.eventually("all are handled", func() bool { return slices.Equal(b.seen(), positions(first, 5)) })
			stop()
			b.add(2, "Seen")
			b.start(r) // goes on where it was
			b.eventually("the others are handled", func() bool { return slices.Equal(b.seen(), positions(first, 7)) })
		})
	}
}

func TestAReactorForgetsWhatItRemembersWhenItBeginsAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var resets atomic.Int64
	r := reactors.Reactor{Name: "remembering", Handle: b.note, FromStart: true, Reset: func() { resets.Add(1) }}
	for n := range 2 {
		b.add(1, "Seen")
		stop := b.start(r)
		b.eventually("it is handled", func() bool { return len(b.seen()) == n+1 })
		stop()
		if got := resets.Load(); got != int64(n+1) {
			t.Errorf("reset %d times, want %d", got, n+1)
		}
	}
}

func TestAReactorGetsTheRecordsOfItsTypesAsTheyAreStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := make(chan eventstore.Record, 1)
	b.start(reactors.Reactor{Name: "picky", Types: []string{"Wanted"}, Batch: 10, FromStart: true,
		Handle: func(m *message.Message) error {
			r, err := reactors.RecordOf(m)
			got <- r
			return err
		}})
	b.add(4, "Other")
	b.add(1, "Wanted")
	b.add(1, "Other")
	record := <-got
	stored, err := eventstore.NewLog(b.Pool).After(context.Background(), 4, 1)
	dbtest.Must(t, err)
	want := stored[0]
	want.Metadata, want.Hash = nil, eventstore.Hash{}
	if fmt.Sprint(record) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", record, want)
	}
	b.eventually("the offset passes over the others", func() bool {
		return b.Count(`select coalesce(max(position), 0) from reactor_offsets`) == 6
	})
}

func TestWhatNeverWorksIsPoisonedAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	for _, batch := range []int{1, 10} {
		t.Run(fmt.Sprint(batch), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			var mended atomic.Bool
			var attempts atomic.Int64
			b.start(reactors.Reactor{Name: "noting", FromStart: true, Batch: batch, Handle: func(m *message.Message) error {
				tx, err := reactors.Tx(m)
				if err != nil {
					return err
				}
				if m.UUID == "2" && !mended.Load() {
					attempts.Add(1)
					_, err = tx.ExecContext(m.Context(), `insert into effects select 1 / 0`) // spoils the transaction
					return err
				}
				if m.UUID == "3" && !mended.Load() {
					panic("no")
				}
				_, err = tx.ExecContext(m.Context(), `insert into effects (id) values ($1)`, m.UUID)
				return err
			}})
			b.add(4, "Seen")
			b.eventually("the others are handled", func() bool {
				return b.Count(`select count(*) from effects where id in ('1', '4')`) == 2 &&
					b.Count(`select count(*) from poisoned_messages`) == 2
			})
			if attempts.Load() != 5 {
				t.Errorf("%d attempts, want 5", attempts.Load())
			}
			poisoned, err := reactors.PoisonedMessages(context.Background(), b.Pool, 10)
			dbtest.Must(t, err)
			if len(poisoned) != 2 || poisoned[0].MessageID != "2" || poisoned[0].Reactor != "noting" ||
				!strings.Contains(poisoned[0].Reason, "division by zero") {
				t.Fatalf("got %+v", poisoned)
			}
			b.retry(poisoned[0].ID)
			b.eventually("it is poisoned again", func() bool { return attempts.Load() == 10 && b.waiting() == 0 })
			mended.Store(true)
			b.retry()
			b.eventually("both are handled", func() bool {
				return b.Count(`select count(*) from effects`) == 4 && b.Count(`select count(*) from poisoned_messages`) == 0
			})
			b.add(1, "Seen")
			b.eventually("it goes on", func() bool { return b.Count(`select count(*) from effects`) == 5 })
		})
	}
}

// retry does what the command does.
func (b *bundle) retry(ids ...int64) {
	b.Helper()
	_, err := reactors.Retry(context.Background(), b.Pool, ids...)
	dbtest.Must(b, err)
	dbtest.Must(b, engine.Wake(context.Background(), b.Pool))
}

func (b *bundle) waiting() int { return b.Count(`select count(*) from poisoned_messages where retry`) }

func TestASkippedMessageIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start(reactors.Reactor{Name: "noting", FromStart: true, Handle: func(*message.Message) error {
		return reactors.Permanent(errors.New("never"))
	}})
	b.add(2, "Seen")
	b.eventually("both are poisoned", func() bool { return b.Count(`select count(*) from poisoned_messages`) == 2 })
	poisoned, err := reactors.PoisonedMessages(context.Background(), b.Pool, 10)
	dbtest.Must(t, err)
	_, err = reactors.Skip(context.Background(), b.Pool, poisoned[0].ID, 9999)
	if !errors.Is(err, reactors.ErrNoMessage) || b.Count(`select count(*) from poisoned_messages`) != 2 {
		t.Errorf("got %v", err)
	}
	n, err := reactors.Skip(context.Background(), b.Pool, poisoned[0].ID)
	if err != nil || n != 1 || b.Count(`select count(*) from poisoned_messages`) != 1 {
		t.Errorf("got %d, %v", n, err)
	}
}

func TestAnOutagePoisonsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var down atomic.Bool
	var attempts atomic.Int64
	down.Store(true)
	b.start(reactors.Reactor{Name: "noting", FromStart: true, Handle: func(m *message.Message) error {
		attempts.Add(1)
		if down.Load() {
			return reactors.Outage(errors.New("the server is down"))
		}
		return b.note(m)
	}})
	b.add(2, "Seen")
	b.eventually("it is tried again", func() bool { return attempts.Load() == 2 })
	b.eventually("no transaction is open while it waits", func() bool {
		return b.Count(`select count(*) from pg_stat_activity
			where datname = current_database() and state like 'idle in transaction%'`) == 0
	})
	down.Store(false)
	b.eventually("both are handled", func() bool { return slices.Equal(b.seen(), positions(1, 2)) })
	if n := b.Count(`select count(*) from poisoned_messages`); n > 0 {
		t.Errorf("%d messages are poisoned", n)
	}
}

func TestQueuedMessagesAreHandledOnceInOrderAndAreGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start(
		reactors.Reactor{Name: "queueing", FromStart: true, Batch: 10, Handle: func(m *message.Message) error {
			tx, err := reactors.Tx(m)
			if err != nil {
				return err
			}
			same := reactors.NewMessage("same", []byte("{}"), m)
			return reactors.Queue(tx, "letters", reactors.NewMessage("a-"+m.UUID, []byte("{}"), m), same)
		}},
		reactors.Reactor{Name: "sending", Queue: "letters", Handle: b.note},
	)
	b.add(3, "Seen")
	b.eventually("all are handled", func() bool { return len(b.seen()) == 4 })
	if got := b.seen(); !slices.Equal(got, []string{"a-1", "same", "a-2", "a-3"}) {
		t.Errorf("got %v", got)
	}
	b.eventually("the queue is empty", func() bool { return b.Count(`select count(*) from reactor_queue`) == 0 })
}

func TestAMessageOfAnotherProcessIsHandledAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start(reactors.Reactor{Name: "sending", Queue: "letters", Handle: b.note})
	b.begun("sending")
	other := dbtest.Connect(t, b.URL, dbtest.MaxConns(2))
	db := stdlib.OpenDBFromPool(other)
	defer db.Close() //nolint:errcheck // a test
	notifier := enginetest.Notify(dbtest.Database{TB: t, URL: b.URL, Pool: other})
	began := time.Now()
	b.eventually("a notifier that has just begun to listen polls no more", func() bool {
		return time.Since(began) > 2*time.Second
	})
	dbtest.Must(t, reactors.Queue(db, "letters", reactors.NewMessage("x", []byte("{}"), nil)))
	notifier.Queued("letters") // the reactor polls after 30 s
	b.eventually("it is handled", func() bool { return slices.Equal(b.seen(), []string{"x"}) })
}

// A session that is killed while its transaction is open undoes what the handler wrote.
func TestWhatIsWrittenInTheTransactionHasAnEffectOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var killed atomic.Bool
	b.start(reactors.Reactor{Name: "writing", FromStart: true, Batch: 5, Handle: func(m *message.Message) error {
		tx, err := reactors.Tx(m)
		if err != nil {
			return err
		}
		var pid int
		err = tx.QueryRowContext(m.Context(), `
			with written as (insert into effects (id) values ($1)) select pg_backend_pid()`, m.UUID).Scan(&pid)
		if err == nil && m.UUID == "4" && !killed.Swap(true) {
			_, err = b.Pool.Exec(context.Background(), `select pg_terminate_backend($1)`, pid)
		}
		return err
	}})
	b.add(12, "Seen")
	b.eventually("all are handled", func() bool {
		return b.Count(`select coalesce(max(position), 0) from reactor_offsets`) == 12
	})
	n, poisoned := b.Count(`select count(*) from effects`), b.Count(`select count(*) from poisoned_messages`)
	if n != 12 || poisoned != 0 || !killed.Load() {
		t.Errorf("%d effects of 12, %d poisoned", n, poisoned)
	}
}

func TestOneProcessRunsAReactorAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := reactors.Reactor{Name: "noting", FromStart: true, Handle: b.note}
	first := b.start(r)
	b.start(r)
	b.add(20, "Seen")
	b.eventually("all are handled", func() bool { return len(b.seen()) >= 20 })
	first() // which releases the lease, or had none
	b.add(20, "Seen")
	b.eventually("the others are handled", func() bool { return len(b.seen()) >= 40 })
	if got := b.seen(); !slices.Equal(got, positions(1, 40)) {
		t.Errorf("got %v", got)
	}
}

// A process that has lost its lease without noticing does not move the offset back or forth.
func TestAProcessWithoutTheLeaseCommitsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reached, goOn := make(chan bool, 1), make(chan bool)
	var once atomic.Bool
	b.startWith(reactors.Options{Lease: time.Hour, Reactors: []reactors.Reactor{{Name: "writing", FromStart: true,
		Handle: func(m *message.Message) error {
			tx, err := reactors.Tx(m)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(m.Context(), `insert into effects (id) values ($1)`, m.UUID); err != nil {
				return err
			}
			if !once.Swap(true) {
				reached <- true
				<-goOn
			}
			return nil
		}}}, Pool: dbtest.Connect(t, b.URL, dbtest.MaxConns(3))})
	b.add(1, "Seen")
	<-reached
	// Another process has handled the record.
	b.Exec(`update reactor_offsets set fence = fence + 1, holder = 'another', position = 1`)
	close(goOn)
	b.eventually("it stops", func() bool {
		return b.Count(`select count(*) from pg_stat_activity
			where datname = current_database() and state like 'idle in transaction%'`) == 0
	})
	if n := b.Count(`select count(*) from effects`); n != 0 {
		t.Errorf("%d effects of a process without the lease", n)
	}
}

// With the ordinary times, 30 s and 30 s, that is 12 statements a minute.
func TestAnIdleReactorCostsAPollAndTheRenewalOfItsLease(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := &dbtest.Statements{}
	pool := dbtest.Connect(t, b.URL, dbtest.MaxConns(3), c.Trace)
	const every = 300 * time.Millisecond
	b.startWith(reactors.Options{Lease: every, Poll: every, Pool: pool, Reactors: []reactors.Reactor{
		{Name: "noting", Handle: b.note}}})
	b.begun("noting")
	b.eventually("it has polled", func() bool { return c.CountWith("from event_log") > 1 })
	before := len(c.All())
	began, since := c.CountWith("from event_log"), time.Now()
	b.eventually("it has polled ten times", func() bool { return c.CountWith("from event_log") >= began+10 })
	polls := c.CountWith("from event_log") - began
	renewals := int(3 * time.Since(since) / every)              // three in the time of a lease
	if got := len(c.All()) - before; got > 3*polls+renewals+6 { // begin, select, commit
		t.Errorf("%d statements for %d polls and %d renewals", got, polls, renewals)
	}
	t.Logf("%d statements for %d polls", len(c.All())-before, polls)
}
