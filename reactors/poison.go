package reactors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	wsql "github.com/ThreeDotsLabs/watermill-sql/v3/pkg/sql"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/projections/engine"
)

// poisonedTopic is the topic of watermill's poison queue, and the table that it writes to.
const poisonedTopic = "poisoned_messages"

// ErrNoMessage means that there is no poisoned message with the id.
var ErrNoMessage = errors.New("no such poisoned message")

func poisonQueue(reactor string, log watermill.LoggerAdapter) message.HandlerMiddleware {
	queue, err := middleware.PoisonQueueWithFilter(poison{reactor, log}, poisonedTopic,
		func(err error) bool { return !IsOutage(err) })
	if err != nil {
		panic(err) // only an empty topic is refused
	}
	return queue
}

// poison publishes by watermill-sql in the transaction of the message, so that it is either still to
// be handled or poisoned.
type poison struct {
	reactor string
	log     watermill.LoggerAdapter
}

func (p poison) Publish(topic string, messages ...*message.Message) error {
	for _, m := range messages {
		tx, err := Tx(m)
		if err != nil {
			return err
		}
		publisher, err := wsql.NewPublisher(tx, wsql.PublisherConfig{SchemaAdapter: poisonSchema{reactor: p.reactor}}, p.log)
		if err != nil {
			return err
		}
		if err := publisher.Publish(topic, m); err != nil {
			return Outage(err)
		}
	}
	return nil
}

func (poison) Close() error { return nil }

// poisonSchema is the layout of poisoned messages. Who subscribes to them is the reactor itself: see
// retriedSQL. So only the insert of the interface is implemented.
type poisonSchema struct {
	wsql.SchemaAdapter
	reactor string
}

func (s poisonSchema) InsertQuery(topic string, messages message.Messages) (wsql.Query, error) {
	m := messages[0] // poison sends one at a time
	kept := message.Metadata{}
	for key, value := range m.Metadata {
		if !strings.HasSuffix(key, "_poisoned") { // what watermill has added
			kept.Set(key, value)
		}
	}
	metadata, err := json.Marshal(kept)
	if err != nil {
		return wsql.Query{}, err
	}
	return wsql.Query{
		Query: `
			insert into ` + topic + ` (reactor, message_id, payload, metadata, reason, correlation_id)
			values ($1, $2, $3, $4, $5, $6)
			on conflict (reactor, message_id) do update
				set reason = excluded.reason, poisoned_at = now(), retry = false`,
		Args: []any{
			s.reactor, m.UUID, string(m.Payload), string(metadata),
			engine.StorableText(m.Metadata.Get(middleware.ReasonForPoisonedKey)), middleware.MessageCorrelationID(m),
		},
	}, nil
}

// Poisoned is a message that a reactor could not handle.
type Poisoned struct {
	ID            int64
	Reactor       string
	MessageID     string // a position of the log, or the key of a queued message
	Reason        string
	CorrelationID string // of the request that caused it
	Since         time.Time
	Retrying      bool // an operator wants it to be handled again
}

// PoisonedMessages lists those of all reactors, the oldest first, at most limit of them.
func PoisonedMessages(ctx context.Context, pool *pgxpool.Pool, limit int) ([]Poisoned, error) {
	rows, _ := pool.Query(ctx, `
		select id, reactor, message_id, reason, correlation_id, poisoned_at, retry
		from poisoned_messages
		order by id
		limit $1`, limit)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Poisoned])
	if err != nil {
		return nil, fmt.Errorf("read the poisoned messages: %w", err)
	}
	return all, nil
}

// Retry has poisoned messages handled again, those with the ids or, without ids, all. It returns how
// many, or [ErrNoMessage]. The caller wakes the reactors with [engine.Wake].
func Retry(ctx context.Context, pool *pgxpool.Pool, ids ...int64) (n int, err error) {
	return change(ctx, pool, `
		update poisoned_messages set retry = true where cardinality($1::bigint[]) = 0 or id = any($1)`, ids)
}

// Skip drops the poisoned messages with the ids. It returns [ErrNoMessage] when one does not exist,
// and drops none then.
func Skip(ctx context.Context, pool *pgxpool.Pool, ids ...int64) (n int, err error) {
	return change(ctx, pool, `delete from poisoned_messages where id = any($1)`, ids)
}

func change(ctx context.Context, pool *pgxpool.Pool, sql string, ids []int64) (n int, err error) {
	if ids == nil {
		ids = []int64{}
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql, ids)
		n = int(tag.RowsAffected())
		if err == nil && n < len(ids) {
			err = ErrNoMessage
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("change the poisoned messages: %w", err)
	}
	return n, nil
}
