package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/httpapi/push"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/proofofwork"
	"github.com/boxoffice/boxoffice/internal/replica"
	"github.com/boxoffice/boxoffice/internal/seed"
	"github.com/boxoffice/boxoffice/internal/telemetry"
	"github.com/boxoffice/boxoffice/internal/ticket"
	"github.com/boxoffice/boxoffice/internal/tune"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/web"
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
	o.Committed, o.Health = func(records []eventstore.Record) { p.notifier.Appended(records...) }, p.health.writable
	o.ExpectMore = func() bool { return p.admission.Waiting() >= crowd }
	o.Observe, o.Tracer = p.metrics.ObserveBatch, p.tracing.Tracer()
	p.metrics.Watch(telemetry.CommandsWaiting, func() int { return p.admission.Waiting() + p.executor.Waiting() })
	p.metrics.Watch(telemetry.CommandQueue, func() int { return p.config.Queue })
}

// crowd is how many bookings must wait for a place before those that have one wait for them, so that
// they share a transaction. Fewer come soon enough to share the next one.
const crowd = 16

// listenerService takes the ports.
func (p *parts) listenerService() service {
	return service{
		name: "the listeners",
		open: func(ctx context.Context) (err error) {
			c := p.config
			if p.api, err = listen(ctx, c.Host, c.APIPort, "API_PORT"); err != nil {
				return err
			}
			if p.web, err = listen(ctx, c.Host, c.WebPort, "WEB_PORT"); err != nil || c.MetricsPort == 0 {
				return err
			}
			p.private, err = listen(ctx, c.MetricsHost, c.MetricsPort, "METRICS_PORT")
			return err
		},
		stop: func(context.Context) error {
			for _, l := range []net.Listener{p.api, p.web, p.private} {
				if l != nil {
					_ = l.Close() // mostly closed by its server
				}
			}
			return nil
		},
	}
}

// limitService counts what single clients ask for.
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

// pushService tells WebSocket clients of changes. httpService closes the connections.
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

// seedService adds what is there to try. Where this process projects, whoever comes first finds it
// in the read models.
func (p *parts) seedService(projects bool) service {
	return service{name: "the seed", open: func(ctx context.Context) error {
		_, err := seed.Run(ctx, p.accounts, p.service)
		if err == nil && projects {
			err = p.waitForReadModels(ctx)
		}
		if err != nil {
			p.logger.Error("seeding failed", "error", err)
		}
		return nil
	}}
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

// httpService answers requests. Its stop lets nobody in any more and finishes what was begun.
func (p *parts) httpService() service {
	var servers []*http.Server
	return service{
		name: "the API and the web UI",
		open: func(context.Context) (err error) {
			api := p.handler()
			pages, err := web.Handler(api, p.logger)
			if err != nil {
				return err
			}
			servers = []*http.Server{
				server(api, p.logger), server(withBodies(pages), p.logger), server(p.metrics.Handler(), p.logger),
			}
			return nil
		},
		run: func(context.Context) error {
			listeners := []net.Listener{p.api, p.web, p.private}
			served := make(chan error, len(servers))
			for i, srv := range servers {
				go func() { served <- serveHTTP(srv, listeners[i]) }()
			}
			for range servers {
				if err := <-served; err != nil {
					return err
				}
			}
			return nil
		},
		stop: func(deadline context.Context) error {
			p.stopping.Store(true)
			p.logger.Info("stopping")
			select { // a balancer goes on sending requests until its next check
			case <-time.After(p.config.ShutdownDelay):
			case <-deadline.Done():
			}
			stopped := make(chan error, 1+len(servers))
			go func() { stopped <- p.push.Close(deadline) }() // a server does not know of connections that were upgraded
			for _, srv := range servers {                     // at once: none takes requests while another one finishes its own
				go func() { stopped <- srv.Shutdown(deadline) }()
			}
			var err error
			for range cap(stopped) {
				err = errors.Join(err, <-stopped)
			}
			return err
		},
	}
}

// withBodies is for handlers that don't bound by themselves how long the body of a request may take to
// arrive: the API does, and may be in another process.
func withBodies(h http.Handler) http.Handler { return middleware.BodyDeadline(10 * time.Second)(h) }

// serveHTTP returns when the server is shut down. Without a listener there is nothing to serve.
func serveHTTP(srv *http.Server, l net.Listener) error {
	if l == nil {
		return nil
	}
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (p *parts) handler() http.Handler {
	reader := replica.Reader{Pool: p.reading}
	api := httpapi.New(httpapi.Options{
		Service:  p.service,
		Log:      eventstore.NewLog(reader),
		Events:   projections.NewEvents(reader),
		Bookings: projections.Bookings{Pool: reader},
		Holds:    projections.Holds{Pool: reader},
		Waitlist: projections.Waitlist{Pool: reader},
		Progress: p.progress,
		Replicas: p.replicas,
		Accounts: p.accounts,
		Images:   p.images,
		Webhooks: p.webhooks, Origin: p.config.FrontendOrigin[0],
		Audit:   p.audit,
		Tickets: ticket.Signer{Keys: p.audit.Checkpoints.Keys()},
		Push:    p.push,
		Health:  p.health.alive,
		Ready:   func(context.Context) error { return p.ready() },
		Detail:  p.detail,
		Origins: p.config.FrontendOrigin,
		Metrics: p.metrics.Registerer(), Tracer: p.tracing.Tracer(),
		Admission: p.admission, Searches: httpapi.NewAdmission(max(1, p.config.ReadConns/2)),
		Limiter: p.limiter, TrustedProxies: p.config.TrustedProxies,
		PlainHTTP: plainHTTP(p.config), RequireVerifiedEmail: p.config.VerifiedEmailRequired(),
		ProofOfWork: p.challenges, RegisterWithProofOfWork: p.config.RegisterWithProofOfWork,
		Now:     time.Now,
		Logger:  p.logger,
		Version: version,
	})
	if p.config.Production() {
		return api
	}
	return withPreviews(api, p.config.FrontendOrigin[0], p.ticketCodes(), p.logger)
}

func plainHTTP(c config.Config) httpapi.PlainHTTP {
	switch {
	case c.AllowPlainHTTP:
		return httpapi.PlainHTTPAllowed
	case c.Production():
		return httpapi.PlainHTTPRefused
	}
	return httpapi.PlainHTTPNearby
}

// announce tells people where to look.
func (a *app) announce(logger *slog.Logger, pages, api string) {
	if _, err := fmt.Fprintf(a.out, "\n  Boxoffice is ready\n\n    Web  %s\n    API  %s\n\n", pages, api); err != nil {
		logger.Warn("could not print the addresses", "error", err)
	}
}

func listen(ctx context.Context, host string, port int, variable string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", variable, err)
	}
	return l, nil
}

// address is where people reach a listener from the same machine.
func address(l net.Listener) string {
	return "http://localhost:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// idleTimeout is longer than balancers keep connections that nobody uses (up to 600 s): one that is
// closed here at the moment when it is used again fails a request.
const idleTimeout = 11 * time.Minute

func server(h http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      90 * time.Second, // a booking waits for its delay, which is at most a minute
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}
