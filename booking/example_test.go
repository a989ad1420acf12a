package booking_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// A program has one service. This one has an executor that keeps everything in memory, where a real
// one has an [eventstore.Executor], and no read models to wait for.
func Example() {
	ctx := context.Background()
	service := &booking.Service{Executor: inMemory{}, Now: time.Now}

	organizer := booking.Request{Actor: uuid.New(), CorrelationID: "request-1"}
	scheduled, err := service.Schedule(ctx, organizer, booking.Schedule{Capacity: 1, Details: domain.Details{
		Title: "Concert", Venue: "Hall", StartsAt: time.Now().AddDate(0, 1, 0),
		Currency: "EUR", TicketTypes: domain.GeneralAdmission(4200),
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		customer := booking.Request{Actor: uuid.New(), CorrelationID: "request-2"}
		booked, err := service.Book(ctx, customer, booking.Book{EventID: scheduled.Event.ID})
		switch {
		case err == nil:
			fmt.Println("booked; tickets left:", booked.Event.Remaining)
		case errors.Is(err, domain.ErrSoldOut):
			fmt.Println("sold out, and that is certain")
		case errors.Is(err, eventstore.ErrOutcomeUnknown):
			fmt.Println("booked or not; the customer's bookings will tell")
		default:
			fmt.Println("nothing has happened:", err)
		}
	}
	// Output:
	// booked; tickets left: 0
	// sold out, and that is certain
}
