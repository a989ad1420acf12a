package domain

import "github.com/google/uuid"

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

// TicketBooked gives one ticket to a customer.
type TicketBooked struct {
	BookingID  uuid.UUID `json:"bookingId"`
	CustomerID uuid.UUID `json:"customerId"`
}

// BookingCancelled returns the ticket of a booking.
type BookingCancelled struct {
	BookingID  uuid.UUID `json:"bookingId"`
	CustomerID uuid.UUID `json:"customerId"`
}

func (EventScheduled) record()   {}
func (DetailsChanged) record()   {}
func (CapacityChanged) record()  {}
func (EventCancelled) record()   {}
func (TicketBooked) record()     {}
func (BookingCancelled) record() {}
