package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/memory"
	"github.com/boxoffice/boxoffice/internal/seed"
	"github.com/boxoffice/boxoffice/internal/telemetry"
	"github.com/boxoffice/boxoffice/migrations"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/web"
)

// stopWithin bounds how long a stop may take beside the delay of bookings, which are finished.
const stopWithin = 20 * time.Second

// untilStopped is there when ctx has ended, which it outlives by the time that a stop may take.
func untilStopped(ctx context.Context, c config.Config) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), stopWithin+c.BookingDelay)
}

func (a *app) serveCommand() *cobra.Command {
	var r roles
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the API, the web UI and the projections", Args: cobra.NoArgs,
		Long: "Run the API, the web UI and the projections, on a PostgreSQL of the program's own or on the one that DATABASE_URL names.\n" +
			"The schema is brought up to date first. SIGTERM and Ctrl-C stop everything in order.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.LoadSigner(a.flags)
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("seed") {
				r.seed = c.DatabaseURL == "" && !c.Production()
			}
			if r.seed && c.Production() {
				return errSeedProduction
			}
			return a.serve(cmd.Context(), c, r)
		},
	}
	cmd.Flags().BoolVar(&r.seed, "seed", false, "add accounts and events to try the system with (default: on the program's own PostgreSQL, unless APP_ENV=production)")
	cmd.Flags().BoolVar(&r.projections, "projections", true, "keep the read models up to date in this process; without it, another process of the same database must")
	return cmd
}

// roles are what a process does besides serving.
type roles struct{ seed, projections bool }

