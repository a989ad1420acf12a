package booking

import (
	"context"
	"errors"

	"github.com/boxoffice/boxoffice/domain"
)

// CancelUpcoming cancels the actor's bookings of events that have not begun. When it fails, some are
// cancelled; the same call again goes on with the others. The error is [ErrCatchingUp] while the
// read models may not show all of them.
func (s *Service) CancelUpcoming(ctx context.Context, r Request) error {
	if err := s.caughtUp(ctx); err != nil {
		return err
	}
	ids, err := s.Bookings.Upcoming(ctx, r.Actor, s.Now())
	if err != nil {
		return err
	}
	for _, id := range ids {
		_, err := s.CancelBooking(ctx, r, id)
		var refused domain.Refusal
		if err != nil && !errors.As(err, &refused) { // refused: the event has begun or was called off since
			return err
		}
	}
	return nil
}
