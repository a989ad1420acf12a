// Package replica sends reads to streaming replicas of PostgreSQL, and back to the primary where a
// replica can't answer.
//
// A request takes a replica with [Set.Choose] and puts it into its context with [With]. What reads
// through a [Reader] then asks that replica, all through the request; without one in the context it
// asks the primary. So nothing is read from a replica by mistake, and nothing is ever written to
// one.
//
// A health monitor for each replica asks it for its checkpoints five times a second, and more often
// while a reader waits. A replica that does not answer, is more than 5 s behind, or holds
// another log than the primary is left out until that is over.
package replica

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/condition"
)

const (
	// maxLag is how far behind a replica may be while it is used: the time since the primary's read
	// models contained what the replica's don't.
	maxLag = 5 * time.Second
	// catchUpFor is how long a reader waits for a replica to reach a position before the primary
	// answers. A replica that is well is milliseconds behind.
	catchUpFor = 250 * time.Millisecond

	checkInterval             = 200 * time.Millisecond
	checkIntervalWhileWaiting = 5 * time.Millisecond // while a reader waits
	checkTimeout              = time.Second
)

// Options are what a [Set] works with.
type Options struct {
	// URL names the replicas: one address of PostgreSQL with as many hosts as there are replicas.
	// It is not logged.
	URL string
	// Connections is how many there are to each replica. One more watches it.
	Connections int
	// Primary is asked whether a replica holds the same log. It stays the caller's.
	Primary *pgxpool.Pool
	// Reached is the position that the primary's read models contain, as far as this process knows.
	Reached func() int64
	// Checkpoints names the read models.
	Checkpoints []string
	Logger      *slog.Logger
}

// Set is all replicas. A nil one has none.
type Set struct {
	options  Options
	replicas []*Replica
	next     atomic.Uint64 // the replica to try first
}

// Open makes a set that uses no replica before [Set.Run] has found it well.
func Open(ctx context.Context, o Options) (*Set, error) {
	s := &Set{options: o}
	if err := CheckURL(o.URL); err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, errAddress
	}
	config.MaxConns = int32(o.Connections) //nolint:gosec // from the configuration, small
	config.PingTimeout = time.Second
	config.ConnConfig.RuntimeParams["application_name"] = "boxoffice replica"
	eventstore.ConfigureConn(config.ConnConfig, map[string]string{
		"statement_timeout":             "10s",
		"default_transaction_read_only": "on", // a replica may be promoted
	})
	for _, host := range Hosts(config.ConnConfig) {
		c := config.Copy()
		c.ConnConfig = host
		pool, err := pgxpool.NewWithConfig(ctx, c)
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("open the pool of a replica: %w", err)
		}
		s.replicas = append(s.replicas, newReplica(host, pool))
	}
	return s, nil
}

var errAddress = errors.New("it is not an address of PostgreSQL, " +
	"such as postgres://user:password@replica1,replica2/booking_db")

// CheckURL tells whether an address can be used. The error does not repeat it.
func CheckURL(url string) error {
	if _, err := pgxpool.ParseConfig(url); err != nil {
		return errAddress
	}
	return nil
}

// Hosts gives a configuration for each host that one names. With sslmode=prefer each host is there
// twice: the second time, without TLS, is the fallback of the first.
func Hosts(all *pgx.ConnConfig) (hosts []*pgx.ConnConfig) {
	all = all.Copy()
	fallbacks := all.Fallbacks
	all.Fallbacks = nil
	hosts = append(hosts, all)
	for _, f := range fallbacks {
		last := hosts[len(hosts)-1]
		if f.Host != last.Host || f.Port != last.Port {
			last = all.Copy()
			last.Host, last.Port, last.TLSConfig, last.Fallbacks = f.Host, f.Port, f.TLSConfig, nil
			hosts = append(hosts, last)
			continue
		}
		last.Fallbacks = append(last.Fallbacks, f)
	}
	return hosts
}

// Run watches the replicas until ctx ends.
func (s *Set) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, r := range s.replicas {
		all.Go(func() { r.watch(ctx, s.options) })
	}
	all.Wait()
}

// Close closes the connections. It may be called on a nil set.
func (s *Set) Close() {
	if s == nil {
		return
	}
	for _, r := range s.replicas {
		r.pool.Close()
	}
}

