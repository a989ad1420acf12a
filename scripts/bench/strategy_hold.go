package main

import (
	"context"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// held books in two steps: it sets a ticket aside, and confirms that. Nothing projects here, so it
// confirms with the command of [booking.Service.Confirm], without its payment and without the query
// of the read model that finds the hold.
type held struct{ shared }

func (held) name() string { return "hold" }

type heldSeller struct{ *sharedSeller }

func (held) open(ctx context.Context, url string, delay time.Duration, connections int) (seller, error) {
	s, err := openShared(ctx, url, delay, connections)
	if err != nil {
		return nil, err
	}
	return heldSeller{s}, nil
}

func (s heldSeller) book(ctx context.Context, o order) (int, error) {
	hold, err := s.service.Hold(ctx, booking.Request{Actor: o.person, CorrelationID: "bench"},
		booking.Hold{EventID: o.event})
	if err != nil {
		return 0, err
	}
	confirm := domain.ConfirmHold{HoldID: hold.Hold.ID, CustomerID: o.person, Now: s.service.Now()}
	_, err = s.executor.Execute(ctx, eventstore.Command[domain.State, domain.Record]{
		StreamID: o.event, Immediate: true,
		Metadata: eventstore.Metadata{Actor: o.person, CorrelationID: "bench"},
		Decide:   func(state domain.State) ([]domain.Record, error) { return domain.Decide(confirm, state) },
	})
	if err != nil {
		return 0, err
	}
	return 1, nil
}
