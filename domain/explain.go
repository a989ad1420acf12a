package domain

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"
)

// Check tells what is wrong with a state, whatever led to it: nil for every state that a history of
// [Decide] can reach. It does not ask Decide, so that a mistake there would show.
func (s State) Check() error {
	switch {
	case s.status == statusNone && (s.capacity != 0 || s.bookings.len() > 0):
		return errors.New("there are tickets or bookings, and no event")
	case s.status != statusNone && s.capacity < 1:
		return fmt.Errorf("the capacity is %d", s.capacity)
	case s.Sold() > s.capacity:
		return fmt.Errorf("%d of %d tickets are sold", s.Sold(), s.capacity)
	case s.Sold() > s.bookings.len():
		return fmt.Errorf("%d tickets are held by %d bookings", s.Sold(), s.bookings.len())
	}
	return nil
}

// Explain tells why r can't be what happened next: nil when there is a command that Decide answers
// with r, in state s. Rules 7 and 12 are left out, because a record does not say when its command
// was decided. Explain(s, r) == nil for each record of a history is what "no rule was ever broken"
// means.
func Explain(s State, r Record) error {
	var wish Command
	switch r := r.(type) {
	case EventScheduled:
		wish = ScheduleEvent{Details: r.Details, Capacity: r.Capacity}
	case DetailsChanged:
		wish = ChangeDetails{Details: r.Details}
	case CapacityChanged:
		wish = ChangeCapacity(r)
	case EventCancelled:
		wish = CancelEvent{}
	case TicketBooked:
		wish = BookTicket{r.BookingID, r.CustomerID, longAgo}
	case BookingCancelled:
		wish = CancelBooking{r.BookingID, r.CustomerID, longAgo}
	default:
		return fmt.Errorf("%T is not a record", r)
	}
	records, err := Decide(wish, s)
	switch {
	case err != nil:
		return err
	case len(records) == 0:
		return errors.New("it says what was so already")
	case records[0] != r:
		return fmt.Errorf("the rules give %T instead", records[0])
	}
	return nil
}

// Replay goes through the history of one stream, record by record, and checks each. The zero value
// is at its beginning.
type Replay struct {
	state State
	by    *builder
}

// ReplayFrom goes on from a state.
func ReplayFrom(s State) Replay { return Replay{state: s} }

// Next takes the next record. The error tells which rule it breaks, see [Explain], or what is wrong
// with the state that it leads to, see [State.Check]. The record counts all the same: what
// happened, happened.
func (p *Replay) Next(r Record) error {
	err := Explain(p.state, r)
	if p.by == nil {
		p.by = new(builder)
	}
	p.state = p.state.evolve(r, p.by)
	if err == nil {
		err = p.state.Check()
	}
	return err
}

// State is the state so far. It stays as it is, whatever comes next.
func (p *Replay) State() State {
	p.by = nil
	return p.state
}

// longAgo is before every event.
var longAgo = time.Unix(-1<<40, 0)

// Booking is what became of a booking.
type Booking struct {
	ID         uuid.UUID `json:"id"`
	CustomerID uuid.UUID `json:"customerId"`
	Cancelled  bool      `json:"cancelled"`
}

// Bookings are all that were ever made, in an order that depends on their ids alone.
func (s State) Bookings() iter.Seq[Booking] {
	return func(yield func(Booking) bool) {
		s.bookings.each(func(id uuid.UUID, b booking) bool { return yield(Booking{id, b.customer, b.cancelled}) })
	}
}

// Booking gives one booking of the event.
func (s State) Booking(id uuid.UUID) (Booking, bool) {
	b, made := s.bookings.get(id)
	return Booking{id, b.customer, b.cancelled}, made
}

// Made is the number of bookings that were ever made.
func (s State) Made() int { return s.bookings.len() }
