package projections

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
)

// claimRows is how many holds or entries are fetched at once.
const claimRows = 1_000

func comparedHolds() comparedModel {
	return comparedModel{
		noun: "hold", columns: holdsTable().ColumnList(""), stream: "event_id",
		fetch: (*Comparison).fetchHolds, match: (*Comparison).matchHold,
		counts: func(r *comparedRow) bool { return r.hold.Status == HoldHeld },
		known: func(s domain.State) (n int) {
			for range s.Holds() {
				n++
			}
			return n
		},
	}
}

func (c *Comparison) fetchHolds(ctx context.Context) error {
	return c.fetchSome(ctx, claimRows, func(row pgx.CollectableRow) (comparedRow, error) {
		h, err := scanHold(row)
		return comparedRow{stream: h.EventID, id: h.ID, hold: &h}, err
	})
}

// matchHold compares a hold with the state: an active one in full, others only by being over and by
// whether they became bookings.
func (c *Comparison) matchHold(r *comparedRow, s Stream) {
	held, has := s.State.HoldOf(r.hold.UserID)
	has = has && held.ID == r.id
	made, isBooking := s.State.Booking(r.id)
	isBooking = isBooking && made.CustomerID == r.hold.UserID
	var different string
	switch {
	case has != (r.hold.Status == HoldHeld):
		different = fmt.Sprintf("is held: %t in the read model, %t in the stream", !has, has)
	case isBooking != (r.hold.Status == HoldConfirmed):
		different = fmt.Sprintf("is a booking: %t in the read model, %t in the stream", !isBooking, isBooking)
	case has:
		want := *r.hold
		want.Offered, want.Currency, want.Lines, want.ExpiresAt = held.Offered, held.Currency, held.Lines, held.ExpiresAt
		different = holdsTable().Differences(r.hold, &want)
	}
	if different != "" {
		c.differs(r.stream, s.Version, fmt.Sprintf("hold %s: %s", r.id, different))
	}
}

// comparedEntries takes the rows of a stream in the order of the waiting list, which must be that of
// the numbers in the state.
func comparedEntries() comparedModel {
	number, of := uint32(0), uuid.Nil
	return comparedModel{
		noun: "entry", columns: waitlistTable().ColumnList(""), stream: "event_id", order: "joined_version",
		fetch: (*Comparison).fetchEntries,
		match: func(c *Comparison, r *comparedRow, s Stream) {
			if of != r.stream {
				number, of = 0, r.stream
			}
			number = c.matchEntry(r, s, number)
		},
		counts: func(r *comparedRow) bool { return r.entry.Status == EntryWaiting },
		known:  domain.State.Waiting,
	}
}

func (c *Comparison) fetchEntries(ctx context.Context) error {
	return c.fetchSome(ctx, claimRows, func(row pgx.CollectableRow) (comparedRow, error) {
		e, err := scanEntry(row)
		return comparedRow{stream: e.EventID, id: e.ID, entry: &e}, err
	})
}

// matchEntry compares an entry with the state, and returns the number of the last one that waits.
func (c *Comparison) matchEntry(r *comparedRow, s Stream, last uint32) uint32 {
	e := r.entry
	waiting, waits := s.State.EntryOf(e.UserID)
	waits = waits && waiting.ID == e.ID
	held, has := s.State.HoldOf(e.UserID)
	has = has && held.ID == e.ID
	made, isBooking := s.State.Booking(e.ID)
	isBooking = isBooking && made.CustomerID == e.UserID
	var different string
	switch {
	case waits != (e.Status == EntryWaiting):
		different = fmt.Sprintf("waits: %t in the read model, %t in the stream", !waits, waits)
	case has != (e.Status == EntryOffered):
		different = fmt.Sprintf("has an offer: %t in the read model, %t in the stream", !has, has)
	case isBooking != (e.Status == EntryConfirmed):
		different = fmt.Sprintf("is a booking: %t in the read model, %t in the stream", !isBooking, isBooking)
	case waits:
		want := *e
		want.Lines = waiting.Lines
		if different = waitlistTable().Differences(e, &want); different == "" && waiting.Number <= last {
			different = "is behind somebody who has joined later"
		}
		last = waiting.Number
	}
	if different != "" {
		c.differs(r.stream, s.Version, fmt.Sprintf("entry %s: %s", r.id, different))
	}
	return last
}
