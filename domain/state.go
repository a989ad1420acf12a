package domain

import (
	"time"

	"github.com/google/uuid"
)

// State is the part of a stream's history that decisions need. It is immutable: [State.Evolve]
// returns another one, so goroutines share states without locks. The zero State is that of a stream
// without records.
type State struct {
	status    status
	details   Details
	capacity  int
	bookings  idMap[booking]  // every booking ever made, by id
	customers idMap[customer] // everyone who ever made one, by id
	sold      int             // customers with an active booking
}

type customer struct {
	holds  bool      // an active booking
	active uuid.UUID // that booking
	made   int       // bookings, cancelled ones included
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

// Exists reports whether the event has been scheduled.
func (s State) Exists() bool { return s.status != statusNone }

// Cancelled reports whether the event has been cancelled.
func (s State) Cancelled() bool { return s.status == statusCancelled }

// Details are the event's; zero for a stream without records.
func (s State) Details() Details { return s.details }

// Capacity is the number of tickets in all.
func (s State) Capacity() int { return s.capacity }

// Sold is the number of tickets that active bookings hold.
func (s State) Sold() int { return s.sold }

// Remaining is the number of tickets that can still be booked.
func (s State) Remaining() int { return s.capacity - s.Sold() }

// Size estimates the memory that the state takes, in bytes, for caches with a limit.
func (s State) Size() int {
	// Entry, slot and share of the inner nodes, measured with 100,000 bookings.
	const fixed, perBooking, perCustomer = 512, 92, 92
	text := len(s.details.Title) + len(s.details.Description) + len(s.details.Venue)
	return fixed + text + s.bookings.len()*perBooking + s.customers.len()*perCustomer
}

// Evolve returns the state after some more records. It accepts every record in every order, because
// a fact can't be refused afterwards. One call with many records is several times as fast as many
// calls, because the states in between need not be kept.
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
		s = s.setBooking(r.BookingID, booking{customer: r.CustomerID}, true, by)
	case BookingCancelled:
		s = s.setBooking(r.BookingID, booking{customer: r.CustomerID, cancelled: true}, false, by)
	}
	return s
}

// setBooking stores a booking, counts it for its customer when it is new, and says whether it is
// the one that the customer holds.
func (s State) setBooking(id uuid.UUID, b booking, holds bool, by *builder) State {
	before := s.bookings.len()
	s.bookings = s.bookings.set(id, b, by)
	c, _ := s.customers.get(b.customer)
	c.made += s.bookings.len() - before
	switch held := c.holds && c.active == id; {
	case holds && !c.holds:
		s.sold++
	case !holds && held:
		s.sold--
		c.holds = false
	}
	if holds {
		c.holds, c.active = true, id
	}
	s.customers = s.customers.set(b.customer, c, by)
	return s
}

// Fold returns the state after a whole history.
func Fold(history ...Record) State { return State{}.Evolve(history...) }

// startsAt keeps [Details] comparable: times from JSON and from commands get the same location and
// precision.
func startsAt(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
