package domain_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// A command is decided on what the stream's records add up to. What it is granted are new records,
// for the caller to store.
func Example() {
	var (
		begins = time.Date(2031, 5, 17, 19, 30, 0, 0, time.UTC)
		now    = begins.AddDate(0, -1, 0)
		ann    = uuid.MustParse("a0000000-0000-4000-8000-000000000001")
		bob    = uuid.MustParse("b0000000-0000-4000-8000-000000000002")
	)
	details, err := domain.NewDetails(domain.Details{
		Title: "Chamber Night", Venue: "Small Hall", StartsAt: begins, TimeZone: "Europe/Lisbon",
		Currency: "EUR", TicketTypes: domain.GeneralAdmission(25_00),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	history := []domain.Record{domain.EventScheduled{Details: details, Capacity: 1}}
	for _, customer := range []uuid.UUID{ann, bob, ann} {
		state := domain.Fold(history...)
		records, err := domain.Decide(domain.BookTicket{BookingID: uuid.New(), CustomerID: customer, Now: now}, state)
		var refusal domain.Refusal
		switch {
		case errors.As(err, &refusal):
			fmt.Printf("%d left: refused, %s\n", state.Remaining(), refusal.Code())
		case err == nil:
			fmt.Printf("%d left: %T\n", state.Remaining(), records[0])
		}
		history = append(history, records...)
	}
	fmt.Printf("%d of %d sold\n", domain.Fold(history...).Sold(), domain.Fold(history...).Capacity())
	// Output:
	// 1 left: domain.TicketBooked
	// 0 left: refused, sold_out
	// 0 left: refused, already_booked
	// 1 of 1 sold
}

// The state of before is still there after a record: states are values.
func ExampleState_Evolve() {
	before := domain.Fold(domain.EventScheduled{Capacity: 2})
	after := before.Evolve(domain.TicketBooked{BookingID: uuid.New(), CustomerID: uuid.New()})
	fmt.Println(before.Remaining(), after.Remaining())
	// Output: 2 1
}
