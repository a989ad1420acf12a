package eventstore

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// shared is what the batches of an executor share.
type shared[S, R any] struct {
	store[S, R]
	pool    *pgxpool.Pool
	options Options
	running context.Context // ends when Close has waited long enough
	done    sync.WaitGroup  // workers, and what batches leave behind

	// appending is held by the batch that appends, and overtaking by those that did not want to wait
	// for it any longer.
	appending, overtaking chan struct{}
	// appendOrder makes batches that share a stream append in order, whichever queue they come from.
	appendOrder order
	// contended tells that other processes append to the same streams. Then the head row is locked
	// before the first attempt too, because an optimistic one would often be in vain.
	contended atomic.Bool
	// answered is when PostgreSQL answered last; nil: never.
	answered atomic.Pointer[time.Time]
}

// batch carries out the commands of one transaction.
type batch[S, R any] struct {
	*shared[S, R]
	delay  time.Duration
	entry  *entry
	calls  calls[S, R]
	states states[S, R]
	tx     transaction
	slot   chan struct{} // appending or overtaking
	lost   []*plan[S, R] // sent, but the answer to COMMIT never came
	stats  BatchStats
}

func newBatch[S, R any](e *shared[S, R], delay time.Duration, cs []*call[S, R], in *entry) *batch[S, R] {
	return &batch[S, R]{
		shared: e, delay: delay, entry: in,
		calls:  calls[S, R]{logger: e.logger, open: cs},
		states: newStates(&e.store, cs),
		tx: transaction{pool: e.pool, timeout: e.options.messageTimeout(), logger: e.logger,
			answered: &e.answered},
		stats: BatchStats{Commands: len(cs), Waited: time.Since(cs[0].arrived), Delay: delay},
	}
}

// run carries the batch out. In the end, each call has its answer.
func (b *batch[S, R]) run() {
	started := time.Now()
	ctx, cancel := context.WithTimeout(b.running, b.delay+b.options.Timeout)
	defer cancel()
	if b.options.Tracer != nil {
		var end func(BatchStats)
		ctx, end = traceBatch(ctx, b.options.Tracer, b.calls.open, b.delay)
		defer func() { end(b.stats) }()
	}
	err := b.process(ctx)
	b.calls.fail(err)
	b.stats.Took, b.stats.Err = time.Since(started), err
	if b.options.Observe != nil {
		b.options.Observe(b.stats)
	}
}

// process takes the batch the whole way. Calls that then remain open have no answer but its error.
func (b *batch[S, R]) process(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil { // a defect of this package: no caller may hang because of it
			b.logger.Error("batch panicked", "panic", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: panic: %v", ErrOutcomeUnknown, r) // it may have come after the commit
		}
	}()
	defer b.tx.close()
	// For everything before the first append is sent: there is nothing to look up then.
	whileUp, stop := b.options.Health.Guard(ctx)
	defer stop()
	if err := b.prepare(ctx, whileUp); err != nil {
		return giveUp(err, false)
	}
	if b.calls.allAnswered() {
		return nil
	}
	if err := b.entry.wait(whileUp); err != nil {
		return giveUp(err, false)
	}
	appending := b.appendOrder.enter(b.entry.streams)
	defer b.appendOrder.leaveIn(&b.done, appending)
	if err := appending.wait(whileUp); err != nil {
		return giveUp(err, false)
	}
	if err := b.awaitAppendSlot(whileUp); err != nil {
		return giveUp(err, false)
	}
	started := time.Now()
	defer func() {
		<-b.slot
		b.stats.Append = time.Since(started)
	}()
	if b.options.Tracer == nil {
		return b.appendWithRetries(ctx, whileUp)
	}
	ctx, span := b.options.Tracer.Start(ctx, "append")
	defer func() { endSpan(span, err) }()
	return b.appendWithRetries(ctx, whileUp)
}

// maxAnswerAge is how recent an answer of PostgreSQL must be for a batch to append without having
// read. A read into a dead connection is simply repeated. An append has to be looked up, and until
// the database is back, its outcome is unknown.
const maxAnswerAge = 100 * time.Millisecond

