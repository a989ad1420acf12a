package booking

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/projections"
)

// FindBooking looks a booking up in the read model. It reports that there is none only when the read
// model contains everything that was in the log at the call. Until then, and while a parked stream may
// contain it, the error is [ErrCatchingUp].
func (s *Service) FindBooking(ctx context.Context, id uuid.UUID) (*projections.Booking, error) {
	return find(ctx, s, id, s.Bookings, domain.ErrBookingNotFound)
}

// FindHold is [Service.FindBooking] for a hold or an offer.
func (s *Service) FindHold(ctx context.Context, id uuid.UUID) (*projections.Hold, error) {
	return find(ctx, s, id, s.Holds, domain.ErrHoldNotFound)
}

// FindEntry is [Service.FindBooking] for an entry on a waiting list.
func (s *Service) FindEntry(ctx context.Context, id uuid.UUID) (*projections.Entry, error) {
	return find(ctx, s, id, s.Waitlist, domain.ErrEntryNotFound)
}

// readModel has rows with ids.
type readModel[Row any] interface {
	Get(ctx context.Context, id uuid.UUID) (*Row, error)
	Lacks(ctx context.Context) (bool, error)
}

func find[Row any](
	ctx context.Context, s *Service, id uuid.UUID, in readModel[Row], missing domain.Refusal,
) (*Row, error) {
	s.WaitForAnswered(ctx)
	found, err := in.Get(ctx, id)
	if !errors.Is(err, projections.ErrNotFound) {
		return found, err
	}
	if err := s.caughtUp(ctx); err != nil {
		return nil, err
	}
	// Lacks goes first: the rows of a stream that is unparked meanwhile are found by the second Get.
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

// caughtUp waits until the read models have reached the present end of the log. The error is
// [ErrCatchingUp] if that takes too long.
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
