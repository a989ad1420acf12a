package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// lease is the right to run one projection. The fence grows with every holder; a checkpoint is written only with the current one,
// so a process that was frozen and has lost its lease without noticing can't write any more.
type lease struct {
	name   string
	holder string // tells people who it is
	lasts  time.Duration
	fence  int64
}

// defaultLease is how long a lease lasts. A holder renews it three times before it would run out; when the holder was killed,
// another process takes over when it has.
const defaultLease = 3 * time.Second

var errLeaseLost = errors.New("the lease was taken over by another process")

// acquire takes the lease when it is free or has run out; ok is false when another process holds it.
func (l *lease) acquire(ctx context.Context, pool *pgxpool.Pool) (checkpoint int64, ok bool, err error) {
	err = pool.QueryRow(ctx, `
		insert into projection_checkpoints as c (name, holder, fence, lease_until)
		values ($1, $2, 1, clock_timestamp() + $3)
		on conflict (name) do update
			set holder = excluded.holder, fence = c.fence + 1, lease_until = excluded.lease_until
			where c.lease_until is null or c.lease_until < clock_timestamp()
		returning fence, position`, l.name, l.holder, l.lasts).Scan(&l.fence, &checkpoint)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("acquire the lease of %s: %w", l.name, err)
	}
	return checkpoint, true, nil
}

// take takes the lease from whoever holds it, for a short piece of work. What the holder was about to write is undone by its
// fence, and it tries to acquire the lease again.
func (l *lease) take(ctx context.Context, pool *pgxpool.Pool) (checkpoint int64, err error) {
	err = pool.QueryRow(ctx, `
		insert into projection_checkpoints as c (name, holder, fence, lease_until)
		values ($1, $2, 1, clock_timestamp() + $3)
		on conflict (name) do update
			set holder = excluded.holder, fence = c.fence + 1, lease_until = excluded.lease_until
		returning fence, position`, l.name, l.holder, l.lasts).Scan(&l.fence, &checkpoint)
	if err != nil {
		return 0, fmt.Errorf("take the lease of %s: %w", l.name, err)
	}
	return checkpoint, nil
}

// keep renews the lease until ctx ends. An error says that it may be lost.
func (l *lease) keep(ctx context.Context, pool *pgxpool.Pool) error {
	for {
		pause(ctx, l.lasts/3)
		tag, err := pool.Exec(ctx, `
			update projection_checkpoints set lease_until = clock_timestamp() + $3
			where name = $1 and fence = $2`, l.name, l.fence, l.lasts)
		if err == nil && tag.RowsAffected() == 0 {
			err = errLeaseLost
		}
		if ctx.Err() != nil { // before or while it was renewed
			return nil //nolint:nilerr // the lease is given back then
		}
		if err != nil {
			return fmt.Errorf("renew the lease of %s: %w", l.name, err)
		}
	}
}

// advance writes the checkpoint with the rows that belong to it. Whoever does not hold the lease fails at dividing by the rows
// that were found, and so does the commit that follows in the same message. See [lease.lost].
func (l *lease) advance(b *pgx.Batch, from, to int64) {
	b.Queue(`
		with moved as (
			update projection_checkpoints set position = $4, updated_at = clock_timestamp(), lease_until = clock_timestamp() + $5
			where name = $1 and fence = $2 and position = $3
			returning 1
		)
		select 1 / count(*) from moved`, l.name, l.fence, from, to, l.lasts)
}

// lost tells what the error means that advance causes.
func (l *lease) lost(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "22012" { // division_by_zero
		return fmt.Errorf("lease of %s: %w", l.name, errLeaseLost)
	}
	return err
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

// handBack ends what [lease.take] began, whether ctx has ended or not, and tells those who wait. They find out by themselves too.
func (l *lease) handBack(ctx context.Context, pool *pgxpool.Pool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := l.release(ctx, pool); err == nil {
		_ = notify(ctx, pool, leaseChannel, "")
	}
}
