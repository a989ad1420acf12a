package lapse

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// Lapser records lapses: a [booking.Service].
type Lapser interface {
	// LapseHolds records which holds and offers of an event have lapsed, and tells how many.
	LapseHolds(ctx context.Context, eventID uuid.UUID) (recorded int, err error)
}

// Options configure [Run]. All fields are needed unless they say otherwise.
type Options struct {
	Lapser     Lapser
	Pool       *pgxpool.Pool // of the lease and the read model; it stays the caller's
	Notifier   *engine.Notifier
	Now        func() time.Time
	Logger     *slog.Logger
	Holder     string                // names this process to people
	Registerer prometheus.Registerer // nil: there are no metrics
	// Lease is how long a process that died keeps others from taking over. Default 9 s.
	Lease time.Duration
}

const (
	// defaultLease is longer than that of projections. It is renewed every three seconds, and after a
	// crash lapses are only shown later.
	defaultLease = 9 * time.Second
	// idlePoll is how often the read model is read without a signal.
	idlePoll = 10 * time.Second
	// readEvery is the least time from one reading to the next while the read model changes all the
	// time. A hold shorter than that is recorded as much too late at most.
	readEvery = time.Second
	// retryEvery is the pause for an event after an attempt that failed or had no effect: its stream is
	// parked, or the read model lags.
	retryEvery = 5 * time.Second
	// concurrency is for how many events lapses are recorded at once. They share transactions.
	concurrency = 16
)

// timer is the work of the process that has the lease.
type timer struct {
	Options
	holds    projections.Holds
	metrics  *metrics
	tryAfter map[uuid.UUID]time.Time // of events whose last attempt had no effect
}

// Run records lapses until ctx ends, while this process has the lease.
func Run(ctx context.Context, o Options) error {
	if o.Lease == 0 {
		o.Lease = defaultLease
	}
	t := &timer{Options: o, holds: projections.Holds{Pool: o.Pool}, metrics: newMetrics(o)}
	unregister, err := engine.RegisterMetrics(o.Registerer, t.metrics)
	if err != nil {
		return fmt.Errorf("register the metrics of lapses: %w", err)
	}
	defer unregister()
	engine.RunAsLeader(ctx, engine.LeaderOptions{
		Table: "reactor_offsets", Name: "lapse", Holder: o.Holder, Lasts: o.Lease,
		Pool: o.Pool, Notifier: o.Notifier, Logger: o.Logger,
	}, t.run)
	return nil
}

// run sleeps from one expiry to the next. The read model says when there is a new one.
func (t *timer) run(ctx context.Context, _ int64) error {
	t.tryAfter = map[uuid.UUID]time.Time{}
	for ctx.Err() == nil {
		advanced, now := t.Notifier.Checkpoints.Listen(), t.Now()
		first, next, err := t.holds.Expiries(ctx, now)
		if err != nil {
			return err
		}
		wait := idlePoll
		if !next.IsZero() {
			wait = min(wait, next.Sub(now))
		}
		if !first.IsZero() && !first.After(now) {
			again, err := t.lapse(ctx, now)
			if err != nil {
				return err
			}
			wait = min(wait, again)
		}
		engine.Await(ctx, nil, min(wait, readEvery))
		if wait > readEvery {
			engine.Await(ctx, advanced, wait-readEvery)
		}
	}
	return nil
}

// lapse records what is due, and returns after which time to look again.
func (t *timer) lapse(ctx context.Context, now time.Time) (again time.Duration, err error) {
	due, err := t.holds.Due(ctx, now)
	if err != nil {
		return 0, err
	}
	var work sync.WaitGroup
	var mu sync.Mutex
	places, tryAfter := make(chan struct{}, concurrency), map[uuid.UUID]time.Time{}
	again = idlePoll
	postpone := func(event uuid.UUID, until time.Time) {
		mu.Lock()
		defer mu.Unlock()
		tryAfter[event] = until
		again = min(again, until.Sub(now))
	}
	for _, d := range due {
		if until := t.tryAfter[d.EventID]; now.Before(until) {
			postpone(d.EventID, until)
			continue
		}
		places <- struct{}{}
		work.Go(func() {
			defer func() { <-places }()
			if !t.lapseEvent(ctx, d) {
				postpone(d.EventID, t.Now().Add(retryEvery))
				return
			}
			mu.Lock()
			defer mu.Unlock()
			again = 0
		})
	}
	work.Wait()
	t.tryAfter = tryAfter
	return again, nil
}

// lapseEvent reports whether it has recorded a lapse.
func (t *timer) lapseEvent(ctx context.Context, d projections.Due) bool {
	recorded, err := t.Lapser.LapseHolds(ctx, d.EventID)
	t.metrics.observe(recorded, t.Now().Sub(d.Since))
	if err != nil && ctx.Err() == nil {
		t.Logger.Warn("the lapse of holds could not be recorded", "event", d.EventID, "holds", d.Holds, "error", err)
	}
	return err == nil && recorded > 0
}
