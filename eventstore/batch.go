package eventstore

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
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

	conn    *pgxpool.Conn
	streams map[uuid.UUID]*stream[S] // as last read
	broken  map[uuid.UUID]error      // streams that can't be read
	stats   BatchStats
}

// errRejected says that PostgreSQL refuses something that the batch wants to store.
var errRejected = errors.New("a record was rejected")

func (b *batch[S, R]) run() {
	e := b.executor
	started := time.Now()
	b.stats = BatchStats{Commands: len(b.calls), Waited: started.Sub(b.calls[0].arrived), Delay: b.lane.delay}
	ctx, cancel := context.WithTimeout(e.running, b.lane.delay+e.options.Patience)
	defer cancel()

	err := b.travel(ctx)
	e.done.Go(func() { // a batch that ends early keeps the order of those around it
		<-b.before
		close(b.after)
	})
	b.answerAll(err)
	if e.options.Observe != nil {
		b.stats.Took, b.stats.Err = time.Since(started), err
		e.options.Observe(b.stats)
	}
}

// travel takes the batch the whole way. The calls that then remain have no answer but its error.
func (b *batch[S, R]) travel(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil { // a defect of this package: no caller may hang because of it
			b.executor.options.Logger.Error("batch panicked", "panic", r, "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: panic: %v", ErrUnavailable, r)
		}
	}()
	defer b.leave()
	if err := b.open(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	b.refuseEarly()
	if len(b.calls) == 0 {
		return nil
	}
	if err := sleep(ctx, b.lane.delay); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err := b.takeTurn(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer func() { <-b.executor.appending }()
	return b.append(ctx)
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
	calls := b.calls
	b.calls = nil
	b.leave()
	if len(calls) == 1 {
		calls[0].answer(Result[S]{}, &CommandError{calls[0].StreamID, err})
		return nil
	}
	for _, half := range [][]*call[S, R]{calls[:len(calls)/2], calls[len(calls)/2:]} {
		part := &batch[S, R]{executor: b.executor, lane: b.lane, calls: half}
		part.answerAll(part.append(ctx))
		part.leave()
		b.stats.Records += part.stats.Records
	}
	return nil
}

// When nothing has been sent yet, a command is given up after this many broken connections.
const maxReconnects = 5

func (b *batch[S, R]) attempts(ctx context.Context) error {
	var lost *plan[S, R] // sent, but the answer to COMMIT never came
	for n, pause := 1, 5*time.Millisecond; ; n++ {
		b.stats.Attempts = n
		next, err := b.attempt(ctx, n, lost)
		switch {
		case err == nil:
			return nil
		case b.drop():
			lost = next
			if lost == nil && n > maxReconnects || sleep(ctx, pause) != nil {
				return giveUp(lost, err)
			}
			pause = min(2*pause, 500*time.Millisecond)
		case isConflict(err) && n == 1:
			if _, err := b.conn.Conn().PgConn().Exec(ctx, `rollback to savepoint undecided`).ReadAll(); err != nil && !b.drop() {
				return giveUp(lost, err)
			}
		case isConflict(err) || isPassing(err): // a conflict under the head row's lock can't be, unless the log was tampered with
			return giveUp(lost, err)
		default:
			return fmt.Errorf("%w: %w", errRejected, err)
		}
	}
}

func giveUp[S, R any](lost *plan[S, R], err error) error {
	if lost != nil {
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// attempt reads, decides, appends and commits. When it fails, next is the plan whose fate is unknown, if there is one.
func (b *batch[S, R]) attempt(ctx context.Context, n int, lost *plan[S, R]) (next *plan[S, R], err error) {
	found, err := b.refresh(ctx, n, lost)
	if err != nil {
		return lost, err
	}
	if found > 0 {
		b.settle(lost, found-1)
		return nil, nil
	}
	// What was lost is not committed, and can't be any more: it expected versions that either are taken already, or will be by
	// this plan, because the same commands on the same states make the same records.
	p := b.plan()
	if len(p.records) == 0 {
		b.settle(p, 0)
		return nil, nil
	}
	base, err := b.commit(ctx, p.records)
	if err != nil {
		return p, err
	}
	b.settle(p, base)
	return nil, nil
}

// refresh brings b.streams to what is committed now. found is the position of the first record of lost, if that was committed.
func (b *batch[S, R]) refresh(ctx context.Context, attempt int, lost *plan[S, R]) (found int64, err error) {
	if b.conn == nil {
		if err := b.open(ctx); err != nil {
			return 0, err
		}
	}
	switch {
	case attempt > 1:
		return b.lock(ctx, lost)
	case b.lane.delay > 0:
		return 0, b.exchange(ctx, &pgx.Batch{}, nil)
	}
	// Without a delay the read is fresh but for what this process appended since, and that is in the cache. What another process
	// appended meanwhile shows as a conflict.
	for id, s := range b.streams {
		if newer := b.executor.cache.get(id); newer.version > s.version {
			*s = newer
		}
	}
	return 0, nil
}

// refuseEarly answers the calls that a committed state refuses.
func (b *batch[S, R]) refuseEarly() {
	remaining := b.calls[:0]
	for _, c := range b.calls {
		err := b.guard(c, func() error {
			_, err := c.Decide(b.streams[c.StreamID].state)
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
	for i := range p.records {
		p.streams[p.records[i].StreamID].position = p.records[i].Position
	}
	b.keep(p.streams)
	for _, d := range p.decisions {
		if d.err == nil {
			d.result.Records = p.records[d.from:d.to:d.to]
			d.result.Position = p.streams[d.call.StreamID].position
		}
		d.call.answer(d.result, d.err)
	}
	b.calls = nil
	b.stats.Records += len(p.records)
	if len(p.records) > 0 && b.executor.options.Committed != nil {
		b.executor.options.Committed(base + int64(len(p.records)))
	}
}

// keep puts committed states into the cache.
func (b *batch[S, R]) keep(streams map[uuid.UUID]*stream[S]) {
	for id, s := range streams {
		if b.broken[id] == nil {
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
}
