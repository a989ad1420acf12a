package domain

import (
	"time"

	"github.com/google/uuid"
)

// State is what decisions read of a stream. It is an immutable value: Evolve returns another and
// leaves the old as it was, so states are shared between goroutines without a lock. The zero State
// is that of a stream without records.
type State struct {
	status   status
	details  Details
	capacity int
	bookings idMap[booking]   // every booking ever made, by its id
	active   idMap[uuid.UUID] // the active booking of each customer who has one
}

type status uint8

const (
	statusNone status = iota
	statusScheduled
	statusCancelled
)

type booking struct {
	customer  uuid.UUID
	cancelled bool
}

// Exists tells whether the event has been scheduled.
func (s State) Exists() bool { return s.status != statusNone }

// Cancelled tells whether the event has been called off.
func (s State) Cancelled() bool { return s.status == statusCancelled }

// Details are the event's; zero for a stream without records.
func (s State) Details() Details { return s.details }

// Capacity is the number of tickets in all.
func (s State) Capacity() int { return s.capacity }

// Sold is the number of tickets that active bookings hold.
func (s State) Sold() int { return s.active.len() }

// Remaining is the number of tickets that can still be booked.
func (s State) Remaining() int { return s.capacity - s.Sold() }

// Size estimates the bytes that the state takes in memory, for a cache that is bounded by them.
func (s State) Size() int {
	const fixed, perBooking, perActive = 512, 92, 76 // entry, slot and share of the inner nodes, measured on 100,000 bookings
	text := len(s.details.Title) + len(s.details.Description) + len(s.details.Venue)
	return fixed + text + s.bookings.len()*perBooking + s.active.len()*perActive
}

// Evolve is the state after some records happened. It accepts every record in every order: what
// happened, happened. One call with many records is some times faster than many calls, because only
// the result has to be a state that others may keep.
func (s State) Evolve(records ...Record) State {
	var by *builder
	if len(records) > 1 {
		by = new(builder)
	}
	for _, r := range records {
		s = s.evolve(r, by)
	}
	return s
}

func (s State) evolve(r Record, by *builder) State {
	switch r := r.(type) {
	case EventScheduled:
		s.status, s.details, s.capacity = statusScheduled, r.Details, r.Capacity
	case DetailsChanged:
		s.details = r.Details
	case CapacityChanged:
		s.capacity = r.Capacity
	case EventCancelled:
		s.status = statusCancelled
	case TicketBooked:
		s.bookings = s.bookings.set(r.BookingID, booking{customer: r.CustomerID}, by)
		s.active = s.active.set(r.CustomerID, r.BookingID, by)
	case BookingCancelled:
		s.bookings = s.bookings.set(r.BookingID, booking{customer: r.CustomerID, cancelled: true}, by)
		if held, ok := s.active.get(r.CustomerID); ok && held == r.BookingID {
			s.active = s.active.remove(r.CustomerID)
		}
	}
	return s
}

// Fold is the state after a history, starting from none.
func Fold(history ...Record) State { return State{}.Evolve(history...) }

// startsAt keeps Details comparable: times from JSON and from commands carry the same location.
func startsAt(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
