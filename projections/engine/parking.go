package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"strings"

	"github.com/ThreeDotsLabs/watermill"
	wsql "github.com/ThreeDotsLabs/watermill-sql/v3/pkg/sql"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
)

// parkedTopic is the topic of watermill's poison queue, and the table that it writes to.
const parkedTopic = "parked_records"

// poisonQueue parks single records that can't be applied, in the transaction that would have
// applied them.
func poisonQueue(log watermill.LoggerAdapter) message.HandlerMiddleware {
	queue, err := middleware.PoisonQueueWithFilter(parking{log}, parkedTopic, func(err error) bool {
		return errors.As(err, new(*recordError))
	})
	if err != nil {
		panic(err) // only an empty topic is refused
	}
	return queue
}

// parking publishes to parked_records by watermill-sql, with a publisher for each page because each
// page has a transaction of its own.
type parking struct{ log watermill.LoggerAdapter }

func (p parking) Publish(topic string, messages ...*message.Message) error {
	for _, m := range messages {
		page, err := pageOf(m)
		if err != nil {
			return err
		}
		if !page.inTransaction() { // the record did not get as far as the database
			if err := page.send(m.Context(), &pgx.Batch{}); err != nil {
				return err
			}
		}
		config := wsql.PublisherConfig{SchemaAdapter: parkedSchema{}}
		publisher, err := wsql.NewPublisher(transaction{ctx: m.Context(), conn: page.conn}, config, p.log)
		if err != nil {
			return err
		}
		if err := publisher.Publish(topic, m); err != nil {
			return err
		}
		page.parked = true
	}
	return nil
}

func (parking) Close() error { return nil }

// parkedSchema is the layout of parked records for watermill-sql. Nobody subscribes to them: the
// records themselves are in the log, and a retry reads them there. So only the insert of the
// interface is implemented.
type parkedSchema struct{ wsql.SchemaAdapter }

func (parkedSchema) InsertQuery(topic string, messages message.Messages) (wsql.Query, error) {
	m := messages[0] // parking sends one at a time
	page, err := pageOf(m)
	if err != nil {
		return wsql.Query{}, err
	}
	r := page.records[0]
	var metadata eventstore.Metadata
	_ = json.Unmarshal(r.Metadata, &metadata) // people who look into a problem can do without the id
	return wsql.Query{
		Query: `
			insert into ` + topic + ` (projection, stream_id, version, position, reason, correlation_id)
			values ($1, $2, $3, $4, $5, $6)
			on conflict (projection, stream_id) do update
				set version = excluded.version, position = excluded.position, reason = excluded.reason,
					correlation_id = excluded.correlation_id`,
		Args: []any{
			page.Projection, r.StreamID, r.Version, r.Position,
			StorableText(m.Metadata.Get(middleware.ReasonForPoisonedKey)), metadata.CorrelationID,
		},
	}, nil
}

// StorableText makes any text one that PostgreSQL takes, of 8,000 bytes at most.
func StorableText(text string) string {
	const most = 8000 // a panic comes with its stack
	return strings.ToValidUTF8(strings.ReplaceAll(text[:min(len(text), most)], "\x00", "�"), "�")
}

// transaction lets watermill-sql, which wants the interface of database/sql, write in a transaction
// of pgx. Its publisher calls this one method, with a context that is not ours.
type transaction struct {
	wsql.ContextExecutor
	ctx  context.Context //nolint:containedctx // see above
	conn *pgx.Conn
}

func (t transaction) ExecContext(_ context.Context, query string, args ...any) (sql.Result, error) {
	tag, err := t.conn.Exec(t.ctx, query, args...)
	return driver.RowsAffected(tag.RowsAffected()), err
}

func parkedStreams(ctx context.Context, pool *pgxpool.Pool, projection string) (map[uuid.UUID]bool, error) {
	rows, _ := pool.Query(ctx, `select stream_id from parked_records where projection = $1`, projection)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, err
	}
	parked := make(map[uuid.UUID]bool, len(ids))
	for _, id := range ids {
		parked[id] = true
	}
	return parked, nil
}
