package domain

import (
	"errors"
	"fmt"
	"iter"

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
	case s.sold+s.held > s.capacity:
		return fmt.Errorf("%d tickets are sold and %d set aside, of %d", s.sold, s.held, s.capacity)
	}
	if s.checkedIn > s.sold {
		return fmt.Errorf("%d tickets are checked in, and %d are sold", s.checkedIn, s.sold)
	}
	for _, t := range s.details.TicketTypes {
		if taken := s.Taken(t.ID); t.Capacity > 0 && taken > t.Capacity {
			return fmt.Errorf("%d of %d tickets of type %d are sold or set aside", taken, t.Capacity, t.ID)
		}
	}
	return nil
}

// Explain returns which rule forbids record r in state s, and nil when [Decide] answers some
// command with r. A history in which Explain returns nil for each record has broken no rule. Three
// things are not checked: what rules say of the time, because a record does not say when its command
// was decided; rule 13, because some histories are older; and rules 28 and 29, because a record says
// neither what the client has proved nor who acted.
//
// To book or hold tickets that cover an entry on the waiting list breaks a rule, and so does an offer
// to any but the first such entry.
func Explain(s State, r Record) error {
	var c Command
	switch r := r.(type) {
	case EventScheduled:
		c = ScheduleEvent{Details: r.Details, Capacity: r.Capacity, Draft: r.Draft, OrganizerID: r.OrganizerID}
	case DetailsChanged:
		c = ChangeDetails{Details: r.Details}
	case CapacityChanged:
		c = ChangeCapacity{Capacity: r.Capacity}
	case EventCancelled:
		c = CancelEvent{}
	case TicketBooked:
		c = BookTicket{
			BookingID: r.BookingID, CustomerID: r.CustomerID, Lines: r.Lines, Now: longAgo(), WorkProved: true,
		}
	case BookingCancelled:
		c = CancelBooking{BookingID: r.BookingID, CustomerID: r.CustomerID, Now: longAgo()}
		if r.Reason != "" {
			c = CancelBookingOf{BookingID: r.BookingID, By: r.By, Reason: r.Reason, Now: longAgo()}
		}
	default:
		return s.explainClaim(r)
	}
	return s.explainByDecision(c, r)
}

// explainClaim is Explain for records of holds, offers and the waiting list.
func (s State) explainClaim(r Record) error {
	switch r := r.(type) {
	case EventScheduled, DetailsChanged, CapacityChanged, EventCancelled, TicketBooked, BookingCancelled: // see Explain
	case EventPublished:
		return s.explainByDecision(PublishEvent{}, r)
	case TicketsHeld:
		return s.explainByDecision(HoldTickets{HoldID: r.HoldID, CustomerID: r.CustomerID, Lines: r.Lines, Until: r.ExpiresAt,
			Now: longAgo(), WorkProved: true}, r)
	case HoldConfirmed:
		return s.explainByDecision(ConfirmHold{HoldID: r.HoldID, CustomerID: r.CustomerID, Now: longAgo()}, r)
	case HoldReleased:
		return s.explainByDecision(ReleaseHold{HoldID: r.HoldID, CustomerID: r.CustomerID, Now: longAgo()}, r)
	case OfferDeclined:
		return s.explainByDecision(ReleaseHold{HoldID: r.EntryID, CustomerID: r.CustomerID, Now: longAgo()}, r)
	case HoldLapsed:
		return s.explainLapse(r.CustomerID, r)
	case OfferLapsed:
		return s.explainLapse(r.CustomerID, r)
	case WaitlistJoined:
		return s.explainByDecision(JoinWaitlist{EntryID: r.EntryID, CustomerID: r.CustomerID, Lines: r.Lines, Now: longAgo(),
			WorkProved: true}, r)
	case WaitlistLeft:
		return s.explainByDecision(LeaveWaitlist{CustomerID: r.CustomerID}, r)
	case TicketsOffered:
		return s.explainOffer(r)
	case OrganizerAdded:
		return s.explainByDecision(AddOrganizer{UserID: r.UserID, Role: r.Role}, r)
	case OrganizerRemoved:
		return s.explainByDecision(RemoveOrganizer{UserID: r.UserID}, r)
	case TicketCheckedIn:
		return s.explainByDecision(CheckInTicket{Ticket: r.TicketID, By: r.By, Now: r.At}, r)
	case CheckInUndone:
		return s.explainByDecision(UndoCheckIn{Ticket: r.TicketID, By: r.By, Reason: r.Reason}, r)
	case MessageSent:
		return s.explainByDecision(SendMessage{By: r.By, Subject: r.Subject, Text: r.Text, Now: r.At}, r)
	}
	return fmt.Errorf("%T is not a record", r)
}

// explainLapse checks the lapse of a hold, without regard to the time.
func (s State) explainLapse(of uuid.UUID, r Record) error {
	h, has := s.holds.get(of)
	would := h.lapse(of)
	switch {
	case !has:
		return ErrHoldNotFound
	case !Equal(would, r):
		return fmt.Errorf("the customer has another hold: the rules give %T %s", would, h.id)
	}
	return nil
}

// explainOffer checks an offer: it goes to the first entry that the free tickets cover.
func (s State) explainOffer(r TicketsOffered) error {
	e, some := s.nextOffer()
	if !some {
		return errors.New("nobody waits for tickets that are free")
	}
	if e.ID != r.EntryID || e.CustomerID != r.CustomerID {
		return fmt.Errorf("entry %s of customer %s comes first", e.ID, e.CustomerID)
	}
	lines, err := s.priced(e.Lines)
	switch {
	case err != nil:
		return err
	case s.status != statusScheduled:
		return errors.New("the event is not on sale")
	case !Equal(TicketsOffered{e.ID, e.CustomerID, s.details.Currency, lines, r.ExpiresAt}, r):
		return errors.New("the offer is not what the customer waits for")
	}
	return nil
}

// explainByDecision checks that a command is answered with r.
func (s State) explainByDecision(c Command, r Record) error {
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
