package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/projections"
)

// Booking is a booking as the API shows it.
type Booking struct {
	ID          uuid.UUID  `json:"id" format:"uuid"`
	EventID     uuid.UUID  `json:"eventId" format:"uuid"`
	UserID      uuid.UUID  `json:"userId" format:"uuid"`
	Status      string     `json:"status" enum:"CONFIRMED,CANCELLED"`
	CreatedAt   time.Time  `json:"createdAt"`
	CancelledAt *time.Time `json:"cancelledAt,omitempty"`

	CancelReason string `json:"cancelReason,omitempty" doc:"Why an organizer has cancelled it; absent: the customer has, or nobody"`

	Lines    []TicketLine `json:"lines" nullable:"false"`
	Currency string       `json:"currency,omitempty" example:"USD" doc:"Of the prices: an ISO 4217 code; absent: they are not known"`
}

func bookingOf(b *projections.Booking) Booking {
	return Booking{
		ID: b.ID, EventID: b.EventID, UserID: b.UserID, Status: b.Status, CreatedAt: b.CreatedAt, CancelledAt: b.CancelledAt,
		CancelReason: b.CancelReason, Lines: linesOf(b.Lines.All(), b.Currency), Currency: b.Currency,
	}
}

// BookingChange is the answer to a booking and to its cancellation.
type BookingChange struct {
	Booking Booking      `json:"booking"`
	Event   EventSummary `json:"event"`
}

// EventSummary is the event after a booking. The number comes from the stream, and so is exact.
type EventSummary struct {
	ID               uuid.UUID `json:"id" format:"uuid"`
	Title            string    `json:"title"`
	RemainingTickets int       `json:"remainingTickets"`
	Version          int       `json:"version"`
}

func bookingChangeOf(r booking.Result) BookingChange {
	return BookingChange{
		Booking: bookingOf(&r.Booking),
		Event: EventSummary{
			ID: r.Event.ID, Title: r.Event.Title, RemainingTickets: r.Event.Remaining, Version: r.Event.Version,
		},
	}
}

type bookTicketInput struct {
	Idempotent
	Proof
	Body struct {
		EventID uuid.UUID `json:"eventId" format:"uuid"`
		Lines   []Line    `json:"lines,omitempty" minItems:"1" maxItems:"20" doc:"All of them are booked or none; absent: one ticket of the first type"`
	}
}

func (a *api) bookTicket(ctx context.Context, in *bookTicketInput) (*changed[BookingChange], error) {
	book := booking.Book{EventID: in.Body.EventID, Lines: domainLines(in.Body.Lines)}
	named := once{key: in.key, asked: in.Body}
	out, err := execute(ctx, named, bookingChangeOf, func(r booking.Request) (booking.Result, error) {
		var err error
		if book.WorkProved, err = a.redeem(ctx, in.Proof, r.Actor.String(), in.key); err != nil {
			return booking.Result{}, err
		}
		return a.limitedOfEvent(ctx, book.EventID, book.Lines.Quantity(), func() (booking.Result, error) {
			return a.Service.Book(ctx, r, book)
		})
	})
	if err != nil {
		return nil, err
	}
	return a.noteBookingStatus(ctx, out), nil
}

// noteBookingStatus completes a stored answer, which may be of a version of the program without lines.
func (a *api) noteBookingStatus(ctx context.Context, out *changed[BookingChange]) *changed[BookingChange] {
	if len(out.Body.Booking.Lines) == 0 {
		out.Body.Booking.Lines = linesOf(domain.Lines{}.All(), "")
	}
	return out.noteStatus(func(b BookingChange) (string, error) {
		if err := a.caughtUp(ctx); err != nil {
			return "", err
		}
		now, err := a.Bookings.Get(ctx, b.Booking.ID)
		if err != nil {
			return "", err
		}
		return now.Status, nil
	})
}

type cancelBookingInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

func (a *api) cancelBooking(ctx context.Context, in *cancelBookingInput) (*changed[BookingChange], error) {
	return execute(ctx, once{}, bookingChangeOf, func(r booking.Request) (booking.Result, error) {
		return a.Service.CancelBooking(ctx, r, in.ID)
	})
}
