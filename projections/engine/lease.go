package engine

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
)

// lease is the right to run one projection. The fence grows with every holder; a checkpoint is
// written only with the current one, so a process that was frozen and has lost its lease without
// noticing can't write any more.
type lease struct {
	table   string // that keeps it
	name    string
	holder  string // for people: who it is
	lasts   time.Duration
	fence   int64
	renewal *time.Timer // of [lease.keep]; nil: the lease is not kept
	// unknown is the record that this program does not know and that was met last. The lease is not
	// acquired while one of its kind is next.
	unknown UnknownRecord
	// position is the checkpoint as this holder has written or found it.
	position atomic.Int64
}

// renewed notes that a statement has just renewed the lease, so that [lease.keep] need not. The timer is
// set forward, which wakes nobody.
func (l *lease) renewed() {
	if l.renewal != nil {
		l.renewal.Reset(l.lasts / 2)
	}
}

// defaultLease is how long a lease lasts. A holder renews it three times before it would run out.
// After a holder was killed, another process takes over when it has run out.
const defaultLease = 3 * time.Second

// The pause between attempts while something is out of order grows from the one to the other.
const (
	shortestPause = 20 * time.Millisecond
	longestPause  = 2 * time.Second
)

var (
	errLeaseLost = errors.New("the lease was taken over by another process")
	errWentBack  = errors.New("the checkpoint is further back than it was: the database has another history")
)

// runAsLeader calls do with the checkpoint whenever this process gets the lease, until ctx ends. If
// do fails it is called again after a pause.
func (l *lease) runAsLeader(ctx context.Context, o Options, do func(ctx context.Context, checkpoint int64) error) {
	wait, last, told := shortestPause, int64(-1), ""
	kind := "projection"
	if l.table != checkpointsTable {
		kind = "reactor"
	}
	for ctx.Err() == nil {
		free := o.Notifier.leases.Listen()
		checkpoint, ok, err := l.acquire(ctx, o.Pool)
		if err == nil && ok {
			if checkpoint != last { // there was progress, here or elsewhere
				wait, last, told = shortestPause, checkpoint, ""
			}
			if l.table == checkpointsTable {
				o.Notifier.begin(l.name, checkpoint)
			}
			err = l.hold(ctx, o.Pool, func(ctx context.Context) error { return do(ctx, checkpoint) })
		}
		var unknown *unknownError
		switch {
		case ctx.Err() != nil:
			return
		case errors.As(err, &unknown):
			o.Logger.Error("a newer version of this program wrote a record, and one of its processes has to project it",
				"projection", l.name, "position", unknown.Position, "error", err)
		case errors.Is(err, errLeaseLost):
			o.Logger.Info(kind+" is run by another process now", kind, l.name)
		case err != nil:
			if text := err.Error(); text != told { // an error that stays is told once
				told = text
				o.Logger.Warn(kind+" was interrupted", kind, l.name, "error", err)
			}
			Await(ctx, nil, wait)
			wait = min(2*wait, longestPause)
			continue
		}
		wait = shortestPause
		Await(ctx, free, l.lasts/6)
	}
}

// hold calls do while it renews the lease, and releases the lease afterwards. The context of do
// ends when the lease may be lost.
func (l *lease) hold(ctx context.Context, pool *pgxpool.Pool, do func(context.Context) error) (err error) {
	defer func() {
		var unknown *unknownError
		if errors.As(err, &unknown) {
			l.unknown = unknown.UnknownRecord
		}
		l.release(ctx, pool, unknown)
	}()
	l.renewal = time.NewTimer(l.lasts / 3)
	defer l.renewal.Stop()
	working, done := context.WithCancel(ctx)
	defer done()
	group, working := errgroup.WithContext(working)
	group.Go(func() error { return l.keep(working, pool) })
	group.Go(func() error {
		defer done()
		return do(working)
	})
	return group.Wait()
}

// checkpointsTable keeps the leases of projections.
const checkpointsTable = "projection_checkpoints"

