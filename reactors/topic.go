package reactors

import (
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	wsql "github.com/ThreeDotsLabs/watermill-sql/v3/pkg/sql"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/eventstore"
)

// topic tells watermill-sql where the messages of a reactor are and how they are acknowledged, for
// one holder of its lease. The tables are made by the migrations. It implements
// [wsql.SchemaAdapter] and [wsql.OffsetsAdapter], but for what writes.
type topic struct {
	wsql.SchemaAdapter  // nothing is published to it
	wsql.OffsetsAdapter // nothing else is asked of it

	reactor Reactor
	fence   int64
	selects func() // called before each SELECT
}

// logTopic is the name of the log as a topic.
const logTopic = "event_log"

// The metadata of a message of the log, whose payload is the data of the record.
const (
	positionKey      = "position"
	streamIDKey      = "stream_id"
	versionKey       = "version"
	typeKey          = "type"
	schemaVersionKey = "schema_version"
	recordedAtKey    = "recorded_at"
	traceParentKey   = "trace_parent"
)

// unwantedKey is in the metadata of a message that stands for all records up to its position: nobody
// wants them.
const unwantedKey = "unwanted"

// retriedSQL is a message that an operator wants to be handled again. It comes before all others,
// and by itself.
const retriedSQL = `
	with retried as (
		select id as retried_id, id as next_offset, message_id, payload, metadata
		from poisoned_messages
		where reactor = $1 and retry
		order by id
		limit 1
	)
	select * from retried
	union all`

// logSQL reads by position: positions have no gaps and are in the order of commits, so nothing can
// appear before an offset later.
func logSQL(wanted string) string {
	if wanted == "" {
		return retriedSQL + recordsSQL + orderSQL
	}
	return retriedSQL + recordsSQL + ` and (` + wanted + `)` + orderSQL + unwantedSQL + ` and not (` + wanted + `))`
}

const recordsSQL = `
	(select 0, position, position::text, data::text, json_build_object(
		'` + positionKey + `', position::text, '` + streamIDKey + `', stream_id, '` + versionKey + `', version::text,
		'` + typeKey + `', type, '` + schemaVersionKey + `', schema_version::text,
		'` + recordedAtKey + `', to_char(recorded_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
		'correlation_id', coalesce(metadata ->> 'correlationId', ''),
		'` + traceParentKey + `', coalesce(metadata ->> 'traceParent', ''))::text
	from event_log as l
	where position > (select position from reactor_offsets where name = $1) and not exists (select from retried)`

const orderSQL = `
	order by l.position
	limit $2)`

// unwantedSQL is the end of the log in the snapshot in which nobody wants records. A wish for records
// is committed after that, and is about records that are committed later still.
const unwantedSQL = `
	union all
	(select 0, h.position, '', '', '{"` + unwantedKey + `": "true"}'
	from log_head h
	where h.position > (select position from reactor_offsets where name = $1) and not exists (select from retried)`

const queueSQL = retriedSQL + `
	(select 0, id, key, payload, metadata
	from reactor_queue as q
	where topic = $3 and not exists (select from retried)
	order by q.id
	limit $2)`

func (t *topic) SelectQuery(string, string, wsql.OffsetsAdapter) wsql.Query {
	t.selects()
	if t.reactor.Queue != "" {
		return wsql.Query{Query: queueSQL, Args: []any{t.reactor.Name, 1, t.reactor.Queue}}
	}
	return wsql.Query{Query: logSQL(t.reactor.Wanted), Args: []any{t.reactor.Name, max(1, t.reactor.Batch)}}
}

// retriedKey is where a row says that it is a message that is handled again.
const retriedKey = "retried"

func (t *topic) UnmarshalMessage(from wsql.Scanner) (wsql.Row, error) {
	var (
		row      wsql.Row
		retried  int64
		id       string
		metadata []byte
	)
	if err := from.Scan(&retried, &row.Offset, &id, &row.Payload, &metadata); err != nil {
		return row, err
	}
	row.Msg = message.NewMessage(id, row.Payload)
	row.ExtraData = map[string]any{retriedKey: retried}
	var err error
	row.Msg.Metadata, err = decodeMetadata(metadata)
	return row, err
}

// SubscribeIsolationLevel is the usual one: who reads is alone, by the lease.
func (t *topic) SubscribeIsolationLevel() sql.IsolationLevel { return sql.LevelReadCommitted }

// heldSQL fails, by a division by zero, for a process that has lost its lease without noticing.
const heldSQL = `
	held as (
		update reactor_offsets
		set position = greatest(position, $3), updated_at = clock_timestamp()
		where name = $1 and fence = $2
		returning 1
	)
	select 1 / count(*) from held`

// AckMessageQuery moves the offset, or deletes what does not come again by that. It is the last
// statement of the transaction.
func (t *topic) AckMessageQuery(_ string, row wsql.Row, _ string) wsql.Query {
	args := []any{t.reactor.Name, t.fence}
	switch retried := row.ExtraData[retriedKey].(int64); {
	case retried != 0: // unless it was poisoned again
		return wsql.Query{
			Query: `with done as (delete from poisoned_messages where id = $4 and retry), ` + heldSQL,
			Args:  append(args, 0, retried),
		}
	case t.reactor.Queue != "":
		return wsql.Query{
			Query: `with done as (delete from reactor_queue where id = $4), ` + heldSQL,
			Args:  append(args, 0, row.Offset),
		}
	}
	return wsql.Query{Query: `with ` + heldSQL, Args: append(args, row.Offset)}
}

// ConsumedMessageQuery has nothing to do: the lease excludes others.
func (t *topic) ConsumedMessageQuery(string, wsql.Row, string, []byte) wsql.Query {
	return wsql.Query{}
}

// BeforeSubscribingQueries has nothing to do: see [Begin].
func (t *topic) BeforeSubscribingQueries(string, string) []wsql.Query { return nil }

// SchemaInitializingQueries has nothing to do: see the migrations.
func (t *topic) SchemaInitializingQueries(string) []wsql.Query { return nil }

// RecordOf is the record that a message of the log is about, without its hash.
func RecordOf(m *message.Message) (r eventstore.Record, err error) {
	number := func(key string) (n int64) {
		n, wrong := strconv.ParseInt(m.Metadata.Get(key), 10, 64)
		err = errors.Join(err, wrong)
		return n
	}
	id, wrong := uuid.Parse(m.Metadata.Get(streamIDKey))
	err = errors.Join(err, wrong)
	at, wrong := time.Parse(time.RFC3339Nano, m.Metadata.Get(recordedAtKey))
	r = eventstore.Record{
		Position: number(positionKey), StreamID: id, Version: int(number(versionKey)), Type: m.Metadata.Get(typeKey),
		SchemaVersion: int16(number(schemaVersionKey)), //nolint:gosec // as it was stored
		Data:          m.Payload, RecordedAt: at,
	}
	if err = errors.Join(err, wrong); err != nil {
		return r, Permanent(fmt.Errorf("message %s is not about a record: %w", m.UUID, err))
	}
	return r, nil
}