func (a *app) serve(ctx context.Context, c config.Config, r roles) (err error) {
	logger := a.logger(c)
	share := 0.8
	if c.DatabaseURL == "" {
		share = 0.5 // the rest is for PostgreSQL
	}
	memory.Tune(share, logger)
	d := databaseAt(c.DatabaseURL)
	if d.url == "" {
		if d, err = startDatabase(ctx, c, logger); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if _, err := migrations.Up(ctx, d.url); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	s, err := newSystem(ctx, c, d, logger)
	if err != nil {
		return err
	}
	if c.Production() {
		if err := refuseKnownPasswords(ctx, s.accounts); err != nil {
			return errors.Join(err, s.close(ctx))
		}
	}
	// Listening comes early: a port that is taken should be known before anything else happens.
	api, err := listen(ctx, c.Host, c.APIPort, "API_PORT")
	if err != nil {
		return errors.Join(err, s.close(ctx))
	}
	ui, err := listen(ctx, c.Host, c.WebPort, "WEB_PORT")
	if err != nil {
		return errors.Join(err, api.Close(), s.close(ctx))
	}
	listeners := []net.Listener{api, ui}
	if c.MetricsPort != 0 {
		private, err := listen(ctx, c.MetricsHost, c.MetricsPort, "METRICS_PORT")
		if err != nil {
			return errors.Join(err, api.Close(), ui.Close(), s.close(ctx))
		}
		listeners = append(listeners, private)
	}

	// work goes on until everybody has their answer, and only then stops.
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	group, failed := errgroup.WithContext(work)
	group.Go(func() error { s.pulse.run(work); return nil })
	group.Go(func() error { s.wire.Run(work); return nil })
	group.Go(func() error { s.progress.Run(work); return nil })
	push := s.push(c, logger)
	s.metrics.Watch(telemetry.Sockets, push.Sockets)
	s.metrics.Watch(telemetry.SocketsLimit, func() int { return c.Sockets })
	group.Go(func() error { push.Run(work); return nil })
	if r.projections {
		group.Go(func() error { return s.project(work, logger) })
		group.Go(func() error { return s.runBus(work, c, logger) })
	}
	group.Go(func() error { return s.cleanUp(work, logger) })
	group.Go(func() error { s.accounts.Watch(work, logger); return nil })
	group.Go(func() error { s.audit.Checkpoints.Run(work, c.AuditInterval, logger); return nil })
	if d.embedded != nil {
		group.Go(func() error { return d.watch(work) })
	}
	if r.seed {
		if _, err := seed.Run(ctx, s.accounts, s.executor, time.Now()); err != nil {
			logger.Error("seeding failed", "error", err)
		}
	}

	var stopping atomic.Bool
	apiHandler := s.api(c, logger, push, &stopping)
	webHandler, err := web.Handler(apiHandler, logger)
	if err != nil {
		return err
	}
	servers := []*http.Server{server(apiHandler, logger), server(webHandler, logger), server(s.metrics.Handler(), logger)}
	for i, l := range listeners {
		group.Go(func() error {
			if err := servers[i].Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
	}
	if _, err := fmt.Fprintf(a.out, "\n  Boxoffice is ready\n\n    Web  %s\n    API  %s\n\n", address(ui), address(api)); err != nil {
		logger.Warn("could not print the addresses", "error", err)
	}

	select {
	case <-ctx.Done():
	case <-failed.Done():
	}
	stopping.Store(true)
	logger.Info("stopping")
	deadline, cancel := untilStopped(ctx, c)
	defer cancel()
	goodbyes := make(chan error)
	go func() { goodbyes <- push.Close(deadline) }() // a server does not know of connections that were upgraded
	for _, srv := range servers {                    // at once: none takes requests while another one finishes its own
		go func() { goodbyes <- srv.Shutdown(deadline) }()
	}
	var errs []error
	for range 1 + len(servers) {
		errs = append(errs, <-goodbyes)
	}
	errs = append(errs, s.executor.Close(deadline))
	stopWork()
	errs = append(errs, group.Wait())
	s.closePools()
	if err := s.tracing.Close(deadline); err != nil { // which is no reason to say that stopping went wrong
		logger.Warn("the last traces were not exported", "error", err)
	}
	return errors.Join(errs...)
}

func (s *system) push(c config.Config, logger *slog.Logger) *httpapi.Push {
	return httpapi.NewPush(httpapi.PushOptions{
		Live: projections.NewLive(s.reading, s.wire, logger), Accounts: s.accounts,
		Origins: c.FrontendOrigin, Connections: c.Sockets, Logger: logger, Now: time.Now,
	})
}

func (s *system) api(c config.Config, logger *slog.Logger, push *httpapi.Push, stopping *atomic.Bool) http.Handler {
	return httpapi.New(httpapi.Options{
		Executor: s.executor,
		Log:      eventstore.NewLog(s.reading),
		Events:   projections.NewEvents(s.reading),
		Bookings: projections.Bookings{Pool: s.reading},
		Progress: s.progress,
		Accounts: s.accounts,
		Audit:    s.audit,
		Push:     push,
		Alive:    s.pulse.alive,
		Ready: func(context.Context) error {
			if stopping.Load() {
				return errors.New("stopping")
			}
			return s.ready()
		},
		Origins: c.FrontendOrigin,
		Observe: s.metrics.ObserveRequest, Tracer: s.tracing.Tracer(),
		Turns:   s.turns,
		Limiter: s.limiter, TrustedProxies: c.TrustedProxies,
		PlainHTTP: plainHTTP(c),
		Now:       time.Now,
		Logger:    logger,
		Version:   version,
	})
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

// project runs the projections on connections of their own.
func (s *system) project(ctx context.Context, logger *slog.Logger) error {
	pool, err := s.database.pool(ctx, "projections", projections.Connections, projections.Session())
	if err != nil {
		return err
	}
	defer pool.Close()
	s.metrics.WatchPool("projections", pool)
	return projections.Run(ctx, projections.Options{
		Pool: pool, Wire: s.wire, Logger: logger, Holder: processName(), Registerer: s.metrics.Registerer(), Tracer: s.tracing.Tracer(),
	})
}

// cleanUp forgets refresh tokens and idempotency keys whose time is over.
func (s *system) cleanUp(ctx context.Context, logger *slog.Logger) error {
	hourly := time.NewTicker(time.Hour)
	defer hourly.Stop()
	for {
		_, errTokens := s.accounts.DeleteExpired(ctx)
		yesterday := time.Now().Add(-24 * time.Hour)
		_, errKeys := eventstore.NewLog(s.reading).ForgetKeys(ctx, yesterday)
		_, errRegistrations := s.accounts.ForgetKeys(ctx, yesterday)
		if err := errors.Join(errTokens, errKeys, errRegistrations); err != nil && ctx.Err() == nil {
			logger.Warn("cleaning up failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-hourly.C:
		}
	}
}

// watch fails when the embedded PostgreSQL ends by itself: there is nothing left to work with.
func (d *database) watch(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-d.embedded.Done():
		return fmt.Errorf("the embedded PostgreSQL has ended: %w", d.embedded.Err())
	}
}

// shareProcessors tells how many processors there are, and lets Go use two threads more, so that there is always one with time to ask
// the network who wants something: when all of them are busy, Go asks every 10 ms, for 128 connections.
var shareProcessors = sync.OnceValue(func() int {
	processors := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(processors + 2)
	return processors
})

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

func server(h http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      90 * time.Second, // a booking waits for its delay, which is at most a minute
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}
