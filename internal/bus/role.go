package bus

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// IsFollower tells whether the log of this database comes from another one.
func IsFollower(ctx context.Context, pool *pgxpool.Pool) (is bool, err error) {
	if err := pool.QueryRow(ctx, `select exists (select from following)`).Scan(&is); err != nil {
		return false, fmt.Errorf("ask whether the database follows: %w", err)
	}
	return is, nil
}

// BecomeFollower notes that from now on the log of this database comes from another one.
func BecomeFollower(ctx context.Context, pool *pgxpool.Pool) error {
	if _, err := pool.Exec(ctx, `insert into following default values on conflict do nothing`); err != nil {
		return fmt.Errorf("note that the database follows: %w", err)
	}
	return nil
}
