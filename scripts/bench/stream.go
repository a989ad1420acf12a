package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// stream is a closed loop: so many customers wait at any moment, and each that has an answer asks
// again. Tickets never run out.
type stream struct {
	events    int
	customers int // 0: as many as connections
	warmUp    time.Duration
	measured  time.Duration
}

// plenty of tickets: an event can't have more, and no run sells as many.
const plenty = domain.MaxCapacity

func (s stream) String() string {
	who, what := fmt.Sprintf("%d customers waiting", s.customers), grouped(float64(s.events))+" events"
	if s.customers == 1 {
		who = "one customer at a time"
	}
	if s.events == 1 {
		what = "one event"
	}
	return who + ", " + what + ", no delay"
}

// by runs a strategy with a fixed number of connections.
func (s stream) by(st strategy, connections int) entry {
	return entry{st.name(), func(ctx context.Context, db *database) (measurement, error) {
		return s.run(ctx, st, db, connections)
	}}
}

// byBest runs a strategy with the number of connections that is best for it. It is sought once, in
// the first round.
func (s stream) byBest(st strategy, candidates ...int) entry {
	best := 0
	return entry{st.name(), func(ctx context.Context, db *database) (m measurement, err error) {
		if best == 0 {
			if best, err = s.search(ctx, st, db, candidates); err != nil {
				return m, fmt.Errorf("search for the best number of connections: %w", err)
			}
		}
		m, err = s.run(ctx, st, db, best)
		m.note = fmt.Sprintf("%d connections", best)
		return m, err
	}}
}

// search tries each number for a short while, in databases of their own.
func (s stream) search(ctx context.Context, st strategy, db *database, candidates []int) (int, error) {
	short := s
	short.warmUp, short.measured = s.measured/20, s.measured/5
	best, most := candidates[0], 0.0
	for _, n := range candidates {
		m, err := db.server.measure(ctx, short.by(st, n))
		if err != nil {
			return 0, err
		}
		if m.perSecond() > most {
			best, most = n, m.perSecond()
		}
	}
	return best, nil
}

func (s stream) prepare(ctx context.Context, st strategy, db *database) error {
	if err := st.prepare(ctx, db, eventIDs(s.events), plenty); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	return db.quiesce(ctx)
}

func (s stream) run(ctx context.Context, st strategy, db *database, connections int) (m measurement, err error) {
	if err := s.prepare(ctx, st, db); err != nil {
		return m, err
	}
	seller, err := st.open(ctx, db.url, 0, connections)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, seller.close(ctx)) }()

	n := s.customers
	if n == 0 {
		n = connections
	}
	w := windowAfter(s.warmUp, s.measured)
	t, err := loop(ctx, newCustomers(0, n), w, book(seller, eventIDs(s.events)))
	if err != nil {
		return m, err
	}
	m = t.measurement(s.measured)
	m.extra = seller.extra()
	m.extra["connections"] = float64(connections)
	return m, checkStream(ctx, st, db, t.sold, t.refused)
}

// checkStream fails when a customer was refused, or was told of a booking that there is not.
func checkStream(ctx context.Context, st strategy, db *database, sold, refused int) error {
	if refused > 0 {
		return fmt.Errorf("%d customers were refused, and no event was sold out", refused)
	}
	return audited(ctx, st, db, plenty, sold)
}

// book asks for a ticket of any event.
func book(s seller, events []uuid.UUID) ask {
	return func(ctx context.Context, c *customer) (int, error) {
		return s.book(ctx, c.order(events[c.random.IntN(len(events))]))
	}
}
