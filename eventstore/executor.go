package eventstore

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Executor carries commands to the log. See the package comment for how. Make one per process, with
// [NewExecutor].
type Executor[S, R any] struct {
	shared    shared[S, R]
	delayed   *queue[S, R] // nil without a delay
	immediate *queue[S, R]
	loader    *loader[S, R]
	inFlight  sync.Map // the [Key] of each command on its way

	kill context.CancelFunc
}

// NewExecutor uses pool, which must stay open until [Executor.Close] has returned and hold at least
// Options.Transactions + [ReservedConns] connections when there is a delay, and [ReservedConns]
// otherwise. It must have been configured with [ConfigureCommits], and should have the settings of
// [Session].
func NewExecutor[S, R any](pool *pgxpool.Pool, model Model[S, R], o Options) (*Executor[S, R], error) {
	o.setDefaults()
	if err := o.check(pool.Config()); err != nil {
		return nil, err
	}
	running, kill := context.WithCancel(context.Background()) //nolint:gosec // Close calls kill
	e := &Executor[S, R]{kill: kill, shared: shared[S, R]{
		store: store[S, R]{model: &model, cache: newCache[S](o.Cache), logger: o.Logger},
		pool:  pool, options: o, running: running, appending: make(chan struct{}, 1),
		overtaking: make(chan struct{}, overtakers), appendOrder: newOrder(),
	}}
	e.shared.snapshots = newSnapshotter(running, pool, &model, o)
	e.loader = newLoader(&e.shared)
	e.immediate = e.start(0, immediateTransactions)
	if o.Delay > 0 {
		e.delayed = e.start(o.Delay, o.Transactions)
	}
	return e, nil
}

// start opens a queue with its workers.
func (e *Executor[S, R]) start(delay time.Duration, workers int) *queue[S, R] {
	q := newQueue(e.shared.running, e.loader, delay, workers, &e.shared.options)
	for range workers {
		e.shared.done.Go(func() {
			for calls, entry := q.next(); len(calls) > 0; calls, entry = q.next() {
				newBatch(&e.shared, delay, calls, entry).run()
				q.order.leaveIn(&e.shared.done, entry)
			}
		})
	}
	return q
}

// Execute carries a command out and returns when its outcome is certain. The error is what Decide
// refused it with, or one of this package.
//
// Commands to one stream, all with the delay or all without, are decided in order of arrival. A
// command that a committed state refuses is refused at once, though commands before it may be in
// their delay and about to change that state.
//
// If ctx ends before a batch takes the command, the error is the cause of ctx, and nothing has
// happened; if the database is known to be down by then, the error is [ErrUnavailable]. Once a batch
// has the command, ctx does not matter.
func (e *Executor[S, R]) Execute(ctx context.Context, cmd Command[S, R]) (_ Result[S], err error) {
	q := e.delayed
	if cmd.Immediate || q == nil {
		q = e.immediate
	}
	if ctx.Err() != nil {
		return Result[S]{}, context.Cause(ctx)
	}
	if cmd.Once != nil {
		// Between processes, the second command finds the key when it appends.
		if _, isInFlight := e.inFlight.LoadOrStore(cmd.Once.Key, struct{}{}); isInFlight {
			return Result[S]{}, ErrKeyInFlight
		}
		defer e.inFlight.Delete(cmd.Once.Key)
	}
	c := &call[S, R]{Command: cmd, arrived: time.Now(), done: make(chan struct{})}
	if tracer := e.shared.options.Tracer; tracer != nil {
		traceCall(ctx, tracer, c)
		defer func() { endCommand(c.span, err) }()
	}
	if err := q.enqueue(c); err != nil {
		return Result[S]{}, err
	}
	select {
	case <-c.done:
		return c.result, c.err
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-e.shared.options.Health.Down():
		err = ErrUnavailable
	}
	if c.withdraw() {
		return Result[S]{}, err
	}
	<-c.done
	return c.result, c.err
}

// Waiting is how many commands wait for a batch.
func (e *Executor[S, R]) Waiting() int {
	n := e.immediate.length()
	if e.delayed != nil {
		n += e.delayed.length()
	}
	return n
}

// Close refuses new commands, carries out those that were accepted, and returns when all have their
// answer. When ctx ends first, commands in progress are aborted; their callers get
// [ErrUnavailable] or [ErrOutcomeUnknown]. It may be called twice.
func (e *Executor[S, R]) Close(ctx context.Context) error {
	e.immediate.close()
	if e.delayed != nil {
		e.delayed.close()
	}
	finished := make(chan struct{})
	go func() {
		e.shared.done.Wait()
		e.loader.close()
		e.shared.snapshots.close()
		close(finished)
	}()
	defer e.kill()
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
		e.kill()
		<-finished
		return fmt.Errorf("close the executor: %w", context.Cause(ctx))
	}
}
