package eventstore

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/trace"
)

// Options of an [Executor]. Zero values mean the defaults.
type Options struct {
	// Delay is spent inside the transaction of a batch, between reading and appending. Default: none.
	Delay time.Duration
	// Transactions bounds how many delayed transactions are open at once; the pool needs
	// [ReservedConns] connections more. With a delay, a command waits at most Delay/Transactions for
	// its batch. Default 32, which makes that 31 ms for a second of delay.
	Transactions int
	// Queue bounds how many commands wait for a batch. Default 50,000.
	Queue int
	// Batch bounds how many commands share one transaction. Default 2,500: when more arrive at once,
	// one batch reads while another is in its delay.
	Batch int
	// Cache bounds the bytes of folded states that are kept. Default 256 MiB.
	Cache int
	// Snapshot is after how many records a stream gets a snapshot, plus a quarter of its length at the
	// last one, up to 100,000. Default 1,000.
	Snapshot int
	// Timeout bounds how long a batch may take besides its delay before its commands are given up.
	// A long stream that is not in the cache may take three times as long to read. Default 10 s.
	Timeout time.Duration
	// Now is the clock for the time of records. Default [time.Now].
	Now func() time.Time
	// Committed, when set, is called after each commit with its records, as they are stored. They may
	// come before those of the call before in the log. It must not block, and must not change them.
	Committed func(records []Record)
	// Observe, when set, is called at the end of each batch. It must not block.
	Observe func(BatchStats)
	// Tracer records a span for each command and each batch. Default: none are recorded.
	Tracer trace.Tracer
	// ExpectMore, when set, tells whether more commands are about to come, so that commands without
	// the delay linger for them: fewer transactions then carry more. It must not block.
	ExpectMore func() bool
	// Health, when set, has commands that have not been sent to the database yet given up as soon as
	// the database is known to be down.
	Health Health
	// Logger gets what operators should know. Default: nothing.
	Logger *slog.Logger
}

// ReservedConns is how many connections an executor uses beside those of its delayed transactions:
// for immediate batches, to load streams, to recover on, and for snapshots.
const ReservedConns = immediateTransactions + loadWorkers + 2

// One immediate batch appends while the next one reads. With more of them the batches would only
// get smaller.
const immediateTransactions = 2

// BatchStats says how a batch went.
type BatchStats struct {
	Commands int           // in the batch
	Records  int           // appended
	Attempts int           // to append; more than one after a conflict or a lost connection
	Waited   time.Duration // of its first command, in the queue
	Took     time.Duration // from the queue to the answers
	Delay    time.Duration // contained in Took
	Append   time.Duration // contained in Took: the last decision, the append and its commit, with all attempts
	Err      error         // that ended the batch, if one did
}

func (o *Options) setDefaults() {
	setDefault(&o.Transactions, 32)
	setDefault(&o.Queue, 50_000)
	setDefault(&o.Batch, 2_500)
	setDefault(&o.Cache, 256<<20)
	setDefault(&o.Snapshot, 1_000)
	setDefault(&o.Timeout, 10*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// messageTimeout bounds a message to the database, so that there is time to try another connection.
func (o *Options) messageTimeout() time.Duration { return o.Timeout * 3 / 5 }

func setDefault[T int | time.Duration](option *T, value T) {
	if *option == 0 {
		*option = value
	}
}

// check tells what keeps an executor with these options from working on a pool.
func (o *Options) check(pool *pgxpool.Config) error {
	if min(o.Delay, o.Timeout) < 0 || min(o.Transactions, o.Queue, o.Batch, o.Cache, o.Snapshot) < 0 {
		return errors.New("eventstore: options can't be negative")
	}
	if pool.ConnConfig.OnNotice == nil {
		return errors.New("eventstore: the pool was not configured with ConfigureCommits")
	}
	need := ReservedConns
	if o.Delay > 0 {
		need += o.Transactions
	}
	if has := int(pool.MaxConns); has < need {
		return fmt.Errorf("eventstore: the executor needs %d connections, and the pool has at most %d", need, has)
	}
	return nil
}
