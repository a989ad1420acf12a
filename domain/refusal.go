package domain

// Kind says what sort of answer a refusal is, for callers that must tell sorts apart without
// knowing each refusal.
type Kind int

// The kinds of refusal.
const (
	KindConflict  Kind = iota // the wish clashes with the state of the event
	KindNotFound              // what the command names does not exist
	KindForbidden             // it exists, and is not this person's to change
)

// Refusal is a command's answer when it can't be granted. Compare with [errors.Is] against the
// values below.
type Refusal struct { //nolint:errname // the word of this domain, and no failure
	Kind    Kind
	Code    string // stable, for programs
	Message string // one sentence, for people
}

func (r *Refusal) Error() string { return r.Message }

// The refusals of [Decide].
var (
	ErrSoldOut           = &Refusal{KindConflict, "sold_out", "No tickets available"}
	ErrAlreadyBooked     = &Refusal{KindConflict, "already_booked", "You have already booked this event"}
	ErrBookingIDTaken    = &Refusal{KindConflict, "booking_id_taken", "This booking id belongs to another customer"}
	ErrEventCancelled    = &Refusal{KindConflict, "event_cancelled", "This event has been cancelled"}
	ErrEventPast         = &Refusal{KindConflict, "event_past", "This event has already begun"}
	ErrEventExists       = &Refusal{KindConflict, "event_exists", "An event with this id is already scheduled"}
	ErrCapacityBelowSold = &Refusal{KindConflict, "capacity_below_sold", "The capacity can't be lower than the number of tickets sold"}
	ErrEventNotFound     = &Refusal{KindNotFound, "event_not_found", "Event not found"}
	ErrBookingNotFound   = &Refusal{KindNotFound, "booking_not_found", "Booking not found"}
	ErrNotBookingOwner   = &Refusal{KindForbidden, "not_booking_owner", "Only the customer who made a booking can cancel it"}
)
