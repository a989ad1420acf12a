package reactors

import (
	"context"
	"encoding/json"
	"fmt"

	wsql "github.com/ThreeDotsLabs/watermill-sql/v3/pkg/sql"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
)

// Queue adds messages to the queue of a reactor, by watermill-sql's Publisher, in whatever
// transaction to is. A message whose UUID is queued already is not added again: that is its key. The
// caller calls engine.Notifier.Queued after the commit, unless a handler makes the messages by
// [NewMessage].
func Queue(to wsql.ContextExecutor, topic string, messages ...*message.Message) error {
	if len(messages) == 0 {
		return nil
	}
	publisher, err := wsql.NewPublisher(to, wsql.PublisherConfig{SchemaAdapter: queueSchema{}}, nil)
	if err != nil {
		return fmt.Errorf("queue for %s: %w", topic, err)
	}
	if err := publisher.Publish(topic, messages...); err != nil {
		return fmt.Errorf("queue for %s: %w", topic, err)
	}
	Queued(messages[0], topic)
	return nil
}

type waiterKey struct{}

// Queued is called by a handler that has queued something because of a message, and not by [Queue].
// The reactors of the topic are signalled after the commit.
func Queued(because *message.Message, topic string) {
	if w, ok := because.Context().Value(waiterKey{}).(*waiter); ok {
		w.queued(topic)
	}
}

// NewMessage is a message that a handler queues because of another one: it belongs to the same
// request.
func NewMessage(key string, payload []byte, because *message.Message) *message.Message {
	m := message.NewMessage(key, payload)
	if because != nil {
		middleware.SetCorrelationID(middleware.MessageCorrelationID(because), m)
		m.Metadata.Set(traceParentKey, because.Metadata.Get(traceParentKey))
		m.SetContext(context.WithValue(context.Background(), waiterKey{}, because.Context().Value(waiterKey{})))
	}
	return m
}

// queueSchema is the layout of queued messages for the Publisher. [topic] reads them.
type queueSchema struct{ wsql.SchemaAdapter }

func (queueSchema) InsertQuery(topic string, messages message.Messages) (wsql.Query, error) {
	keys, payloads := make([]string, len(messages)), make([]string, len(messages))
	metadata := make([]string, len(messages))
	for i, m := range messages {
		keys[i], payloads[i] = m.UUID, string(m.Payload)
		encoded, err := json.Marshal(m.Metadata)
		if err != nil {
			return wsql.Query{}, err
		}
		metadata[i] = string(encoded)
	}
	return wsql.Query{
		Query: `
			insert into reactor_queue (topic, key, payload, metadata)
			select $1, key, payload, metadata
			from unnest($2::text[], $3::text[], $4::text[]) with ordinality as m (key, payload, metadata, n)
			order by n
			on conflict do nothing`,
		Args: []any{topic, keys, payloads, metadata},
	}, nil
}