// databaseAnswers tells whether PostgreSQL has answered just now.
func (e *shared[S, R]) databaseAnswers() bool {
	last := e.answered.Load()
	return last != nil && time.Since(*last) < maxAnswerAge
}

// prepare begins the transaction, reads, answers what committed states and keys answer already, and
// spends the delay. A batch without a delay skips all that if PostgreSQL answers and each command
// would append to what the cache knows: if that is not the newest state, its append fails.
func (b *batch[S, R]) prepare(ctx, whileUp context.Context) error {
	if b.delay == 0 && b.databaseAnswers() && b.states.takeCached() && b.calls.allAppend(&b.states) {
		return nil
	}
	if err := b.open(whileUp); err != nil {
		return err
	}
	b.calls.takeRepeated(b.states.keys)
	if len(b.calls.repeated) > 0 {
		if err := b.confirmRepeated(ctx, whileUp); err != nil {
			return err
		}
	}
	b.calls.refuse(&b.states)
	if b.calls.allAnswered() {
		return nil
	}
	return sleep(whileUp, b.delay)
}

// confirmRepeated answers the commands that were executed before, without the delay, and begins
// again for the others.
func (b *batch[S, R]) confirmRepeated(ctx, whileUp context.Context) error {
	if err := b.tx.commitReplicated(ctx); err != nil {
		if isLockTimeout(err) {
			b.tx.endStalledHolders(ctx) // for those who come next
		}
		return err
	}
	b.calls.completeRepeated(b.states.keys)
	if b.calls.allAnswered() {
		return nil
	}
	return b.open(whileUp)
}

