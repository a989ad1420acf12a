package bus

import (
	"context"
	"errors"
	"fmt"

	wmnats "github.com/ThreeDotsLabs/watermill-nats/v2/pkg/nats"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Follow brings what is on the bus to the log of this database until ctx ends. Of the processes of a database one does it, and another
// takes over when it is gone. A record that is missing or does not continue the log stops it there: it asks again from its own end,
// says what is wrong, and never skips.
func Follow(ctx context.Context, o Options) error {
	return run(ctx, o, "follow", followLock, "following the log", (*end).follow)
}

// follow goes on from where the log ends. The newest record that both have comes once more and is compared, so that the bus is known to
// be that of this log before anything is added.
func (e *end) follow(ctx context.Context, progressed func()) error {
	stream, err := e.openStream(ctx, false)
	if err != nil {
		return err
	}
	head, err := e.log.Head(ctx)
	if err != nil {
		return err
	}
	e.watch.reach(head)
	both := min(uint64(head), stream.CachedInfo().State.LastSeq) //nolint:gosec // not negative
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: max(1, both),
	})
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(pageSize))
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	defer messages.Stop()
	group, ctx := errgroup.WithContext(ctx)
	arrived := make(chan delivered, pageSize)
	group.Go(func() error { return receive(ctx, messages, arrived) })
	group.Go(func() error {
		for {
			batch, wrong := gather(ctx, arrived)
			if len(batch) > 0 {
				if err := e.add(ctx, batch, progressed); err != nil {
					return err
				}
			}
			if wrong != nil {
				return wrong
			}
		}
	})
	return group.Wait()
}

// delivered is a record and how many more the bus has, or what is wrong with the message after those before it.
type delivered struct {
	record  eventstore.Record
	pending uint64
	wrong   error
}

func receive(ctx context.Context, messages jetstream.MessagesContext, arrived chan<- delivered) error {
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("receive: %w", err)
		}
		d, err := read(m)
		d.wrong = err
		select {
		case arrived <- d:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return nil //nolint:nilerr // it is told in its turn
		}
	}
}

func read(m jetstream.Msg) (d delivered, err error) {
	about, err := m.Metadata()
	if err != nil {
		return d, fmt.Errorf("read a message: %w", err)
	}
	var marshaler wmnats.NATSMarshaler
	message, err := marshaler.Unmarshal(&nats.Msg{Header: m.Headers(), Data: m.Data()})
	if err == nil {
		d.record, err = recordOf(message)
	}
	if err == nil && uint64(d.record.Position) != about.Sequence.Stream { //nolint:gosec // a negative one differs too
		err = fmt.Errorf("it holds position %d", d.record.Position)
	}
	if err != nil {
		return d, &eventstore.ForeignError{Position: int64(about.Sequence.Stream), Reason: err.Error()} //nolint:gosec // far below
	}
	d.pending = about.NumPending
	return d, nil
}

// gather waits for a record and takes those that are there with it, up to one that is wrong.
func gather(ctx context.Context, arrived <-chan delivered) (batch []delivered, wrong error) {
	select {
	case d := <-arrived:
		if d.wrong != nil {
			return nil, d.wrong
		}
		batch = append(batch, d)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for len(batch) < pageSize {
		select {
		case d := <-arrived:
			if d.wrong != nil {
				return batch, d.wrong
			}
			batch = append(batch, d)
		default:
			return batch, nil
		}
	}
	return batch, nil
}

func (e *end) add(ctx context.Context, batch []delivered, progressed func()) error {
	records := make([]eventstore.Record, len(batch))
	for i := range batch {
		records[i] = batch[i].record
	}
	e.watch.wait(int64(batch[len(batch)-1].pending)+int64(len(batch)), records[0].RecordedAt) //nolint:gosec // far below
	head, err := e.log.Replicate(ctx, records)
	var gap *eventstore.GapError
	var foreign *eventstore.ForeignError
	if err == nil || errors.As(err, &gap) || errors.As(err, &foreign) {
		if head > e.watch.position.Load() {
			progressed()
			if e.Appended != nil {
				e.Appended()
			}
		}
		e.watch.reach(head)
	}
	if gap != nil {
		return fmt.Errorf("%w; if the bus no longer has what is missing, restore a backup of the database that it comes from", err)
	}
	if err == nil {
		e.watch.wait(int64(batch[len(batch)-1].pending), records[len(records)-1].RecordedAt) //nolint:gosec // far below
	}
	return err
}
