package eventstore_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

func TestTheDelayHoldsNoLockAndNoTransactionID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := b.schedule(t, 10)
	p := b.process(t, options{Delay: 500 * time.Millisecond})
	call := p.beginBooking(stream)
	const inDelay = `from pg_stat_activity where datname = current_database() and application_name = $1 and state = ` +
		`'idle in transaction'`
	waittest.For(t, "the batch is in its delay", func() bool {
		return b.count(t, `select count(*) `+inDelay,
			executorName) == 1
	})

	if n := b.count(t, `select count(backend_xid) `+inDelay, executorName); n != 0 {
		t.Error("a transaction id is held in the delay")
	}
	if n := b.count(t, `select count(backend_xmin) `+inDelay, executorName); n != 0 {
		t.Error("a snapshot is held in the delay: vacuum is held up")
	}
	if n := b.count(t, `
		select count(*) from pg_locks
		where pid in (select pid `+inDelay+`) and mode <> 'AccessShareLock' and locktype <> 'virtualxid'`,
		executorName); n != 0 {
		t.Errorf("%d locks besides those of a reader are held in the delay", n)
	}
	other := b.connect(t)
	mustExec(t, other, `set lock_timeout = '50ms'`)
	mustExec(t, other, `update log_head set position = position`)
	// Whatever was looked at was looked at in the delay.
	if n := b.count(t, `select count(*) `+inDelay, executorName); n != 1 {
		t.Error("the delay was over too early for this test")
	}
	call.mustDo(t)
	b.auditSold(t, stream, 1)
}

// observed collects what an executor says of its batches.
type observed struct {
	mu    sync.Mutex
	stats []eventstore.BatchStats
}

func (o *observed) note(s eventstore.BatchStats) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stats = append(o.stats, s)
}

func (o *observed) all() []eventstore.BatchStats {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]eventstore.BatchStats{}, o.stats...)
}

// waits is how long batches waited in the queue, the shortest first.
func (o *observed) waits() []time.Duration {
	var waits []time.Duration
	for _, s := range o.all() {
		waits = append(waits, s.Waited)
	}
	slices.Sort(waits)
	return waits
}

func TestALoneCommandLeavesAtOnce(t *testing.T) {
	t.Parallel()
	// Much longer than it takes to load a stream on a busy machine. One that is held back waits as long.
	const delay = 2 * time.Second
	b := setup(t)
	stream := b.schedule(t, 5)
	var seen observed
	p := b.process(t, options{Delay: delay, Transactions: 1, Observe: seen.note})
	if _, err := p.book(t.Context(), stream, uuid.New()); err != nil {
		t.Fatal(err)
	}
	waittest.For(t, "the batch is observed", func() bool { return len(seen.all()) == 1 })
	s := seen.all()[0]
	if s.Waited >= delay {
		t.Errorf("the command waited %s in the queue", s.Waited)
	}
	if s.Commands != 1 || s.Records != 1 || s.Attempts != 1 || s.Delay != delay || s.Took < delay || s.Err != nil {
		t.Errorf("got %+v", s)
	}
}

func TestADelayNeedsFewTransactionsAndAShortWaitInTheQueue(t *testing.T) {
	t.Parallel()
	const (
		delay        = time.Second
		transactions = 2
		slack        = 300 * time.Millisecond // of a busy machine
	)
	b := setup(t)
	stream := b.schedule(t, 10_000)
	var seen observed
	p := b.process(t, options{Delay: delay, Transactions: transactions, Observe: seen.note})

	// Customers keep coming, whether or not those before them have their answer.
	ctx, stop := context.WithCancel(t.Context())
	var customers sync.WaitGroup
	customers.Go(func() {
		arrivals := time.NewTicker(5 * time.Millisecond)
		defer arrivals.Stop()
		for ctx.Err() == nil {
			<-arrivals.C
			customers.Go(func() {
				if _, err := p.book(context.Background(), stream, uuid.New()); err != nil {
					t.Error(err)
				}
			})
		}
	})
	most := 0
	waittest.For(t, "eight batches have gone", func() bool {
		most = max(most, b.openTransactions(t))
		return len(seen.all()) >= 8
	})
	stop()
	customers.Wait()

	if most > transactions {
		t.Errorf("%d transactions were seen open at once, want at most %d", most, transactions)
	}
	waits := seen.waits()
	// Two may be unlucky. When batches leave together, three of eight wait for the whole delay.
	if third := waits[len(waits)-3]; third > delay/transactions+slack {
		t.Errorf("commands waited %s in the queue, want at most %s", waits, delay/transactions)
	}
	b.audit(t)
}

