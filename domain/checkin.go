package domain

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// TicketID names a ticket: the Number-th of those of a type that a booking has, from 1.
type TicketID struct {
	BookingID uuid.UUID `json:"bookingId"`
	Type      TypeID    `json:"type"`
	Number    int       `json:"number"`
}

// Tickets are those of a booking with these lines.
func (l Lines) Tickets(booking uuid.UUID) []TicketID {
	var all []TicketID
	for _, line := range l.All() {
		for n := range line.Quantity {
			all = append(all, TicketID{booking, line.Type, n + 1})
		}
	}
	return all
}

// CheckIn is the admission of a ticket.
type CheckIn struct {
	Ticket TicketID
	At     time.Time // in UTC, whole microseconds
	By     uuid.UUID // who checked it in
}

// checkIn is a check-in of a known booking.
type checkIn struct {
	typeID TypeID
	number uint8 // a booking has at most MaxPerCustomer tickets
	at     int64 // in microseconds since 1970
	by     uuid.UUID
}

func (c checkIn) is(t TicketID) bool { return c.typeID == t.Type && int(c.number) == t.Number }

// AlreadyCheckedInError is [ErrAlreadyCheckedIn] with the earlier check-in.
type AlreadyCheckedInError struct{ CheckIn }

func (e *AlreadyCheckedInError) Error() string { return ErrAlreadyCheckedIn.Error() }

// Unwrap makes it a [Refusal].
func (e *AlreadyCheckedInError) Unwrap() error { return ErrAlreadyCheckedIn }

// CheckedIn is the number of tickets that are checked in.
func (s State) CheckedIn() int { return s.checkedIn }

// CheckInOf looks up the check-in of a ticket.
func (s State) CheckInOf(t TicketID) (CheckIn, bool) {
	all := s.CheckInsOf(t.BookingID)
	at := slices.IndexFunc(all, func(c CheckIn) bool { return c.Ticket == t })
	if at < 0 {
		return CheckIn{}, false
	}
	return all[at], true
}

// CheckInsOf are the check-ins of a booking, in the order in which they were recorded.
func (s State) CheckInsOf(booking uuid.UUID) []CheckIn {
	admitted, _ := s.checkIns.get(booking)
	all := make([]CheckIn, len(admitted))
	for i, c := range admitted {
		all[i] = CheckIn{TicketID{booking, c.typeID, int(c.number)}, time.UnixMicro(c.at).UTC(), c.by}
	}
	return all
}

// isCheckedIn reports whether any ticket of a booking is checked in.
func (s State) isCheckedIn(booking uuid.UUID) bool {
	admitted, _ := s.checkIns.get(booking)
	return len(admitted) > 0
}

// MaxScanAge is how long a phone at the door can be without a network and still tell when it scanned
// a ticket. An older time is more likely that of a clock that was set back.
const MaxScanAge = 72 * time.Hour

func checkInTicket(c CheckInTicket, s State) ([]Record, error) {
	if s.status == statusNone || s.Draft() {
		return nil, ErrEventNotFound
	}
	b, made := s.bookings.get(c.Ticket.BookingID)
	switch {
	case !made || !s.linesOf(c.Ticket.BookingID, b).has(c.Ticket):
		return nil, ErrNoSuchTicket
	case s.Cancelled():
		return nil, ErrEventCancelled
	case b.cancelled:
		return nil, ErrBookingCancelled
	}
	if there, is := s.CheckInOf(c.Ticket); is {
		return nil, &AlreadyCheckedInError{there}
	}
	at := c.At
	if at.After(c.Now) || c.Now.Sub(at) > MaxScanAge {
		at = c.Now
	}
	return []Record{TicketCheckedIn{c.Ticket, at.UTC().Truncate(time.Microsecond), c.By}}, nil
}

func (l Lines) has(t TicketID) bool {
	return t.Number > 0 && slices.ContainsFunc(l.All(), func(line Line) bool {
		return line.Type == t.Type && t.Number <= line.Quantity
	})
}

// MaxReason is how many characters a reason has at most.
const MaxReason = 200

func undoCheckIn(c UndoCheckIn, s State) ([]Record, error) {
	if s.status == statusNone || s.Draft() {
		return nil, ErrEventNotFound
	}
	if b, made := s.bookings.get(c.Ticket.BookingID); !made || !s.linesOf(c.Ticket.BookingID, b).has(c.Ticket) {
		return nil, ErrNoSuchTicket
	}
	reason := strings.TrimSpace(c.Reason)
	var wrong checks
	if wrong.line("reason", reason, MaxReason); len(wrong) > 0 {
		return nil, &InvalidError{wrong}
	}
	if _, is := s.CheckInOf(c.Ticket); !is {
		return nil, nil
	}
	return []Record{CheckInUndone{c.Ticket, c.By, reason}}, nil
}

func (s State) setCheckIn(t TicketID, c checkIn, by *builder) State {
	s = s.removeCheckIn(t, by)
	before, _ := s.checkIns.get(t.BookingID)
	s.checkIns = s.checkIns.set(t.BookingID, append(slices.Clip(before), c), by)
	s.checkedIn++
	return s
}

func (s State) removeCheckIn(t TicketID, by *builder) State {
	before, _ := s.checkIns.get(t.BookingID)
	left := slices.DeleteFunc(slices.Clone(before), func(c checkIn) bool { return c.is(t) })
	if len(left) == len(before) {
		return s
	}
	s.checkedIn -= len(before) - len(left)
	s.checkIns = s.checkIns.set(t.BookingID, left, by)
	return s
}
