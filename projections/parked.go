package projections

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Lacks reports whether the read model lacks bookings up to its position, because a stream is parked.
func (b Bookings) Lacks(ctx context.Context) (bool, error) { return lacks(ctx, b.Pool, bookingsName) }

func lacks(ctx context.Context, pool eventstore.Database, projection string) (lacks bool, err error) {
	rows, _ := pool.Query(ctx, `select exists (select from parked_records where projection = $1)`, projection)
	lacks, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("parked %s: %w", projection, err)
	}
	return lacks, nil
}
