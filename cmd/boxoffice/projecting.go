package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/boxoffice/boxoffice/internal/bus"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/tune"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

var errNobodyReads = errors.New("projections run needs DATABASE_URL or a running server: " +
	"a database that starts and ends with it has nobody to show read models to")

// projectionService keeps the read models up to date, on connections of its own.
func (p *parts) projectionService() service {
	return service{name: "the projections", run: func(ctx context.Context) error {
		pool, err := p.database.pool(ctx, "projections", projections.Connections, engine.Session())
		if err != nil {
			return err
		}
		defer pool.Close()
		p.metrics.WatchPool("projections", pool)
		all := projections.All()
		if p.live != nil {
			all = p.live.Projections()
		}
		return engine.Run(ctx, engine.Options{
			Pool: pool, Projections: all, Notifier: p.notifier, Logger: p.logger, Holder: processName(),
			Registerer: p.metrics.Registerer(), Tracer: p.tracing.Tracer(),
		})
	}}
}

// detail tells which read models stand before a record that nobody knows who could project it, and
// what the audit has found. Requests are served all the same: commands are decided on the streams
// themselves.
func (p *parts) detail() string {
	var stand []string
	for _, r := range p.notifier.Unknown() {
		stand = append(stand, fmt.Sprintf(
			"The read model %s stands before position %d: record type %q with schema version %d is of a newer version "+
				"of the program than the one that ran the projection; run one of that version",
			r.Projection, r.Position, r.Type, r.SchemaVersion))
	}
	if p.audit.Checkpoints == nil { // a process that only projects
		return strings.Join(stand, ". ")
	}
	if err := p.audit.Checkpoints.Alarm(); err != nil {
		stand = append(stand, "The audit signs no more checkpoints: "+err.Error())
	}
	return strings.Join(stand, ". ")
}

// busService publishes the log on the bus, where one is configured.
func (p *parts) busService() service {
	if p.config.EventBusURL == "" {
		return service{}
	}
	return service{name: "the bus", run: func(ctx context.Context) error {
		pool, err := p.database.pool(ctx, "bus", bus.Connections, map[string]string{"statement_timeout": "10s"})
		if err != nil {
			return err
		}
		defer pool.Close()
		return bus.Publish(ctx, bus.Options{
			URL: p.config.EventBusURL, Pool: pool, Logger: p.logger, Appended: p.notifier.Log.Listen,
			Registerer: p.metrics.Registerer(),
		})
	}}
}

func (a *app) projectCommand() *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "Keep the read models up to date, without an API and a web UI", Args: cobra.NoArgs,
		Long: "Keep the read models up to date, and publish the log to EVENT_BUS_URL when that is set, without an API and\n" +
			"a web UI: for a process of its own, beside others with serve --projections=false. METRICS_PORT also answers\n" +
			"/healthz and /readyz. SIGTERM and Ctrl-C stop it.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.load(checkBus)
			if err != nil {
				return err
			}
			p := a.newParts(c)
			tune.Memory(0.8, p.logger)
			return a.runServices(cmd.Context(), c, []service{
				p.databaseService(projectingConnections(c), openRunning), p.tracingService(), p.healthService(),
				p.readingService(), p.probeService(),
				p.notifierService(), p.projectionService(), p.busService(),
			}, func(ctx context.Context) error {
				p.logger.Info("the projections run")
				return untilStopped(ctx)
			})
		},
	}
}

// openRunning finds a database that does not end with this process.
func openRunning(ctx context.Context, c config.Config, logger *slog.Logger) (*database, error) {
	d, err := openDatabase(ctx, c, logger)
	if err == nil && d.embedded != nil {
		err = errors.Join(errNobodyReads, d.close())
	}
	return d, err
}

// probeService serves metrics, and what supervisors ask a process that has no API.
func (p *parts) probeService() service {
	if p.config.MetricsPort == 0 {
		return service{}
	}
	mux := http.NewServeMux()
	mux.Handle("/", p.metrics.Handler())
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := p.ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, p.detail())
	})
	srv := server(mux, p.logger)
	var private net.Listener
	return service{
		name: "the metrics",
		open: func(ctx context.Context) (err error) {
			private, err = listen(ctx, p.config.MetricsHost, p.config.MetricsPort, "METRICS_PORT")
			return err
		},
		run:  func(context.Context) error { return serveHTTP(srv, private) },
		stop: func(context.Context) error { return srv.Close() }, // who asks for metrics asks again
	}
}
