package webhook

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/reactors"
)

// cachedEvents is how many events are remembered, so that they need not be looked up for each booking.
const cachedEvents = 1000

// knownEvent is what has to be known of an event, as of a version of its stream.
type knownEvent struct {
	version  int
	details  domain.Details
	owner    uuid.UUID
	managers map[uuid.UUID]bool // besides the owner
}

func (e *knownEvent) isManagedBy(user uuid.UUID) bool { return user == e.owner || e.managers[user] }

// events reads events from the log itself: read models may be behind it, or ahead.
type events struct {
	known *lru.Cache[uuid.UUID, *knownEvent]
}

func newEvents() events {
	cache, err := lru.New[uuid.UUID, *knownEvent](cachedEvents)
	if err != nil {
		panic(err) // only a size that is not positive is refused
	}
	return events{cache}
}

// forget has an event read again after a record that changes what is known of it.
func (e events) forget(r eventstore.Record, value domain.Record) {
	switch value.(type) {
	case domain.DetailsChanged, domain.OrganizerAdded, domain.OrganizerRemoved:
		e.known.Remove(r.StreamID)
	default:
	}
}

// at is the event right after a record. One that was handled before, because its transaction failed
// or because it was poisoned, is older than what is known.
func (e events) at(ctx context.Context, tx *sql.Tx, r eventstore.Record) (*knownEvent, error) {
	known, ok := e.known.Get(r.StreamID)
	if ok && known.version <= r.Version {
		return known, nil
	}
	read, err := eventAt(ctx, tx, r)
	if err == nil && !ok {
		e.known.Add(r.StreamID, read)
	}
	return read, err
}

func eventAt(ctx context.Context, tx *sql.Tx, at eventstore.Record) (*knownEvent, error) {
	rows, err := tx.QueryContext(ctx, `
		select type, schema_version, data::text, coalesce(metadata ->> 'actor', '')
		from event_log
		where stream_id = $1 and version <= $2
			and type in ('EventScheduled', 'DetailsChanged', 'OrganizerAdded', 'OrganizerRemoved')
		order by version`, at.StreamID, at.Version)
	if err != nil {
		return nil, fmt.Errorf("read event %s: %w", at.StreamID, err)
	}
	defer rows.Close() //nolint:errcheck // its error is that of Err
	event := &knownEvent{version: at.Version, managers: map[uuid.UUID]bool{}}
	for rows.Next() {
		var r eventstore.Record
		var actor string
		if err := rows.Scan(&r.Type, &r.SchemaVersion, &r.Data, &actor); err != nil {
			return nil, err
		}
		value, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
		if err != nil {
			return nil, reactors.Permanent(err)
		}
		event.apply(value, actor)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read event %s: %w", at.StreamID, err)
	}
	return event, nil
}

func (e *knownEvent) apply(value domain.Record, actor string) {
	switch v := value.(type) {
	case domain.EventScheduled:
		e.details, e.owner = v.Details, v.OrganizerID
		if e.owner == uuid.Nil { // the record does not say it: see domain.EventScheduled
			e.owner, _ = uuid.Parse(actor)
		}
	case domain.DetailsChanged:
		e.details = v.Details
	case domain.OrganizerAdded:
		e.managers[v.UserID] = v.Role.Includes(domain.RoleManage)
	case domain.OrganizerRemoved:
		delete(e.managers, v.UserID)
	default: // not selected
	}
}
