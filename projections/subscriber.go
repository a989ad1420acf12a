package projections

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Subscriber is a watermill subscriber whose topics are projections and whose messages are pages of the log. Messages of one topic
// come one at a time, in the order of the log, each in a transaction that also moves the topic's checkpoint: an ack
// says that both are committed, a nack that neither is, and the page comes again. While another process holds the lease of a topic, nothing comes.
type Subscriber struct {
	options Options
	metrics *metrics

	closing context.Context
	close   context.CancelFunc
	open    sync.WaitGroup
}

var _ message.Subscriber = (*Subscriber)(nil)

// NewSubscriber makes one for the projections of o.
func NewSubscriber(o Options) *Subscriber {
	closing, stop := context.WithCancel(context.Background())
	return &Subscriber{options: o.withDefaults(), metrics: newMetrics(), closing: closing, close: stop}
}

// page is what a message carries, in its context: records, and a connection with the transaction to apply them in. The transaction
// is open from the first message that begins with [page.begin]; usually that is the one that commits too.
type page struct {
	lease   *lease
	conn    *pgx.Conn
	records []eventstore.Record
	// settle writes what belongs to the page whatever is in it, such as the checkpoint.
	settle func(*pgx.Batch)

	committed bool
	failure   error // of a handler that gave up
	parked    bool  // the one record was put aside
}

// begin gives a message for the page's transaction.
func (p *page) begin() *pgx.Batch {
	b := &pgx.Batch{}
	if !p.begun() {
		b.Queue(`begin`)
		b.Queue(`savepoint attempt`)
	}
	return b
}

func (p *page) begun() bool { return p.conn.PgConn().TxStatus() != 'I' }

// commit sends the message, with what settles the page and the COMMIT right behind it.
func (p *page) commit(ctx context.Context, b *pgx.Batch) error {
	p.settle(b)
	b.Queue(`commit`)
	err := p.lease.lost(p.conn.SendBatch(ctx, b).Close())
	p.committed = err == nil
	return err
}

type pageKey struct{}

var errNoPage = errors.New("the message carries no page of the log")

func pageOf(m *message.Message) (*page, error) {
	if p, ok := m.Context().Value(pageKey{}).(*page); ok {
		return p, nil
	}
	return nil, errNoPage
}

// Subscribe starts to deliver the log to the projection named by topic. The channel is closed when ctx ends or after [Subscriber.Close].
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	messages := make(chan *message.Message)
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.closing, cancel)
	s.open.Go(func() {
		defer close(messages)
		defer cancel()
		defer stop()
		d := newDelivery(s.options, topic, func(ctx context.Context, m *message.Message) error { return handOver(ctx, messages, m) })
		d.applied = func(records int, position int64) {
			s.metrics.applied.WithLabelValues(topic).Add(float64(records))
			s.options.Wire.Advanced(topic, position)
		}
		d.run(ctx)
	})
	return messages, nil
}

// handOver gets the message handled by the Router. The handler always answers, because it runs on the same context, which
// breaks its statements off.
func handOver(ctx context.Context, messages chan<- *message.Message, m *message.Message) error {
	select {
	case messages <- m:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-m.Acked():
		return nil
	case <-m.Nacked():
		return errors.New("the records were not applied; they come again")
	}
}

// Close ends all subscriptions, after the messages that are being handled.
func (s *Subscriber) Close() error {
	s.close()
	s.open.Wait()
	return nil
}

// standBy waits for a bell, but not for ever, because a ring may be lost; late is true when it was not rung in time.
func standBy(ctx context.Context, rung <-chan struct{}, most time.Duration) (late bool) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-rung:
		return false
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
