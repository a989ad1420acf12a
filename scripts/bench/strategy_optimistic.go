package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// optimistic has one transaction for each booking as well, but no lock: it appends with the version
// that it expects, and when another was faster, it reads and decides again, without a second delay.
// A record carries what remains after it, so that reading takes the newest record only.
type optimistic struct{}

func (optimistic) name() string { return "optimistic" }

func (optimistic) prepare(ctx context.Context, db *database, events []uuid.UUID, tickets int) error {
	_, err := db.conn.Exec(ctx, `
		create schema bench;
		create table bench.records (
			event_id    uuid        not null,
			version     int         not null,
			remaining   int         not null check (remaining >= 0),
			booking_id  uuid,
			customer_id uuid,
			recorded_at timestamptz not null default now(),
			primary key (event_id, version),
			unique (event_id, customer_id)
		)`)
	if err != nil {
		return err
	}
	_, err = db.conn.Exec(ctx, `
		insert into bench.records (event_id, version, remaining) select id, 1, $2 from unnest($1::uuid[]) id`,
		arrays(events), tickets)
	return err
}

type optimisticSeller struct {
	pooled
	delay     time.Duration
	conflicts atomic.Int64
}

func (optimistic) open(ctx context.Context, url string, delay time.Duration, connections int) (seller, error) {
	pool, err := openPooled(ctx, url, connections)
	return &optimisticSeller{pooled: pool, delay: delay}, err
}

func (s *optimisticSeller) book(ctx context.Context, o order) (sold int, err error) {
	delay := s.delay
	for {
		sold, err = s.attempt(ctx, o, delay)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) || refused.ConstraintName != "records_pkey" {
			return sold, err
		}
		s.conflicts.Add(1)
		delay = 0
	}
}

func (s *optimisticSeller) attempt(ctx context.Context, o order, delay time.Duration) (sold int, err error) {
	err = pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		var version, remaining int
		var booked bool
		err := tx.QueryRow(ctx, `
			select version, remaining, exists (select from bench.records where event_id = $1 and customer_id = $2)
			from bench.records
			where event_id = $1
			order by version desc
			limit 1`, [16]byte(o.event), [16]byte(o.person)).Scan(&version, &remaining, &booked)
		if err != nil || booked || remaining == 0 {
			return err
		}
		if err := pay(ctx, delay); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into bench.records (event_id, version, remaining, booking_id, customer_id) values ($1, $2, $3, $4, $5)`,
			[16]byte(o.event), version+1, remaining-1, [16]byte(o.booking), [16]byte(o.person))
		sold = 1
		return err
	})
	if err != nil {
		return 0, err
	}
	return sold, nil
}

func (s *optimisticSeller) extra() map[string]float64 {
	return map[string]float64{"conflicts": float64(s.conflicts.Load())}
}

func (optimistic) audit(ctx context.Context, db *database, tickets int) (sold int, err error) {
	var wrong int
	err = db.conn.QueryRow(ctx, `
		select coalesce(sum(booked), 0),
			count(*) filter (where booked > $1 or booked + remaining <> $1 or booked + 1 <> newest)
		from (
			select count(booking_id) as booked, min(remaining) as remaining, max(version) as newest
			from bench.records
			group by event_id
		) events`, tickets).Scan(&sold, &wrong)
	if err == nil && wrong > 0 {
		err = fmt.Errorf("%d events are oversold or have a gap", wrong)
	}
	return sold, err
}
