package projections

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// Messages are what organizers have written to those who have tickets. There are few of them, so they
// are read from the log. The pool stays the caller's.
type Messages struct{ Pool eventstore.Database }

// Message is a message, and its place in the log.
type Message struct {
	domain.MessageSent
	Position int64
}

// mostMessages is how many messages of an event are listed.
const mostMessages = 200

// OfEvent returns the messages about an event, newest first; at most the last 200.
func (m Messages) OfEvent(ctx context.Context, event uuid.UUID) ([]Message, error) {
	// The type is not a parameter, because the index is for this type only.
	rows, _ := m.Pool.Query(ctx, `
		select position, type, schema_version, data::text
		from event_log
		where stream_id = $1 and type = 'MessageSent'
		order by version desc
		limit $2`, event, mostMessages)
	messages, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sent Message, err error) {
		var r eventstore.Record
		if err := row.Scan(&sent.Position, &r.Type, &r.SchemaVersion, &r.Data); err != nil {
			return sent, err
		}
		value, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
		sent.MessageSent, _ = value.(domain.MessageSent)
		return sent, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the messages of event %s: %w", event, err)
	}
	return messages, nil
}
