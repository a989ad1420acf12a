package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/httpapi/push"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/endpoint"
	"github.com/boxoffice/boxoffice/internal/images"
	"github.com/boxoffice/boxoffice/internal/payment"
	"github.com/boxoffice/boxoffice/internal/proofofwork"
	"github.com/boxoffice/boxoffice/internal/replica"
	"github.com/boxoffice/boxoffice/internal/seed"
	"github.com/boxoffice/boxoffice/internal/telemetry"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
	"github.com/boxoffice/boxoffice/reactors/lapse"
)

type executor = eventstore.Executor[domain.State, domain.Record]

// parts are what the services of one process share. Each service sets its own when it is opened,
// and uses those of the services before it in the list.
type parts struct {
	*app
	config     config.Config
	logger     *slog.Logger
	processors int

	database   *database
	metrics    *telemetry.Metrics
	tracing    *telemetry.Tracing
	health     *healthMonitor
	reading    *pgxpool.Pool // of queries
	notifier   *engine.Notifier
	progress   *engine.Progress
	replicas   *replica.Set // nil: there are none
	accounts   *account.Accounts
	images     *images.Store
	audit      httpapi.Audit
	challenges *proofofwork.Challenges
	mails      *mails // nil: none are sent
	webhooks   *endpoint.Store
	admission  *httpapi.Admission
	limiter    *middleware.Limiter
	executor   *executor
	service    *booking.Service
	push       *push.Push
	live       *projections.Live // nil: nobody is told of changes

	api, web, private net.Listener // private is nil without METRICS_PORT
	stopping          atomic.Bool
}

func (a *app) newParts(c config.Config) *parts {
	return &parts{app: a, config: c, logger: a.logger(c), metrics: telemetry.NewMetrics(version)}
}

// databaseService opens the database and brings its schema up to date. needed is how many
// connections the process uses.
func (p *parts) databaseService(
	needed int, find func(context.Context, config.Config, *slog.Logger) (*database, error),
) service {
	return service{
		name: "the database",
		open: func(ctx context.Context) (err error) {
			if p.database, err = find(ctx, p.config, p.logger); err != nil {
				return err
			}
			if err := p.database.checkSessions(ctx, needed); err != nil {
				return err
			}
			_, err = p.database.migrate(ctx)
			return err
		},
		stop: func(context.Context) error { return p.database.close() },
	}
}

// watchService ends the process when its own PostgreSQL ends by itself.
func (p *parts) watchService() service {
	return service{
		name: "the watch over the database",
		run:  func(ctx context.Context) error { return p.database.watch(ctx) },
	}
}

func (p *parts) tracingService() service {
	return service{
		name: "tracing",
		open: func(ctx context.Context) (err error) {
			p.tracing, err = telemetry.NewTracing(ctx, p.config.TracesExporter, version, p.logger)
			return err
		},
		stop: func(ctx context.Context) error {
			if err := p.tracing.Close(ctx); err != nil { // no reason to say that stopping went wrong
				p.logger.Warn("the last traces were not exported", "error", err)
			}
			return nil
		},
	}
}

func (p *parts) healthService() service {
	return service{
		name: "the health monitor",
		open: func(ctx context.Context) (err error) {
			if p.health, err = newHealthMonitor(p.database.url, &p.database.leader, p.logger); err != nil {
				return err
			}
			p.health.start(ctx)
			p.logger = slog.New(quietHandler{p.logger.Handler(), p.health.alive})
			return nil
		},
		run: func(ctx context.Context) error { p.health.run(ctx); return nil },
	}
}

// readingService opens the pool of queries. The audit, webhooks and uploads of pictures write through it, and
// its COMMITs are confirmed to their users.
func (p *parts) readingService() service {
	return service{
		name: "the reading pool",
		open: func(ctx context.Context) (err error) {
			settings := map[string]string{"statement_timeout": "10s", "idle_in_transaction_session_timeout": "10s"}
			p.reading, err = p.database.pool(ctx, "reading", p.config.ReadConns, settings, eventstore.ConfigureCommits)
			if err == nil {
				p.metrics.WatchPool("reading", p.reading)
				p.images = images.NewStore(p.reading)
			}
			return err
		},
		stop: func(context.Context) error { closePool(p.reading); return nil },
	}
}

func closePool(pool *pgxpool.Pool) {
	if pool != nil {
		pool.Close()
	}
}

// notifierService carries notifications between the processes of the database.
func (p *parts) notifierService() service {
	return service{
		name: "notifications",
		open: func(context.Context) error {
			p.notifier = engine.NewNotifier(p.database.url, p.reading, projections.Names(), p.logger)
			return nil
		},
		run: func(ctx context.Context) error { p.notifier.Run(ctx); return nil },
	}
}

func (p *parts) progressService() service {
	return service{
		name: "the progress of the read models",
		open: func(context.Context) error {
			p.progress = engine.NewProgress(p.reading, p.notifier, p.health.alive, p.logger)
			return nil
		},
		run: func(ctx context.Context) error { p.progress.Run(ctx); return nil },
	}
}

// replicaService watches the replicas of DATABASE_READ_URL.
func (p *parts) replicaService() service {
	if p.config.ReadURL == "" {
		return service{}
	}
	return service{
		name: "the replicas",
		open: func(ctx context.Context) (err error) {
			if err := refusePooledReplicas(ctx, p.config.ReadURL); err != nil {
				return fmt.Errorf("DATABASE_READ_URL: %w", err)
			}
			p.replicas, err = replica.Open(ctx, replica.Options{
				URL: p.config.ReadURL, Connections: p.config.ReadConns, Primary: p.reading, Reached: p.progress.Reached,
				Checkpoints: projections.Names(), Logger: p.logger,
			})
			if err != nil {
				return fmt.Errorf("DATABASE_READ_URL: %w", err)
			}
			return p.metrics.Registerer().Register(p.replicas)
		},
		run:  func(ctx context.Context) error { p.replicas.Run(ctx); return nil },
		stop: func(context.Context) error { p.replicas.Close(); return nil },
	}
}