// One customer after the other is all who come, so what they wait is what batches keep apart.
func TestBatchesLeaveApartOnlyWhileCommandsAreComing(t *testing.T) {
	t.Parallel()
	const customers = 20
	b := setup(t)
	stream := b.schedule(t, 2*customers)
	var seen observed
	var coming atomic.Bool
	p := b.process(t, options{Observe: seen.note, ExpectMore: coming.Load})
	book := func() (took time.Duration) {
		began := time.Now()
		for range customers {
			if _, err := p.book(t.Context(), stream, uuid.New()); err != nil {
				t.Fatal(err)
			}
		}
		return time.Since(began)
	}
	book()
	waittest.For(t, "all batches are observed", func() bool { return len(seen.all()) == customers })
	if usual := seen.waits()[customers/2]; usual > eventstore.Linger/2 {
		t.Errorf("while none are coming, a command waited %s in the queue", usual)
	}

	coming.Store(true)
	if took, least := book(), (customers-1)*eventstore.Linger; took < least {
		t.Errorf("while some are coming, %d batches left within %s, want %s", customers, took, least)
	}
}

// Others append to the same stream: after a conflict the head row is locked first, so that there is
// no next one, until a batch finds nothing of others.
func TestWhileOthersAppendTheHeadIsLockedFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	via := newProxy(t, b.url)
	stream := b.schedule(t, 1000)
	p, other := startProcess(t, via.url, booking(), options{}), b.process(t, options{})
	var locks atomic.Int32
	held := hold(t, pass, nil)
	first := once((*flight).appends, held.rule)
	via.intercept(func(f *flight) verdict {
		if f.locks() {
			locks.Add(1)
		}
		return first(f)
	})

	call := p.beginBooking(stream)
	held.flight(t)
	if n := locks.Load(); n != 0 {
		t.Errorf("the head row was locked %d times without need", n)
	}
	mustBook(t, other, stream, uuid.New())
	held.release()
	call.mustDo(t)
	if n := locks.Load(); n != 1 {
		t.Errorf("the head row was locked %d times, want once for the second attempt", n)
	}
	for range 5 {
		mustBook(t, other, stream, uuid.New())
		mustBook(t, p, stream, uuid.New())
	}
	if n := locks.Load(); n != 6 {
		t.Errorf("the head row was locked %d times, want once more for each of five batches", n)
	}
	for range 5 {
		mustBook(t, p, stream, uuid.New())
	}
	if n := locks.Load(); n != 7 {
		t.Errorf("the head row was locked %d times, want once more to find that nobody else appends", n)
	}
	b.audit(t)
}

// A lock of the head row keeps batches from ending, so that transactions pile up as far as they
// can.
func TestTheNumberOfOpenTransactionsIsBounded(t *testing.T) {
	t.Parallel()
	const transactions, long = 2, 300 * time.Millisecond
	for _, delay := range []time.Duration{0, 20 * time.Millisecond} {
		t.Run(delay.String(), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			p := b.process(t, options{Delay: delay, Transactions: transactions, Batch: 1})
			// Of one stream, a batch that needs not read waits for the one before without a transaction.
			var streams []uuid.UUID
			for range 3 * transactions {
				streams = append(streams, b.schedule(t, 100))
			}
			gate, err := b.pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer gate.Rollback(context.Background()) //nolint:errcheck // committed below
			if _, err := gate.Exec(t.Context(), `update log_head set position = position`); err != nil {
				t.Fatal(err)
			}
			var calls []*pending
			for _, stream := range streams {
				calls = append(calls, p.beginBooking(stream))
			}
			waittest.For(t, "the oldest transactions are old enough for others to have followed", func() bool {
				return b.count(t, `
					select count(*) from pg_stat_activity
					where datname = current_database() and application_name = $1 and clock_timestamp() - xact_start > $2::interval`,
					executorName, long) >= transactions
			})
			if n := b.openTransactions(t); n != transactions {
				t.Errorf("got %d transactions, want %d", n, transactions)
			}
			if err := gate.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, c := range calls {
				c.mustDo(t)
			}
			for _, stream := range streams {
				b.auditSold(t, stream, 1)
			}
		})
	}
}

