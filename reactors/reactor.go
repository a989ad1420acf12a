package reactors

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/boxoffice/boxoffice/projections/engine"
)

// Reactor handles the messages of a topic. It is safe to add one and to remove one; a name is never
// used again for something else.
type Reactor struct {
	// Name is that of its consumer group.
	Name string
	// Queue is the topic of [Queue] that it handles; empty: the log.
	Queue string
	// Types are the records that a reactor of the log handles; empty: all. It passes over others.
	Types []string
	// Wanted, if it is set, is a condition in SQL that holds while anybody is to be told of records.
	// While it does not, the reactor passes over all records, and looks again every Poll, and when
	// engine.Notifier.Queued is called with its name.
	Wanted string
	// FromStart has a reactor of the log begin with the first record when it is new, and not with the
	// next one: most effects make no sense for what happened long ago.
	FromStart bool
	// Batch is how many records of the log share a transaction; 1 when zero. More are for handlers
	// all of whose effects are in that transaction: others would repeat as many after a crash.
	Batch int
	// Reset, if it is set, is called before Handle gets a message after some that it has not seen, as
	// when another process has handled them, or nobody wanted them. What Handle remembers of the log may
	// be out of date then.
	Reset func()
	// Handle reacts to a message. Its errors may be an [Outage] or [Permanent].
	Handle message.NoPublishHandlerFunc
}

// Options configure [Run].
type Options struct {
	Reactors []Reactor
	// Pool has [Connections] for the reactors. It stays the caller's.
	Pool     *pgxpool.Pool
	Notifier *engine.Notifier // tells of new records, of queued messages, and of leases
	Logger   *slog.Logger
	Holder   string // names this process to people
	// Registerer takes the metrics; nil: none are kept.
	Registerer prometheus.Registerer
	// Tracer makes a span for each message of a traced command; nil: none.
	Tracer trace.Tracer
	// Lease is how long another process waits before it takes over from one that was killed; 30 s
	// when zero. It is renewed three times as often.
	Lease time.Duration
	// Poll is how often a reactor looks for messages that nobody has told of; 30 s when zero.
	Poll time.Duration
	// Retry is the pause before a message is tried for the second time, and grows from there; 1 s
	// when zero.
	Retry time.Duration
}

// ackDeadline bounds how long a handler may take, with all its attempts.
const ackDeadline = 2 * time.Minute

// Connections is how many connections of a pool n reactors use: a transaction for each, and what
// renews leases and reads the metrics.
func Connections(n int) int { return n + 2 }

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Lease == 0 {
		o.Lease = 30 * time.Second
	}
	if o.Poll == 0 {
		o.Poll = 30 * time.Second
	}
	if o.Retry == 0 {
		o.Retry = time.Second
	}
	return o
}

// Run has the reactors handle messages until ctx ends. Nothing that is wrong with the database or
// with messages ends it.
func Run(ctx context.Context, o Options) error {
	o = o.withDefaults()
	db := stdlib.OpenDBFromPool(o.Pool)
	defer db.Close() //nolint:errcheck // the pool is the caller's
	observe, unregister, err := register(o)
	if err != nil {
		return fmt.Errorf("register the metrics of the reactors: %w", err)
	}
	defer unregister()
	var all sync.WaitGroup
	for _, reactor := range o.Reactors {
		all.Go(func() {
			if !begin(ctx, o, reactor) {
				return
			}
			engine.RunAsLeader(ctx, engine.LeaderOptions{
				Table: "reactor_offsets", Name: reactor.Name, Holder: o.Holder, Lasts: o.Lease, Pool: o.Pool,
				Notifier: o.Notifier, Logger: o.Logger,
			}, func(ctx context.Context, fence int64) error {
				return (&runner{Options: o, Reactor: reactor, db: db, observe: observe}).run(ctx, fence)
			})
		})
	}
	all.Wait()
	return nil
}

// Begin decides where new reactors begin, before anything happens that they have to handle. [Run]
// does so too, a little later.
func Begin(ctx context.Context, pool *pgxpool.Pool, all ...Reactor) error {
	for _, r := range all {
		_, err := pool.Exec(ctx, `
			insert into reactor_offsets (name, position)
			select $1, case when $2 then 0 else position end
			from log_head
			on conflict do nothing`, r.Name, r.FromStart || r.Queue != "")
		if err != nil {
			return fmt.Errorf("begin reactor %s: %w", r.Name, err)
		}
	}
	return nil
}

// begin is false when ctx has ended.
func begin(ctx context.Context, o Options, r Reactor) bool {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := Begin(ctx, o.Pool, r)
		if err == nil || ctx.Err() != nil {
			return err == nil
		}
		o.Logger.Warn("a reactor can't begin", "reactor", r.Name, "error", err)
		engine.Await(ctx, nil, wait)
	}
}

// Tx is the transaction in which the offset will be committed. Handlers of the log write in it what
// has to happen once.
func Tx(m *message.Message) (*sql.Tx, error) {
	tx, ok := txOf(m)
	if !ok {
		return nil, errors.New("the message has no transaction")
	}
	return tx, nil
}

// outageError and permanentError say what to do about an error of a handler.
type (
	outageError    struct{ error }
	permanentError struct{ error }
)

func (e *outageError) Unwrap() error    { return e.error }
func (e *permanentError) Unwrap() error { return e.error }

// Outage marks an error that any other message would meet too, such as a server that does not
// answer. The reactor tries again, with growing pauses, until that is over.
func Outage(err error) error { return &outageError{err} }

// Permanent marks an error that another attempt would meet too. The message is poisoned at once.
func Permanent(err error) error { return &permanentError{err} }

// decodeMetadata reads the JSON object that a message's metadata is stored as.
func decodeMetadata(text []byte) (m message.Metadata, err error) {
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("read the metadata of a message: %w", err)
	}
	return m, nil
}
