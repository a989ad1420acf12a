package eventstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

func TestCommandsOfOneBatchAreDecidedInOrderOfArrival(t *testing.T) {
	t.Parallel()
	const tickets = 10
	b := setup(t)
	for _, delay := range []time.Duration{0, 20 * time.Millisecond} {
		t.Run(delay.String(), func(t *testing.T) {
			t.Parallel()
			stream := b.schedule(t, tickets)
			p := b.process(t, options{Delay: delay, Transactions: 1})
			var commands []command
			for _, customer := range newIDs(2 * tickets) {
				commands = append(commands, order(stream, bookFor(customer)))
			}
			for i, call := range together(t, p.executor, commands...) {
				a := call.get(t)
				if i < tickets && (a.err != nil || a.Version != i+2) {
					t.Errorf("command %d got %v and version %d, want version %d", i, a.err, a.Version, i+2)
				}
				if i >= tickets && !errors.Is(a.err, domain.ErrSoldOut) {
					t.Errorf("command %d got %v, want sold out", i, a.err)
				}
			}
			b.auditSold(t, stream, tickets)
		})
	}
}

// The batch of the first to arrive is slow to begin, so that the ones behind it have served their
// delay long before it has. They must wait for it all the same.
func TestABatchDoesNotOvertakeTheOneBeforeIt(t *testing.T) {
	t.Parallel()
	const delay, tickets, arrivals = 60 * time.Millisecond, 2, 4
	b := setup(t)
	via := newProxy(t, b.url)
	stream := b.schedule(t, tickets)
	p := startProcess(t, via.url, booking(), options{Delay: delay, Transactions: arrivals})
	slow := hold(t, pass, nil)
	via.intercept(once((*flight).begins, slow.rule))

	calls := make([]*pending, arrivals)
	for i := range calls {
		taken := make(chan struct{}, 10)
		c := order(stream, bookFor(uuid.New()))
		decide := c.Decide
		c.Decide = func(s domain.State) ([]domain.Record, error) {
			taken <- struct{}{}
			return decide(s)
		}
		calls[i] = begin(func() (result, error) { return p.Execute(context.Background(), c) })
		if i == 0 {
			slow.flight(t)
			continue
		}
		<-taken // its batch has begun and read
	}
	waittest.For(t, "the batches behind have served their delay", func() bool {
		return b.count(t, `
			select count(*) from pg_stat_activity
			where datname = current_database() and application_name = $1 and clock_timestamp() - xact_start > 2 * $2::interval`,
			executorName, delay) >= arrivals-1
	})
	slow.release()
	for i, call := range calls {
		a := call.get(t)
		if i < tickets && (a.err != nil || a.Version != i+2) {
			t.Errorf("arrival %d got %v and version %d, want version %d", i, a.err, a.Version, i+2)
		}
		if i >= tickets && !errors.Is(a.err, domain.ErrSoldOut) {
			t.Errorf("arrival %d got %v, want sold out", i, a.err)
		}
	}
	b.auditSold(t, stream, tickets)
}

func TestOverlappingBatchesKeepTheOrderOfArrival(t *testing.T) {
	t.Parallel()
	const customers = 60
	b := setup(t)
	stream := b.schedule(t, customers)
	p := b.process(t, options{Delay: 80 * time.Millisecond, Transactions: 8})
	calls := make([]*pending, customers)
	for i := range calls {
		joined := make(chan struct{}, 10)
		c := order(stream, bookFor(uuid.New()))
		decide := c.Decide
		c.Decide = func(s domain.State) ([]domain.Record, error) {
			joined <- struct{}{}
			return decide(s)
		}
		waiting := p.Waiting()
		calls[i] = begin(func() (result, error) { return p.Execute(context.Background(), c) })
		waittest.For(t, "the command waits or is under way", func() bool { return len(joined) > 0 || p.Waiting() > waiting })
	}
	for i, call := range calls {
		if r := call.mustDo(t); r.Version != i+2 {
			t.Errorf("arrival %d got version %d, want %d", i, r.Version, i+2)
		}
	}
	b.auditSold(t, stream, customers)
}

func TestImmediateCommandsDoNotShareTheDelay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := b.schedule(t, 5)
	p := b.process(t, options{Delay: 3 * time.Second}) // longer than an immediate command takes on a busy machine
	inDelay := make(chan struct{}, 10)
	booking := order(stream, bookFor(uuid.New()))
	decide := booking.Decide
	booking.Decide = func(s domain.State) ([]domain.Record, error) {
		inDelay <- struct{}{}
		return decide(s)
	}
	delayed := begin(func() (result, error) { return p.Execute(context.Background(), booking) })
	wait(t, "the booking is about to be in its delay", inDelay)

	c := order(stream, domain.CancelEvent{})
	c.Immediate = true
	if _, err := p.Execute(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if isDone(delayed) {
		t.Error("the immediate command took as long as the one with the delay")
	}
	// The booking was possible when it arrived, and no longer when it was to be written.
	if a := delayed.get(t); !errors.Is(a.err, domain.ErrEventCancelled) {
		t.Errorf("got %v, want that the event is cancelled", a.err)
	}
	b.auditSold(t, stream, 0)
}

// An append that hangs is overtaken, but not by a batch of its own streams: one of them would be in
// conflict with the other.
func TestOnlyOtherStreamsOvertakeAnAppend(t *testing.T) {
	t.Parallel()
	b := setup(t)
	via := newProxy(t, b.url)
	stream, other := b.schedule(t, 5), b.schedule(t, 5)
	var seen observed
	p := startProcess(t, via.url, booking(), options{Delay: time.Millisecond, Observe: seen.note})
	held := hold(t, pass, nil)
	via.intercept(once((*flight).appends, held.rule))
	delayed := p.beginBooking(stream)
	held.flight(t)

	isDecided := make(chan struct{}, 10)
	c := order(stream, bookFor(uuid.New()))
	decide := c.Decide
	c.Immediate, c.Decide = true, func(s domain.State) ([]domain.Record, error) {
		isDecided <- struct{}{}
		return decide(s)
	}
	immediate := begin(func() (result, error) { return p.Execute(context.Background(), c) })
	wait(t, "the immediate command has a batch", isDecided)
	mustBook(t, p, other, uuid.New()) // it has waited as long for the append that hangs
	if isDone(immediate) {
		t.Error("a command has overtaken one on its stream")
	}
	held.release()
	delayed.mustDo(t)
	immediate.mustDo(t)
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range seen.all() {
		if s.Attempts != 1 {
			t.Errorf("a batch took %d attempts", s.Attempts)
		}
	}
	b.auditSold(t, stream, 2)
}

// A batch that reads a stream for a long time holds up only those who want the same stream.
func TestASlowBatchHoldsUpNoOtherStreams(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, delay := range []time.Duration{0, 20 * time.Millisecond} {
		t.Run(delay.String(), func(t *testing.T) {
			t.Parallel()
			via := newProxy(t, b.url)
			slow, quick := b.schedule(t, 5), b.schedule(t, 5)
			p := startProcess(t, via.url, booking(), options{Delay: delay, Transactions: 4})
			held := hold(t, pass, nil)
			via.intercept(once((*flight).begins, held.rule))
			first := p.beginBooking(slow)
			held.flight(t)
			for range 3 {
				mustBook(t, p, quick, uuid.New())
			}
			held.release()
			first.mustDo(t)
			b.auditSold(t, slow, 1)
			b.auditSold(t, quick, 3)
		})
	}
}
