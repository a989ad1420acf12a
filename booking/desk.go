package booking

import (
	"context"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// BookFor books tickets for somebody else, as an organizer who sells at the door does.
type BookFor struct {
	EventID    uuid.UUID
	CustomerID uuid.UUID
	Lines      domain.Lines // none: one ticket of the first type
}

// BookFor books tickets for a customer by the rules that customers have, except for the proof of
// work: the organizer vouches for the customer. It does not share the delay of bookings.
func (s *Service) BookFor(ctx context.Context, r Request, c BookFor) (Result, error) {
	id := uuid.Must(uuid.NewV7())
	book := domain.BookTicket{
		BookingID: id, CustomerID: c.CustomerID, Lines: c.Lines, Now: s.Now(), WorkProved: true, OfferTime: s.HoldTime,
	}
	cmd := command{StreamID: c.EventID, Decide: decider(book)}
	return s.executeAs(ctx, r, domain.RoleSell, "book for", cmd, madeBooking(c.EventID, id, c.CustomerID))
}

// CancelBookingOf returns the tickets of a customer's booking, for an organizer with a reason.
// Cancelling again changes nothing.
func (s *Service) CancelBookingOf(
	ctx context.Context, r Request, eventID, bookingID uuid.UUID, reason string,
) (Result, error) {
	// This goes first, so that actors without the role don't learn which bookings exist.
	if _, err := s.Look(ctx, r, eventID, domain.RoleSell); err != nil {
		return Result{}, err
	}
	found, err := s.FindBooking(ctx, bookingID)
	if err == nil && found.EventID != eventID {
		err = domain.ErrBookingNotFound
	}
	if err != nil {
		return Result{}, err
	}
	cancel := domain.CancelBookingOf{
		BookingID: bookingID, By: r.Actor, Reason: reason, Now: s.Now(), OfferTime: s.HoldTime,
	}
	cmd := command{StreamID: eventID, Decide: decider(cancel)}
	return s.executeAs(ctx, r, domain.RoleSell, "cancel booking of", cmd, cancelledBooking(found))
}

// SendMessage writes to everybody who has tickets. A reactor sends the mails afterwards.
func (s *Service) SendMessage(ctx context.Context, r Request, eventID uuid.UUID, subject, text string) (Result, error) {
	send := domain.SendMessage{By: r.Actor, Subject: subject, Text: text, Now: s.Now()}
	cmd := command{StreamID: eventID, Decide: decider(send)}
	return s.executeAs(ctx, r, domain.RoleManage, "send message", cmd, func(o outcome) Result {
		result := eventResult(eventID)(o)
		if record, ok := recordOf(o, domain.TypeMessageSent); ok {
			result.Message.Position = record.Position
			result.Message.MessageSent, _ = valueOf(record).(domain.MessageSent)
		}
		return result
	})
}
