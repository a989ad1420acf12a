package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/term"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/projections"
)

// system is everything between the database and the network.
type system struct {
	database *database
	booking  *pgxpool.Pool // of the executor alone
	reading  *pgxpool.Pool // of queries and accounts

	executor *eventstore.Executor[domain.State, domain.Record]
	signer   *account.Signer
	accounts *account.Accounts
	wire     *projections.Wire
	progress *projections.Progress
	limiter  *httpapi.Limiter // nil: no limits
	pulse    *pulse
}

func newSystem(ctx context.Context, c config.Config, d *database, logger *slog.Logger) (_ *system, err error) {
	s := &system{database: d}
	defer func() {
		if err != nil {
			s.closePools()
		}
	}()
	secrets, err := secretsOf(c)
	if err != nil {
		return nil, err
	}
	if s.signer, err = account.NewSigner(secrets, time.Now); err != nil {
		return nil, fmt.Errorf("the secrets of tokens: %w", err)
	}
	if s.booking, err = d.pool(ctx, "booking", c.Transactions+eventstore.Spare, eventstore.Session(c.BookingDelay)); err != nil {
		return nil, err
	}
	if s.reading, err = d.pool(ctx, "reading", c.ReadConns, map[string]string{"statement_timeout": "10s"}); err != nil {
		return nil, err
	}
	if c.RateLimits {
		limits := httpapi.Limits{Booking: httpapi.Limit(c.BookingLimit), Address: httpapi.Limit(c.AddressLimit), Login: httpapi.Limit(c.LoginLimit)}
		if s.limiter, err = httpapi.NewLimiter(limits); err != nil {
			return nil, err
		}
	}
	if s.accounts, err = account.New(s.reading, s.signer, account.Options{}); err != nil {
		return nil, fmt.Errorf("set accounts up: %w", err)
	}
	if s.pulse, err = newPulse(d.url, logger); err != nil {
		return nil, err
	}
	s.wire = projections.NewWire(d.url, s.reading, logger)
	s.progress = projections.NewProgress(s.reading, s.wire, logger)
	s.executor, err = eventstore.NewExecutor(s.booking, eventstore.Model[domain.State, domain.Record]{
		Codec: domain.Codec{}, Evolve: domain.State.Evolve, Size: domain.State.Size,
		Snapshot: domain.State.MarshalBinary, Restore: domain.ReadSnapshot,
	}, eventstore.Options{
		Delay: c.BookingDelay, Transactions: c.Transactions, Queue: c.Queue, Logger: logger,
		Committed: func(int64) { s.wire.Appended() }, Alive: s.pulse.alive,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// close finishes what is being booked and lets go of the database. The end of ctx cuts it short.
func (s *system) close(ctx context.Context) error {
	err := s.executor.Close(ctx)
	s.closePools()
	return err
}

func (s *system) closePools() {
	for _, p := range []*pgxpool.Pool{s.booking, s.reading} {
		if p != nil {
			p.Close()
		}
	}
	if s.limiter != nil {
		_ = s.limiter.Close() // it has nothing to lose
	}
}

// ready tells whether requests can be served: the database answers. It has the schema of this program since the start.
func (s *system) ready() error { return context.Cause(s.pulse.alive()) }

func (a *app) logger(c config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if f, ok := a.err.(interface{ Fd() uintptr }); ok && term.IsTerminal(int(f.Fd())) {
		return slog.New(slog.NewTextHandler(a.err, options))
	}
	return slog.New(slog.NewJSONHandler(a.err, options))
}
