package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	wmnats "github.com/ThreeDotsLabs/watermill-nats/v2/pkg/nats"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Publish copies the log to the bus until ctx ends. One process of a database does it at a time,
// and another takes over when that one is gone. It reads what is committed, on connections of its
// own: no booking waits for it.
func Publish(ctx context.Context, o Options) error {
	if err := CheckURL(o.URL); err != nil {
		return err
	}
	metrics := newMetrics(o)
	unregister, err := metrics.register()
	if err != nil {
		return err
	}
	defer unregister()
	link := open(ctx, o)
	if link == nil {
		return nil
	}
	defer link.conn.Close()
	metrics.conn.Store(link.conn)
	p := &publication{o, link, eventstore.NewLog(o.Pool), metrics}
	runAsLeader(ctx, o.Pool, publishLock, o.Logger, func(ctx context.Context) {
		defer metrics.stop()
		retryForever(ctx, "publishing the log", o.Logger, p.run)
	})
	return nil
}

// publication is what the leader works with.
type publication struct {
	Options
	*link
	log     *eventstore.Log
	metrics *metrics
}

// errSequenceConflict says that somebody else has published meanwhile. The end of the stream is read again
// then.
var errSequenceConflict = errors.New("the stream does not end where it did")

// run goes on from where the stream ends.
func (p *publication) run(ctx context.Context, progressed func()) error {
	stream, err := p.openStream(ctx)
	if err != nil {
		return err
	}
	last := int64(stream.CachedInfo().State.LastSeq) //nolint:gosec // positions are far below
	if err := p.verifySameLog(ctx, stream, last); err != nil {
		return err
	}
	p.metrics.setPosition(last)
	to := publisher{p.js}
	for ctx.Err() == nil {
		appended := p.Appended()
		records, err := p.log.After(ctx, last, pageSize)
		if err != nil {
			return err
		}
		if len(records) == 0 {
			waitFor(ctx, appended, pollEvery)
			continue
		}
		messages := make([]*message.Message, len(records))
		for i := range records {
			messages[i] = messageOf(&records[i])
		}
		if err := to.Publish(topic, messages...); err != nil {
			return err
		}
		last = records[len(records)-1].Position
		p.metrics.setPosition(last)
		progressed()
	}
	return nil
}

// verifySameLog makes sure that the stream is this log's. After a failover that lost commits, or a restore,
// it may hold what the log does not; publishing on top of that would give subscribers a history
// that never was.
func (p *publication) verifySameLog(ctx context.Context, stream jetstream.Stream, last int64) error {
	head, err := p.log.Head(ctx)
	if err != nil {
		return err
	}
	if last > head {
		return fmt.Errorf("%w: it goes on to position %d, and the log ends at %d", errOtherLog, last, head)
	}
	if last == 0 {
		return nil
	}
	there, err := stream.GetMsg(ctx, uint64(last)) //nolint:gosec // not negative
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil // it was limited, and there is nothing to compare with
	}
	if err != nil {
		return fmt.Errorf("read the end of the stream: %w", err)
	}
	here, err := p.log.After(ctx, last-1, 1)
	if err != nil {
		return err
	}
	if len(here) != 1 || there.Header.Get(hashKey) != here[0].Hash.String() {
		return fmt.Errorf("%w: they differ at position %d", errOtherLog, last)
	}
	return nil
}

var errOtherLog = errors.New("the stream on the bus holds another log; nothing is published until it is deleted, and " +
	"what was made of it")

// publisher is a watermill publisher of records. watermill-nats has one that waits for each answer
// before it sends the next message; this one has a whole call's under way, and keeps their order by
// a condition that the server checks.
type publisher struct{ js jetstream.JetStream }

var _ message.Publisher = publisher{}

// Publish returns when all messages are stored, each with its position as sequence. After an error
// some of the first ones may be.
func (p publisher) Publish(topic string, messages ...*message.Message) (err error) {
	var marshaler wmnats.NATSMarshaler
	answers := make([]jetstream.PubAckFuture, 0, len(messages))
	for _, m := range messages {
		position, parsing := strconv.ParseUint(m.UUID, 10, 64)
		if parsing != nil || position == 0 {
			err = fmt.Errorf("message %q has no position", m.UUID)
			break
		}
		out, marshaling := marshaler.Marshal(subjectOf(topic, m), m)
		if marshaling != nil {
			err = marshaling
			break
		}
		answer, sending := p.js.PublishMsgAsync(out, jetstream.WithMsgID(m.UUID),
			jetstream.WithExpectLastSequence(position-1), jetstream.WithRetryAttempts(0))
		if sending != nil {
			err = fmt.Errorf("publish position %d: %w", position, sending)
			break
		}
		answers = append(answers, answer)
	}
	for i, answer := range answers { // all of them, also after an error: each comes within a time
		if failed := confirmed(answer, messages[i].UUID); failed != nil && err == nil {
			err = fmt.Errorf("publish position %s: %w", messages[i].UUID, failed)
		}
	}
	return err
}

// Close leaves the connection to its owner.
func (publisher) Close() error { return nil }

func confirmed(answer jetstream.PubAckFuture, position string) error {
	select {
	case ack := <-answer.Ok():
		// A duplicate may be another record of the same position, of a publisher that has another
		// log.
		if ack.Duplicate || strconv.FormatUint(ack.Sequence, 10) != position {
			return errSequenceConflict
		}
		return nil
	case err := <-answer.Err():
		var refused *jetstream.APIError
		if errors.As(err, &refused) && (refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
			refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant) {
			return errSequenceConflict
		}
		return err
	}
}
