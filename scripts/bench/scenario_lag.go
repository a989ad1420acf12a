package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections"
)

// lag is about readers: how long after a commit do all read models contain it, while hundreds of bookings are in their delay, each
// in a transaction that is open. The latencies are those of readers. An unrelated transaction that has written and stays open must
// not matter; readers of a log that is ordered by transaction ids would wait for it.
func lag(s size) scenario {
	load := lagLoad{open: s.count(500), warmUp: s.duration(2 * time.Second), measured: s.duration(5 * time.Second)}
	quiet, disturbed := load.entry("lag", false), load.entry("lag-open-writer", true)
	return scenario{
		name:      "lag",
		about:     fmt.Sprintf("%d booking transactions open in their delay, as many bookings per second; p50 and p99 from commit to read models", load.open),
		reference: quiet.strategy,
		entries:   []entry{quiet, disturbed},
		goals:     []goal{within10ms(quiet), within10ms(disturbed)},
	}
}

func within10ms(e entry) goal {
	return goal{
		about: "p99 in ms, commit to read models, of " + e.strategy, needs: []string{e.strategy}, bound: 10, atMost: true,
		ratio: func(r round) float64 { return r[e.strategy].percentile(99) },
	}
}

type lagLoad struct {
	open             int
	warmUp, measured time.Duration
}

func (l lagLoad) entry(name string, writer bool) entry {
	return entry{name, func(ctx context.Context, db *database) (measurement, error) {
		events := eventIDs(100)
		if err := (shared{}).prepare(ctx, db, events, plenty); err != nil {
			return measurement{}, fmt.Errorf("prepare: %w", err)
		}
		if err := db.settle(ctx); err != nil {
			return measurement{}, err
		}
		if writer {
			if _, err := db.conn.Exec(ctx, `create table unrelated (i int); begin; insert into unrelated values (1)`); err != nil {
				return measurement{}, err
			}
		}
		m, err := l.run(ctx, db, events)
		if writer {
			_, rollback := db.conn.Exec(ctx, `rollback`)
			err = errors.Join(err, rollback)
		}
		return m, err
	}}
}

// readers are a process's projections and what tells their readers how far they are.
type readers struct {
	pool     *pgxpool.Pool
	wire     *projections.Wire
	progress *projections.Progress
	stop     func() error
}

func startReaders(ctx context.Context, url string) (*readers, error) {
	pool, err := openPool(ctx, url, projections.Connections+2, projections.Session())
	if err != nil {
		return nil, err
	}
	logger := slog.New(slog.DiscardHandler)
	r := &readers{pool: pool, wire: projections.NewWire(url, pool, logger)}
	r.progress = projections.NewProgress(pool, r.wire, nil, logger)
	ctx, cancel := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error { r.wire.Run(ctx); return nil })
	group.Go(func() error { r.progress.Run(ctx); return nil })
	group.Go(func() error {
		return projections.Run(ctx, projections.Options{Pool: pool, Wire: r.wire, Holder: "bench"})
	})
	r.stop = func() error {
		cancel()
		defer pool.Close()
		return group.Wait()
	}
	return r, nil
}

func (l lagLoad) run(ctx context.Context, db *database, events []uuid.UUID) (m measurement, err error) {
	readers, err := startReaders(ctx, db.url)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, readers.stop()) }()
	pool, err := openPool(ctx, db.url, l.open+eventstore.ReservedConns, eventstore.Session(delay))
	if err != nil {
		return m, err
	}
	defer pool.Close()
	w := windowAfter(l.warmUp+delay, l.measured)
	lags := &lags{window: w, readers: readers}
	executor, err := eventstore.NewExecutor(pool, model, eventstore.Options{Delay: delay, Transactions: l.open, Committed: lags.committed})
	if err != nil {
		return m, err
	}
	booked, open, err := l.arrive(ctx, executor, db.conn, events, w)
	err = errors.Join(err, executor.Close(ctx))
	lags.waiting.Wait()
	return measurement{
		count: booked, wall: l.measured, latencies: lags.seen, note: fmt.Sprintf("%d transactions open", open),
		extra: map[string]float64{"open_transactions": float64(open), "commits": float64(len(lags.seen))},
	}, err
}

// arrive sends customers one by one, evenly, so that each finds a transaction of their own, and counts what happens in the window.
func (l lagLoad) arrive(ctx context.Context, executor *eventstore.Executor[domain.State, domain.Record], conn *pgx.Conn, events []uuid.UUID, w window) (booked, open int, err error) {
	every := time.NewTicker(delay / time.Duration(l.open+l.open/10)) // a little more often than transactions can leave
	defer every.Stop()
	group, groupCtx := errgroup.WithContext(ctx)
	for n := 0; groupCtx.Err() == nil; n++ {
		now := <-every.C
		if now.After(w.until) {
			break
		}
		if now.After(w.from) {
			booked++
		}
		group.Go(func() error {
			command := domain.BookTicket{BookingID: uuid.New(), CustomerID: uuid.New(), Now: now}
			_, err := executor.Execute(groupCtx, eventstore.Command[domain.State, domain.Record]{
				StreamID: events[n%len(events)],
				Decide:   func(s domain.State) ([]domain.Record, error) { return domain.Decide(command, s) },
			})
			return err
		})
	}
	err = conn.QueryRow(ctx, `select count(*) from pg_stat_activity where datname = current_database() and state = 'idle in transaction' and pid <> pg_backend_pid()`).Scan(&open)
	return booked, open, errors.Join(err, group.Wait())
}

// lags are how long readers waited for commits.
type lags struct {
	window  window
	readers *readers
	waiting sync.WaitGroup

	mu   sync.Mutex
	seen []time.Duration
}

func (l *lags) committed(position int64) {
	at := time.Now()
	l.readers.wire.Appended()
	if at.Before(l.window.from) || at.After(l.window.until) {
		return
	}
	l.waiting.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		l.readers.progress.Wait(ctx, position)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.seen = append(l.seen, time.Since(at))
	})
}
