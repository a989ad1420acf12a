package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/internal/bus"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/memory"
	"github.com/boxoffice/boxoffice/migrations"
)

var errNobodyReads = errors.New("projections run needs DATABASE_URL or a running server: " +
	"a database that starts and ends with it has nobody to show read models to")

// runBus publishes the log on the bus, where one is configured.
func (s *system) runBus(ctx context.Context, c config.Config, logger *slog.Logger) error {
	if c.EventBusURL == "" {
		return nil
	}
	pool, err := s.database.pool(ctx, "bus", bus.Connections, map[string]string{"statement_timeout": "10s"})
	if err != nil {
		return err
	}
	defer pool.Close()
	return bus.Publish(ctx, bus.Options{
		URL: c.EventBusURL, Pool: pool, Logger: logger, Appended: s.wire.Log.Listen, Registerer: s.metrics.Registerer(),
	})
}

func (a *app) projectCommand() *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "Keep the read models up to date, without an API and a web UI", Args: cobra.NoArgs,
		Long: "Keep the read models up to date, and publish the log to EVENT_BUS_URL when that is set, without an API and a web UI: for a process\n" +
			"of its own, beside others with serve --projections=false. METRICS_PORT also answers /healthz and /readyz. SIGTERM and Ctrl-C stop it.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.LoadSigner(a.flags)
			if err != nil {
				return err
			}
			return a.withDatabase(cmd.Context(), func(ctx context.Context, d *database) error { return a.runProjections(ctx, c, d) })
		},
	}
}

func (a *app) runProjections(ctx context.Context, c config.Config, d *database) (err error) {
	logger := a.logger(c)
	memory.Tune(0.8, logger)
	if d.embedded != nil {
		return errNobodyReads
	}
	if _, err := migrations.Up(ctx, d.url); err != nil {
		return err
	}
	s, err := newSystem(ctx, c, d, logger)
	if err != nil {
		return err
	}
	defer func() {
		deadline, cancel := untilStopped(ctx, c)
		defer cancel()
		err = errors.Join(err, s.close(deadline))
		if err := s.tracing.Close(deadline); err != nil { // which is no reason to say that stopping went wrong
			logger.Warn("the last traces were not exported", "error", err)
		}
	}()
	group, work := errgroup.WithContext(ctx)
	if c.MetricsPort != 0 {
		private, err := listen(ctx, c.MetricsHost, c.MetricsPort, "METRICS_PORT")
		if err != nil {
			return err
		}
		srv := server(s.probes(), logger)
		group.Go(func() error {
			if err := srv.Serve(private); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		context.AfterFunc(work, func() { _ = srv.Close() }) // who asks for metrics asks again
	}
	group.Go(func() error { s.pulse.run(work); return nil })
	group.Go(func() error { s.wire.Run(work); return nil })
	group.Go(func() error { return s.project(work, logger) })
	group.Go(func() error { return s.runBus(work, c, logger) })
	logger.Info("the projections run")
	return group.Wait()
}

// probes adds to the metrics what supervisors ask a process that has no API.
func (s *system) probes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.metrics.Handler())
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := s.ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	return mux
}
