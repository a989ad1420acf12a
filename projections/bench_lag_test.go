package projections_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

const bookingDelay = time.Second

// BenchmarkLag measures how long after a commit all read models contain it, while hundreds of
// bookings are in their delay, each in a transaction of its own. The goal is a p99 of at most 10
// ms; -benchtime=5s gives it enough commits. An unrelated transaction that has written and stays
// open must not matter: readers of a log that is ordered by transaction ids would wait for it.
func BenchmarkLag(b *testing.B) {
	for _, writers := range []int{0, 1} {
		b.Run(fmt.Sprintf("unrelated-writers=%d", writers), func(b *testing.B) {
			l := startLag(b)
			if writers > 0 {
				tx, err := l.pool.Begin(b.Context())
				dbtest.Must(b, err)
				defer tx.Rollback(context.Background()) //nolint:errcheck // nothing is lost with it
				_, err = tx.Exec(b.Context(), `create table unrelated (i int); insert into unrelated values (1)`)
				dbtest.Must(b, err)
			}
			l.book()
			for range l.open { // until as many as that are in their delay, and each of them has committed once
				<-l.seen
			}
			histogram := hdrhistogram.New(1, int64(time.Minute), 3)
			for b.Loop() {
				dbtest.Must(b, histogram.RecordValue(int64(<-l.seen)))
			}
			b.ReportMetric(float64(histogram.ValueAtPercentile(50))/1e6, "p50-ms")
			b.ReportMetric(float64(histogram.ValueAtPercentile(99))/1e6, "p99-ms")
			b.ReportMetric(float64(l.transactions()), "transactions")
		})
	}
}

// lag is a process's projections, and customers who book.
type lag struct {
	*testing.B
	open     int // delayed transactions
	pool     *pgxpool.Pool
	notifier *engine.Notifier
	progress *engine.Progress
	executor *eventstore.Executor[domain.State, domain.Record]
	events   []uuid.UUID
	seen     chan time.Duration // from each commit to the read models
	work     *errgroup.Group    // ends with the benchmark
	ctx      context.Context
}

func startLag(b *testing.B) *lag {
	b.Helper()
	url := dbtest.URL(b)
	l := &lag{B: b, open: 500, seen: make(chan time.Duration, 10_000)}
	if testing.Short() {
		l.open = 50
	}
	ctx, stop := context.WithCancel(context.Background())
	l.work, l.ctx = errgroup.WithContext(ctx)

	l.pool = dbtest.Connect(b, url, dbtest.MaxConns(projections.Connections+3), dbtest.Settings(engine.RunSession()))
	l.notifier = engine.NewNotifier(url, l.pool, projections.Names(), silent)
	l.progress = engine.NewProgress(l.pool, l.notifier, nil, silent)
	l.work.Go(func() error { l.notifier.Run(ctx); return nil })
	l.work.Go(func() error { l.progress.Run(ctx); return nil })
	l.work.Go(func() error {
		return engine.Run(ctx, engine.Options{Projections: projections.All(), Pool: l.pool, Notifier: l.notifier,
			Holder: "bench"})
	})

	pool := dbtest.Connect(b, url, dbtest.MaxConns(l.open+eventstore.ReservedConns),
		dbtest.Settings(eventstore.Session(bookingDelay)), eventstore.ConfigureCommits)
	model := eventstore.Model[domain.State, domain.Record]{
		Codec: domain.Codec{}, Evolve: domain.State.Evolve, Size: domain.State.Size,
		Snapshot: domain.State.MarshalBinary, Restore: domain.ReadSnapshot,
	}
	var err error
	l.executor, err = eventstore.NewExecutor(pool, model, eventstore.Options{
		Delay: bookingDelay, Transactions: l.open, Committed: l.committed,
	})
	dbtest.Must(b, err)
	b.Cleanup(func() {
		stop()
		dbtest.Must(b, l.work.Wait())
		dbtest.Must(b, l.executor.Close(context.Background()))
	})

	group, groupCtx := errgroup.WithContext(ctx)
	for range 100 {
		event := uuid.New()
		l.events = append(l.events, event)
		group.Go(func() error {
			return l.execute(groupCtx, event, domain.ScheduleEvent{
				Details: details("Concert", 1, 4200), Capacity: domain.MaxCapacity,
			})
		})
	}
	dbtest.Must(b, group.Wait())
	for range len(l.seen) { // those who measure wait for bookings only
		<-l.seen
	}
	return l
}

func (l *lag) execute(ctx context.Context, event uuid.UUID, c domain.Command) error {
	_, err := l.executor.Execute(ctx, eventstore.Command[domain.State, domain.Record]{
		StreamID: event,
		Decide:   func(s domain.State) ([]domain.Record, error) { return domain.Decide(c, s) },
	})
	return err
}

// committed is called after each commit.
func (l *lag) committed(records []eventstore.Record) {
	at, position := time.Now(), records[len(records)-1].Position
	l.notifier.Appended(records...)
	l.work.Go(func() error {
		if l.progress.Wait(l.ctx, position) >= position {
			select {
			case l.seen <- time.Since(at):
			default: // nobody measures any more
			}
		}
		return nil
	})
}

// book sends customers one by one, evenly, a little more often than transactions can leave, so that
// each of them finds a transaction of their own and all transactions are in use.
func (l *lag) book() {
	l.work.Go(func() error {
		every := time.NewTicker(bookingDelay / time.Duration(l.open+l.open/10))
		defer every.Stop()
		for n := 0; ; n++ {
			select {
			case <-l.ctx.Done():
				return nil
			case now := <-every.C:
				l.work.Go(func() error {
					err := l.execute(l.ctx, l.events[n%len(l.events)],
						domain.BookTicket{BookingID: uuid.New(), CustomerID: uuid.New(), Now: now})
					if l.ctx.Err() == nil {
						return err
					}
					return nil
				})
			}
		}
	})
}

// transactions counts those that are open.
func (l *lag) transactions() (n int) {
	dbtest.Must(l, l.pool.QueryRow(l.ctx, `
		select count(*)
		from pg_stat_activity
		where datname = current_database() and state = 'idle in transaction'`).Scan(&n))
	return n
}
