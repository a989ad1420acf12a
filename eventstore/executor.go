package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/trace"
)

// Model is what the executor has to know of streams whose states are S and whose records are R. The zero S is the state of a
// stream without records. S must be an immutable value: several batches use the same one.
type Model[S, R any] struct {
	Codec  Codec[R]
	Evolve func(S, ...R) S     // never fails
	Size   func(S) (bytes int) // in memory, for the bound of the cache

	// Snapshot and Restore write a state and read it back. Without them, a stream that is not in the cache is read from its start.
	Snapshot func(S) ([]byte, error)
	Restore  func([]byte) (S, error)
}

// Codec turns records into what is stored and back.
type Codec[R any] interface {
	Encode(R) (name string, schemaVersion int16, data []byte, err error)
	Decode(name string, schemaVersion int16, data []byte) (R, error)
}

// Command is a wish addressed to one stream.
type Command[S, R any] struct {
	StreamID uuid.UUID
	// Decide answers the command on a state: with records to append, with none when there is nothing to do, or with an error
	// that refuses it. It is called several times, from other goroutines, and must be a pure function.
	Decide   func(S) ([]R, error)
	Metadata Metadata
	// Expected, unless 0, refuses the command with a [ConflictError] when its stream is at another version.
	Expected int
	// Immediate commands don't share the delay.
	Immediate bool
	// Once, when set, keeps the command from being carried out again when it is repeated.
	Once *Once[S]
}

// Result is what became of a command that was not refused.
type Result[S any] struct {
	Records  []Record // appended for this command; empty when there was nothing to do
	State    S        // of the stream right after the command
	Version  int      // of the stream right after the command
	Position int64    // of the stream's last record then: a reader that has reached it sees the command's effect
	Replayed []byte   // the stored answer, when the command had been carried out before; then there are no Records and no State
}

// Options of an [Executor]. Zero values mean the defaults.
type Options struct {
	// Delay is spent inside the transaction of a batch, between reading and appending. Default: none.
	Delay time.Duration
	// Transactions bounds how many delayed transactions are open at once; the pool needs [Spare] connections more. With a
	// delay, a command waits at most Delay/Transactions to board. Default 32, which makes that 31 ms for a second of delay.
	Transactions int
	// Queue bounds how many commands wait to board. Default 50,000.
	Queue int
	// Batch bounds how many commands share one transaction. Default 2,500: when more arrive at once, one batch reads while another
	// is in its delay.
	Batch int
	// Cache bounds the bytes of folded states that are kept. Default 256 MiB.
	Cache int
	// Snapshot is by how many records, and a quarter, a stream grows until its next snapshot. Default 10,000.
	Snapshot int
	// Patience bounds how long a batch may take besides its delay before its commands are given up. Default 10 s.
	Patience time.Duration
	// Now is the clock for the time of records. Default [time.Now].
	Now func() time.Time
	// Committed, when set, is called after each commit with the position of its last record. It must not block.
	Committed func(position int64)
	// Observe, when set, is called at the end of each batch. It must not block.
	Observe func(BatchStats)
	// Tracer records a span for each command and each batch. Default: none are recorded.
	Tracer trace.Tracer
	// Coming, when set, tells whether more commands are about to come, so that those which don't share the delay had better wait a
	// little for them: fewer transactions then carry more. It must not block. Default: none are known of.
	Coming func() bool
	// Alive, when set, has commands that have not been sent to the database yet given up as soon as that is known to be gone.
	Alive Alive
	// Logger gets what operators should know. Default: nothing.
	Logger *slog.Logger
}

// Spare is how many connections an executor uses beside those of its delayed transactions.
const Spare = immediateTransactions + 2 // one to recover on, and one for snapshots

// One immediate batch appends while the next one reads; with more of them the batches would only get smaller.
const immediateTransactions = 2

// BatchStats says how a batch went.
type BatchStats struct {
	Commands int           // that boarded
	Records  int           // appended
	Attempts int           // to append; more than one after a conflict or a lost connection
	Waited   time.Duration // of its first command, to board
	Took     time.Duration // from boarding to the answers
	Delay    time.Duration // contained in Took
	Append   time.Duration // contained in Took: the last decision, the append and its commit, with what had to be repeated
	Err      error         // that ended the batch, if one did
}

