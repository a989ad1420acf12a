package domain

import (
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Record is an immutable fact in the history of an event. Records identify people by id and hold no
// personal data.
//
//sumtype:decl
type Record interface{ record() }

// EventScheduled is the first record of every stream.
type EventScheduled struct {
	Details  Details `json:"details"`
	Capacity int     `json:"capacity"`
	Draft    bool    `json:"draft,omitempty"` // customers don't see it before EventPublished
	// OrganizerID is who owns the event. Version 1 did not say it: the event belongs to the actor of
	// the record.
	OrganizerID uuid.UUID `json:"organizerId,omitzero"`
}

// OrganizerAdded gives somebody a role at the event, which replaces an earlier one.
type OrganizerAdded struct {
	UserID uuid.UUID `json:"userId"`
	Role   EventRole `json:"role"`
}

// TicketCheckedIn admits the holder of a ticket.
type TicketCheckedIn struct {
	TicketID
	At time.Time `json:"at"` // at the door, which can be before it was recorded
	By uuid.UUID `json:"by"`
}

// CheckInUndone takes an admission back.
type CheckInUndone struct {
	TicketID
	By     uuid.UUID `json:"by"`
	Reason string    `json:"reason"`
}

// OrganizerRemoved takes somebody's role away.
type OrganizerRemoved struct {
	UserID uuid.UUID `json:"userId"`
}

// DetailsChanged replaces the details of an event.
type DetailsChanged struct {
	Details Details `json:"details"`
}

// CapacityChanged sets the number of tickets that an event has in all.
type CapacityChanged struct {
	Capacity int `json:"capacity"`
}

// EventPublished shows a draft to customers.
type EventPublished struct{}

// EventCancelled calls an event off.
type EventCancelled struct{}

// TicketBooked gives tickets to a customer, at prices in a currency. Without a currency the prices
// are not known: version 1 did not say them.
type TicketBooked struct {
	BookingID  uuid.UUID `json:"bookingId"`
	CustomerID uuid.UUID `json:"customerId"`
	Currency   string    `json:"currency,omitempty"`
	Lines      Lines     `json:"lines,omitempty"`
}

// BookingCancelled returns the tickets of a booking.
type BookingCancelled struct {
	BookingID  uuid.UUID `json:"bookingId"`
	CustomerID uuid.UUID `json:"customerId"`
	Lines      Lines     `json:"lines,omitempty"`
	// By is the organizer who has cancelled it, and Reason is why; both empty: the customer has.
	By     uuid.UUID `json:"by,omitzero"`
	Reason string    `json:"reason,omitempty"`
}

// MessageSent is a message of an organizer to everybody who has tickets then.
type MessageSent struct {
	By         uuid.UUID `json:"by"`
	At         time.Time `json:"at"`
	Recipients int       `json:"recipients"` // people who have tickets
	Subject    string    `json:"subject"`
	Text       string    `json:"text"`
}

// TicketsHeld sets tickets aside for a customer until a time. It replaces the customer's hold of the
// same id, if there is one.
type TicketsHeld struct {
	HoldID     uuid.UUID `json:"holdId"`
	CustomerID uuid.UUID `json:"customerId"`
	Currency   string    `json:"currency"`
	Lines      Lines     `json:"lines"`
	Before     Lines     `json:"before,omitempty"` // of the hold that it replaces, without prices
	ExpiresAt  time.Time `json:"expiresAt"`
}

// HoldConfirmed makes a hold, or an accepted offer, a booking with the same id.
type HoldConfirmed struct {
	HoldID     uuid.UUID `json:"holdId"`
	CustomerID uuid.UUID `json:"customerId"`
	Currency   string    `json:"currency"`
	Lines      Lines     `json:"lines"`
	Offered    bool      `json:"offered,omitempty"` // to somebody who waited
}

// HoldReleased returns the tickets of a hold whose customer does not want them.
type HoldReleased struct {
	HoldID     uuid.UUID `json:"holdId"`
	CustomerID uuid.UUID `json:"customerId"`
	Lines      Lines     `json:"lines"`
}

// HoldLapsed returns the tickets of a hold whose time is over.
type HoldLapsed struct {
	HoldID     uuid.UUID `json:"holdId"`
	CustomerID uuid.UUID `json:"customerId"`
	Lines      Lines     `json:"lines"`
}

// WaitlistJoined puts a customer at the end of the waiting list.
type WaitlistJoined struct {
	EntryID    uuid.UUID `json:"entryId"`
	CustomerID uuid.UUID `json:"customerId"`
	Lines      Lines     `json:"lines"` // without prices
}

// WaitlistLeft ends an entry that has no offer.
type WaitlistLeft struct {
	EntryID    uuid.UUID `json:"entryId"`
	CustomerID uuid.UUID `json:"customerId"`
	Lines      Lines     `json:"lines"`
}

// TicketsOffered takes an entry off the waiting list and sets its tickets aside until a time. The
// offer is a hold with the id of the entry.
type TicketsOffered struct {
	EntryID    uuid.UUID `json:"entryId"`
	CustomerID uuid.UUID `json:"customerId"`
	Currency   string    `json:"currency"`
	Lines      Lines     `json:"lines"`
	ExpiresAt  time.Time `json:"expiresAt"`
}

// OfferDeclined returns the tickets of an offer that the customer does not want.
type OfferDeclined struct {
	EntryID    uuid.UUID `json:"entryId"`
	CustomerID uuid.UUID `json:"customerId"`
	Lines      Lines     `json:"lines"`
}

// OfferLapsed returns the tickets of an offer that was not answered in time.
type OfferLapsed struct {
	EntryID    uuid.UUID `json:"entryId"`
	CustomerID uuid.UUID `json:"customerId"`
	Lines      Lines     `json:"lines"`
}

func (EventScheduled) record()   {}
func (DetailsChanged) record()   {}
func (CapacityChanged) record()  {}
func (EventPublished) record()   {}
func (EventCancelled) record()   {}
func (TicketBooked) record()     {}
func (BookingCancelled) record() {}
func (TicketsHeld) record()      {}
func (HoldConfirmed) record()    {}
func (HoldReleased) record()     {}
func (HoldLapsed) record()       {}
func (WaitlistJoined) record()   {}
func (WaitlistLeft) record()     {}
func (TicketsOffered) record()   {}
func (OfferDeclined) record()    {}
func (OfferLapsed) record()      {}
func (OrganizerAdded) record()   {}
func (OrganizerRemoved) record() {}
func (TicketCheckedIn) record()  {}
func (CheckInUndone) record()    {}
func (MessageSent) record()      {}

// Equal reports whether two records say the same.
func Equal(a, b Record) bool {
	if a, is := a.(TicketBooked); is { // nearly every record, and many times as fast as by reflection
		b, is := b.(TicketBooked)
		return is && a.BookingID == b.BookingID && a.CustomerID == b.CustomerID && a.Currency == b.Currency &&
			slices.Equal(a.Lines, b.Lines)
	}
	return reflect.DeepEqual(a, b)
}