func (l *lease) takeSQL() string {
	return `
	insert into ` + l.table + ` as c (name, holder, fence, lease_until)
	values ($1, $2, 1, clock_timestamp() + $3)
	on conflict (name) do update
		set holder = excluded.holder, fence = c.fence + 1, lease_until = excluded.lease_until`
}

// acquire takes the lease if it is free or has run out; ok is false if another process holds it, or
// if the next record is one that this program does not know.
func (l *lease) acquire(ctx context.Context, pool *pgxpool.Pool) (checkpoint int64, ok bool, err error) {
	checkpoint, err = l.query(ctx, pool, l.takeSQL()+`
		where (c.lease_until is null or c.lease_until < clock_timestamp()) and not exists (
			select from event_log l where l.position = c.position + 1 and l.type = $4 and l.schema_version = $5)`,
		l.unknown.Type, l.unknown.SchemaVersion)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	return checkpoint, err == nil, err
}

// take takes the lease from the process that holds it, for a short piece of work. The fence undoes
// what that process was about to write, and it tries to acquire the lease again.
func (l *lease) take(ctx context.Context, pool *pgxpool.Pool) (checkpoint int64, err error) {
	return l.query(ctx, pool, l.takeSQL())
}

func (l *lease) query(ctx context.Context, pool *pgxpool.Pool, sql string, more ...any) (checkpoint int64, err error) {
	row := pool.QueryRow(ctx, sql+` returning fence, position`, append([]any{l.name, l.holder, l.lasts}, more...)...)
	if err := row.Scan(&l.fence, &checkpoint); err != nil {
		return 0, fmt.Errorf("take the lease of %s: %w", l.name, err)
	}
	l.position.Store(checkpoint)
	return checkpoint, nil
}

// keep renews the lease until ctx ends. An error says that it may be lost, or that the checkpoint
// went back, as it does when the database is restored.
func (l *lease) keep(ctx context.Context, pool *pgxpool.Pool) error {
	for {
		select {
		case <-l.renewal.C:
			l.renewal.Reset(l.lasts / 3)
		case <-ctx.Done():
			return nil
		}
		var now int64
		before := l.position.Load()
		err := pool.QueryRow(ctx, `
			update `+l.table+` set lease_until = clock_timestamp() + $3
			where name = $1 and fence = $2
			returning position`, l.name, l.fence, l.lasts).Scan(&now)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			err = errLeaseLost
		case err == nil && now < before:
			err = errWentBack
		}
		if ctx.Err() != nil { // before or while it was renewed
			return nil //nolint:nilerr // the lease is released then
		}
		if err != nil {
			return fmt.Errorf("renew the lease of %s: %w", l.name, err)
		}
	}
}

// advance writes the checkpoint with the rows that belong to it. Without the lease no row is found,
// so the statement divides by zero, and the commit that follows in the same message fails too. See
// [lease.lost].
func (l *lease) advance(b *pgx.Batch, from, to int64) {
	b.Queue(`
		with moved as (
			update projection_checkpoints
			set position = $4, updated_at = clock_timestamp(), lease_until = clock_timestamp() + $5
			where name = $1 and fence = $2 and position = $3
			returning 1
		)
		select 1 / count(*) from moved`, l.name, l.fence, from, to, l.lasts)
}

// lost recognises the error that advance causes.
func (l *lease) lost(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "22012" { // division_by_zero
		return fmt.Errorf("lease of %s: %w", l.name, errLeaseLost)
	}
	return err
}

// release lets another process take over at once, and tells those that wait, whether ctx has ended
// or not. If it fails, the lease runs out. It notes the record that this program does not know, if
// that is the reason; nil: it is not.
func (l *lease) release(ctx context.Context, pool *pgxpool.Pool, unknown *unknownError) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	var position *int64
	if unknown != nil {
		position = &unknown.Position
	}
	_, err := pool.Exec(ctx, `
		update `+l.table+` set holder = null, lease_until = null, unknown_record = $3
		where name = $1 and fence = $2`, l.name, l.fence, position)
	if err == nil {
		_ = notify(ctx, pool, leaseChannel, "")
	}
}
