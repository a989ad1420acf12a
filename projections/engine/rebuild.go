package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// RebuildOptions configure [Rebuild].
type RebuildOptions struct {
	Pool   *pgxpool.Pool // with [RebuildConnections] connections and the settings of [Session]
	Logger *slog.Logger
	Holder string // names this process to people
	// AcceptDifferences puts the new rows in place although they differ from those in use, as they
	// do after a defect was fixed.
	AcceptDifferences bool
	// Observe, when set, is called often, from one goroutine at a time, and must be quick.
	Observe func(RebuildProgress)

	// MaxRows bounds how many rows are kept in memory. Default 1,000,000, some 250 MB of bookings.
	MaxRows int
}

// RebuildConnections is how many connections [Rebuild] uses: for the lock, the reader, the writer,
// a lease and a comparison.
const RebuildConnections = 6

// RebuildProgress is a state of [Rebuild].
type RebuildProgress struct {
	Phase       string
	Done, Total int64 // records; Total is 0 in phases that don't count them
}

// Rebuilt is the result of [Rebuild].
type Rebuilt struct {
	Records     int64         // of the log, up to which the read model is built
	Rows        int64         // of the read model
	Parked      int           // streams that could not be applied
	Loading     time.Duration // reading the log, writing the rows and indexing them
	Took        time.Duration // in all
	Compared    bool          // false: there was nothing to compare with
	Differences int           // rows that differed, and were accepted
}

// ErrRebuilding means that a rebuild of the read model is running already.
var ErrRebuilding = errors.New("the read model is being rebuilt already")

// Rebuild builds the read model of a projection anew from the log, compares it with the one in use,
// and puts it in its place. Meanwhile the one in use is read and kept up to date. If rows differ,
// the error is a [*DifferenceError] and nothing has changed.
//
// The new rows go to a table of their own, by the same reducer: most of the log in bulk, the rest
// page by page. The last pages and the swap need the projection's lease, so it stands still for
// these, some milliseconds.
func Rebuild(ctx context.Context, p Projection, o RebuildOptions) (result Rebuilt, err error) {
	began := time.Now()
	unlock, err := lockRebuild(ctx, o.Pool, p.Name())
	if err != nil {
		return result, err
	}
	defer unlock()
	r, err := newRebuild(ctx, p, o)
	if err != nil {
		return result, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.shadow.drop(context.WithoutCancel(ctx)))
		}
	}()
	from, err := r.reference(ctx)
	if err != nil {
		return result, err
	}
	if err := r.load(ctx, from.position); err != nil {
		return result, fmt.Errorf("load: %w", err)
	}
	r.result.Loading = time.Since(began)
	if from.used {
		if err := r.compare(ctx); err != nil {
			return result, err
		}
	}
	if err := r.swap(ctx); err != nil {
		return result, fmt.Errorf("swap: %w", err)
	}
	r.result.Took = time.Since(began)
	err = o.Pool.QueryRow(ctx, `
		select count(*), (select count(*) from parked_records where projection = $1)
		from `+p.Name(), p.Name()).Scan(&r.result.Rows, &r.result.Parked)
	return r.result, err
}

// lockRebuild lets one rebuild of a projection run at a time. A session's lock goes with the
// process that holds it.
func lockRebuild(ctx context.Context, pool *pgxpool.Pool, name string) (unlock func(), err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	var locked bool
	const sql = `select pg_try_advisory_lock(hashtextextended('boxoffice rebuild ' || $1, 0))`
	err = conn.QueryRow(ctx, sql, name).Scan(&locked)
	if err == nil && !locked {
		err = fmt.Errorf("%s: %w", name, ErrRebuilding)
	}
	if err != nil {
		conn.Release()
		return nil, err
	}
	return func() {
		ctx := context.WithoutCancel(ctx)
		_, _ = conn.Exec(ctx, `select pg_advisory_unlock_all()`) // a server ends a closed session in its own time
		_ = conn.Hijack().Close(ctx)                             // the lock goes with the session
	}, nil
}

// rebuild is the state of one run of [Rebuild].
type rebuild struct {
	RebuildOptions
	projection Projection
	shadow     *shadow
	pages      *delivery // brings the log to the shadow where that is not done in bulk
	lease      lease     // of the read model in use
	result     Rebuilt
}

func newRebuild(ctx context.Context, p Projection, o RebuildOptions) (*rebuild, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(RebuildProgress) {}
	}
	s, err := newShadow(ctx, o.Pool, p.Name())
	if err != nil {
		return nil, err
	}
	if o.MaxRows > 0 {
		s.maxRows = o.MaxRows
	}
	return &rebuild{
		RebuildOptions: o, projection: p, shadow: s,
		pages: newDirectDelivery(Options{Pool: o.Pool, Logger: o.Logger, Holder: o.Holder}, p, s.name),
		lease: lease{table: checkpointsTable, name: p.Name(), holder: o.Holder, lasts: defaultLease},
	}, nil
}

