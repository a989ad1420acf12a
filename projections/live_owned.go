package projections

import (
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// OwnedChanges are the changes that concern one customer each. They come from the log, so they don't
// wait for the other read models: a read that must contain one asks for its position.
type OwnedChanges struct {
	Bookings []BookingChange
	Holds    []HoldChange
	Entries  []EntryChange
}

// BookingChange says that a booking was made or cancelled.
type BookingChange struct {
	ID, EventID, UserID uuid.UUID
	Status              string // BookingConfirmed or BookingCancelled
	Version             int    // of the event's stream
	Position            int64
}

// HoldChange is a hold or an offer after a change.
type HoldChange struct {
	ID, EventID, UserID uuid.UUID
	Status              string // HoldHeld, HoldConfirmed, HoldReleased or HoldLapsed
	Offered             bool
	ExpiresAt           time.Time // only of HoldHeld
	Version             int       // of the event's stream
	Position            int64
}

// EntryChange is an entry on a waiting list after a change.
type EntryChange struct {
	ID, EventID, UserID uuid.UUID
	Status              string
	Version             int // of the event's stream
	Position            int64
}

// ownedTypes are the types of the records that OwnedChanges come from.
func ownedTypes() []string {
	return []string{
		domain.TypeTicketBooked, domain.TypeBookingCancelled, domain.TypeTicketsHeld, domain.TypeHoldConfirmed,
		domain.TypeHoldReleased, domain.TypeHoldLapsed, domain.TypeWaitlistJoined, domain.TypeWaitlistLeft,
		domain.TypeTicketsOffered, domain.TypeOfferDeclined, domain.TypeOfferLapsed,
	}
}

func (c *OwnedChanges) size() int { return len(c.Bookings) + len(c.Holds) + len(c.Entries) }

func (c *OwnedChanges) append(more OwnedChanges) {
	c.Bookings = append(c.Bookings, more.Bookings...)
	c.Holds = append(c.Holds, more.Holds...)
	c.Entries = append(c.Entries, more.Entries...)
}

// collect adds the changes of records of ownedTypes. It skips records that this program can't read,
// because the projections report them.
func (c *OwnedChanges) collect(rows pgx.Rows) error {
	var (
		r             engine.Record[domain.Record]
		kind          string
		schemaVersion int16
		data          []byte
	)
	columns := []any{&r.Position, &r.StreamID, &r.Version, &kind, &schemaVersion, &data}
	_, err := pgx.ForEachRow(rows, columns, func() error {
		var unreadable error
		if r.Value, unreadable = decode(kind, schemaVersion, data); unreadable == nil {
			c.add(&r)
		}
		return nil
	})
	return err
}

func (c *OwnedChanges) add(r *engine.Record[domain.Record]) {
	booking := func(id, of uuid.UUID, status string) {
		c.Bookings = append(c.Bookings, BookingChange{id, r.StreamID, of, status, r.Version, r.Position})
	}
	hold := func(id, of uuid.UUID, offered bool, expiresAt time.Time) {
		c.Holds = append(c.Holds,
			HoldChange{id, r.StreamID, of, holdStatusAfter(r.Value), offered, expiresAt, r.Version, r.Position})
	}
	entry := func(id, of uuid.UUID) {
		c.Entries = append(c.Entries, EntryChange{id, r.StreamID, of, entryStatusAfter(r.Value), r.Version, r.Position})
	}
	switch v := r.Value.(type) {
	case domain.TicketBooked:
		booking(v.BookingID, v.CustomerID, BookingConfirmed)
	case domain.BookingCancelled:
		booking(v.BookingID, v.CustomerID, BookingCancelled)
	case domain.TicketsHeld:
		hold(v.HoldID, v.CustomerID, false, v.ExpiresAt)
	case domain.HoldConfirmed:
		booking(v.HoldID, v.CustomerID, BookingConfirmed)
		hold(v.HoldID, v.CustomerID, v.Offered, time.Time{})
		if v.Offered {
			entry(v.HoldID, v.CustomerID)
		}
	case domain.HoldReleased:
		hold(v.HoldID, v.CustomerID, false, time.Time{})
	case domain.HoldLapsed:
		hold(v.HoldID, v.CustomerID, false, time.Time{})
	case domain.TicketsOffered:
		hold(v.EntryID, v.CustomerID, true, v.ExpiresAt)
		entry(v.EntryID, v.CustomerID)
	case domain.OfferDeclined:
		hold(v.EntryID, v.CustomerID, true, time.Time{})
		entry(v.EntryID, v.CustomerID)
	case domain.OfferLapsed:
		hold(v.EntryID, v.CustomerID, true, time.Time{})
		entry(v.EntryID, v.CustomerID)
	case domain.WaitlistJoined:
		entry(v.EntryID, v.CustomerID)
	case domain.WaitlistLeft:
		entry(v.EntryID, v.CustomerID)
	default: // it is about no customer
	}
}
