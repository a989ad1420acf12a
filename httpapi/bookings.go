package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

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
}

func bookingOf(b *projections.Booking) Booking {
	return Booking{ID: b.ID, EventID: b.EventID, UserID: b.UserID, Status: b.Status, CreatedAt: b.CreatedAt, CancelledAt: b.CancelledAt}
}

// BookingChange is the answer to a booking and to its cancellation.
type BookingChange struct {
	Booking Booking      `json:"booking"`
	Event   EventSummary `json:"event"`
}

// EventSummary is what a booking changes of its event. The number comes from the stream and is exact right after the change.
type EventSummary struct {
	ID               uuid.UUID `json:"id" format:"uuid"`
	Title            string    `json:"title"`
	RemainingTickets int       `json:"remainingTickets"`
	Version          int       `json:"version"`
}

func summaryOf(id uuid.UUID, r result) EventSummary {
	return EventSummary{ID: id, Title: r.State.Details().Title, RemainingTickets: r.State.Remaining(), Version: r.Version}
}

type bookTicketInput struct {
	Idempotent
	Body struct {
		EventID uuid.UUID `json:"eventId" format:"uuid"`
	}
}

func (a *api) bookTicket(ctx context.Context, in *bookTicketInput) (*changed[BookingChange], error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	userID, eventID := claimsOf(ctx).UserID, in.Body.EventID
	book := domain.BookTicket{BookingID: id, CustomerID: userID, Now: a.Now()}
	return carryOut(ctx, a, command{eventID: eventID, decide: wish(book)}, once{in.key, []any{"book", in.Body}}, func(r result) (BookingChange, error) {
		booking := Booking{ID: id, EventID: eventID, UserID: userID, Status: projections.BookingConfirmed}
		if len(r.Records) > 0 {
			booking.CreatedAt = r.Records[0].RecordedAt
		} else { // the booking was found in the stream: its first append had been given up for lost, and was not
			row, err := a.findBooking(ctx, id)
			if err != nil {
				return BookingChange{}, err
			}
			booking = bookingOf(row)
		}
		return BookingChange{booking, summaryOf(eventID, r)}, nil
	})
}

// BookingList are all bookings of one user, newest first.
type BookingList struct {
	Data []BookingWithEvent `json:"data" nullable:"false"`
}

// BookingWithEvent is a booking and its event.
type BookingWithEvent struct {
	Booking
	Event Event `json:"event"`
}

func (a *api) listBookings(ctx context.Context, _ *struct{}) (*struct{ Body BookingList }, error) {
	rows, err := a.Bookings.OfUser(ctx, claimsOf(ctx).UserID)
	if err != nil {
		return nil, err
	}
	list := BookingList{Data: make([]BookingWithEvent, 0, len(rows))}
	for i := range rows {
		list.Data = append(list.Data, BookingWithEvent{bookingOf(&rows[i].Booking), eventOf(&rows[i].Event)})
	}
	return &struct{ Body BookingList }{list}, nil
}

type cancelBookingInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

// findBooking asks the read model. What is not there may be on its way: nobody is told that a booking does not exist before the read
// model contains everything that was in the log when they asked.
func (a *api) findBooking(ctx context.Context, id uuid.UUID) (*projections.Booking, error) {
	row, err := a.Bookings.Get(ctx, id)
	if !errors.Is(err, projections.ErrNotFound) {
		return row, err
	}
	head, err := a.Log.Head(ctx)
	if err != nil {
		return nil, err
	}
	if a.catchUp(ctx, head) < head {
		return nil, errCatchingUp
	}
	row, err = a.Bookings.Get(ctx, id)
	return row, notFound(err, domain.ErrBookingNotFound)
}

func (a *api) cancelBooking(ctx context.Context, in *cancelBookingInput) (*changed[BookingChange], error) {
	// The read model only says which stream the booking is in; the stream decides.
	row, err := a.findBooking(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	cancel := domain.CancelBooking{BookingID: row.ID, CustomerID: claimsOf(ctx).UserID, Now: a.Now()}
	return carryOut(ctx, a, command{eventID: row.EventID, decide: wish(cancel), immediate: true}, once{}, func(r result) (BookingChange, error) {
		booking := bookingOf(row)
		booking.Status = projections.BookingCancelled
		if len(r.Records) > 0 {
			booking.CancelledAt = &r.Records[0].RecordedAt
		}
		return BookingChange{booking, summaryOf(row.EventID, r)}, nil
	})
}