// reference is the state of the read model in use that the new one is compared with.
type reference struct {
	used     bool // whether it has ever been filled
	position int64
}

// reference tells up to where to load. The shadow must not get ahead of the table that it is
// compared with; a projection that has never run has nothing to compare.
func (r *rebuild) reference(ctx context.Context) (from reference, err error) {
	err = r.Pool.QueryRow(ctx, `
		select coalesce(max(c.position), 0) > 0, coalesce(nullif(max(c.position), 0), max(h.position))
		from log_head h
		left join projection_checkpoints c on c.name = $1`, r.projection.Name()).Scan(&from.used, &from.position)
	return from, err
}

// load fills the shadow with the log up to a position.
func (r *rebuild) load(ctx context.Context, upTo int64) error {
	err := r.loadBulk(ctx, upTo)
	if err == nil || ctx.Err() != nil || !isAboutRecords(err) {
		return err
	}
	// Some record is in the way. Going page by page finds it and parks it.
	r.Logger.Warn("loading in bulk is not possible, and goes on page by page",
		"projection", r.projection.Name(), "error", err)
	if err := r.shadow.empty(ctx); err != nil {
		return err
	}
	if err := r.shadow.createIndexes(ctx); err != nil {
		return err
	}
	return r.advance(ctx, "applying", upTo)
}

func (r *rebuild) loadBulk(ctx context.Context, upTo int64) error {
	load, done := r.projection.newBulkLoad(r.shadow), int64(0)
	r.Observe(RebuildProgress{"reading", 0, upTo})
	err := load.read(ctx, upTo, func(records int) {
		done += int64(records)
		r.Observe(RebuildProgress{"reading", done, upTo})
	})
	if err != nil {
		return err
	}
	r.Observe(RebuildProgress{Phase: "writing"})
	err = pgx.BeginFunc(ctx, r.Pool, func(tx pgx.Tx) error {
		if err := load.finish(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into projection_checkpoints (name, position) values ($1, $2)`, r.shadow.name, upTo)
		return err
	})
	if err != nil {
		return err
	}
	r.Observe(RebuildProgress{Phase: "indexing"})
	return r.shadow.createIndexes(ctx)
}

// advance brings the shadow to a position page by page.
func (r *rebuild) advance(ctx context.Context, phase string, to int64) error {
	checkpoint, err := r.pages.lease.take(ctx, r.Pool)
	if err != nil || checkpoint >= to {
		return err
	}
	r.pages.until = to
	r.pages.applied = func(_ int, position int64) { r.Observe(RebuildProgress{phase, position, to}) }
	err = r.pages.lease.hold(ctx, r.Pool, func(ctx context.Context) error { return r.pages.run(ctx, checkpoint) })
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// swapAttempts bounds how often the swap asks for the lock of the table in use. It asks for a
// moment only: behind a lock that waits for a long transaction, all other readers would queue.
const swapAttempts = 50

func (r *rebuild) swap(ctx context.Context) error {
	for attempt := 1; ; attempt++ {
		if err := r.catchUp(ctx); err != nil {
			return err
		}
		r.Observe(RebuildProgress{Phase: "swapping"})
		err := r.trySwap(ctx)
		if !isTransient(err) || attempt == swapAttempts {
			return err
		}
		Await(ctx, nil, 200*time.Millisecond)
	}
}

func isTransient(err error) bool {
	var pg *pgconn.PgError
	return errors.Is(err, errLeaseLost) || errors.As(err, &pg) && pg.Code == "55P03" // lock_not_available
}

// catchUp applies records while the projection does too, until only few are left for the time when
// it must stand still.
func (r *rebuild) catchUp(ctx context.Context) error {
	for at := int64(0); ; {
		head, err := r.pages.log.Head(ctx)
		if err != nil || head-at < pageSize {
			return err
		}
		if err := r.advance(ctx, "catching up", head); err != nil {
			return err
		}
		at = head
	}
}

// trySwap takes the projection's lease, brings the shadow to the end of the log, and puts it in
// place. The process that projects gets the lease back at once.
func (r *rebuild) trySwap(ctx context.Context) error {
	checkpoint, err := r.lease.take(ctx, r.Pool)
	if err != nil {
		return err
	}
	defer r.lease.release(ctx, r.Pool, nil)
	head, err := r.pages.log.Head(ctx)
	if err != nil {
		return err
	}
	if err := r.advance(ctx, "catching up", head); err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, r.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `set local lock_timeout = '300ms'; lock table `+r.shadow.live+` in access exclusive mode`)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		r.lease.advance(b, checkpoint, head)
		if err := r.lease.lost(tx.SendBatch(ctx, b).Close()); err != nil {
			return err
		}
		return r.shadow.replace(ctx, tx)
	})
	r.result.Records = head
	return err
}
