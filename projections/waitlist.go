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

// entryStatusAfter is the status of an entry after a record; empty: the record changes none.
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
	Place int // from 1, in the order of joining; 0: it does not wait
}

// OfUser returns the entries of a user that wait or have an offer, in the order of joining, each with
// its place. Events that have begun at now, or are cancelled, are left out.
func (w Waitlist) OfUser(ctx context.Context, userID uuid.UUID, now time.Time) ([]PlacedEntry, error) {
	rows, _ := w.Pool.Query(ctx, `
		select `+waitlistTable().ColumnList("w.")+`, case w.status when '`+EntryWaiting+`' then (
			select count(*)
			from waitlist ahead
			where ahead.event_id = w.event_id and ahead.status = '`+EntryWaiting+`'
				and ahead.joined_version <= w.joined_version
		) else 0 end
		from waitlist w
		join events e on e.id = w.event_id
		where w.user_id = $1 and w.status in ('`+EntryWaiting+`', '`+EntryOffered+`')
			and e.starts_at > $2 and e.status <> '`+EventCancelled+`'
		order by w.joined_at, w.id`, userID, now)
	entries, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e PlacedEntry, err error) {
		e.Entry, err = scanEntry(row, &e.Place)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("entries of user %s on waiting lists: %w", userID, err)
	}
	return entries, nil
}

// Place is the place of an entry that waits.
type Place struct {
	EntryID, EventID, UserID uuid.UUID
	Version                  int // of the entry
	Place                    int // from 1
}

// Places returns the places of users on the waiting lists of events, and on all lists on which one of
// the newcomers waits. They contain the log up to a position.
func (w Waitlist) Places(ctx context.Context, events, users, newcomers []uuid.UUID) (
	places []Place, upTo int64, err error,
) {
	err = w.Pool.QueryRow(ctx, `
		select coalesce((select position from projection_checkpoints where name = '`+waitlistName+`'), 0)`).Scan(&upTo)
	if err != nil {
		return nil, 0, fmt.Errorf("position of the waiting lists: %w", err)
	}
	rows, _ := w.Pool.Query(ctx, `
		select placed.id, lists.event_id, placed.user_id, placed.version, placed.place
		from (
			select unnest($1::uuid[]) as event_id
			union
			select event_id from waitlist where user_id = any($3) and status = '`+EntryWaiting+`'
		) lists
		cross join lateral (
			select id, user_id, version, row_number() over (order by joined_version) as place
			from waitlist
			where event_id = lists.event_id and status = '`+EntryWaiting+`'
		) placed
		where placed.user_id = any($2)`, bytesOf(events), bytesOf(users), bytesOf(newcomers))
	places, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Place])
	if err != nil {
		return nil, 0, fmt.Errorf("places on waiting lists: %w", err)
	}
	return places, upTo, nil
}

// bytesOf are ids in a form that pgx sends in binary, without a text for each.
func bytesOf(ids []uuid.UUID) [][16]byte {
	all := make([][16]byte, len(ids))
	for i := range ids {
		all[i] = ids[i]
	}
	return all
}

// Get returns one entry, or [ErrNotFound].
func (w Waitlist) Get(ctx context.Context, id uuid.UUID) (*Entry, error) {
	return rowOf(ctx, w.Pool, waitlistTable(), "entry on a waiting list", id)
}

// Lacks is [Bookings.Lacks] for waiting lists.
func (w Waitlist) Lacks(ctx context.Context) (bool, error) { return lacks(ctx, w.Pool, waitlistName) }
