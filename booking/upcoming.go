package booking

import (
	"context"
	"errors"

	"github.com/boxoffice/boxoffice/domain"
)

// CancelUpcoming cancels all that the actor has of events that have not begun: bookings, holds,
// offers, and places on waiting lists. If it fails, some are cancelled, and another call continues
// with the others. The error is [ErrCatchingUp] while the read models may not show all of them.
func (s *Service) CancelUpcoming(ctx context.Context, r Request) error {
	if err := s.caughtUp(ctx); err != nil {
		return err
	}
	bookings, err := s.Bookings.Upcoming(ctx, r.Actor, s.Now())
	if err != nil {
		return err
	}
	holds, err := s.Holds.OfUser(ctx, r.Actor, s.Now())
	if err != nil {
		return err
	}
	entries, err := s.Waitlist.OfUser(ctx, r.Actor, s.Now())
	if err != nil {
		return err
	}
	// Waiting lists go first: the tickets that are returned must not be offered to the actor.
	for i := range entries {
		if _, err := s.LeaveWaitlist(ctx, r, entries[i].EventID); !isDone(err) {
			return err
		}
	}
	for i := range holds {
		if _, err := s.Release(ctx, r, holds[i].ID); !isDone(err) {
			return err
		}
	}
	for _, id := range bookings {
		if _, err := s.CancelBooking(ctx, r, id); !isDone(err) {
			return err
		}
	}
	return nil
}

// isDone reports whether nothing is left to cancel: it is cancelled, or it can't be, because the event
// has begun or was cancelled meanwhile.
func isDone(err error) bool {
	var refused domain.Refusal
	return err == nil || errors.As(err, &refused)
}
