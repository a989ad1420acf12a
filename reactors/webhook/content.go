package webhook

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/endpoint"
	"github.com/boxoffice/boxoffice/internal/money"
)

// schemaVersion is that of data. Fields are added to a version, and never get another meaning.
const schemaVersion = 1

// data is what a message says. People are in it by their ids only: names and addresses are asked for
// at the API, which knows who was erased.
type data struct {
	SchemaVersion int        `json:"schemaVersion"`
	Position      int64      `json:"position"` // of the log
	Event         event      `json:"event"`
	Booking       *claim     `json:"booking,omitempty"`
	Hold          *claim     `json:"hold,omitempty"`
	WaitlistEntry *claim     `json:"waitlistEntry,omitempty"`
	Ticket        *ticketRef `json:"ticket,omitempty"`
}

// event is an event as it was right after the record.
type event struct {
	ID       uuid.UUID `json:"id"`
	Version  int       `json:"version"` // says which of two messages about an event is the later one
	Title    string    `json:"title"`
	Venue    string    `json:"venue"`
	StartsAt time.Time `json:"startsAt"`
	EndsAt   time.Time `json:"endsAt,omitzero"`
	TimeZone string    `json:"timeZone"`
	Capacity int       `json:"capacity,omitempty"` // where that is what has changed
}

// claim is a booking, a hold or an entry on a waiting list, with the names that the API has.
type claim struct {
	ID         uuid.UUID   `json:"id"`
	CustomerID uuid.UUID   `json:"customerId"`
	Lines      []line      `json:"lines"`
	Currency   string      `json:"currency,omitempty"` // empty: prices are not known
	Total      json.Number `json:"total,omitempty"`
	ExpiresAt  time.Time   `json:"expiresAt,omitzero"`
}

type line struct {
	TicketTypeID int         `json:"ticketTypeId"`
	Name         string      `json:"name"`
	Quantity     int         `json:"quantity"`
	Price        json.Number `json:"price,omitempty"` // of each
}

type ticketRef struct {
	BookingID    uuid.UUID  `json:"bookingId"`
	TicketTypeID int        `json:"ticketTypeId"`
	Number       int        `json:"number"`
	CheckedInAt  *time.Time `json:"checkedInAt"` // null: it is not
}

// typeOf is the public name of a record; empty: it is not public.
func typeOf(value domain.Record) endpoint.Type {
	switch value.(type) {
	case domain.EventScheduled:
		return endpoint.EventScheduled
	case domain.EventPublished:
		return endpoint.EventPublished
	case domain.DetailsChanged:
		return endpoint.EventChanged
	case domain.CapacityChanged:
		return endpoint.EventCapacityChanged
	case domain.EventCancelled:
		return endpoint.EventCancelled
	case domain.TicketBooked, domain.HoldConfirmed:
		return endpoint.BookingConfirmed
	case domain.BookingCancelled:
		return endpoint.BookingCancelled
	case domain.TicketsHeld:
		return endpoint.HoldCreated
	case domain.HoldReleased:
		return endpoint.HoldReleased
	case domain.HoldLapsed:
		return endpoint.HoldLapsed
	case domain.WaitlistJoined:
		return endpoint.WaitlistJoined
	case domain.WaitlistLeft:
		return endpoint.WaitlistLeft
	case domain.TicketsOffered:
		return endpoint.OfferMade
	case domain.OfferDeclined:
		return endpoint.OfferDeclined
	case domain.OfferLapsed:
		return endpoint.OfferLapsed
	case domain.TicketCheckedIn:
		return endpoint.TicketCheckedIn
	case domain.CheckInUndone:
		return endpoint.TicketCheckInUndone
	case domain.OrganizerAdded, domain.OrganizerRemoved, domain.MessageSent: // are between people
	}
	return ""
}

// dataOf is what is said about a record. d are the details of the event after it.
func dataOf(record eventstore.Record, value domain.Record, d domain.Details) data {
	said := data{SchemaVersion: schemaVersion, Position: record.Position, Event: event{
		ID: record.StreamID, Version: record.Version, Title: d.Title, Venue: d.Venue, StartsAt: d.StartsAt,
		EndsAt: d.EndsAt, TimeZone: d.TimeZone,
	}}
	of := func(id, customer uuid.UUID, lines domain.Lines, currency string, until time.Time) *claim {
		return claimOf(d, claim{ID: id, CustomerID: customer, Currency: currency, ExpiresAt: until}, lines)
	}
	var never time.Time
	switch v := value.(type) {
	case domain.EventScheduled:
		said.Event.Capacity = v.Capacity
	case domain.CapacityChanged:
		said.Event.Capacity = v.Capacity
	case domain.TicketBooked:
		said.Booking = of(v.BookingID, v.CustomerID, v.Lines, v.Currency, never)
	case domain.HoldConfirmed:
		said.Booking = of(v.HoldID, v.CustomerID, v.Lines, v.Currency, never)
	case domain.BookingCancelled:
		said.Booking = of(v.BookingID, v.CustomerID, v.Lines, "", never)
	case domain.TicketsHeld:
		said.Hold = of(v.HoldID, v.CustomerID, v.Lines, v.Currency, v.ExpiresAt)
	case domain.HoldReleased:
		said.Hold = of(v.HoldID, v.CustomerID, v.Lines, "", never)
	case domain.HoldLapsed:
		said.Hold = of(v.HoldID, v.CustomerID, v.Lines, "", never)
	case domain.WaitlistJoined:
		said.WaitlistEntry = of(v.EntryID, v.CustomerID, v.Lines, "", never)
	case domain.WaitlistLeft:
		said.WaitlistEntry = of(v.EntryID, v.CustomerID, v.Lines, "", never)
	case domain.TicketsOffered:
		said.WaitlistEntry = of(v.EntryID, v.CustomerID, v.Lines, v.Currency, v.ExpiresAt)
	case domain.OfferDeclined:
		said.WaitlistEntry = of(v.EntryID, v.CustomerID, v.Lines, "", never)
	case domain.OfferLapsed:
		said.WaitlistEntry = of(v.EntryID, v.CustomerID, v.Lines, "", never)
	case domain.TicketCheckedIn:
		said.Ticket = ticketOf(v.TicketID, &v.At)
	case domain.CheckInUndone:
		said.Ticket = ticketOf(v.TicketID, nil) // without the reason, which may name somebody
	case domain.EventPublished, domain.DetailsChanged, domain.EventCancelled, domain.OrganizerAdded,
		domain.OrganizerRemoved, domain.MessageSent: // the event says all
	}
	return said
}

func claimOf(d domain.Details, c claim, lines domain.Lines) *claim {
	names := make(map[domain.TypeID]string, len(d.TicketTypes))
	for _, t := range d.TicketTypes {
		names[t.ID] = t.Name
	}
	total := domain.Money{Currency: c.Currency}
	amount := func(m domain.Money) json.Number {
		if m.Currency == "" {
			return ""
		}
		return json.Number(money.Decimal(m))
	}
	for _, l := range lines.All() {
		total.Minor += int64(l.Quantity) * l.Price
		c.Lines = append(c.Lines, line{
			int(l.Type), names[l.Type], l.Quantity, amount(domain.Money{Minor: l.Price, Currency: c.Currency}),
		})
	}
	c.Total = amount(total)
	return &c
}

func ticketOf(t domain.TicketID, at *time.Time) *ticketRef {
	return &ticketRef{BookingID: t.BookingID, TicketTypeID: int(t.Type), Number: t.Number, CheckedInAt: at}
}
