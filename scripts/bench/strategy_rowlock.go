package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// rowLock is the way of the textbook: a counter in the event's row, locked from reading to
// committing. There are no foreign keys, which would only slow it down.
type rowLock struct{}

func (rowLock) name() string { return "row-lock" }

func (rowLock) prepare(ctx context.Context, db *database, events []uuid.UUID, tickets int) error {
	_, err := db.conn.Exec(ctx, `
		create schema bench;
		create table bench.events (
			id        uuid primary key,
			capacity  int  not null,
			remaining int  not null check (remaining >= 0)
		);
		create table bench.bookings (
			id          uuid        primary key,
			event_id    uuid        not null,
			customer_id uuid        not null,
			created_at  timestamptz not null default now(),
			unique (event_id, customer_id)
		)`)
	if err != nil {
		return err
	}
	_, err = db.conn.Exec(ctx, `insert into bench.events select id, $2, $2 from unnest($1::uuid[]) id`,
		arrays(events), tickets)
	return err
}

type rowLockSeller struct {
	pooled
	delay time.Duration
}

func (rowLock) open(ctx context.Context, url string, delay time.Duration, connections int) (seller, error) {
	pool, err := openPooled(ctx, url, connections)
	return &rowLockSeller{pool, delay}, err
}

func (s *rowLockSeller) book(ctx context.Context, o order) (sold int, err error) {
	err = pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		var remaining int
		err := tx.QueryRow(ctx, `select remaining from bench.events where id = $1 for update`,
			[16]byte(o.event)).Scan(&remaining)
		if err != nil || remaining == 0 {
			return err
		}
		var booked bool
		err = tx.QueryRow(ctx, `select exists (select from bench.bookings where event_id = $1 and customer_id = $2)`,
			[16]byte(o.event), [16]byte(o.person)).Scan(&booked)
		if err != nil || booked {
			return err
		}
		if err := pay(ctx, s.delay); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `update bench.events set remaining = remaining - 1 where id = $1`, [16]byte(o.event))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into bench.bookings (id, event_id, customer_id) values ($1, $2, $3)`,
			[16]byte(o.booking), [16]byte(o.event), [16]byte(o.person))
		sold = 1
		return err
	})
	return sold, err
}

func (rowLock) audit(ctx context.Context, db *database, tickets int) (sold int, err error) {
	var wrong int
	err = db.conn.QueryRow(ctx, `
		select coalesce(sum(booked), 0), count(*) filter (where booked > $1 or booked + remaining <> capacity)
		from (
			select capacity, remaining, (select count(*) from bench.bookings where event_id = events.id) as booked
			from bench.events
		) events`, tickets).Scan(&sold, &wrong)
	if err == nil && wrong > 0 {
		err = fmt.Errorf("%d events are oversold or have another counter than bookings", wrong)
	}
	return sold, err
}

// pay is the delay inside the transaction.
func pay(ctx context.Context, delay time.Duration) error {
	if delay == 0 {
		return nil
	}
	select {
	case <-time.After(delay):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// arrays gives ids a type that pgx writes without looking for methods.
func arrays(ids []uuid.UUID) [][16]byte {
	out := make([][16]byte, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}
