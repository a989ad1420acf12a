package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// Entry is a row of the waitlist read model: somebody who waits or waited for tickets.
type Entry struct {
	ID            uuid.UUID
	EventID       uuid.UUID
	UserID        uuid.UUID
	Status        string       // one of the statuses of an entry
	Lines         domain.Lines // without prices
	JoinedVersion int          // of the event's stream: the order of the waiting list
	JoinedAt      time.Time
	Version       int // of the event's stream, with the last change
}

const waitlistName = "waitlist"

// The statuses of an entry on the waiting list.
const (
	EntryWaiting   = "WAITING"
	EntryOffered   = "OFFERED" // the offer is the hold with the same id
	EntryConfirmed = "CONFIRMED"
	EntryDeclined  = "DECLINED"
	EntryLapsed    = "LAPSED"
	EntryLeft      = "LEFT"
)

func waitlistTable() *engine.Table[Entry, domain.Record] {
	return &engine.Table[Entry, domain.Record]{
		ReadModel: waitlistName, Fields: (*Entry).fields, Decode: decode,
		Key: entryKey, Reduce: reduceEntry,
		Columns: []engine.Column{
			{Name: "id", SQLType: "uuid"},
			{Name: "event_id", SQLType: "uuid"},
			{Name: "user_id", SQLType: "uuid"},
			{Name: "status", SQLType: "text"},
			{Name: "lines", SQLType: "jsonb"},
			{Name: "joined_version", SQLType: "int"},
			{Name: "joined_at", SQLType: "timestamptz"},
			{Name: "version", SQLType: "int"},
		},
	}
}

func (e *Entry) fields() []any {
	return []any{
		&e.ID, &e.EventID, &e.UserID, &e.Status, (*linesColumn)(&e.Lines), &e.JoinedVersion, &e.JoinedAt, &e.Version,
	}
}

func entryKey(r *engine.Record[domain.Record]) (key uuid.UUID, creates, ok bool) {
	switch v := r.Value.(type) {
	case domain.WaitlistJoined:
		return v.EntryID, true, true
	case domain.WaitlistLeft:
		return v.EntryID, false, true
	case domain.TicketsOffered:
		return v.EntryID, false, true
	case domain.HoldConfirmed:
		return v.HoldID, false, v.Offered
	case domain.OfferDeclined:
		return v.EntryID, false, true
	case domain.OfferLapsed:
		return v.EntryID, false, true
	default:
		return uuid.UUID{}, false, false
	}
}

func reduceEntry(row *Entry, r *engine.Record[domain.Record]) {
	if v, joins := r.Value.(domain.WaitlistJoined); joins {
		*row = Entry{
			ID: v.EntryID, EventID: r.StreamID, UserID: v.CustomerID, Lines: v.Lines, JoinedVersion: r.Version,
			JoinedAt: r.RecordedAt,
		}
	}
	row.Status, row.Version = entryStatusAfter(r.Value), r.Version
}

// entryStatusAfter is the status of an entry that a record is about; empty: it is about none.
func entryStatusAfter(r domain.Record) string {
	switch v := r.(type) {
	case domain.WaitlistJoined:
		return EntryWaiting
	case domain.WaitlistLeft:
		return EntryLeft
	case domain.TicketsOffered:
		return EntryOffered
	case domain.HoldConfirmed:
		if v.Offered {
			return EntryConfirmed
		}
		return ""
	case domain.OfferDeclined:
		return EntryDeclined
	case domain.OfferLapsed:
		return EntryLapsed
	default:
		return ""
	}
}

func scanEntry(row pgx.CollectableRow, more ...any) (Entry, error) {
	var e Entry
	err := engine.Scan(row, append(e.fields(), more...)...)
	return e, err
}

// Waitlist answers queries about the waiting lists. Its pool stays the caller's.
type Waitlist struct{ Pool eventstore.Database }

// PlacedEntry is an entry with its place.
type PlacedEntry struct {
	Entry
	Place int // from 1: how many wait who have not joined later; 0: it does not wait any more
}

// OfUser returns the entries of a user that wait or have an offer, in the order of joining, each with
// its place.
func (w Waitlist) OfUser(ctx context.Context, userID uuid.UUID) ([]PlacedEntry, error) {
	rows, _ := w.Pool.Query(ctx, `
		select `+waitlistTable().ColumnList("w.")+`, case w.status when '`+EntryWaiting+`' then (
			select count(*)
			from waitlist ahead
			where ahead.event_id = w.event_id and ahead.status = '`+EntryWaiting+`'
				and ahead.joined_version <= w.joined_version
		) else 0 end
		from waitlist w
		where w.user_id = $1 and w.status in ('`+EntryWaiting+`', '`+EntryOffered+`')
		order by w.joined_at, w.id`, userID)
	entries, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e PlacedEntry, err error) {
		e.Entry, err = scanEntry(row, &e.Place)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("entries of user %s on waiting lists: %w", userID, err)
	}
	return entries, nil
}