// Executor carries commands to the log. See the package comment for how. Make one per process, with [NewExecutor].
type Executor[S, R any] struct {
	pool      *pgxpool.Pool
	model     Model[S, R]
	options   Options
	cache     *cache[S]
	snapshots *snapshotter[S, R]

	// company tells that other processes append to the same streams, and for how many quiet batches that is still assumed. Then the
	// head row is locked before the first attempt too, because an optimistic one would often be in vain.
	company atomic.Int32
	// appending is held by the batch that appends.
	appending chan struct{}
	// The positions after ownFrom up to ownTo were appended by this process. Whoever holds appending may use them.
	ownFrom, ownTo int64
	delayed        *lane[S, R] // nil without a delay
	immediate      *lane[S, R]
	held           sync.Map // the [Key] of each command on its way

	running context.Context // ends when Close has waited long enough
	kill    context.CancelFunc
	done    sync.WaitGroup
}

// NewExecutor uses pool, which must stay open until [Executor.Close] has returned and hold at least
// Options.Transactions + [Spare] connections when there is a delay, and [Spare] otherwise. It must
// have been configured with [ConfigureCommits], and should have the settings of [Session].
func NewExecutor[S, R any](pool *pgxpool.Pool, model Model[S, R], o Options) (*Executor[S, R], error) {
	setDefault(&o.Transactions, 32)
	setDefault(&o.Queue, 50_000)
	setDefault(&o.Batch, 2_500)
	setDefault(&o.Cache, 256<<20)
	setDefault(&o.Snapshot, 10_000)
	setDefault(&o.Patience, 10*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Delay < 0 || o.Transactions < 0 || o.Queue < 0 || o.Batch < 0 || o.Cache < 0 || o.Snapshot < 0 || o.Patience < 0 {
		return nil, errors.New("eventstore: options can't be negative")
	}
	if pool.Config().ConnConfig.OnNotice == nil {
		return nil, errors.New("eventstore: the pool was not configured with ConfigureCommits")
	}
	need := Spare
	if o.Delay > 0 {
		need += o.Transactions
	}
	if has := int(pool.Config().MaxConns); has < need {
		return nil, fmt.Errorf("eventstore: the executor needs %d connections, and the pool has at most %d", need, has)
	}
	running, kill := context.WithCancel(context.Background()) //nolint:gosec // Close calls kill
	e := &Executor[S, R]{
		pool: pool, model: model, options: o, cache: newCache[S](o.Cache),
		appending: make(chan struct{}, 1), running: running, kill: kill,
	}
	e.snapshots = newSnapshotter(e)
	e.immediate = e.open(0, immediateTransactions)
	if o.Delay > 0 {
		e.delayed = e.open(o.Delay, o.Transactions)
	}
	return e, nil
}

func setDefault[T int | time.Duration](option *T, value T) {
	if *option == 0 {
		*option = value
	}
}

// Execute carries a command out and returns when its outcome is certain. The error is what Decide refused it with, or one of this
// package. Commands to one stream that share a lane (the delayed or the immediate one) are decided in order of arrival, except that
// one which a committed state refuses is refused at once, whatever the ones before it, still in their delay, are about to change.
// When ctx ends before the command has boarded, it has had no effect and the error is the cause of ctx; later, ctx no longer matters.
// Likewise, when the database is known to be gone before, the error is ErrUnavailable.
func (e *Executor[S, R]) Execute(ctx context.Context, cmd Command[S, R]) (_ Result[S], err error) {
	l := e.delayed
	if cmd.Immediate || l == nil {
		l = e.immediate
	}
	if ctx.Err() != nil {
		return Result[S]{}, context.Cause(ctx)
	}
	if cmd.Once != nil {
		release, err := e.hold(cmd.Once.Key)
		if err != nil {
			return Result[S]{}, err
		}
		defer release()
	}
	c := &call[S, R]{Command: cmd, arrived: time.Now(), done: make(chan struct{})}
	if e.options.Tracer != nil {
		e.traceCall(ctx, c)
		defer func() { endCommand(c.span, err) }()
	}
	if err := l.join(c); err != nil {
		return Result[S]{}, err
	}
	select {
	case <-c.done:
		return c.result, c.err
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-e.options.Alive.Gone():
		err = ErrUnavailable
	}
	if c.leave() {
		return Result[S]{}, err
	}
	<-c.done
	return c.result, c.err
}

// Waiting is how many commands wait to board.
func (e *Executor[S, R]) Waiting() int {
	n := e.immediate.length()
	if e.delayed != nil {
		n += e.delayed.length()
	}
	return n
}

// Close refuses new commands, carries out those that wait or are aboard, and returns when all have their answer. When ctx ends
// first, what is aboard is broken off; its callers get [ErrUnavailable] or [ErrOutcomeUnknown]. It may be called twice.
func (e *Executor[S, R]) Close(ctx context.Context) error {
	e.immediate.close()
	if e.delayed != nil {
		e.delayed.close()
	}
	finished := make(chan struct{})
	go func() {
		e.done.Wait()
		e.snapshots.close()
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
