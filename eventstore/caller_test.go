package eventstore_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// occupy lets commands that do nothing hold all transactions, so that others have to wait until
// letGo is called.
func occupy(tb testing.TB, e *executor) (letGo func()) {
	tb.Helper()
	gate := make(chan struct{})
	open := sync.OnceFunc(func() { close(gate) })
	tb.Cleanup(open)
	var blockers []*pending
	for range e.Transactions() {
		taken := make(chan struct{})
		blockers = append(blockers, begin(func() (result, error) {
			return e.Execute(context.Background(), command{StreamID: uuid.New(),
				Decide: func(domain.State) ([]domain.Record, error) {
					close(taken)
					<-gate
					return nil, domain.ErrEventNotFound
				}})
		}))
		wait(tb, "a batch to take a command", taken)
	}
	return func() {
		open()
		for _, b := range blockers {
			if a := b.get(tb); !errors.Is(a.err, domain.ErrEventNotFound) {
				tb.Fatal(a.err)
			}
		}
	}
}

// together makes commands share one batch, in the order given.
func together(tb testing.TB, e *executor, commands ...command) []*pending {
	tb.Helper()
	letGo := occupy(tb, e)
	calls := make([]*pending, len(commands))
	for i, c := range commands {
		calls[i] = begin(func() (result, error) { return e.Execute(context.Background(), c) })
		waittest.For(tb, "the command waits", func() bool { return e.Waiting() == i+1 })
	}
	letGo()
	return calls
}

// checkConnections wants that all connections of an executor are idle, and in no transaction.
func checkConnections(tb testing.TB, b bundle, p process) {
	tb.Helper()
	waittest.For(tb, "no connection is in use", func() bool {
		s := p.pool.Stat()
		return s.AcquiredConns() == 0 && s.IdleConns() == s.TotalConns()
	})
	waittest.For(tb, "no transaction is open", func() bool { return b.openTransactions(tb) == 0 })
}

func TestACallerThatGivesUpInTheQueueHasNoEffect(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, delay := range []time.Duration{0, 20 * time.Millisecond} {
		t.Run(delay.String(), func(t *testing.T) {
			t.Parallel()
			stream := b.schedule(t, 1)
			p := b.process(t, options{Delay: delay, Transactions: 1})
			letGo := occupy(t, p.executor)

			ctx, giveUp := context.WithCancelCause(t.Context())
			impatient := errors.New("impatient")
			first := begin(func() (result, error) { return p.book(ctx, stream, uuid.New()) })
			waittest.For(t, "the command waits", func() bool { return p.Waiting() == 1 })
			second := p.beginBooking(stream)
			waittest.For(t, "the other command waits", func() bool { return p.Waiting() == 2 })

			giveUp(impatient)
			if a := first.get(t); !errors.Is(a.err, impatient) {
				t.Errorf("got %v, want why the caller gave up", a.err)
			}
			letGo()
			second.mustDo(t)
			b.auditSold(t, stream, 1)
			checkConnections(t, b, p)
		})
	}
}

func TestACommandInTheQueueIsGivenUpWhenTheDatabaseIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := b.schedule(t, 1)
	alive, gone := context.WithCancel(context.Background())
	p := b.process(t, options{Health: func() context.Context { return alive }})
	occupy(t, p.executor) // those under way don't know it yet, and hold up the others
	waiting := p.beginBooking(stream)
	waittest.For(t, "the command waits", func() bool { return p.Waiting() == 1 })

	gone()
	if a := waiting.get(t); !errors.Is(a.err, eventstore.ErrUnavailable) {
		t.Errorf("got %v, want %v", a.err, eventstore.ErrUnavailable)
	}
	b.auditSold(t, stream, 0)
}

func TestACallerThatHasGivenUpAlreadyHasNoEffect(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := b.schedule(t, 100)
	p := b.process(t, options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if _, err := p.book(ctx, stream, uuid.New()); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want that the caller has given up", err)
		}
	}
	b.auditSold(t, stream, 0)
}

