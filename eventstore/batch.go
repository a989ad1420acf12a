package eventstore

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// batch is one transaction and the commands aboard.
type batch[S, R any] struct {
	executor *Executor[S, R]
	lane     *lane[S, R]
	calls    []*call[S, R]   // without an answer yet, in order of arrival
	before   <-chan struct{} // closed when the lane's batch before this one has appended
	after    chan struct{}

	conn     *pgxpool.Conn
	streams  map[uuid.UUID]*stream[S] // as last read
	broken   map[uuid.UUID]error      // streams that can't be read
	keys     map[Key]stored           // of commands that were carried out before
	repeated []*call[S, R]            // those commands, whose answer is not confirmed yet
	recalled bool                     // what the snapshots know is in streams
	lost     []*plan[S, R]            // sent, but the answer to COMMIT never came
	seen     int64                    // the head of the log when a delayed batch was opened
	locked   bool                     // the head row is locked by this transaction
	news     int                      // records that the last read brought
	stats    BatchStats
}

// errRejected says that PostgreSQL refuses something that the batch wants to store.
var errRejected = errors.New("a record was rejected")

func (b *batch[S, R]) run() {
	e := b.executor
	started := time.Now()
	b.stats = BatchStats{Commands: len(b.calls), Waited: started.Sub(b.calls[0].arrived), Delay: b.lane.delay}
	ctx, cancel := context.WithTimeout(e.running, b.lane.delay+e.options.Patience)
	defer cancel()
	if e.options.Tracer != nil {
		var end func(error)
		ctx, end = b.trace(ctx)
		defer func() { end(b.stats.Err) }()
	}

	err := b.travel(ctx)
	e.done.Go(func() { // a batch that ends early keeps the order of those around it
		<-b.before
		close(b.after)
	})
	b.answerAll(err)
	b.stats.Took, b.stats.Err = time.Since(started), err
	if e.options.Observe != nil {
		e.options.Observe(b.stats)
	}
}

// travel takes the batch the whole way. The calls that then remain have no answer but its error.
func (b *batch[S, R]) travel(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil { // a defect of this package: no caller may hang because of it
			b.executor.options.Logger.Error("batch panicked", "panic", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: panic: %v", ErrOutcomeUnknown, r) // it may have come after the commit
		}
	}()
	defer b.leave()
	early, arrived := b.executor.options.Alive.While(ctx)
	defer arrived()
	if err := b.open(early); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err := b.confirmRepeated(ctx, early); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	b.refuseEarly()
	if len(b.calls) == 0 {
		return nil
	}
	if err := sleep(early, b.lane.delay); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err := b.takeTurn(early); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	started := time.Now()
	defer func() {
		<-b.executor.appending
		b.stats.Append = time.Since(started)
	}()
	if b.executor.options.Tracer == nil {
		return b.append(ctx)
	}
	ctx, span := b.executor.options.Tracer.Start(ctx, "append")
	defer func() { endSpan(span, err) }()
	return b.append(ctx)
}

// confirmRepeated answers the commands that were carried out before, without the delay, and begins
// again for the others.
func (b *batch[S, R]) confirmRepeated(ctx, early context.Context) error {
	b.takeRepeated()
	if len(b.repeated) == 0 {
		return nil
	}
	if err := b.awaitReplication(ctx); err != nil {
		if isLockTimeout(err) {
			b.endStalledHolders(ctx) // for those who come next
		}
		return err
	}
	b.answerRepeated(nil)
	if len(b.calls) == 0 {
		return nil
	}
	b.leave()
	return b.open(early)
}

