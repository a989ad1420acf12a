package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// shared is this project's way: the executor lets the bookings that arrive together share a
// transaction. It is called as a library, like the rivals, and without HTTP.
type shared struct{}

func (shared) name() string { return "shared" }

type sharedSeller struct {
	pool     *pgxpool.Pool
	executor *eventstore.Executor[domain.State, domain.Record]
	service  *booking.Service // nothing projects, so it does not wait for read models

	batches, commands, retries atomic.Int64 // counted once for each batch
}

func (shared) open(ctx context.Context, url string, delay time.Duration, connections int) (seller, error) {
	return openShared(ctx, url, delay, connections)
}

func openShared(ctx context.Context, url string, delay time.Duration, connections int) (_ *sharedSeller, err error) {
	s := &sharedSeller{}
	if s.pool, err = openPool(ctx, url, connections, eventstore.Session(delay)); err != nil {
		return nil, err
	}
	s.executor, err = eventstore.NewExecutor(s.pool, booking.Model(), eventstore.Options{
		Delay: delay,
		Observe: func(b eventstore.BatchStats) {
			s.batches.Add(1)
			s.commands.Add(int64(b.Commands))
			s.retries.Add(int64(max(0, b.Attempts-1)))
		},
	})
	if err != nil {
		s.pool.Close()
		return nil, err
	}
	s.service = &booking.Service{Executor: s.executor, Now: time.Now}
	return s, nil
}

func (s *sharedSeller) book(ctx context.Context, o order) (int, error) {
	book := booking.Book{EventID: o.event, BookingID: o.booking}
	_, err := s.service.Book(ctx, booking.Request{Actor: o.person, CorrelationID: "bench"}, book)
	switch {
	case err == nil:
		return 1, nil
	case errors.Is(err, domain.ErrSoldOut):
		return 0, nil
	}
	return 0, err
}

func (s *sharedSeller) close(ctx context.Context) error {
	defer s.pool.Close()
	return s.executor.Close(ctx)
}

func (s *sharedSeller) extra() map[string]float64 {
	batches := float64(s.batches.Load())
	return map[string]float64{
		"batches": batches, "commands_per_batch": float64(s.commands.Load()) / max(1, batches),
		"retried_batches": float64(s.retries.Load()),
	}
}

// prepare schedules the events the way the program does.
func (shared) prepare(ctx context.Context, db *database, events []uuid.UUID, tickets int) error {
	s, err := openShared(ctx, db.url, 0, eventstore.ReservedConns)
	if err != nil {
		return err
	}
	schedule := booking.Schedule{Capacity: tickets, Details: domain.Details{
		Title: "Concert", Venue: "Hall", StartsAt: time.Now().AddDate(1, 0, 0),
		Currency: "EUR", TicketTypes: domain.GeneralAdmission(4200),
	}}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(waiting)
	for _, id := range events {
		group.Go(func() error {
			mine := schedule
			mine.EventID = id
			_, err := s.service.Schedule(groupCtx, booking.Request{CorrelationID: "bench"}, mine)
			return err
		})
	}
	return errors.Join(group.Wait(), s.close(ctx))
}

func (shared) audit(ctx context.Context, db *database, tickets int) (sold int, err error) {
	var records, head int64
	var wrong int
	err = db.conn.QueryRow(ctx, `
		select coalesce(sum(booked), 0), coalesce(sum(records), 0), (select position from log_head),
			count(*) filter (where booked > $1 or records <> newest)
		from (
			select count(*) filter (where type in ('TicketBooked', 'HoldConfirmed')) as booked,
				count(*) as records, max(version) as newest
			from event_log
			group by stream_id
		) streams`, tickets).Scan(&sold, &records, &head, &wrong)
	switch {
	case err != nil:
		return 0, err
	case wrong > 0:
		return 0, fmt.Errorf("%d streams are oversold or have a gap", wrong)
	case records != head:
		return 0, fmt.Errorf("the log has %d records, and its head is at %d", records, head)
	}
	return sold, nil
}
