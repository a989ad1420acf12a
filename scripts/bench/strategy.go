package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
)

// strategy is a way of selling tickets.
type strategy interface {
	name() string
	// prepare makes tables and events, each with so many tickets.
	prepare(ctx context.Context, db *database, events []uuid.UUID, tickets int) error
	open(ctx context.Context, url string, delay time.Duration, connections int) (seller, error)
	// audit counts the bookings that the database holds, and fails when they contradict each other
	// or an event is oversold.
	audit(ctx context.Context, db *database, tickets int) (sold int, err error)
}

// seller is a strategy that is ready to sell.
type seller interface {
	book(context.Context, order) (sold int, err error) // 0: refused, there is no ticket left
	close(context.Context) error
	// extra tells more about how the selling went.
	extra() map[string]float64
}

// pooled is a seller's pool, for those that have nothing to tell and nothing to wait for.
type pooled struct{ *pgxpool.Pool }

func openPooled(ctx context.Context, url string, connections int) (pooled, error) {
	pool, err := openPool(ctx, url, connections, planner())
	return pooled{pool}, err
}

func (p pooled) close(context.Context) error { p.Close(); return nil } //nolint:unparam // as sellers close
func (pooled) extra() map[string]float64     { return map[string]float64{} }

// audited checks that the database holds what the customers were told.
func audited(ctx context.Context, s strategy, db *database, tickets, told int) error {
	held, err := s.audit(ctx, db, tickets)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if held != told {
		return fmt.Errorf("customers were told of %d bookings, and the database holds %d", told, held)
	}
	return nil
}
