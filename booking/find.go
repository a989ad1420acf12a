package booking

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/projections"
)

// FindBooking asks the read model. A booking that is not there may be on its way: nobody is told
// that it does not exist before the read model contains everything that was in the log when they
// asked. Until then, and while a stream is parked, which may hold it, the error is [ErrCatchingUp].
func (s *Service) FindBooking(ctx context.Context, id uuid.UUID) (*projections.Booking, error) {
	return find(ctx, s, id, s.Bookings, domain.ErrBookingNotFound)
}

// FindHold is [Service.FindBooking] for a hold or an offer.
func (s *Service) FindHold(ctx context.Context, id uuid.UUID) (*projections.Hold, error) {
	return find(ctx, s, id, s.Holds, domain.ErrHoldNotFound)
}

// EventOf tells which stream a hold or an offer is in; the stream decides what has become of it.
func (s *Service) EventOf(ctx context.Context, hold uuid.UUID) (event uuid.UUID, err error) {
	found, err := s.FindHold(ctx, hold)
	if err != nil {
		return event, err
	}
	return found.EventID, nil
}

// readModel has rows with ids.
type readModel[Row any] interface {
	Get(ctx context.Context, id uuid.UUID) (*Row, error)
	Lacks(ctx context.Context) (bool, error)
}

func find[Row any](
	ctx context.Context, s *Service, id uuid.UUID, in readModel[Row], missing domain.Refusal,
) (*Row, error) {
	found, err := in.Get(ctx, id)
	if !errors.Is(err, projections.ErrNotFound) {
		return found, err
	}
	if err := s.caughtUp(ctx); err != nil {
		return nil, err
	}
	// In this order: a stream that is no longer parked has its rows in the read model.
	lacks, err := in.Lacks(ctx)
	if err != nil {
		return nil, err
	}
	found, err = in.Get(ctx, id)
	switch {
	case !errors.Is(err, projections.ErrNotFound):
		return found, err
	case lacks:
		return nil, ErrCatchingUp
	}
	return nil, missing
}

// caughtUp waits until the read models contain all that is in the log by now. The error is
// [ErrCatchingUp] when they don't in time.
func (s *Service) caughtUp(ctx context.Context) error {
	head, err := s.Log.Head(ctx)
	if err != nil {
		return err
	}
	if s.WaitFor(ctx, head) < head {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return ErrCatchingUp
	}
	return nil
}
