package engine

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// KeepLease takes a lease and renews it until ctx ends.
func KeepLease(ctx context.Context, pool *pgxpool.Pool, name string, lasts time.Duration, taken func()) error {
	l := lease{table: checkpointsTable, name: name, holder: "test", lasts: lasts, renewal: time.NewTimer(lasts / 3)}
	if _, err := l.take(ctx, pool); err != nil {
		return err
	}
	taken()
	return l.keep(ctx, pool)
}

// ModelsKnown is how many read models a notifier remembers.
func ModelsKnown(n *Notifier) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.models)
}

// VerifySQL is what a page of buffered records makes sure of.
const VerifySQL = verifySQL
