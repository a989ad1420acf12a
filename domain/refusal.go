package domain

// Kind groups refusals for callers that need no more than that, such as the HTTP API.
type Kind int

// The kinds of refusal.
const (
	KindConflict  Kind = iota // the command conflicts with the state of the event
	KindNotFound              // the command names something that does not exist
	KindForbidden             // the customer may not do this, or not yet
)

// Refusal is the answer of [Decide] to a command that the rules do not allow. Compare with
// [errors.Is].
type Refusal string //nolint:errname // the word of this domain, and not a failure

// The refusals of [Decide].
const (
	ErrSoldOut           Refusal = "sold_out"
	ErrAlreadyBooked     Refusal = "already_booked"
	ErrBookingIDTaken    Refusal = "booking_id_taken"
	ErrEventCancelled    Refusal = "event_cancelled"
	ErrEventPast         Refusal = "event_past"
	ErrEventExists       Refusal = "event_exists"
	ErrCapacityBelowSold Refusal = "capacity_below_sold"
	ErrEventNotFound     Refusal = "event_not_found"
	ErrBookingNotFound   Refusal = "booking_not_found"
	ErrNotBookingOwner   Refusal = "not_booking_owner"
	ErrTooManyBookings   Refusal = "too_many_bookings"
	ErrTooManyClaims     Refusal = "too_many_holds"
	ErrLimitPerCustomer  Refusal = "limit_per_customer"
	ErrNotEnoughTickets  Refusal = "not_enough_tickets"
	ErrTicketsAvailable  Refusal = "tickets_available"
	ErrTypeNotFound      Refusal = "ticket_type_not_found"
	ErrTypeInUse         Refusal = "ticket_type_in_use"
	ErrTooManyTypes      Refusal = "too_many_ticket_types"
	ErrSaleNotOpen       Refusal = "sale_not_open"
	ErrSaleClosed        Refusal = "sale_closed"
	ErrHoldNotFound      Refusal = "hold_not_found"
	ErrHoldLapsed        Refusal = "hold_lapsed"
	ErrHoldChanged       Refusal = "hold_changed"
	ErrHoldConfirmed     Refusal = "hold_confirmed"
	ErrHoldIDTaken       Refusal = "hold_id_taken"
	ErrEntryNotFound     Refusal = "entry_not_found"
	ErrAlreadyHolding    Refusal = "already_holding"
	ErrAlreadyWaiting    Refusal = "already_waiting"

	ErrProofOfWorkRequired Refusal = "proof_of_work_required"

	ErrNotYourEvent      Refusal = "not_your_event"
	ErrOwnerStays        Refusal = "owner_stays"
	ErrTooManyOrganizers Refusal = "too_many_organizers"

	ErrNoSuchTicket     Refusal = "invalid_code"
	ErrNotThisEvent     Refusal = "not_this_event"
	ErrBookingCancelled Refusal = "booking_cancelled"
	ErrAlreadyCheckedIn Refusal = "already_checked_in"
	ErrBookingCheckedIn Refusal = "booking_checked_in"

	ErrNobodyToWriteTo Refusal = "no_attendees"
	ErrTooManyMessages Refusal = "too_many_messages"
)

// Code is stable, for programs.
func (r Refusal) Code() string { return string(r) }

// Kind returns the group of the refusal.
func (r Refusal) Kind() Kind {
	switch r {
	case ErrEventNotFound, ErrBookingNotFound, ErrTypeNotFound, ErrHoldNotFound, ErrEntryNotFound:
		return KindNotFound
	case ErrNotBookingOwner, ErrProofOfWorkRequired, ErrNotYourEvent:
		return KindForbidden
	default:
		return KindConflict
	}
}

// Error is one sentence for people.
func (r Refusal) Error() string {
	switch r {
	case ErrProofOfWorkRequired:
		return "Solve a challenge of GET /proof-of-work/challenge first, and send the solution as the header Proof-Of-Work"
	case ErrSoldOut:
		return "No tickets available"
	case ErrAlreadyBooked:
		return "You have already booked this event"
	case ErrBookingIDTaken:
		return "This booking ID belongs to another customer"
	case ErrEventCancelled:
		return "This event has been cancelled"
	case ErrEventPast:
		return "This event has already begun"
	case ErrEventExists:
		return "An event with this ID is already scheduled"
	case ErrCapacityBelowSold:
		return "The capacity can't be lower than the number of tickets sold"
	case ErrEventNotFound:
		return "Event not found"
	case ErrBookingNotFound:
		return "Booking not found"
	case ErrNotBookingOwner:
		return "Only the customer who made a booking can cancel it"
	case ErrTooManyBookings:
		return "You have booked and cancelled this event too often to book it again"
	case ErrTooManyClaims:
		return "You have reserved or waited for tickets of this event too often"
	case ErrLimitPerCustomer:
		return "This is more than a customer can have of this event"
	case ErrNotEnoughTickets:
		return "There are not enough tickets left"
	case ErrTicketsAvailable:
		return "There are tickets: no need to wait"
	case ErrTypeNotFound:
		return "This event has no such ticket type"
	case ErrTypeInUse:
		return "A ticket type can't be removed while somebody has or waits for its tickets"
	case ErrTooManyTypes:
		return "This event has had too many ticket types"
	case ErrSaleNotOpen:
		return "The sale has not opened yet"
	case ErrSaleClosed:
		return "The sale has closed"
	case ErrHoldNotFound:
		return "There is no such reservation, or its time is over"
	case ErrEntryNotFound:
		return "There is no such entry on a waiting list"
	case ErrHoldLapsed:
		return "The time of this reservation is over"
	case ErrHoldChanged:
		return "This reservation has changed in the meantime. Please look at it again"
	case ErrHoldConfirmed:
		return "This reservation has become a booking"
	case ErrHoldIDTaken:
		return "This id belongs to another reservation or booking"
	case ErrAlreadyHolding:
		return "You have reserved tickets of this event already"
	case ErrAlreadyWaiting:
		return "You are on the waiting list already"
	case ErrNotYourEvent:
		return "This event belongs to another organizer, who has not given you the role for this"
	case ErrOwnerStays:
		return "The owner of an event always may do everything"
	case ErrTooManyOrganizers:
		return "This event has too many organizers"
	case ErrNoSuchTicket:
		return "This is not a valid ticket"
	case ErrNotThisEvent:
		return "This ticket is for another event"
	case ErrBookingCancelled:
		return "This booking has been cancelled"
	case ErrAlreadyCheckedIn:
		return "This ticket is already checked in"
	case ErrBookingCheckedIn:
		return "A booking with a ticket that is checked in can't be cancelled"
	case ErrNobodyToWriteTo:
		return "Nobody has tickets for this event"
	case ErrTooManyMessages:
		return "You can send five messages about an event within a day. Please try again later"
	}
	return string(r)
}
