package booking

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// CheckIn admits the holder of a ticket.
type CheckIn struct {
	EventID uuid.UUID // the event whose door it is
	Ticket  domain.TicketID
	// OfEvent is the event that the ticket is for.
	OfEvent uuid.UUID
	At      time.Time // when the ticket was scanned, if before now; zero: now
	// Invalid is what the caller has found wrong already, such as [domain.ErrNoSuchTicket]. It is
	// reported only to actors who may check tickets in.
	Invalid error
}

// CheckedTicket is a scanned ticket, and how many of the event are checked in after it.
type CheckedTicket struct {
	Ticket     domain.TicketID
	TypeName   string
	CustomerID uuid.UUID
	At         time.Time // when it was checked in; zero: it is not
	CheckedIn  int       // tickets of the event
	Sold       int
}

// CheckIn checks a ticket in. If it is checked in already, the error is a
// [*domain.AlreadyCheckedInError]: of several calls at the same moment, one succeeds.
func (s *Service) CheckIn(ctx context.Context, r Request, c CheckIn) (Result, error) {
	admit := domain.CheckInTicket{Ticket: c.Ticket, At: c.At, By: r.Actor, Now: s.Now()}
	return s.atTheDoor(ctx, r, "check in", c, admit)
}

// UndoCheckIn takes a check-in back. Undoing it again changes nothing.
func (s *Service) UndoCheckIn(ctx context.Context, r Request, c CheckIn, reason string) (Result, error) {
	return s.atTheDoor(ctx, r, "undo check-in", c, domain.UndoCheckIn{Ticket: c.Ticket, By: r.Actor, Reason: reason})
}

func (s *Service) atTheDoor(
	ctx context.Context, r Request, useCase string, c CheckIn, do domain.Command,
) (Result, error) {
	decide := func(state domain.State) ([]domain.Record, error) {
		switch {
		case c.Invalid != nil:
			return nil, c.Invalid
		case c.OfEvent != c.EventID:
			return nil, domain.ErrNotThisEvent
		}
		return domain.Decide(do, state)
	}
	cmd := command{StreamID: c.EventID, Decide: decide}
	return s.executeAs(ctx, r, domain.RoleCheckIn, useCase, cmd, func(o outcome) Result {
		result := eventResult(c.EventID)(o)
		result.Ticket = checkedTicketOf(c.Ticket, o.State)
		return result
	})
}

func checkedTicketOf(t domain.TicketID, s domain.State) CheckedTicket {
	a := CheckedTicket{Ticket: t, CheckedIn: s.CheckedIn(), Sold: s.Sold()}
	for _, kind := range s.Details().TicketTypes {
		if kind.ID == t.Type {
			a.TypeName = kind.Name
		}
	}
	b, _ := s.Booking(t.BookingID)
	a.CustomerID = b.CustomerID
	if c, is := s.CheckInOf(t); is {
		a.At = c.At
	}
	return a
}

// Look reads the state of an event from its stream, for an actor with the needed role.
func (s *Service) Look(
	ctx context.Context, r Request, eventID uuid.UUID, needed domain.EventRole,
) (state domain.State, err error) {
	r.Once = nil // the key belongs to the request that looks
	nothing := command{StreamID: eventID, Decide: func(domain.State) ([]domain.Record, error) { return nil, nil }}
	_, err = s.executeAs(ctx, r, needed, "look", nothing, func(o outcome) Result {
		state = o.State
		return Result{Position: o.Position}
	})
	return state, err
}
