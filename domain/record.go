package domain

import (
	"reflect"
	"slices"

	"github.com/google/uuid"
)

// Record is an immutable fact in the history of an event. Records identify people by id and hold no
// personal data.
//
//sumtype:decl
type Record interface{ record() }

// EventScheduled is the first record of every stream.
type EventScheduled struct {
	Details  Details `json:"details"`
	Capacity int     `json:"capacity"`
}

// DetailsChanged replaces the details of an event.
type DetailsChanged struct {
	Details Details `json:"details"`
}

// CapacityChanged sets the number of tickets that an event has in all.
type CapacityChanged struct {
	Capacity int `json:"capacity"`
}

// EventCancelled calls an event off.
type EventCancelled struct{}

// TicketBooked gives tickets to a customer, at prices in a currency. Without a currency the prices
// are not known: version 1 did not say them.
type TicketBooked struct {
	BookingID  uuid.UUID `json:"bookingId"`
	CustomerID uuid.UUID `json:"customerId"`
	Currency   string    `json:"currency,omitempty"`
	Lines      Lines     `json:"lines,omitempty"`
}

// BookingCancelled returns the tickets of a booking.
type BookingCancelled struct {
	BookingID  uuid.UUID `json:"bookingId"`
	CustomerID uuid.UUID `json:"customerId"`
	Lines      Lines     `json:"lines,omitempty"`
}

func (EventScheduled) record()   {}
func (DetailsChanged) record()   {}
func (CapacityChanged) record()  {}
func (EventCancelled) record()   {}
func (TicketBooked) record()     {}
func (BookingCancelled) record() {}

// Equal reports whether two records say the same.
func Equal(a, b Record) bool {
	if a, is := a.(TicketBooked); is { // nearly every record, and many times as fast as by reflection
		b, is := b.(TicketBooked)
		return is && a.BookingID == b.BookingID && a.CustomerID == b.CustomerID && a.Currency == b.Currency &&
			slices.Equal(a.Lines, b.Lines)
	}
	return reflect.DeepEqual(a, b)
}