// takeTurn waits until the lane's batches before this one are done, and then for the one place at which a process appends.
func (b *batch[S, R]) takeTurn(ctx context.Context) error {
	select {
	case <-b.before:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case b.executor.appending <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// append decides and appends until the batch is committed or can't be.
func (b *batch[S, R]) append(ctx context.Context) error {
	err := b.attempts(ctx)
	if !errors.Is(err, errRejected) {
		return err
	}
	// One command spoils the transaction for all, and PostgreSQL does not say which: try the halves, each in a transaction of
	// its own. Their delay has been served.
	b.leave()
	if len(b.calls) == 1 {
		b.calls[0].answer(Result[S]{}, &CommandError{b.calls[0].StreamID, err})
	} else {
		middle := len(b.calls) / 2
		b.appendPart(ctx, b.calls[:middle], b.lost)
		b.appendPart(ctx, b.calls[middle:], b.lost)
	}
	b.appendPart(ctx, b.repeated, nil) // no lost plan has them
	b.calls, b.repeated = nil, nil
	return nil
}

// appendPart is for some calls of a batch. lost are plans of the whole, which have all of them or
// none.
func (b *batch[S, R]) appendPart(ctx context.Context, calls []*call[S, R], lost []*plan[S, R]) {
	calls = slices.DeleteFunc(slices.Clone(calls), (*call[S, R]).answered)
	part := &batch[S, R]{executor: b.executor, lane: b.lane, calls: calls, lost: lost}
	if len(part.calls) == 0 { // a lost plan of the whole turned out to be committed
		return
	}
	defer part.leave()
	part.answerAll(part.append(ctx))
	b.stats.Records += part.stats.Records
}

// companyStays is how many batches in a row without news from other processes make an executor optimistic again.
const companyStays = 16

// When nothing has been sent yet, a command is given up after this many broken connections.
const maxReconnects = 5

func (b *batch[S, R]) attempts(ctx context.Context) error {
	for n, pause := 1, 5*time.Millisecond; ; n++ {
		b.stats.Attempts = n
		err := b.attempt(ctx, n)
		switch {
		case err == nil:
			return nil
		case b.drop():
			if len(b.lost) == 0 && n > maxReconnects || sleep(ctx, pause) != nil {
				return b.giveUp(err)
			}
			pause = min(2*pause, 500*time.Millisecond)
		case (isConflict(err) || isAhead(err)) && !b.locked:
			b.executor.company.Store(companyStays)
			if _, err := b.conn.Conn().PgConn().Exec(ctx, `rollback to savepoint undecided`).ReadAll(); err != nil && !b.drop() {
				return b.giveUp(err)
			}
		case isConflict(err), isAhead(err): // of what was read under the lock: the log was tampered with
			return b.giveUp(err)
		case isLockTimeout(err) && b.endStalledHolders(ctx):
			b.leave() // the next attempt begins anew
		case isPassing(err) || ctx.Err() != nil:
			return b.giveUp(err)
		default:
			return fmt.Errorf("%w: %w", errRejected, err)
		}
	}
}

func (b *batch[S, R]) giveUp(err error) error {
	if len(b.lost) > 0 {
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// attempt reads, decides, appends and commits. A plan whose fate it leaves open goes to b.lost.
func (b *batch[S, R]) attempt(ctx context.Context, n int) error {
	reading := ctx
	if len(b.lost) == 0 { // nothing that has been sent needs to be looked up
		var read context.CancelFunc
		reading, read = b.executor.options.Alive.While(ctx)
		defer read()
	}
	committed, base, err := b.refresh(reading, n)
	if err != nil {
		return err
	}
	if committed != nil {
		if err := b.awaitReplication(ctx); err != nil {
			return err
		}
		b.settle(committed, base)
		return nil
	}
	// What was lost is not committed, and can't be any more once this plan is: it expected versions that either are taken already,
	// or will be by this plan, because the same commands on the same states make the same records.
	b.takeRepeated()
	p := b.plan()
	if !b.locked && p.refusesRepeatable() {
		if err := b.exchange(reading, &pgx.Batch{}); err != nil {
			return err
		}
		b.takeRepeated()
		p = b.plan()
	}
	switch {
	case len(p.records) > 0:
		if base, err = b.commit(ctx, p); err != nil {
			if b.conn.Conn().IsClosed() && !IsReadOnly(err) {
				b.lost = append(b.lost, p)
			}
			return err
		}
	case p.succeeds() || len(b.repeated) > 0: // there is nothing to do, because somebody has done it
		if err := b.awaitReplication(ctx); err != nil {
			return err
		}
	}
	b.settle(p, base)
	return nil
}

// refresh brings b.streams to what is committed now. committed is a lost plan that turned out to be, after position base.
func (b *batch[S, R]) refresh(ctx context.Context, attempt int) (committed *plan[S, R], base int64, err error) {
	if b.conn == nil {
		if err := b.open(ctx); err != nil {
			return nil, 0, err
		}
	}
	switch {
	case attempt > 1 || len(b.lost) > 0 || b.executor.company.Load() > 0:
		return b.lock(ctx)
	case b.lane.delay > 0:
		// Reading thousands of streams once more is worth a look at whether there is anything new.
		if alone, err := b.isAlone(ctx); err != nil {
			return nil, 0, err
		} else if !alone {
			return nil, 0, b.exchange(ctx, &pgx.Batch{})
		}
	}
	// The read is fresh but for what this process appended since, and that is in the cache. What another process appended meanwhile,
	// or what the cache has dropped, shows as a conflict.
	for id, s := range b.streams {
		if newer := b.executor.cache.get(id); newer.version > s.version {
			*s = newer
		}
	}
	return nil, 0, nil
}

// refuseEarly answers the calls that a committed state refuses.
func (b *batch[S, R]) refuseEarly() {
	remaining := b.calls[:0]
	for _, c := range b.calls {
		err := b.guard(c, func() error {
			_, err := c.decide(b.streams[c.StreamID])
			return err
		})
		if err != nil {
			c.answer(Result[S]{}, err)
			continue
		}
		remaining = append(remaining, c)
	}
	b.calls = remaining
}

// guard keeps what breaks in one command from the others.
func (b *batch[S, R]) guard(c *call[S, R], do func() error) (err error) {
	if err := b.broken[c.StreamID]; err != nil {
		return &CommandError{c.StreamID, err}
	}
	defer func() {
		if r := recover(); r != nil {
			b.executor.options.Logger.Error("command panicked", "stream", c.StreamID, "panic", r, "stack", string(debug.Stack()))
			err = &CommandError{c.StreamID, fmt.Errorf("panic: %v", r)}
		}
	}()
	return do()
}

// settle answers the calls of a plan, whose records are committed after position base.
func (b *batch[S, R]) settle(p *plan[S, R], base int64) {
	place(p.records, base)
	for _, d := range p.decisions {
		if d.err == nil {
			s := p.streams[d.call.StreamID]
			if d.to > d.from {
				s.position = p.records[d.to-1].Position
			}
			d.result.Records, d.result.Position = p.records[d.from:d.to:d.to], s.position
		}
		d.call.answer(d.result, d.err)
	}
	b.calls = nil
	b.answerRepeated(nil)
	b.keep(p.streams)
	b.stats.Records += len(p.records)
	b.executor.noteOwn(base, int64(len(p.records)))
	if len(p.records) > 0 && b.executor.options.Committed != nil {
		b.executor.options.Committed(base + int64(len(p.records)))
	}
}

// noteOwn remembers the unbroken run of positions at the end of the log that this process has appended.
func (e *Executor[S, R]) noteOwn(base, records int64) {
	if records == 0 {
		return
	}
	if base != e.ownTo {
		e.ownFrom = base
	}
	e.ownTo = base + records
}

// keep puts committed states into the cache.
func (b *batch[S, R]) keep(streams map[uuid.UUID]*stream[S]) {
	for id, s := range streams {
		if b.broken[id] == nil {
			b.executor.snapshots.offer(id, s)
			b.executor.cache.put(id, *s, b.executor.model.Size(s.state))
		}
	}
}

func (b *batch[S, R]) answerAll(err error) {
	if err != nil && len(b.calls) > 0 {
		b.executor.options.Logger.Warn("commands failed", "commands", len(b.calls), "error", err)
	}
	for _, c := range b.calls {
		c.answer(Result[S]{}, err)
	}
	b.calls = nil
	b.answerRepeated(err)
}
