package booking

import (
	"context"

	"github.com/google/uuid"
)

// CancelErased cancels what deleted users still have, as [Service.CancelUpcoming] does. A booking that
// was in its delay when its user was deleted is made after that. So this is called periodically for as
// long as such a request can be running; it costs one query while there is nothing to cancel.
func (s *Service) CancelErased(ctx context.Context, users []uuid.UUID) error {
	if len(users) == 0 {
		return nil
	}
	have, err := s.Bookings.StillHave(ctx, users, s.Now())
	if err != nil {
		return err
	}
	for _, user := range have {
		if err := s.CancelUpcoming(ctx, Request{Actor: user, CorrelationID: uuid.NewString()}); err != nil {
			return err
		}
	}
	return nil
}
