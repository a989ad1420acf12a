package booking

import (
	"context"

	"github.com/google/uuid"
)

// CancelErased gives back what users who were deleted still have, as [Service.CancelUpcoming] does.
// A booking that was in its delay while its user was deleted is made afterwards, by whichever process
// has it. So this is called now and then for as long as a request of theirs can be on its way; it
// costs one query while there is nothing.
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
