package webhook

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/endpoint"
	"github.com/boxoffice/boxoffice/reactors"
)

// messages writes deliveries. A reactor handles one message at a time.
type messages struct {
	source string
	now    func() time.Time
	events events

	// The endpoints are read once in each transaction, after its records: endpoints that were added
	// before one of these are among them.
	tx        *sql.Tx
	endpoints []subscriber
}

// subscriber is an endpoint that wants messages.
type subscriber struct {
	id      uuid.UUID
	owner   uuid.UUID
	isAdmin bool
	types   []string
	event   uuid.NullUUID
	since   int64
}

// Messages is the reactor that decides which endpoints are told of a record. All it does is in the
// transaction of the offset. source is the origin of the user interface, which names this system in
// messages.
func Messages(source string, now func() time.Time) reactors.Reactor {
	m := &messages{source: source, now: now, events: newEvents()}
	return reactors.Reactor{
		Name: Topic, Batch: 100, Handle: m.handle, Reset: m.events.known.Purge,
		Wanted: `exists (select from webhook_endpoints where status <> 'gone')`,
	}
}

// Reactors are those of this package by name, for tools that show their state.
func Reactors() []reactors.Reactor { return []reactors.Reactor{Messages("", time.Now)} }

func (s *messages) handle(m *message.Message) error {
	record, err := reactors.RecordOf(m)
	if err != nil {
		return err
	}
	if record.Type == eventstore.TypeLogRead {
		return nil // the domain does not know it
	}
	value, err := domain.Codec{}.Decode(record.Type, record.SchemaVersion, record.Data)
	if err != nil {
		return reactors.Permanent(err) // a record of a newer version is recognised in it
	}
	tx, err := reactors.Tx(m)
	if err != nil {
		return err
	}
	s.events.forget(record, value)
	if s.tx != tx {
		if s.endpoints, err = subscribers(m.Context(), tx); err != nil {
			return err
		}
		s.tx = tx
	}
	of := typeOf(value)
	asking := slices.DeleteFunc(slices.Clone(s.endpoints), func(e subscriber) bool { return !e.wants(of, record) })
	if of == "" || len(asking) == 0 {
		return nil
	}
	event, err := s.events.at(m.Context(), tx, record)
	if err != nil {
		return err
	}
	var to []string
	for _, e := range asking {
		if e.isAdmin || event.isManagedBy(e.owner) {
			to = append(to, e.id.String())
		}
	}
	if len(to) == 0 {
		return nil
	}
	reactors.Queued(m, Topic)
	return s.deliver(m.Context(), tx, record, of, dataOf(record, value, event.details), to)
}

func (e *subscriber) wants(of endpoint.Type, r eventstore.Record) bool {
	return r.Position > e.since && (len(e.types) == 0 || slices.Contains(e.types, string(of))) &&
		(!e.event.Valid || e.event.UUID == r.StreamID)
}

func subscribers(ctx context.Context, tx *sql.Tx) (all []subscriber, err error) {
	rows, err := tx.QueryContext(ctx, `
		select e.id, e.owner_id, u.role = 'admin', array_to_json(e.types)::text, e.event_id, e.since
		from webhook_endpoints e
		join users u on u.id = e.owner_id
		where e.status <> 'gone' and u.role in ('organizer', 'admin')`)
	if err != nil {
		return nil, fmt.Errorf("read the webhooks: %w", err)
	}
	defer rows.Close() //nolint:errcheck // its error is that of Err
	for rows.Next() {
		var e subscriber
		var types []byte
		if err := rows.Scan(&e.id, &e.owner, &e.isAdmin, &types, &e.event, &e.since); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(types, &e.types); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, rows.Err()
}

func (s *messages) deliver(
	ctx context.Context, tx *sql.Tx, record eventstore.Record, of endpoint.Type, said data, to []string,
) error {
	// Positions are given again after a restore of an older backup, and receivers would take what
	// happens then for something that they have had.
	var id string
	err := tx.QueryRowContext(ctx, `
		select position || '-' || left(encode(hash, 'hex'), 8) from event_log where position = $1`, record.Position).
		Scan(&id)
	if err != nil {
		return fmt.Errorf("read the hash of record %d: %w", record.Position, err)
	}
	m := endpoint.NewMessage(id, s.source, of, record.RecordedAt, said)
	m.Subject = record.StreamID.String()
	payload, err := json.Marshal(m)
	if err != nil {
		return reactors.Permanent(err)
	}
	_, err = tx.ExecContext(ctx, `
		insert into webhook_deliveries (endpoint_id, message_id, type, event_id, payload, created_at, next_at)
		select id, $2, $3, $4, $5, $6, $6
		from webhook_endpoints
		where id = any($1::uuid[])
		on conflict do nothing`, to, id, of, record.StreamID, string(payload), s.now())
	if err != nil {
		return fmt.Errorf("write deliveries of record %d: %w", record.Position, err)
	}
	return nil
}
