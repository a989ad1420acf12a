package bus

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
)

// publishLock is the key of an advisory lock, which holds within one database.
const publishLock = 7_310_579_001

const (
	// lockEvery is how often a process that holds the lock says that it is alive, and others ask
	// for it.
	lockEvery = time.Second
	// lockFor is after how long PostgreSQL takes the lock from a process that froze.
	lockFor = "4s"
)

// runAsLeader calls do in one process of the database at a time, until ctx ends. The lock saves the
// others useless work. It need not be perfect, and is not: a process that froze and comes back may
// go on for a moment beside its successor.
func runAsLeader(ctx context.Context, pool *pgxpool.Pool, key int64, logger *slog.Logger, do func(context.Context)) {
	logged := ""
	for ctx.Err() == nil {
		switch err := leadOnce(ctx, pool, key, do); {
		case err == nil, errors.Is(err, errTaken):
			logged = ""
		case ctx.Err() == nil && err.Error() != logged: // an error that stays is logged once
			logged = err.Error()
			logger.Warn("the lock of the bus can't be had", "error", err)
		}
		pause(ctx, lockEvery)
	}
}

var errTaken = errors.New("another process has the lock")

func leadOnce(ctx context.Context, pool *pgxpool.Pool, key int64, do func(context.Context)) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	var got bool
	defer func() {
		if got { // the lock, and the setting, end with the session
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_ = conn.Conn().Close(closing)
		}
		conn.Release()
	}()
	if err := conn.QueryRow(ctx, `select pg_try_advisory_lock($1)`, key).Scan(&got); err != nil {
		return err
	}
	if !got {
		return errTaken
	}
	if _, err := conn.Exec(ctx, `select set_config('idle_session_timeout', $1, false)`, lockFor); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		for {
			pause(ctx, lockEvery)
			if ctx.Err() != nil {
				return nil //nolint:nilerr // the end is no error
			}
			asking, cancel := context.WithTimeout(ctx, lockEvery)
			err := conn.Ping(asking)
			cancel()
			if err != nil {
				return err
			}
		}
	})
	group.Go(func() error { do(ctx); return nil })
	return group.Wait()
}
