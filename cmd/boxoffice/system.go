package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/term"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/telemetry"
	"github.com/boxoffice/boxoffice/projections"
)

// system is everything between the database and the network.
type system struct {
	database *database
	booking  *pgxpool.Pool // of the executor alone
	reading  *pgxpool.Pool // of queries and accounts
	auditing *pgxpool.Pool // of verifications, which read the whole log

	executor *eventstore.Executor[domain.State, domain.Record]
	accounts *account.Accounts
	wire     *projections.Wire
	progress *projections.Progress
	limiter  *httpapi.Limiter // nil: no limits
	turns    *httpapi.Turns
	audit    httpapi.Audit
	metrics  *telemetry.Metrics
	tracing  *telemetry.Tracing
	pulse    *pulse
}

func newSystem(ctx context.Context, c config.Config, d *database, logger *slog.Logger) (_ *system, err error) {
	s := &system{database: d, metrics: telemetry.NewMetrics(version)}
	defer func() {
		if err != nil {
			s.closePools()
		}
	}()
	secrets, err := secretsOf(c)
	if err != nil {
		return nil, err
	}
	signer, err := account.NewSigner(secrets, time.Now)
	if err != nil {
		return nil, fmt.Errorf("the secrets of tokens: %w", err)
	}
	if s.tracing, err = telemetry.NewTracing(ctx, c.TracesExporter, version, logger); err != nil {
		return nil, err
	}
	session, connections := eventstore.Session(c.BookingDelay), c.Transactions+eventstore.Spare
	s.booking, err = d.pool(ctx, "booking", connections, session, eventstore.ConfigureCommits)
	if err != nil {
		return nil, err
	}
	// Accounts are written here, and their COMMITs are confirmed to somebody too.
	session = map[string]string{"statement_timeout": "10s"}
	s.reading, err = d.pool(ctx, "reading", c.ReadConns, session, eventstore.ConfigureCommits)
	if err != nil {
		return nil, err
	}
	if err := s.setAuditUp(ctx, c, logger); err != nil {
		return nil, err
	}
	if c.RateLimits {
		limits := httpapi.Limits{Booking: httpapi.Limit(c.BookingLimit), Address: httpapi.Limit(c.AddressLimit), Login: httpapi.Limit(c.LoginLimit)}
		if s.limiter, err = httpapi.NewLimiter(limits); err != nil {
			return nil, err
		}
	}
	processors := shareProcessors()
	s.turns = httpapi.NewTurns(max(1, processors-1))
	if s.accounts, err = account.New(s.reading, signer, account.Options{HashSlots: max(1, processors/2)}); err != nil {
		return nil, fmt.Errorf("set accounts up: %w", err)
	}
	if s.pulse, err = newPulse(d.url, &d.leader, logger); err != nil {
		return nil, err
	}
	s.wire = projections.NewWire(d.url, s.reading, logger)
	s.progress = projections.NewProgress(s.reading, s.wire, s.pulse.alive, logger)
	s.executor, err = eventstore.NewExecutor(s.booking, eventstore.Model[domain.State, domain.Record]{
		Codec: domain.Codec{}, Evolve: domain.State.Evolve, Size: domain.State.Size,
		Snapshot: domain.State.MarshalBinary, Restore: domain.ReadSnapshot,
	}, eventstore.Options{
		Delay: c.BookingDelay, Transactions: c.Transactions, Queue: c.Queue, Logger: logger,
		Committed: func(int64) { s.wire.Appended() }, Alive: s.pulse.writable,
		Coming:  func() bool { return s.turns.Waiting() > 0 },
		Observe: s.metrics.ObserveBatch, Tracer: s.tracing.Tracer(),
	})
	if err != nil {
		return nil, err
	}
	s.metrics.WatchPool("booking", s.booking)
	s.metrics.WatchPool("reading", s.reading)
	s.metrics.Watch(telemetry.CommandsWaiting, func() int { return s.turns.Waiting() + s.executor.Waiting() })
	s.metrics.Watch(telemetry.CommandQueue, func() int { return c.Queue })
	s.metrics.Watch(telemetry.HashesPending, func() int { pending, _ := s.accounts.PendingHashes(); return pending })
	s.metrics.Watch(telemetry.HashesLimit, func() int { _, limit := s.accounts.PendingHashes(); return limit })
	return s, nil
}

func (s *system) setAuditUp(ctx context.Context, c config.Config, logger *slog.Logger) error {
	keys, err := auditKeys(c, true)
	if errors.Is(err, errNotKept) { // as in a container whose root is read-only; bookings are more than signatures
		logger.Error("the log's checkpoints are not signed until AUDIT_SIGNING_KEY is set", "error", err)
		keys, err = auditKeys(c, false)
	}
	if err != nil {
		return fmt.Errorf("the keys of the audit: %w", err)
	}
	if s.auditing, err = s.database.pool(ctx, "audit", audit.VerifyConnections, nil); err != nil {
		return err
	}
	s.audit = httpapi.Audit{
		Checkpoints: audit.NewCheckpoints(s.reading, keys),
		History:     audit.NewHistory(s.reading),
		Reads:       audit.NewReads(s.reading),
		Runner:      audit.NewRunner(audit.VerifyOptions{Pool: s.auditing, Keys: keys}),
		Log:         s.reading,
	}
	return nil
}

// close finishes what is being booked and lets go of the database. The end of ctx cuts it short.
func (s *system) close(ctx context.Context) error {
	err := s.executor.Close(ctx)
	s.closePools()
	return err
}

func (s *system) closePools() {
	if s.audit.Runner != nil {
		s.audit.Runner.Close()
	}
	for _, p := range []*pgxpool.Pool{s.booking, s.reading, s.auditing} {
		if p != nil {
			p.Close()
		}
	}
	if s.limiter != nil {
		s.limiter.Close()
	}
}

// ready tells whether requests can be served: the database answers and can be written. It has the
// schema of this program since the start.
func (s *system) ready() error { return context.Cause(s.pulse.writable()) }

func (a *app) logger(c config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if f, ok := a.err.(interface{ Fd() uintptr }); ok && term.IsTerminal(int(f.Fd())) {
		return slog.New(slog.NewTextHandler(a.err, options))
	}
	return slog.New(slog.NewJSONHandler(a.err, options))
}
