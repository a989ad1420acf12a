package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// sale is a rush: all customers ask at once, each for one ticket of one event.
type sale struct {
	events, tickets, customers int // tickets of each event
	delay                      time.Duration
}

// part is a smaller sale with the same proportions. The full one takes factor times as long for a
// strategy that sells one ticket after the other.
func (s sale) part(customers int) (part sale, factor float64) {
	customers = min(customers, s.customers)
	factor = float64(s.customers) / float64(customers)
	part = s
	part.customers = customers
	if s.events > 1 {
		part.events = max(1, customers*s.events/s.customers)
	} else {
		part.tickets = max(1, customers*s.tickets/s.customers)
	}
	return part, factor
}

// due is how many bookings there must be in the end.
func (s sale) due() int { return min(s.tickets*s.events, s.customers) }

// whole runs a sale in full.
func (s sale) whole(by strategy) entry {
	return entry{by.name(), func(ctx context.Context, db *database) (measurement, error) { return s.run(ctx, by, db) }}
}

// extrapolated runs a part of a sale, with so many customers, and stretches the result.
func (s sale) extrapolated(by strategy, customers int) entry {
	part, factor := s.part(customers)
	return entry{by.name(), func(ctx context.Context, db *database) (measurement, error) {
		m, err := part.run(ctx, by, db)
		if factor > 1 {
			m.factor = factor
			m.note = fmt.Sprintf("extrapolated from %d of %d customers", part.customers, s.customers)
		}
		return m, err
	}}
}

func (s sale) run(ctx context.Context, by strategy, db *database) (m measurement, err error) {
	// The warm-up sells tickets of other events, one for each connection and at once, so that every
	// connection has been used.
	all := eventIDs(s.events + connections)
	events, others := all[:s.events], all[s.events:]
	if err := by.prepare(ctx, db, all, s.tickets); err != nil {
		return m, fmt.Errorf("prepare: %w", err)
	}
	seller, err := by.open(ctx, db.url, s.delay, connections)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, seller.close(ctx)) }()
	book := func(from []uuid.UUID) ask {
		return func(ctx context.Context, c *customer) (int, error) {
			return seller.book(ctx, c.order(from[c.number%len(from)]))
		}
	}
	early, _, err := rush(ctx, newCustomers(s.customers, connections), book(others))
	if err != nil {
		return m, fmt.Errorf("warm-up: %w", err)
	}
	if err := db.quiesce(ctx); err != nil {
		return m, err
	}
	t, wall, err := rush(ctx, newCustomers(0, s.customers), book(events))
	if err != nil {
		return m, err
	}
	m = t.measurement(wall)
	m.extra = seller.extra()
	if err := s.check(m.count); err != nil {
		return m, err
	}
	return m, audited(ctx, by, db, s.tickets, early.sold+m.count)
}

// check fails when more or fewer customers got a ticket than should have.
func (s sale) check(sold int) error {
	if sold == s.due() {
		return nil
	}
	return fmt.Errorf("%d of %d customers got one of %d tickets, and %d should have",
		sold, s.customers, s.events*s.tickets, s.due())
}