func TestACallerThatGivesUpLaterIsServedAllTheSame(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := b.schedule(t, 1)
	p := b.process(t, options{Delay: 50 * time.Millisecond})
	ctx, giveUp := context.WithCancel(t.Context())
	c := order(stream, bookFor(uuid.New()))
	decide := c.Decide
	c.Decide = func(s domain.State) ([]domain.Record, error) {
		giveUp()
		return decide(s)
	}
	r, err := p.Execute(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	checkStored(t, b.auditSold(t, stream, 1), r)
	checkConnections(t, b, p)
}

// Callers give up at any moment. Who got an error of their context has no ticket, who got a ticket
// has one.
func TestCallersThatGiveUpAreToldTheTruth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const tickets = 1000
	stream := b.schedule(t, tickets)
	p := b.process(t, options{Delay: 20 * time.Millisecond, Transactions: 2})
	customers := newIDs(300)
	answers := stormOf(t, customers, func(i int, customer uuid.UUID) (result, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*100*time.Microsecond)
		defer cancel()
		return p.book(ctx, stream, customer)
	})
	got := tally(answers, context.DeadlineExceeded)
	if got[nil]+got[context.DeadlineExceeded] != len(customers) {
		t.Errorf("got the answers %v", got)
	}
	entries := b.auditSold(t, stream, got[nil])
	for i, a := range answers {
		if has := bookings(entries, stream, customers[i]); (a.err == nil) != (has == 1) {
			t.Errorf("a customer was told %v and has %d bookings", a.err, has)
		}
	}
	checkConnections(t, b, p)
}

func TestAFullQueueIsBusyAndNotSoldOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const room = 3
	stream := b.schedule(t, 2)
	p := b.process(t, options{Queue: room})
	letGo := occupy(t, p.executor)
	var waiting []*pending
	for range room {
		waiting = append(waiting, p.beginBooking(stream))
	}
	waittest.For(t, "the queue is full", func() bool { return p.Waiting() == room })
	ctx, cancel := context.WithTimeout(t.Context(), waittest.Timeout)
	defer cancel()
	if _, err := p.book(ctx, stream, uuid.New()); !errors.Is(err, eventstore.ErrBusy) {
		t.Errorf("got %v, want busy", err)
	}
	letGo()
	var answers []answer
	for _, w := range waiting {
		answers = append(answers, w.get(t))
	}
	if got := tally(answers); got[nil] != 2 || got[domain.ErrSoldOut] != 1 {
		t.Errorf("got the answers %v of those who waited, want two bookings and one sold out", got)
	}
	if _, err := p.book(t.Context(), stream, uuid.New()); !errors.Is(err, domain.ErrSoldOut) {
		t.Errorf("got %v after the rush, want sold out", err)
	}
	b.auditSold(t, stream, 2)
}

func TestAStormOnASmallQueueSellsEverythingToThoseWhoComeAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const tickets = 40
	stream := b.schedule(t, tickets)
	p := b.process(t, options{Delay: 5 * time.Millisecond, Queue: 5, Batch: 4})
	answers := stormOf(t, newIDs(100), func(_ int, customer uuid.UUID) (r result, err error) {
		book := bookFor(customer)
		waittest.Until(waittest.Timeout, func() bool {
			r, err = p.do(t.Context(), stream, book)
			return !errors.Is(err, eventstore.ErrBusy)
		})
		return r, err
	})
	if got := tally(answers); got[nil] != tickets || got[domain.ErrSoldOut] != 100-tickets {
		t.Errorf("got the answers %v, want %d bookings and sold out for all others", got, tickets)
	}
	b.auditSold(t, stream, tickets)
}

func TestACommandThatExpectsAnotherVersionIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := b.schedule(t, 5)
	p, other := b.process(t, options{}), b.process(t, options{})
	expecting := func(version int) (result, error) {
		c := order(stream, bookFor(uuid.New()))
		c.Expected = version
		return p.Execute(t.Context(), c)
	}
	if _, err := expecting(1); err != nil {
		t.Fatal(err)
	}
	if _, err := other.book(t.Context(), stream, uuid.New()); err != nil {
		t.Fatal(err)
	}
	for _, version := range []int{1, 2, 4} {
		_, err := expecting(version)
		var conflict *eventstore.ConflictError
		if !errors.As(err, &conflict) || conflict.Expected != version || conflict.Actual != 3 {
			t.Errorf("expecting %d got %v", version, err)
		}
	}
	if r, err := expecting(3); err != nil || r.Version != 4 {
		t.Errorf("got %v, %+v", err, r)
	}
	b.auditSold(t, stream, 3)
}

// Of many who have seen the same version, one changes it.
func TestOneOfManyWhoExpectTheSameVersionWins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := b.schedule(t, 100)
	processes := b.processes(t, 2, options{})
	answers := stormOf(t, newIDs(20), func(i int, customer uuid.UUID) (result, error) {
		c := order(stream, bookFor(customer))
		c.Expected = 1
		return processes[i%2].Execute(context.Background(), c)
	})
	won := 0
	for _, a := range answers {
		var conflict *eventstore.ConflictError
		switch {
		case a.err == nil:
			won++
		case !errors.As(a.err, &conflict):
			t.Errorf("got %v", a.err)
		}
	}
	if won != 1 {
		t.Errorf("%d won", won)
	}
}