// open begins the transaction and reads. A connection of the pool can have died unnoticed; nothing
// is written yet, so it is simply tried again.
func (b *batch[S, R]) open(ctx context.Context) error {
	for pause := time.Millisecond; ; pause *= 4 {
		err := b.connect(ctx)
		if err == nil {
			err = b.states.read(ctx, &b.tx, b.tx.begin(), b.tx.queueSavepoint)
		}
		if !errors.Is(err, errConnectionLost) || pause > 100*time.Millisecond {
			return err
		}
		b.tx.close()
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

func (b *batch[S, R]) connect(ctx context.Context) error {
	if b.tx.conn == nil {
		b.states.forget()
	}
	return b.tx.connect(ctx)
}

const (
	// overtakeAfter is how long a batch waits for the one that appends. An append takes a few
	// milliseconds. One that takes longer may have a dead connection, which is no reason for others to
	// wait: the head row's lock is what really keeps appends apart.
	overtakeAfter = 50 * time.Millisecond
	// overtakers is how many batches may append besides. With more of them, a slow disk would have
	// some wait for the head row's lock until lock_timeout.
	overtakers = 4
)

// awaitAppendSlot waits until the batch may append.
func (b *batch[S, R]) awaitAppendSlot(ctx context.Context) error {
	b.slot = b.appending
	select {
	case b.appending <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(overtakeAfter)
	defer timer.Stop()
	var overtaking chan struct{} // nil: not yet
	for {
		select {
		case b.appending <- struct{}{}:
			return nil
		case overtaking <- struct{}{}:
			b.slot = b.overtaking
			return nil
		case <-timer.C:
			overtaking = b.overtaking
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// When nothing has been sent yet, a command is given up after this many broken connections.
const maxReconnects = 5

// appendWithRetries decides and appends until the batch is committed or can't be.
func (b *batch[S, R]) appendWithRetries(ctx, whileUp context.Context) error {
	for pause := 5 * time.Millisecond; ; {
		b.stats.Attempts++
		err := b.attempt(ctx, whileUp)
		if err == nil {
			return nil
		}
		lost, goOn := len(b.lost) > 0, false
		switch afterError(err, b.tx.locked, lost) {
		case useNewConnection:
			b.tx.close()
			goOn = (lost || b.stats.Attempts <= maxReconnects) && sleep(ctx, pause) == nil
			pause = min(2*pause, 500*time.Millisecond)
		case lockHead:
			b.contended.Store(true)
			goOn = b.tx.rollback(ctx) == nil
			if !goOn {
				b.tx.close()
				goOn = ctx.Err() == nil
			}
		case endStalledHolders:
			goOn = b.tx.endStalledHolders(ctx)
		case giveUpUnavailable, giveUpOutcomeUnknown:
		}
		if !goOn {
			return giveUp(err, lost)
		}
	}
}

// attempt decides, appends and commits. The first one is optimistic: it relies on what was read
// before the delay, or is cached, and on the versions being free. Later ones hold the head row's
// lock. A plan whose fate the attempt leaves open goes to b.lost.
func (b *batch[S, R]) attempt(ctx, whileUp context.Context) error {
	reading := whileUp
	if len(b.lost) > 0 { // what has been sent needs to be looked up, whatever the health monitor says
		reading = ctx
	}
	if err := b.connect(reading); err != nil {
		return err
	}
	isRead := b.tx.hasBegun() // every transaction begins with a read, but for that of appendAndCommit
	if b.stats.Attempts > 1 || b.contended.Load() {
		if committed, base, err := b.lockAndRead(reading); err != nil {
			return err
		} else if committed != nil {
			return b.confirm(ctx, committed, base)
		}
	} else {
		b.states.takeCached() // what this process has appended since
	}
	// No lost plan is committed: lockAndRead would have found it. None can follow later: each needs
	// versions that others have taken, or that this plan takes now.
	p := b.plan()
	if !b.tx.locked && (p.refusesRepeatable() || !isRead && !p.allAppend()) {
		if err := b.states.read(reading, &b.tx, b.tx.begin(), nil); err != nil {
			return err
		}
		p = b.plan()
	}
	var base int64
	var err error
	switch {
	case len(p.records) > 0:
		base, err = b.tx.appendAndCommit(ctx, p.records, p.keys)
		if errors.Is(err, errConnectionLost) && !IsReadOnly(err) { // a read-only server has refused it
			b.lost = append(b.lost, p)
		}
	case p.succeeds() || len(b.calls.repeated) > 0: // there is nothing to do, because somebody has done it
		err = b.tx.commitReplicated(ctx)
	}
	if err != nil {
		return err
	}
	b.complete(p, base)
	return nil
}

// lockAndRead locks the head row and then reads what became of lost plans, and the unread records.
// committed is a lost plan that turned out to be, after position base.
func (b *batch[S, R]) lockAndRead(ctx context.Context) (committed *plan[S, R], base int64, err error) {
	found := 0 // records of other processes
	if b.delay == 0 {
		found = b.states.records // if PostgreSQL had not answered just now, prepare has read
	}
	q := b.tx.lock()
	for _, p := range b.lost {
		b.tx.queueOutcome(q, p.records, func(at int64) { committed, base = p, at })
	}
	if err := b.states.read(ctx, &b.tx, q, nil); err != nil {
		return nil, 0, err
	}
	b.contended.Store(found+b.states.records > 0)
	return committed, base, nil
}

// confirm completes a lost plan that was found in the log, once the standby has it too.
func (b *batch[S, R]) confirm(ctx context.Context, p *plan[S, R], base int64) error {
	if err := b.tx.commitReplicated(ctx); err != nil {
		return err
	}
	b.complete(p, base)
	return nil
}

func (b *batch[S, R]) plan() *plan[S, R] {
	b.calls.takeRepeated(b.states.keys)
	return makePlan(b.calls.open, &b.states, b.model, b.options.Now())
}

// complete answers the calls of a plan, whose records are committed after position base.
func (b *batch[S, R]) complete(p *plan[S, R], base int64) {
	p.assignPositions(base)
	b.calls.complete(p)
	b.calls.completeRepeated(b.states.keys)
	for id, s := range p.streams {
		if b.states.broken[id] == nil {
			b.keep(id, s, true)
		}
	}
	b.stats.Records += len(p.records)
	if len(p.records) > 0 && b.options.Committed != nil {
		b.options.Committed(p.records)
	}
}
