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
	Draft    bool // customers don't see it before PublishEvent
	Now      time.Time

	OrganizerID uuid.UUID // who will own the event
}

// AddOrganizer gives somebody a role at an event, which replaces an earlier one.
type AddOrganizer struct {
	UserID    uuid.UUID
	Role      EventRole
	Scheduler uuid.UUID // see [Actor]
}

// CancelBookingOf returns the tickets of somebody else's booking, for an organizer.
type CancelBookingOf struct {
	BookingID uuid.UUID
	By        uuid.UUID
	Reason    string // one line, at most [MaxReason] characters
	Now       time.Time
	OfferTime time.Duration
}

// SendMessage writes to everybody who has tickets.
type SendMessage struct {
	By      uuid.UUID
	Subject string // one line, at most [MaxSubject] characters
	Text    string // at most [MaxMessage] characters
	Now     time.Time
}

// CheckInTicket admits the holder of a ticket.
type CheckInTicket struct {
	Ticket TicketID
	At     time.Time // when it was scanned at the door; Now if zero, later than Now or older than [MaxScanAge]
	By     uuid.UUID
	Now    time.Time
}

// UndoCheckIn takes an admission back.
type UndoCheckIn struct {
	Ticket TicketID
	By     uuid.UUID
	Reason string // one line, at most [MaxReason] characters
}

// RemoveOrganizer takes somebody's role away.
type RemoveOrganizer struct {
	UserID    uuid.UUID
	Scheduler uuid.UUID // see [Actor]
}

// PublishEvent shows a draft to customers.
type PublishEvent struct {
	Now time.Time
}

// ChangeDetails replaces the description of an event. Bookings stay as they are. With a zero Now
// every date is accepted.
type ChangeDetails struct {
	Details   Details
	Now       time.Time
	OfferTime time.Duration
}

// ChangeCapacity sets how many tickets an event has in all.
type ChangeCapacity struct {
	Capacity  int
	Now       time.Time
	OfferTime time.Duration
}

// CancelEvent calls an event off.
type CancelEvent struct{}

// MaxBookings is how many bookings a customer can make of an event, cancelled ones included.
const MaxBookings = 20

// DefaultHoldTime is how long a command offers the tickets that it frees to those who wait, if its
// OfferTime is 0.
const DefaultHoldTime = 10 * time.Minute

// MaxClaims is how often a customer can hold tickets of an event, or join its waiting list.
const MaxClaims = 100

// RenewalTime is how long after its first expiry a hold can still be renewed until.
const RenewalTime = 20 * time.Minute

// BookTicket books tickets: all lines or none. No lines are one ticket of the first type. The caller
// chooses BookingID, which makes a repeated command recognizable. Prices in lines are ignored.
type BookTicket struct {
	BookingID  uuid.UUID
	CustomerID uuid.UUID
	Lines      Lines
	Now        time.Time
	WorkProved bool // as [Details.RequireProofOfWork] asks for
	OfferTime  time.Duration
}

// CancelBooking returns the tickets of a booking.
type CancelBooking struct {
	BookingID  uuid.UUID
	CustomerID uuid.UUID
	Now        time.Time
	OfferTime  time.Duration
}

// HoldTickets sets tickets aside until a time, or renews the hold that the customer has. The caller
// chooses HoldID, for a new one.
type HoldTickets struct {
	HoldID     uuid.UUID
	CustomerID uuid.UUID
	Lines      Lines
	Until      time.Time
	Now        time.Time
	WorkProved bool
	OfferTime  time.Duration
}

// ConfirmHold books what a hold or an offer has set aside.
type ConfirmHold struct {
	HoldID     uuid.UUID
	CustomerID uuid.UUID
	Now        time.Time
}

// ReleaseHold returns the tickets of a hold, and declines an offer.
type ReleaseHold struct {
	HoldID     uuid.UUID
	CustomerID uuid.UUID
	Now        time.Time
	OfferTime  time.Duration
}

// JoinWaitlist waits for tickets. The caller chooses EntryID, for a new entry.
type JoinWaitlist struct {
	EntryID    uuid.UUID
	CustomerID uuid.UUID
	Lines      Lines
	Now        time.Time
	WorkProved bool
	OfferTime  time.Duration
}

// LeaveWaitlist ends the waiting of a customer.
type LeaveWaitlist struct {
	CustomerID uuid.UUID
}

// LapseHolds records which holds and offers have lapsed, at most [MaxLapses] of them, and offers
// their tickets to those who wait.
type LapseHolds struct {
	CustomerID uuid.UUID // only that of one customer; zero: of all
	Now        time.Time
	OfferTime  time.Duration
}

// MaxLapses is how many lapses a command records at most.
const MaxLapses = 1_000

func (PublishEvent) command()    {}
func (HoldTickets) command()     {}
func (ConfirmHold) command()     {}
func (ReleaseHold) command()     {}
func (JoinWaitlist) command()    {}
func (LeaveWaitlist) command()   {}
func (LapseHolds) command()      {}
func (ScheduleEvent) command()   {}
func (ChangeDetails) command()   {}
func (ChangeCapacity) command()  {}
func (CancelEvent) command()     {}
func (BookTicket) command()      {}
func (CancelBooking) command()   {}
func (AddOrganizer) command()    {}
func (RemoveOrganizer) command() {}
func (CheckInTicket) command()   {}
func (UndoCheckIn) command()     {}
func (CancelBookingOf) command() {}
func (SendMessage) command()     {}