func TestWhatACommittedStateRefusesDoesNotServeTheDelay(t *testing.T) {
	t.Parallel()
	const delay = 500 * time.Millisecond
	b := setup(t)
	customer := uuid.New()
	stream := b.schedule(t, 1)
	b.append(t, stream, 1, domain.TicketBooked{BookingID: uuid.New(), CustomerID: customer})
	p := b.process(t, options{Delay: delay, Transactions: 1})
	other := b.schedule(t, 1)
	calls := together(t, p.executor,
		order(stream, bookFor(uuid.New())), order(other, bookFor(uuid.New())), order(stream, bookFor(customer)),
		order(uuid.New(), bookFor(customer)))
	for i, want := range map[int]error{0: domain.ErrSoldOut, 2: domain.ErrAlreadyBooked, 3: domain.ErrEventNotFound} {
		if a := calls[i].get(t); !errors.Is(a.err, want) {
			t.Errorf("command %d got %v, want %v", i, a.err, want)
		}
	}
	select {
	case <-calls[1].done:
		t.Error("the refusals came no sooner than the answer that serves the delay")
	default:
	}
	calls[1].mustDo(t)
	b.auditSold(t, other, 1)
}

// What the process itself appended it knows, whatever overlaps: only others can come in between.
func TestAProcessIsNeverInConflictWithItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream, other := b.schedule(t, 1000), b.schedule(t, 1000)
	var seen observed
	p := b.process(t, options{Delay: 5 * time.Millisecond, Batch: 7, Observe: seen.note})
	stormOf(t, newIDs(300), func(i int, customer uuid.UUID) (result, error) {
		c := order([]uuid.UUID{stream, other}[i/2%2], bookFor(customer))
		c.Immediate = i%2 == 0
		return p.Execute(context.Background(), c)
	})
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, s := range seen.all() {
		if s.Attempts > 1 || s.Err != nil {
			t.Errorf("batch %d took %d attempts and ended with %v", i, s.Attempts, s.Err)
		}
	}
	b.auditSold(t, stream, 150)
	b.auditSold(t, other, 150)
}

// Another process was first. The batch goes again, and does not serve a second delay.
func TestAConflictCostsNoSecondDelay(t *testing.T) {
	t.Parallel()
	const delay = 800 * time.Millisecond
	b := setup(t)
	via := newProxy(t, b.url)
	stream := b.schedule(t, 5)
	var seen observed
	p, other := startProcess(t, via.url, booking(), options{Delay: delay, Observe: seen.note}), b.process(t, options{})
	held := hold(t, pass, nil)
	via.intercept(once((*flight).appends, held.rule))

	call := p.beginBooking(stream)
	held.flight(t)
	if _, err := other.book(t.Context(), stream, uuid.New()); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	held.release()
	if r := call.mustDo(t); r.Version != 3 || r.State.Sold() != 2 {
		t.Errorf("got version %d with %d sold, want that the booking follows the other one", r.Version, r.State.Sold())
	}
	if took := time.Since(started); took > delay {
		t.Errorf("the second attempt took %s, as if the delay of %s were part of it", took, delay)
	}
	waittest.For(t, "the batch is observed", func() bool { return len(seen.all()) == 1 })
	if s := seen.all()[0]; s.Attempts != 2 {
		t.Errorf("got %d attempts, want two", s.Attempts)
	}
	b.auditSold(t, stream, 2)
}
