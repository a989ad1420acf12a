package engine

import (
	"context"
	"errors"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
)

// subscriber is a watermill subscriber whose topics are projections and whose messages are pages of
// the log. Messages of one topic come one at a time, in the order of the log, each with a
// transaction. On ack the subscriber commits it together with the topic's checkpoint; on nack it
// rolls it back, and the page comes again. While another process holds the lease of a topic,
// nothing comes. One more topic has the pages for all projections, see [group].
type subscriber struct {
	options Options
	metrics *metrics

	group *group // whose topic is for pages of all projections

	closing    context.Context
	close      context.CancelFunc
	open       sync.WaitGroup
	deliveries sync.WaitGroup
}

func newSubscriber(o Options) *subscriber {
	closing, stop := context.WithCancel(context.Background())
	return &subscriber{options: o, metrics: newMetrics(), group: newGroup(o), closing: closing, close: stop}
}

// Subscribe starts to deliver the log to the projection named by topic. The channel is closed when
// ctx ends or after [subscriber.Close].
func (s *subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	messages := make(chan *message.Message)
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.closing, cancel)
	if topic == groupTopic {
		s.group.subscribe(messages)
		s.open.Go(func() {
			defer cancel()
			defer stop()
			<-ctx.Done()
			s.deliveries.Wait() // they send
			close(messages)
		})
		return messages, nil
	}
	s.deliveries.Add(1)
	s.open.Go(func() {
		defer close(messages)
		defer s.deliveries.Done()
		defer cancel()
		defer stop()
		d := newDelivery(s.options, topic, func(ctx context.Context, m *message.Message) error {
			return handOver(ctx, messages, m)
		})
		d.group, d.rows = s.group, &rowCache{}
		d.applied = func(records int, position int64) {
			s.metrics.applied.WithLabelValues(topic).Add(float64(records))
			s.options.Notifier.Advanced(topic, position)
		}
		for _, p := range s.options.Projections {
			if p.Name() == topic {
				d.refresh = func(ctx context.Context) error { return p.refresh(ctx, s.options.Pool) }
			}
		}
		d.lease.runAsLeader(ctx, s.options, d.run)
	})
	return messages, nil
}

// handOver waits until the Router has handled the message. The handler always answers, because it
// runs on the same context, which interrupts its statements.
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
func (s *subscriber) Close() error {
	s.close()
	s.open.Wait()
	return nil
}
