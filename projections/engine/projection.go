package engine

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
)

// Projection turns records of the log into rows of a read model, a table with the projection's
// name. The one kind of projection is a [Table].
type Projection interface {
	// Name is the identity of the projection in the database. It is never reused for another shape
	// of rows: a new shape gets a new name (events_v2) and a table of its own, and is built beside
	// the old one.
	Name() string
	// apply writes what the records of the page change to the read model called name: the
	// projection's own, or one that is being rebuilt. Records come in the order of the log, each
	// exactly once in effect. Only the holder of the lease writes to a read model, so rows that
	// apply reads before the transaction begins hold in it: otherwise it can't commit.
	apply(ctx context.Context, p *page, name string) error
	// refresh completes rows that a program of an older version has written. It runs beside apply.
	refresh(ctx context.Context, pool *pgxpool.Pool) error
	// newBulkLoad fills an empty read model.
	newBulkLoad(s *shadow) bulkLoad
}

// Options configure [Run].
type Options struct {
	Projections []Projection
	// Pool has [ConnectionsEach] connections for each projection and [ConnectionsShared] more, with
	// the settings of [Session]. The caller closes it.
	Pool     *pgxpool.Pool
	Notifier *Notifier
	Logger   *slog.Logger
	// Registerer takes the metrics. Nil: none are kept.
	Registerer prometheus.Registerer
	// Tracer records a span for each page that is applied. Nil: none are recorded.
	Tracer trace.Tracer
	// Holder names this process to people who ask who holds a lease.
	Holder string
	// Lease is how long a process that died keeps others from taking over. Default 3 s.
	Lease time.Duration
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Lease == 0 {
		o.Lease = defaultLease
	}
	return o
}

// Connections of a pool that [Run] uses.
const (
	ConnectionsEach   = 3 // for a projection: to read, to write, and to renew the lease
	ConnectionsShared = 1 // for metrics
)

// Session returns the settings for the connections of the pools of [Run], [Rebuild] and [Retry]
// (RuntimeParams).
func Session() map[string]string {
	return map[string]string{
		// Rows and checkpoint are lost together or not at all. What is lost in a crash of the
		// server is projected again.
		"synchronous_commit": "off",
		"jit":                "off",
		// The transaction of a process that froze must not keep its rows locked from the process
		// that takes over.
		"idle_in_transaction_session_timeout": "5s",
	}
}

// querier is a pool, a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}
