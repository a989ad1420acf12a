package eventstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

func TestCloseCarriesOutWhatWasAccepted(t *testing.T) {
	t.Parallel()
	const waiting = 10
	b := setup(t)
	stream := b.schedule(t, 100)
	p := b.process(t, options{Delay: 30 * time.Millisecond, Transactions: 1, Batch: 4})
	letGo := occupy(t, p.executor)
	var calls []*pending
	for i := range waiting {
		calls = append(calls, p.beginBooking(stream))
		waittest.For(t, "the command waits", func() bool { return p.Waiting() == i+1 })
	}
	closed := make(chan error, 2)
	for range 2 {
		go func() { closed <- p.Close(context.Background()) }()
	}
	waittest.For(t, "new commands are refused", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := p.book(ctx, stream, uuid.New())
		return errors.Is(err, eventstore.ErrClosed)
	})
	if len(closed) > 0 {
		t.Error("Close returned before the commands were executed")
	}
	letGo()
	for _, c := range calls {
		c.mustDo(t)
	}
	for range 2 {
		if err := <-closed; err != nil {
			t.Error(err)
		}
	}
	if err := p.Close(context.Background()); err != nil {
		t.Errorf("closed once more: %v", err)
	}
	c := order(stream, bookFor(uuid.New()))
	for _, c.Immediate = range []bool{false, true} {
		if _, err := p.Execute(t.Context(), c); !errors.Is(err, eventstore.ErrClosed) {
			t.Errorf("got %v, want that the executor is closed", err)
		}
	}
	b.auditSold(t, stream, waiting)
	checkConnections(t, b, p)
}

func TestCloseIsBoundedWhateverHangs(t *testing.T) {
	t.Parallel()
	const enough, long = 3 * time.Second, time.Minute
	b := setup(t)
	for name, c := range map[string]struct {
		hangs func(*flight) bool
		delay time.Duration
		want  error
	}{
		"PostgreSQL, when a transaction begins": {(*flight).begins, time.Millisecond, eventstore.ErrUnavailable},
		"PostgreSQL, at the append":             {(*flight).appends, 0, eventstore.ErrOutcomeUnknown},
		"PostgreSQL, after the delay":           {(*flight).appends, time.Millisecond, eventstore.ErrOutcomeUnknown},
		"nothing, the delay is long":            {func(*flight) bool { return false }, long, eventstore.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			via := newProxy(t, b.url)
			stream := b.schedule(t, 100)
			p := startProcess(t, via.url, booking(), options{Delay: c.delay, Transactions: 1, Batch: 2})
			hang, taken := hold(t, lose, nil), make(chan struct{}, 100)
			via.intercept(func(f *flight) verdict {
				if !c.hangs(f) {
					return pass
				}
				return hang.rule(f)
			})
			calls := make([]*pending, 7)
			for i := range calls {
				book := order(stream, bookFor(uuid.New()))
				decide := book.Decide
				book.Decide = func(s domain.State) ([]domain.Record, error) {
					taken <- struct{}{}
					return decide(s)
				}
				calls[i] = begin(func() (result, error) { return p.Execute(context.Background(), book) })
				if i > 0 {
					continue
				}
				if c.delay < long {
					hang.flight(t)
				} else {
					wait(t, "the batch is in its delay", taken)
				}
			}
			waittest.For(t, "some commands wait", func() bool { return p.Waiting() > 3 })

			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			closed := make(chan error, 1)
			go func() { closed <- p.Close(ctx) }()
			select {
			case err := <-closed:
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want that the time was up", err)
				}
			case <-time.After(enough):
				t.Fatalf("Close has not returned after %s", enough)
			}
			for i, call := range calls {
				// The last of them may have come just after Close.
				switch a := call.get(t); {
				case errors.Is(a.err, c.want), errors.Is(a.err, eventstore.ErrUnavailable), errors.Is(a.err, eventstore.ErrClosed):
				default:
					t.Errorf("command %d got %v, want %v", i, a.err, c.want)
				}
			}
			if a := calls[0].get(t); !errors.Is(a.err, c.want) {
				t.Errorf("the command under way got %v, want %v", a.err, c.want)
			}
			b.auditSold(t, stream, 0)
		})
	}
}

// The time of a batch is up after it has decided and before it sends its append. That is nobody's
// command's fault.
func TestABatchThatIsOutOfTimeIsUnavailable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := b.schedule(t, 5)
	p := b.process(t, options{Timeout: 50 * time.Millisecond})
	late, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	c := order(stream, bookFor(uuid.New()))
	decide, calls := c.Decide, 0
	c.Decide = func(s domain.State) ([]domain.Record, error) {
		if calls++; calls > 1 {
			<-late.Done()
		}
		return decide(s)
	}
	if _, err := p.Execute(context.Background(), c); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Errorf("got %v, want that the log is unavailable", err)
	}
	b.auditSold(t, stream, 0)
}

// Not parallel: it looks at all goroutines of the program.
func TestCloseLeavesNothingBehind(t *testing.T) {
	b := setup(t)
	stream := b.schedule(t, 20)
	b.pool.Reset()
	before := goleak.IgnoreCurrent()

	via := newProxy(t, b.url)
	p := startProcess(t, via.url, spoiltModel(), options{Delay: 10 * time.Millisecond, Transactions: 3,
		Timeout: 300 * time.Millisecond})
	via.intercept(once((*flight).appends, always(loseAnswer)))
	customers := append(newIDs(30), spoiltCustomer(0), spoiltCustomer(4))
	storm(t, []process{p}, stream, customers)
	via.intercept(once((*flight).appends, func(*flight) verdict {
		via.refuse(true)
		return lose
	}))
	storm(t, []process{p}, b.schedule(t, 20), customers)
	via.refuse(false)
	stormOf(t, newIDs(50), func(i int, customer uuid.UUID) (result, error) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i)*200*time.Microsecond)
		defer cancel()
		return p.book(ctx, stream, customer)
	})

	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
	waittest.For(t, "all connections were given back", func() bool { return p.pool.Stat().AcquiredConns() == 0 })
	p.pool.Close()
	via.close()
	b.pool.Close()
	goleak.VerifyNone(t, before)
}
