package projections

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Lacks tells whether the read model lacks bookings up to its position, because it can't apply the
// records of some stream.
func (b Bookings) Lacks(ctx context.Context) (lacks bool, err error) {
	rows, _ := b.Pool.Query(ctx, `select exists (select from parked_records where projection = 'bookings')`)
	lacks, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("parked bookings: %w", err)
	}
	return lacks, nil
}
