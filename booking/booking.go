package booking

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections"
)

// Book books tickets for the actor: all lines or none. No lines are one ticket of the first type.
type Book struct {
	EventID   uuid.UUID
	Lines     domain.Lines
	BookingID uuid.UUID // zero: a new one. Repeating one changes nothing
	Immediate bool      // does not share the delay of bookings

	WorkProved bool // see [domain.BookTicket]
}

// Book books tickets.
func (s *Service) Book(ctx context.Context, r Request, c Book) (Result, error) {
	id := cmp.Or(c.BookingID, uuid.Must(uuid.NewV7()))
	book := domain.BookTicket{
		BookingID: id, CustomerID: r.Actor, Lines: c.Lines, Now: s.Now(), WorkProved: c.WorkProved, OfferTime: s.HoldTime,
	}
	cmd := command{StreamID: c.EventID, Decide: decider(book), Immediate: c.Immediate}
	return s.executeBooking(ctx, r, "book", cmd, id)
}

// executeBooking executes a command that makes a booking, or finds it made.
func (s *Service) executeBooking(
	ctx context.Context, r Request, useCase string, cmd command, id uuid.UUID,
) (Result, error) {
	result, err := s.execute(ctx, r, useCase, cmd, madeBooking(cmd.StreamID, id, r.Actor))
	if err != nil || result.Replayed != nil || !result.Booking.CreatedAt.IsZero() || s.Progress == nil {
		return result, err
	}
	result.Booking, err = s.lookUp(ctx, id)
	return result, err
}

// madeBooking shows a booking that was made for a customer.
func madeBooking(event, id, of uuid.UUID) func(outcome) Result {
	return func(o outcome) Result {
		made := projections.Booking{
			ID: id, EventID: event, UserID: of, Status: projections.BookingConfirmed, Version: o.Version,
		}
		if record, ok := recordOf(o, domain.TypeTicketBooked, domain.TypeHoldConfirmed); ok {
			made.CreatedAt, made.Version = record.RecordedAt, record.Version
			made.Lines, made.Currency = linesOf(record)
		}
		return Result{Event: eventOf(event, o), Booking: made, Position: o.Position}
	}
}

// recordOf is the first record of one of the types among those that a command has added, which can
// include lapses and offers.
func recordOf(o outcome, types ...string) (r eventstore.Record, ok bool) {
	at := slices.IndexFunc(o.Records, func(r eventstore.Record) bool { return slices.Contains(types, r.Type) })
	if at < 0 {
		return r, false
	}
	return o.Records[at], true
}

// linesOf is what a record books.
func linesOf(r eventstore.Record) (lines domain.Lines, currency string) {
	switch v := valueOf(r).(type) {
	case domain.TicketBooked:
		return v.Lines.All(), v.Currency
	case domain.HoldConfirmed:
		return v.Lines.All(), v.Currency
	default:
		return nil, ""
	}
}

// valueOf decodes a record that this program has encoded.
func valueOf(r eventstore.Record) domain.Record {
	value, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
	if err != nil {
		panic(err)
	}
	return value
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

// CancelBooking returns the tickets of a booking, which must be the actor's. Cancelling again
// changes nothing.
func (s *Service) CancelBooking(ctx context.Context, r Request, bookingID uuid.UUID) (Result, error) {
	// The read model only says which stream the booking is in; the stream decides.
	found, err := s.FindBooking(ctx, bookingID)
	if err != nil {
		return Result{}, err
	}
	cancel := domain.CancelBooking{BookingID: bookingID, CustomerID: r.Actor, Now: s.Now(), OfferTime: s.HoldTime}
	cmd := command{StreamID: found.EventID, Decide: decider(cancel), Immediate: true}
	return s.execute(ctx, r, "cancel booking", cmd, cancelledBooking(found))
}

// cancelledBooking shows a booking that was cancelled.
func cancelledBooking(found *projections.Booking) func(outcome) Result {
	return func(o outcome) Result {
		cancelled := *found
		cancelled.Status = projections.BookingCancelled
		if record, ok := recordOf(o, domain.TypeBookingCancelled); ok {
			cancelled.CancelledAt, cancelled.Version = &record.RecordedAt, record.Version
			value, _ := valueOf(record).(domain.BookingCancelled)
			cancelled.CancelReason = value.Reason
		}
		return Result{Event: eventOf(found.EventID, o), Booking: cancelled, Position: o.Position}
	}
}
