package domain

import (
	"time"

	"github.com/google/uuid"
)

// Command is a wish addressed to the stream of one event. [Decide] answers it with records or with
// a refusal.
//
//sumtype:decl
type Command interface{ command() }

// ScheduleEvent opens the stream of a new event. Without Now, which is for events that are
// imported, every date is accepted.
type ScheduleEvent struct {
	Details  Details
	Capacity int
	Now      time.Time
}

// ChangeDetails replaces what people read about an event. Bookings stay as they are. Without Now
// every date is accepted.
type ChangeDetails struct {
	Details Details
	Now     time.Time
}

// ChangeCapacity sets how many tickets an event has in all.
type ChangeCapacity struct {
	Capacity int
}

// CancelEvent calls an event off.
type CancelEvent struct{}

// BookTicket books one ticket. The caller chooses BookingID, which makes a repeated command
// recognizable.
type BookTicket struct {
	BookingID  uuid.UUID
	CustomerID uuid.UUID
	Now        time.Time
}

// CancelBooking gives the ticket of a booking back.
type CancelBooking struct {
	BookingID  uuid.UUID
	CustomerID uuid.UUID
	Now        time.Time
}

func (ScheduleEvent) command()  {}
func (ChangeDetails) command()  {}
func (ChangeCapacity) command() {}
func (CancelEvent) command()    {}
func (BookTicket) command()     {}
func (CancelBooking) command()  {}
