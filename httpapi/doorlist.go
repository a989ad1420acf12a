package httpapi

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/account"
)

// DoorList is what a device at the door needs to check tickets offline. Its only personal data are
// names.
type DoorList struct {
	EventID     uuid.UUID        `json:"eventId" format:"uuid"`
	Title       string           `json:"title"`
	Cancelled   bool             `json:"cancelled" doc:"The event is cancelled: nobody is let in"`
	KeepUntil   time.Time        `json:"keepUntil" doc:"The event is over then, and the list must be deleted"`
	Sold        int              `json:"sold" doc:"Tickets of the event that are sold"`
	CheckedIn   int              `json:"checkedIn" doc:"Those of them that are checked in"`
	TicketTypes []DoorTicketType `json:"ticketTypes" nullable:"false"`
	Bookings    []DoorBooking    `json:"bookings" nullable:"false" doc:"In the order of their ids"`
}

// DoorTicketType names a ticket type.
type DoorTicketType struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// DoorBooking is a booking of the event.
type DoorBooking struct {
	ID        uuid.UUID     `json:"id" format:"uuid"`
	Name      string        `json:"name" doc:"Of the customer; empty when the account was deleted"`
	Cancelled bool          `json:"cancelled,omitempty"`
	CheckIns  []DoorCheckIn `json:"checkIns,omitempty" doc:"Its tickets that are checked in"`
}

// DoorCheckIn is the admission of a ticket.
type DoorCheckIn struct {
	TicketTypeID int       `json:"ticketTypeId"`
	Number       int       `json:"number" doc:"Of the booking's tickets of the type, from 1"`
	At           time.Time `json:"at"`
	By           string    `json:"by" doc:"Name of who checked it in; empty when the account was deleted"`
}

// listCheckIns reads the state of the stream, so that the list contains every check-in that was answered
// before the request.
func (a *api) listCheckIns(ctx context.Context, in *deskEventInput) (*struct{ Body DoorList }, error) {
	state, err := a.Service.Look(ctx, requestOf(ctx), in.ID, domain.RoleCheckIn)
	if err != nil {
		return nil, err
	}
	if state.Draft() {
		return nil, domain.ErrEventNotFound // as for a check-in
	}
	bookings, people := slices.Collect(state.Bookings()), []uuid.UUID{}
	for _, b := range bookings {
		people = append(people, b.CustomerID)
		for _, c := range state.CheckInsOf(b.ID) {
			people = append(people, c.By)
		}
	}
	users, err := a.Accounts.Named(ctx, distinct(people))
	if err != nil {
		return nil, err
	}
	return &struct{ Body DoorList }{doorListOf(in.ID, state, bookings, users)}, nil
}

func doorListOf(
	id uuid.UUID, s domain.State, bookings []domain.Booking, users map[uuid.UUID]account.User,
) DoorList {
	d := s.Details()
	list := DoorList{
		EventID: id, Title: d.Title, Cancelled: s.Cancelled(), KeepUntil: overAt(d.StartsAt, d.EndsAt),
		Sold: s.Sold(), CheckedIn: s.CheckedIn(),
		TicketTypes: []DoorTicketType{}, Bookings: make([]DoorBooking, len(bookings)),
	}
	for _, t := range d.TicketTypes {
		list.TicketTypes = append(list.TicketTypes, DoorTicketType{int(t.ID), t.Name})
	}
	for i, b := range bookings {
		shown := DoorBooking{ID: b.ID, Name: users[b.CustomerID].Name, Cancelled: b.Cancelled}
		for _, c := range s.CheckInsOf(b.ID) {
			shown.CheckIns = append(shown.CheckIns,
				DoorCheckIn{int(c.Ticket.Type), c.Ticket.Number, c.At, users[c.By].Name})
		}
		list.Bookings[i] = shown
	}
	// Sorted, because the order of the state is arbitrary.
	slices.SortFunc(list.Bookings, func(a, b DoorBooking) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return list
}

func distinct(ids []uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}