// Choose gives a replica whose read models contain the log up to position, and waits a moment for
// one. nil: the primary has to answer.
func (s *Set) Choose(ctx context.Context, position int64) *Replica {
	if s == nil {
		return nil
	}
	var nearest *Replica
	first := s.next.Add(1)
	for i := range s.replicas {
		r := s.replicas[(first+uint64(i))%uint64(len(s.replicas))]
		if !r.inUse() {
			continue
		}
		if r.Reached() >= position {
			return r
		}
		if nearest == nil || r.Reached() > nearest.Reached() {
			nearest = r
		}
	}
	if nearest == nil || !nearest.reach(ctx, position) {
		return nil
	}
	return nearest
}

// InUse tells how many replicas are used, and how many there are.
func (s *Set) InUse() (used, all int) {
	if s == nil {
		return 0, 0
	}
	for _, r := range s.replicas {
		if r.inUse() {
			used++
		}
	}
	return used, len(s.replicas)
}

// Replica is one of a set.
type Replica struct {
	name    string // host and port
	pool    *pgxpool.Pool
	config  *pgx.ConnConfig
	reached atomic.Int64
	behind  atomic.Int64 // since when it is behind, in microseconds; 0: it is not
	reads   atomic.Int64
	failed  atomic.Int64
	used    *condition.Condition

	waiting atomic.Int64
	asked   chan struct{} // one token: check now
	mu      sync.Mutex
	checked chan struct{} // closed after the next check
}

var errLeftOut = errors.New("the replica is left out")

func newReplica(config *pgx.ConnConfig, pool *pgxpool.Pool) *Replica {
	return &Replica{
		name: net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))), pool: pool, config: config,
		asked: make(chan struct{}, 1), checked: make(chan struct{}), used: condition.New(errLeftOut),
	}
}

// inUse tells whether it is well.
func (r *Replica) inUse() bool { return r.used.Holds() }

// Reached is the position that its read models contain. They may be further already.
func (r *Replica) Reached() int64 { return r.reached.Load() }

// lagged is for how long the primary's read models have had what the replica's have not.
func (r *Replica) lagged() time.Duration {
	if since := r.behind.Load(); since != 0 {
		return time.Since(time.UnixMicro(since))
	}
	return 0
}

// Failed makes the monitor check the replica again, after it could not answer.
func (r *Replica) Failed() {
	r.failed.Add(1)
	r.ask()
}

func (r *Replica) ask() {
	select {
	case r.asked <- struct{}{}:
	default:
	}
}

// reach waits until the replica has reached a position, but not long.
func (r *Replica) reach(ctx context.Context, position int64) bool {
	ctx, cancel := context.WithTimeout(ctx, catchUpFor)
	defer cancel()
	r.waiting.Add(1)
	defer r.waiting.Add(-1)
	r.ask()
	for {
		r.mu.Lock()
		checked := r.checked
		r.mu.Unlock()
		if !r.inUse() {
			return false
		}
		if r.Reached() >= position {
			return true
		}
		select {
		case <-checked:
		case <-ctx.Done():
			return false
		}
	}
}

type key struct{}

// With makes what reads through a [Reader] ask r, until r is left out or ctx ends. ctx has to end.
func With(ctx context.Context, r *Replica) context.Context {
	r.reads.Add(1)
	used := r.used.Context()
	ctx, cancel := context.WithCancelCause(context.WithValue(ctx, key{}, r))
	stop := context.AfterFunc(used, func() { cancel(context.Cause(used)) })
	context.AfterFunc(ctx, func() { stop() })
	return ctx
}

// From gives the replica that a context names, or nil.
func From(ctx context.Context) *Replica {
	r, _ := ctx.Value(key{}).(*Replica)
	return r
}

// Reader reads from the replica that a context names, and otherwise from the primary, whose pool it
// holds. All else that a pool can do is done at the primary.
type Reader struct{ *pgxpool.Pool }

func (r Reader) pool(ctx context.Context) *pgxpool.Pool {
	if chosen := From(ctx); chosen != nil {
		return chosen.pool
	}
	return r.Pool
}

// Query reads rows.
func (r Reader) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return r.pool(ctx).Query(ctx, sql, args...)
}

// QueryRow reads a row.
func (r Reader) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return r.pool(ctx).QueryRow(ctx, sql, args...)
}
