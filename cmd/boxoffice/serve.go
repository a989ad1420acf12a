package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/httpapi/push"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/proofofwork"
	"github.com/boxoffice/boxoffice/internal/seed"
	"github.com/boxoffice/boxoffice/internal/telemetry"
	"github.com/boxoffice/boxoffice/internal/tune"
	"github.com/boxoffice/boxoffice/projections"
)

func (a *app) serveCommand() *cobra.Command {
	var seeds, projects bool
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the API, the web UI and the projections", Args: cobra.NoArgs,
		Long: "Run the API, the web UI and the projections, on a PostgreSQL of the program's own or on the one that\n" +
			"DATABASE_URL names. The schema is brought up to date first. SIGTERM and Ctrl-C stop everything in order.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.load(checkSecrets, checkAudit, checkBus, checkReplicas, checkMail)
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("seed") {
				seeds = c.DatabaseURL == "" && !c.Production()
			}
			if seeds && c.Production() {
				return errSeedProduction
			}
			return a.serve(cmd.Context(), c, seeds, projects)
		},
	}
	cmd.Flags().BoolVar(&seeds, "seed", false,
		"add accounts and events to try the system with "+
			"(default: on the program's own PostgreSQL, unless APP_ENV=production)")
	cmd.Flags().BoolVar(&projects, "projections", true,
		"keep the read models up to date in this process; without it, another process of the same database must")
	return cmd
}

// serve runs until ctx ends. What is opened last stops first: /readyz fails, the listeners close
// and requests are finished, bookings in their delay among them; then the projections and all else
// that works in the background; then the database.
func (a *app) serve(ctx context.Context, c config.Config, seeds, projects bool) error {
	p := a.newParts(c)
	share := 0.8
	if c.DatabaseURL == "" {
		share = 0.5 // the rest is for PostgreSQL
	}
	tune.Memory(share, p.logger)
	p.processors = tune.Processors()
	p.admission = httpapi.NewAdmission(max(1, p.processors-1))
	services := []service{
		p.databaseService(servingConnections(c, projects), ownDatabase), p.watchService(), p.tracingService(),
		p.healthService(), p.readingService(),
		p.listenerService(), // early: a port that is taken should be known before anything else happens
		p.accountService(p.signer), p.challengeService(), p.auditService(), p.notifierService(), p.progressService(),
		p.replicaService(), p.limitService(), p.pushService(),
	}
	if projects {
		services = append(services, p.projectionService(), p.busService())
	}
	services = append(services, p.reactorService(), p.cleaningService(), p.executorService(p.executorOptions),
		p.lapseService(), p.erasedService())
	if seeds {
		services = append(services, p.seedService(projects))
	}
	services = append(services, p.httpService())
	return a.runServices(ctx, c, services, func(ctx context.Context) error {
		a.announce(p.logger, address(p.web), address(p.api))
		a.announceFirstOrganizer(ctx, p)
		return untilStopped(ctx)
	})
}

// runServices is [runServices] with what tests change.
func (a *app) runServices(
	ctx context.Context, c config.Config, services []service, work func(context.Context) error,
) error {
	if a.changeServices != nil {
		services = a.changeServices(services)
	}
	return runServices(ctx, stopWithin(c), services, work)
}

// ownDatabase is the database of the configuration, or one that starts and ends with this process.
func ownDatabase(ctx context.Context, c config.Config, logger *slog.Logger) (*database, error) {
	if c.DatabaseURL != "" {
		return databaseAt(c.DatabaseURL), nil
	}
	return startDatabase(ctx, c, logger)
}

func (p *parts) signer() (*account.Signer, error) {
	secrets, err := secretsOf(p.config)
	if err != nil {
		return nil, err
	}
	return account.NewSigner(secrets, time.Now)
}

// challengeService is what proofs of work are made of. Its secret is derived from that of access
// tokens, which all processes of the database share.
func (p *parts) challengeService() service {
	return service{name: "the challenges", open: func(context.Context) error {
		secrets, err := secretsOf(p.config)
		if err == nil {
			p.challenges = proofofwork.New(p.reading, secrets.Access, p.now)
		}
		return err
	}}
}

func (p *parts) executorOptions(o *eventstore.Options) {
	o.Committed = func(records []eventstore.Record) {
		p.health.noteCommit()
		p.notifier.Appended(records...)
	}
	o.Health = p.health.writable
	o.ExpectMore = func() bool { return p.admission.Waiting() >= expectMoreFrom }
	p.progress.Crowded = o.ExpectMore
	o.Observe, o.Tracer = p.metrics.ObserveBatch, p.tracing.Tracer()
	p.metrics.Watch(telemetry.CommandsWaiting, func() int { return p.admission.Waiting() + p.executor.Waiting() })
	p.metrics.Watch(telemetry.CommandQueue, func() int { return p.config.Queue })
}

