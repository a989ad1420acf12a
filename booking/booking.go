package booking

import (
	"cmp"
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections"
)

// Book books one ticket for the actor.
type Book struct {
	EventID   uuid.UUID
	BookingID uuid.UUID // zero: a new one. The same one again changes nothing
	Immediate bool      // does not share the delay of bookings

	WorkProved bool // see [domain.BookTicket]
}

// Book books a ticket.
func (s *Service) Book(ctx context.Context, r Request, c Book) (Result, error) {
	id := cmp.Or(c.BookingID, uuid.Must(uuid.NewV7()))
	book := domain.BookTicket{BookingID: id, CustomerID: r.Actor, Now: s.Now(), WorkProved: c.WorkProved}
	cmd := command{StreamID: c.EventID, Decide: decider(book), Immediate: c.Immediate}
	result, err := s.execute(ctx, r, "book", cmd, func(o outcome) Result {
		made := projections.Booking{
			ID: id, EventID: c.EventID, UserID: r.Actor, Status: projections.BookingConfirmed, Version: o.Version,
		}
		if len(o.Records) > 0 {
			made.CreatedAt = o.Records[0].RecordedAt
		}
		return Result{Event: eventOf(c.EventID, o), Booking: made, Position: o.Position}
	})
	if err != nil || result.Replayed != nil || !result.Booking.CreatedAt.IsZero() || s.Progress == nil {
		return result, err
	}
	result.Booking, err = s.lookUp(ctx, id)
	return result, err
}

// lookUp reads a booking that was in its stream already, made by an earlier Book with the same
// BookingID.
func (s *Service) lookUp(ctx context.Context, id uuid.UUID) (projections.Booking, error) {
	ctx, cancel := context.WithTimeout(ctx, MaxWait)
	defer cancel()
	found, err := s.FindBooking(ctx, id)
	if err != nil {
		// The booking stands, so the error must not be one that says that nothing has happened.
		return projections.Booking{}, fmt.Errorf("%w: look up booking %s: %s", eventstore.ErrOutcomeUnknown, id, err.Error())
	}
	return *found, nil
}

// CancelBooking returns the ticket of a booking, which must be the actor's. Cancelling again
// changes nothing.
func (s *Service) CancelBooking(ctx context.Context, r Request, bookingID uuid.UUID) (Result, error) {
	// The read model only says which stream the booking is in; the stream decides.
	found, err := s.FindBooking(ctx, bookingID)
	if err != nil {
		return Result{}, err
	}
	cancel := domain.CancelBooking{BookingID: bookingID, CustomerID: r.Actor, Now: s.Now()}
	cmd := command{StreamID: found.EventID, Decide: decider(cancel), Immediate: true}
	return s.execute(ctx, r, "cancel booking", cmd, func(o outcome) Result {
		cancelled := *found
		cancelled.Status = projections.BookingCancelled
		if len(o.Records) > 0 {
			cancelled.CancelledAt, cancelled.Version = &o.Records[0].RecordedAt, o.Version
		}
		return Result{Event: eventOf(found.EventID, o), Booking: cancelled, Position: o.Position}
	})
}
