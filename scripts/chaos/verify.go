package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
	"github.com/boxoffice/boxoffice/scripts/chaos/history"
)

// awaitIdle waits until no booking is under way.
func (h *harness) awaitIdle(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 30*time.Second, errors.New("bookings are still under way"))
	defer cancel()
	return h.withConn(ctx, func(conn *pgx.Conn) error {
		for {
			var open int
			err := conn.QueryRow(ctx, `
				select count(*)
				from pg_stat_activity
				where application_name = 'boxoffice booking' and state <> 'idle'`).Scan(&open)
			if err != nil || open == 0 {
				return err
			}
			if !pause(ctx, 20*time.Millisecond) {
				return context.Cause(ctx)
			}
		}
	})
}

// readFinal fetches everything that the system holds, past its processes, and lets the projections judge
// themselves too.
func (h *harness) readFinal(ctx context.Context, final *history.Final) (violations []history.Violation, err error) {
	pool, err := pgxpool.New(ctx, h.url)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	log := eventstore.NewLog(pool)
	if final.Head, err = log.Head(ctx); err != nil {
		return nil, err
	}
	if violations, err = caughtUp(ctx, pool, final.Head); err != nil {
		return nil, err
	}
	var stored []eventstore.Record
	for after := int64(0); ; {
		page, err := log.After(ctx, after, 10_000)
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			break
		}
		stored = append(stored, page...)
		after = page[len(page)-1].Position
	}
	var damaged []history.Violation
	final.Log, damaged = history.ReadLog(stored)
	violations = append(violations, damaged...)
	for _, p := range projections.All() {
		v, err := engine.Verify(ctx, pool, p)
		if err != nil {
			return nil, err
		}
		if len(v.Mismatches) > 0 || v.Position != final.Head || v.Applied != final.Head {
			violations = append(violations, history.Violation{
				Rule: "a projection is not complete", Detail: fmt.Sprintf("%+v", v),
			})
		}
		parked, err := engine.ParkedStreams(ctx, pool, p.Name(), 10)
		if err != nil {
			return nil, err
		}
		for _, s := range parked {
			violations = append(violations, history.Violation{Rule: "a stream is parked", Detail: fmt.Sprintf("%+v", s)})
		}
	}
	lost, err := h.signups.check(ctx, pool, h.spans.Frozen)
	if err != nil {
		return nil, err
	}
	return append(violations, lost...), readTables(ctx, pool, final)
}

// caughtUp waits until the read models contain the log.
func caughtUp(ctx context.Context, pool *pgxpool.Pool, head int64) ([]history.Violation, error) {
	const within = 20 * time.Second
	for until := time.Now().Add(within); ; {
		var position int64
		err := pool.QueryRow(ctx, `select coalesce(min(position), 0) from projection_checkpoints`).Scan(&position)
		if err != nil {
			return nil, err
		}
		switch {
		case position >= head:
			return nil, nil
		case time.Now().After(until):
			return []history.Violation{{
				Rule:   "the read models do not follow",
				Detail: fmt.Sprintf("they are at %d of %d after %s", position, head, within),
			}}, nil
		case !pause(ctx, 20*time.Millisecond):
			return nil, ctx.Err()
		}
	}
}

func readTables(ctx context.Context, pool *pgxpool.Pool, final *history.Final) error {
	final.Events, final.Bookings = map[uuid.UUID]history.EventRow{}, map[uuid.UUID]history.BookingRow{}
	var id, event, customer [16]byte
	var e history.EventRow
	rows, _ := pool.Query(ctx, `select id, remaining, version from events`)
	if _, err := pgx.ForEachRow(rows, []any{&id, &e.Remaining, &e.Version}, func() error {
		final.Events[id] = e
		return nil
	}); err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	var isCancelled bool
	rows, _ = pool.Query(ctx, `select id, event_id, user_id, status = 'CANCELLED' from bookings`)
	if _, err := pgx.ForEachRow(rows, []any{&id, &event, &customer, &isCancelled}, func() error {
		final.Bookings[id] = history.BookingRow{Event: event, Customer: customer, Cancelled: isCancelled}
		return nil
	}); err != nil {
		return fmt.Errorf("read bookings: %w", err)
	}
	var k history.KeyRow
	rows, _ = pool.Query(ctx, `select owner, stream_id, name, version from idempotency_keys`)
	if _, err := pgx.ForEachRow(rows, []any{&customer, &event, &k.Key, &k.Version}, func() error {
		k.Customer, k.Event = customer, event
		final.Keys = append(final.Keys, k)
		return nil
	}); err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	return nil
}

// finish repairs everything, waits until all is well, lets everybody who still wants a ticket ask for
// it, and reads what there is.
func (h *harness) finish(ctx context.Context, r *report) ([]history.Violation, error) {
	h.mu.Lock()
	began, violations := time.Now(), slices.Clone(h.violations)
	h.mu.Unlock()
	for _, n := range h.nodes {
		n.signal(syscall.SIGCONT)
	}
	for _, l := range h.links {
		if err := l.heal(); err != nil {
			return violations, err
		}
	}
	for _, n := range h.nodes {
		if err := n.waitReady(ctx, h.options.healthy-time.Since(began)); err != nil {
			violations = append(violations, history.Violation{Rule: "not healthy again", Detail: err.Error()})
		}
	}
	r.healthy = time.Since(began)
	// What is still under way from the time of the faults ends here, and a stop in order is part of
	// what must work. One process stays the same: it must have recovered by itself.
	for _, n := range h.nodes[1:] {
		if err := n.restart(ctx); err != nil {
			return violations, err
		}
	}
	if err := h.awaitIdle(ctx); err != nil {
		return violations, err
	}
	closing, cancel := context.WithTimeout(ctx, 2*h.options.healthy)
	defer cancel()
	if err := h.endClaims(closing); err != nil {
		return violations, err
	}
	var last sync.WaitGroup
	for _, c := range h.customers {
		last.Go(func() { c.bookAll(closing) })
	}
	last.Wait()
	if h.options.sabotage != "" {
		err := h.withConn(ctx, func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, h.options.sabotage)
			return err
		})
		if err != nil {
			return violations, err
		}
	}
	r.final.Spans = h.spans
	found, err := h.readFinal(ctx, &r.final)
	return append(violations, found...), err
}
