package domain

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"
)

// Check returns what is wrong with a state, and nil for every state that decisions can lead to. It
// does not call [Decide], so it finds mistakes there.
func (s State) Check() error {
	switch {
	case s.status == statusNone && (s.capacity != 0 || s.bookings.len() > 0):
		return errors.New("there are tickets or bookings but no event")
	case s.status != statusNone && s.capacity < 1:
		return fmt.Errorf("the capacity is %d", s.capacity)
	case s.Sold() > s.capacity:
		return fmt.Errorf("%d of %d tickets are sold", s.Sold(), s.capacity)
	}
	return nil
}

// Explain returns which rule forbids record r in state s, and nil when [Decide] answers some
// command with r. A history in which Explain returns nil for each record has broken no rule. Rules
// 7 and 12 are not checked, because a record does not say when its command was decided, rule 13
// is not, because there are histories that are older than the rule, and rule 15 is not, because a
// record does not say what the client has shown.
func Explain(s State, r Record) error {
	longAgo := time.Unix(-1<<40, 0) // before every event
	var c Command
	switch r := r.(type) {
	case EventScheduled:
		c = ScheduleEvent{Details: r.Details, Capacity: r.Capacity}
	case DetailsChanged:
		c = ChangeDetails{Details: r.Details}
	case CapacityChanged:
		c = ChangeCapacity(r)
	case EventCancelled:
		c = CancelEvent{}
	case TicketBooked:
		c = BookTicket{r.BookingID, r.CustomerID, longAgo, true}
	case BookingCancelled:
		c = CancelBooking{r.BookingID, r.CustomerID, longAgo}
	default:
		return fmt.Errorf("%T is not a record", r)
	}
	records, err := Decide(c, s)
	switch {
	case errors.Is(err, ErrTooManyBookings): // all other rules allow it
		return nil
	case err != nil:
		return err
	case len(records) == 0:
		return errors.New("it changes nothing")
	case !Equal(records[0], asDecided(r, records[0])):
		return fmt.Errorf("the rules give %T instead", records[0])
	}
	return nil
}

// asDecided completes a booking of version 1, which does not say its price.
func asDecided(r, decided Record) Record {
	booked, is := r.(TicketBooked)
	if would, also := decided.(TicketBooked); is && also && len(booked.Lines) == 0 && would.Lines[0].Type == FirstTypeID {
		return TicketBooked{booked.BookingID, booked.CustomerID, would.Currency, would.Lines}
	}
	return r
}

// Replay folds the history of one stream, record by record, and checks each. The zero value is at
// the beginning.
type Replay struct {
	state State
	by    *builder
}

// ReplayFrom continues from a state.
func ReplayFrom(s State) Replay { return Replay{state: s} }

// Next applies the next record. The error says which rule it breaks, see [Explain], or what is
// wrong with the resulting state, see [State.Check]. The record is applied in either case.
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

// State is the state so far. Later calls of Next don't change it.
func (p *Replay) State() State {
	p.by = nil
	return p.state
}

// Booking is the current state of a booking.
type Booking struct {
	ID         uuid.UUID `json:"id"`
	CustomerID uuid.UUID `json:"customerId"`
	Cancelled  bool      `json:"cancelled"`
}

// Bookings iterates over all bookings, cancelled ones included, in an order that depends on ids
// only.
func (s State) Bookings() iter.Seq[Booking] {
	return func(yield func(Booking) bool) {
		s.bookings.each(func(id uuid.UUID, b booking) bool { return yield(Booking{id, b.customer, b.cancelled}) })
	}
}

// Booking looks up a booking of the event.
func (s State) Booking(id uuid.UUID) (Booking, bool) {
	b, made := s.bookings.get(id)
	return Booking{id, b.customer, b.cancelled}, made
}

// Made is the number of bookings ever made, cancelled ones included.
func (s State) Made() int { return s.bookings.len() }
