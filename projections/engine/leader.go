package engine

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// LeaderOptions configure [RunAsLeader].
type LeaderOptions struct {
	// Table keeps the leases. It has the columns of projection_checkpoints that leases use: name,
	// position, holder, fence, lease_until and unknown_record.
	Table    string
	Name     string // of the lease
	Holder   string // names this process to people
	Lasts    time.Duration
	Pool     *pgxpool.Pool
	Notifier *Notifier // tells of leases that another process has released
	Logger   *slog.Logger
}

// RunAsLeader calls do whenever this process gets the lease, until ctx ends, as projections are run:
// one process at a time. The context of do ends when the lease may be lost. What do writes should
// depend on the fence, which grows with every holder. An error of do is logged, and do is called
// again after a pause.
func RunAsLeader(ctx context.Context, o LeaderOptions, do func(ctx context.Context, fence int64) error) {
	l := &lease{table: o.Table, name: o.Name, holder: o.Holder, lasts: o.Lasts}
	l.runAsLeader(ctx, Options{Pool: o.Pool, Notifier: o.Notifier, Logger: o.Logger},
		func(ctx context.Context, _ int64) error { return do(ctx, l.fence) })
}
