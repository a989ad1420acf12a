package domain

import (
	"time"

	"github.com/google/uuid"
)

// Command is a request to the stream of one event. [Decide] answers it with records or a refusal.
//
//sumtype:decl
type Command interface{ command() }

// ScheduleEvent starts the stream of a new event. Imported events leave Now zero: every date is
// accepted.
type ScheduleEvent struct {
	Details  Details
	Capacity int
	Now      time.Time
}

// ChangeDetails replaces the description of an event. Bookings stay as they are. With a zero Now
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

// MaxBookings is how many bookings a customer can make of an event, cancelled ones included.
const MaxBookings = 20

// BookTicket books one ticket. The caller chooses BookingID, which makes a repeated command
// recognizable.
type BookTicket struct {
	BookingID  uuid.UUID
	CustomerID uuid.UUID
	Now        time.Time
	WorkProved bool // as [Details.RequireProofOfWork] asks for
}

// CancelBooking returns the ticket of a booking.
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
