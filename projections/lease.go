package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// lease is the right to run one projection. The fence grows with every holder; a checkpoint is written only with the current one,
// so a process that was frozen and has lost its lease without noticing can't write any more.
type lease struct {
	name   string
	holder uuid.UUID
	fence  int64
}

// A holder renews its lease three times before it would run out. After a kill, another process takes over when it has.
const (
	leaseFor   = 3 * time.Second
	renewEvery = leaseFor / 3
)

var errLeaseLost = errors.New("the lease was taken over by another process")

// acquire takes the lease when it is free or has run out; ok is false when another process holds it.
func (l *lease) acquire(ctx context.Context, pool *pgxpool.Pool) (checkpoint int64, ok bool, err error) {
	err = pool.QueryRow(ctx, `
		insert into projection_checkpoints as c (name, holder, fence, lease_until)
		values ($1, $2, 1, clock_timestamp() + $3)
		on conflict (name) do update
			set holder = excluded.holder, fence = c.fence + 1, lease_until = excluded.lease_until
			where c.lease_until is null or c.lease_until < clock_timestamp()
		returning fence, position`, l.name, l.holder, leaseFor).Scan(&l.fence, &checkpoint)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("acquire the lease of %s: %w", l.name, err)
	}
	return checkpoint, true, nil
}

func (l *lease) renew(ctx context.Context, pool *pgxpool.Pool) error {
	tag, err := pool.Exec(ctx, `
		update projection_checkpoints set lease_until = clock_timestamp() + $3
		where name = $1 and fence = $2`, l.name, l.fence, leaseFor)
	return l.owned(tag.RowsAffected(), err)
}

// advance writes the checkpoint with the rows that belong to it.
func (l *lease) advance(ctx context.Context, tx pgx.Tx, from, to int64) error {
	tag, err := tx.Exec(ctx, `
		update projection_checkpoints set position = $4, updated_at = clock_timestamp(), lease_until = clock_timestamp() + $5
		where name = $1 and fence = $2 and position = $3`, l.name, l.fence, from, to, leaseFor)
	return l.owned(tag.RowsAffected(), err)
}

// release lets another process take over at once.
func (l *lease) release(ctx context.Context, pool *pgxpool.Pool) error {
	_, err := pool.Exec(ctx, `
		update projection_checkpoints set holder = null, lease_until = null
		where name = $1 and fence = $2`, l.name, l.fence)
	if err != nil {
		return fmt.Errorf("release the lease of %s: %w", l.name, err)
	}
	return nil
}

func (l *lease) owned(rows int64, err error) error {
	if err != nil {
		return fmt.Errorf("lease of %s: %w", l.name, err)
	}
	if rows == 0 {
		return fmt.Errorf("lease of %s: %w", l.name, errLeaseLost)
	}
	return nil
}
