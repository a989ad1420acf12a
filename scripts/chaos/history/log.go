package history

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// Record is a fact of the log, as far as it matters here.
type Record struct {
	Position int64
	Event    uuid.UUID
	Version  int
	Request  string // that caused it
	Change   Change
	Booking  uuid.UUID
	Customer uuid.UUID
	Capacity int
	At       time.Time
	Fact     domain.Record

	place int // in the log
}

// Change is what a record says.
type Change int

// The changes.
const (
	Scheduled Change = iota
	Booked
	Cancelled
	Other
)

// ReadLog turns the whole log into records, and checks that it is whole: positions and versions
// without gaps, and each hash right.
func ReadLog(stored []eventstore.Record) (records []Record, violations []Violation) {
	type end struct {
		version int
		hash    eventstore.Hash
	}
	ends := map[uuid.UUID]end{}
	bad := func(rule string, r *eventstore.Record, text string) {
		at := fmt.Sprintf("position %d, version %d of %s", r.Position, r.Version, r.StreamID)
		violations = append(violations, Violation{rule, at + ": " + text})
	}
	for i := range stored {
		s := &stored[i]
		if want := int64(i) + 1; s.Position != want {
			bad(Gap, s, fmt.Sprintf("the position should be %d", want))
		}
		at := ends[s.StreamID]
		if s.Version != at.version+1 {
			bad(Gap, s, fmt.Sprintf("the version should be %d", at.version+1))
		}
		if s.Hash != s.Sum(at.hash) {
			bad(Chain, s, "the hash does not follow from its predecessor")
		}
		ends[s.StreamID] = end{s.Version, s.Hash}

		r := Record{Position: s.Position, Event: s.StreamID, Version: s.Version, Change: Other, At: s.RecordedAt}
		var metadata eventstore.Metadata
		if err := json.Unmarshal(s.Metadata, &metadata); err != nil {
			bad(Chain, s, "the metadata can't be read: "+err.Error())
		}
		r.Request = metadata.CorrelationID
		value, err := domain.Codec{}.Decode(s.Type, s.SchemaVersion, s.Data)
		if err != nil && s.Type != eventstore.TypeLogRead {
			bad(Chain, s, "it can't be read: "+err.Error())
		}
		r.Fact = value
		switch v := value.(type) {
		case domain.EventScheduled:
			r.Change, r.Capacity = Scheduled, v.Capacity
		case domain.TicketBooked:
			r.Change, r.Booking, r.Customer = Booked, v.BookingID, v.CustomerID
		case domain.BookingCancelled:
			r.Change, r.Booking, r.Customer = Cancelled, v.BookingID, v.CustomerID
		default: // nobody does that here
		}
		records = append(records, r)
	}
	return records, violations
}