// expectMoreFrom is how many bookings must wait for a slot before those that have one wait for them, so that
// they share a transaction. Fewer come soon enough to share the next one.
const expectMoreFrom = 16

// limitService counts the requests of each client.
func (p *parts) limitService() service {
	return service{
		name: "the limits",
		open: func(context.Context) (err error) {
			if !p.config.RateLimits {
				p.limiter = new(middleware.Limiter)
				return nil
			}
			p.limiter, err = middleware.NewLimiter(middleware.Limits{
				Booking: middleware.Limit(p.config.BookingLimit), Reading: middleware.Limit(p.config.ReadingLimit),
				Event: middleware.Limit(p.config.EventLimit), Address: middleware.Limit(p.config.AddressLimit),
				Login: middleware.Limit(p.config.LoginLimit),
			})
			return err
		},
		stop: func(context.Context) error { p.limiter.Close(); return nil },
	}
}

// pushService sends changes to WebSocket clients. httpService closes the connections.
func (p *parts) pushService() service {
	return service{
		name: "the live counts",
		open: func(context.Context) error {
			p.live = projections.NewLive(p.reading, p.notifier, p.logger)
			p.push = push.New(push.Options{
				Live: p.live, Accounts: p.accounts, WrongKeys: p.limiter.WrongKeys, Origins: p.config.FrontendOrigin,
				Connections: p.config.Sockets, AddressConnections: p.config.AddressSockets,
				Logger: p.logger, Now: time.Now,
			})
			p.metrics.Watch(telemetry.Sockets, p.push.Sockets)
			p.metrics.Watch(telemetry.SocketsLimit, func() int { return p.config.Sockets })
			return nil
		},
		run: func(ctx context.Context) error { p.push.Run(ctx); return nil },
	}
}

// keysExpire is for how long a request can be repeated with its Idempotency-Key.
const keysExpire = 24 * time.Hour

// cleaningService deletes refresh tokens, idempotency keys and proofs of work that have expired,
// old deliveries of webhooks, and pictures that no event shows.
func (p *parts) cleaningService() service {
	return service{name: "the cleaning", run: func(ctx context.Context) error {
		hourly := time.NewTicker(time.Hour)
		defer hourly.Stop()
		for {
			_, errTokens := p.accounts.DeleteExpired(ctx)
			_, errKeys := eventstore.NewLog(p.reading).ForgetKeys(ctx, keysExpire)
			_, errRegistrations := p.accounts.ForgetKeys(ctx, time.Now().Add(-keysExpire))
			errProofs := p.challenges.DeleteExpired(ctx)
			_, errImages := p.images.DeleteUnused(ctx)
			errWebhooks := p.webhooks.DeleteExpired(ctx)
			err := errors.Join(errTokens, errKeys, errRegistrations, errProofs, errImages, errWebhooks)
			if err != nil && ctx.Err() == nil {
				p.logger.Warn("cleaning up failed", "error", err)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-hourly.C:
			}
		}
	}}
}

// seedService adds events to try. If this process projects, it waits until the read models show them.
func (p *parts) seedService(projects bool) service {
	return service{name: "the seed", open: func(ctx context.Context) error {
		err := whileUnavailable(ctx, seedWithin, func() error {
			_, err := seed.Run(ctx, p.accounts, p.service)
			return err
		})
		if err == nil && projects {
			err = p.waitForReadModels(ctx)
		}
		if err != nil {
			p.logger.Error("seeding failed", "error", err)
		}
		return nil
	}}
}

// seedWithin is how long a database that does not answer is tried again: on a machine that has just
// started, or builds something, a heartbeat can be late.
const seedWithin = time.Minute

// whileUnavailable repeats what may be repeated until the database answers, within a time.
func whileUnavailable(ctx context.Context, within time.Duration, do func() error) error {
	const pause = time.Second
	for until := time.Now().Add(within); ; {
		err := do()
		passes := errors.Is(err, eventstore.ErrUnavailable) || errors.Is(err, eventstore.ErrOutcomeUnknown)
		if !passes || time.Now().Add(pause).After(until) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// waitForReadModels returns when they have what is in the log, or after some seconds.
func (p *parts) waitForReadModels(ctx context.Context) error {
	head, err := p.service.Log.Head(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	p.progress.Wait(ctx, head)
	return nil
}

// announce tells people where to look.
func (a *app) announce(logger *slog.Logger, pages, api string) {
	if _, err := fmt.Fprintf(a.out, "\n  Boxoffice is ready\n\n    Web  %s\n    API  %s\n\n", pages, api); err != nil {
		logger.Warn("could not print the addresses", "error", err)
	}
}