// accountOptions let people who only try the system choose the password of the seed.
func (p *parts) accountOptions() account.Options {
	o := account.Options{HashSlots: p.processors / 2, Deliver: p.deliver}
	if !p.config.Production() {
		o.TrialPassword = seed.Password
	}
	return o
}

// accountConns is how many connections signing in has for itself: a statement takes a millisecond,
// and few passwords are hashed at once.
const accountConns = 4

// accountService hashes and checks passwords. Accounts have a pool of their own, so that neither
// slow reads nor sign-ins keep the others waiting; its COMMITs are confirmed to their users. signer
// is for programs that sign people in.
func (p *parts) accountService(signer func() (*account.Signer, error)) service {
	var pool *pgxpool.Pool
	return service{
		name: "accounts",
		open: func(ctx context.Context) error {
			s, err := signer()
			if err != nil {
				return fmt.Errorf("the secrets of tokens: %w", err)
			}
			settings := map[string]string{"statement_timeout": "10s"}
			if pool, err = p.database.pool(ctx, "accounts", accountConns, settings, eventstore.ConfigureCommits); err != nil {
				return err
			}
			p.metrics.WatchPool("accounts", pool)
			p.accounts, err = account.New(pool, s, p.accountOptions())
			if err != nil {
				return fmt.Errorf("set accounts up: %w", err)
			}
			p.metrics.Watch(telemetry.HashesPending, func() int { pending, _ := p.accounts.PendingHashes(); return pending })
			p.metrics.Watch(telemetry.HashesLimit, func() int { _, limit := p.accounts.PendingHashes(); return limit })
			if p.config.Production() {
				return refuseKnownPasswords(ctx, p.accounts)
			}
			return nil
		},
		run: func(ctx context.Context) error {
			var work sync.WaitGroup
			work.Go(func() { p.accounts.Watch(ctx, p.logger) })
			work.Go(func() { p.accounts.SendLetters(ctx, p.logger) })
			work.Wait()
			return nil
		},
		stop: func(context.Context) error { closePool(pool); return nil },
	}
}

// executorService makes the executor, on a pool of its own, and the application on it. complete
// adds options. It stops when what is being booked is finished.
func (p *parts) executorService(complete func(*eventstore.Options)) service {
	var pool *pgxpool.Pool
	return service{
		name: "the executor",
		open: func(ctx context.Context) (err error) {
			c, settings := p.config, eventstore.Session(p.config.BookingDelay)
			name, value := eventstore.TransactionTimeout(c.BookingDelay)
			settings[name] = value
			pool, err = p.database.pool(ctx, "booking", c.Transactions+eventstore.ReservedConns, settings,
				eventstore.ConfigureCommits)
			if err != nil {
				return err
			}
			p.metrics.WatchPool("booking", pool)
			o := eventstore.Options{
				Delay: c.BookingDelay, Transactions: c.Transactions, Queue: c.Queue, Now: p.now, Logger: p.logger,
			}
			complete(&o)
			if p.executor, err = eventstore.NewExecutor(pool, booking.Model(), o); err != nil {
				return err
			}
			p.service = &booking.Service{
				Executor: p.executor, Log: eventstore.NewLog(p.reading), Bookings: projections.Bookings{Pool: p.reading},
				Holds: projections.Holds{Pool: p.reading}, Waitlist: projections.Waitlist{Pool: p.reading},
				HoldTime: c.HoldTime, Images: p.images, Now: p.now,
			}
			if p.service.Payments, err = payment.NewSimulated(c.Payments); err != nil {
				return err
			}
			if p.progress != nil {
				p.service.Progress = p.progress
			}
			return nil
		},
		stop: func(ctx context.Context) (err error) {
			if p.executor != nil {
				err = p.executor.Close(ctx)
			}
			closePool(pool)
			return err
		},
	}
}

// lapseService records which holds have lapsed. Each process that sells can do it, and one does.
func (p *parts) lapseService() service {
	return service{
		name: "the timer of holds",
		run: func(ctx context.Context) error {
			return lapse.Run(ctx, lapse.Options{
				Lapser: p.service, Pool: p.reading, Notifier: p.notifier, Now: p.now, Logger: p.logger,
				Holder: processName(), Registerer: p.metrics.Registerer(),
			})
		},
	}
}

// now is the time by the database's clock, where that is watched.
func (p *parts) now() time.Time {
	if p.health == nil {
		return time.Now()
	}
	return p.health.now()
}

// ready tells whether requests can be served: the database answers and can be written. It has the
// schema of this program since the start.
func (p *parts) ready() error {
	if p.stopping.Load() {
		return errors.New("stopping")
	}
	return context.Cause(p.health.writable())
}

// stopWithin bounds how long a stop may take. Bookings in their delay are finished.
func stopWithin(c config.Config) time.Duration {
	return 20*time.Second + c.BookingDelay + c.ShutdownDelay
}

func (a *app) logger(c config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if isTerminal(a.err) {
		return slog.New(slog.NewTextHandler(a.err, options))
	}
	return slog.New(slog.NewJSONHandler(a.err, options))
}
