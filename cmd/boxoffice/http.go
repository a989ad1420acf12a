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

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/replica"
	"github.com/boxoffice/boxoffice/internal/ticket"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/web"
)

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

// httpService answers requests. Its stop refuses new requests and finishes running ones.
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
			select { // a load balancer sends requests until its next health check
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
		Audit:      p.audit,
		Tickets:    ticket.Signer{Keys: p.audit.Checkpoints.Keys()},
		Push:       p.push,
		Health:     p.health.alive,
		Ready:      func(context.Context) error { return p.ready() },
		Detail:     p.detail,
		Origins:    p.config.FrontendOrigin,
		Registerer: p.metrics.Registerer(), Tracer: p.tracing.Tracer(),
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

// idleTimeout is longer than load balancers keep idle connections (up to 600 s): a request fails if
// this side closes its connection at the same moment.
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
