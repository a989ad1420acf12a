package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Subscriber is a watermill subscriber whose topics are projections and whose messages are pages of the log. Messages of one topic
// come one at a time, in the order of the log, each in a transaction that also moves the topic's checkpoint: an ack commits
// both, a nack neither, and the page comes again. While another process holds the lease of a topic, nothing comes.
type Subscriber struct {
	Pool   *pgxpool.Pool
	Wire   *Wire
	Logger *slog.Logger

	log     *eventstore.Log
	closing context.Context
	close   context.CancelFunc
	open    sync.WaitGroup
}

var _ message.Subscriber = (*Subscriber)(nil)

// pollEvery is how long news waits at most when a notification was lost.
const pollEvery = 250 * time.Millisecond

// pageSize is how many records one message carries at most. From some thousands on, more of them are not faster any more.
const pageSize = 5_000

// NewSubscriber uses pool, which stays the caller's.
func NewSubscriber(pool *pgxpool.Pool, wire *Wire, logger *slog.Logger) *Subscriber {
	closing, stop := context.WithCancel(context.Background())
	return &Subscriber{Pool: pool, Wire: wire, Logger: logger, log: eventstore.NewLog(pool), closing: closing, close: stop}
}

// page is what a message carries, in its context.
type page struct {
	tx      pgx.Tx
	records []eventstore.Record
}

type pageKey struct{}

// pageOf gives the records of a message and the transaction to apply them in.
func pageOf(m *message.Message) (page, bool) {
	p, ok := m.Context().Value(pageKey{}).(page)
	return p, ok
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
		d := &delivery{Subscriber: s, lease: lease{name: topic, holder: uuid.New()}, messages: messages}
		d.run(ctx)
	})
	return messages, nil
}

// Close ends all subscriptions, after the messages that are being handled.
func (s *Subscriber) Close() error {
	s.close()
	s.open.Wait()
	return nil
}

// delivery is one subscription at work.
type delivery struct {
	*Subscriber
	lease    lease
	messages chan<- *message.Message
}

func (d *delivery) run(ctx context.Context) {
	for ctx.Err() == nil {
		rung := d.Wire.Checkpoints.Listen()
		checkpoint, ok, err := d.lease.acquire(ctx, d.Pool)
		if err == nil && ok {
			err = d.lead(ctx, checkpoint)
		}
		if err != nil && ctx.Err() == nil {
			d.Logger.Warn("projection was interrupted", "projection", d.lease.name, "error", err)
		}
		standBy(ctx, rung, renewEvery)
	}
}

// lead delivers while the lease is held.
func (d *delivery) lead(ctx context.Context, checkpoint int64) error {
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := d.lease.release(ctx, d.Pool); err != nil {
			d.Logger.Warn("projection kept its lease", "error", err)
		}
		d.Wire.Advanced() // wakes those who stand by
	}()
	renewed := time.Now()
	for ctx.Err() == nil {
		rung := d.Wire.Log.Listen()
		// Reading happens outside of the transaction that writes, so an idle projection writes nothing and holds nothing.
		records, err := d.log.After(ctx, checkpoint, pageSize)
		if err != nil {
			return err
		}
		if len(records) > 0 {
			if err := d.deliver(ctx, checkpoint, records); err != nil {
				return err
			}
			checkpoint, renewed = records[len(records)-1].Position, time.Now()
			d.Wire.Advanced()
			continue
		}
		if time.Since(renewed) >= renewEvery {
			if err := d.lease.renew(ctx, d.Pool); err != nil {
				return err
			}
			renewed = time.Now()
		}
		standBy(ctx, rung, pollEvery)
	}
	return nil
}

// deliver gets the records applied, all or none.
func (d *delivery) deliver(ctx context.Context, checkpoint int64, records []eventstore.Record) error {
	first, last := records[0].Position, records[len(records)-1].Position
	if first != checkpoint+1 || last-first+1 != int64(len(records)) {
		return fmt.Errorf("the log has a gap after position %d", checkpoint)
	}
	return pgx.BeginFunc(ctx, d.Pool, func(tx pgx.Tx) error {
		m := message.NewMessage(fmt.Sprintf("%s@%d-%d", d.lease.name, first, last), nil)
		m.SetContext(context.WithValue(ctx, pageKey{}, page{tx, records}))
		select {
		case d.messages <- m:
		case <-ctx.Done():
			return ctx.Err()
		}
		// The handler always answers: it runs on the same context, which breaks its statements off.
		select {
		case <-m.Acked():
			return d.lease.advance(ctx, tx, checkpoint, last)
		case <-m.Nacked():
			return errors.New("the records were not applied; they come again")
		}
	})
}

func standBy(ctx context.Context, rung <-chan struct{}, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-rung:
	case <-timer.C:
	case <-ctx.Done():
	}
}
