package reactors

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	wsql "github.com/ThreeDotsLabs/watermill-sql/v3/pkg/sql"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/boxoffice/boxoffice/projections/engine"
)

// runner runs a reactor while this process holds its lease.
type runner struct {
	Options
	Reactor

	db      *sql.DB
	observe message.HandlerMiddleware // nil: without metrics
	working context.Context           //nolint:containedctx // ends when run ends
	stop    context.CancelCauseFunc   // ends it
}

// finishWithin is how long a handler may go on after the end. watermill-sql drops a message that is
// being handled when it is closed, and it would be handled again.
const finishWithin = 8 * time.Second

// run returns when ctx ends and the message that is being handled is done, or with the reason why
// another process should go on.
func (r *runner) run(ctx context.Context, fence int64) error {
	working, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	defer context.AfterFunc(ctx, func() {
		engine.Await(working, nil, finishWithin) // the waiter may stop it before
		stop(nil)
	})()
	r.working, r.stop = working, stop
	if r.Reset != nil {
		r.Reset()
	}
	log := engine.WatermillLogger(r.Logger)
	w := &waiter{runner: r, ctx: ctx, signal: r.Notifier.Log}
	name := logTopic
	if r.Queue != "" {
		w.signal, name = r.Notifier.Queue(r.Queue), r.Queue
	}
	t := &topic{reactor: r.Reactor, fence: fence, selects: w.listen}
	deadline := ackDeadline
	subscriber, err := wsql.NewSubscriber(r.db, wsql.SubscriberConfig{
		ConsumerGroup: r.Name, SchemaAdapter: t, OffsetsAdapter: t, BackoffManager: w, AckDeadline: &deadline,
	}, log)
	if err != nil {
		return fmt.Errorf("subscribe %s: %w", r.Name, err)
	}
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: 10 * time.Second}, log)
	if err != nil {
		return fmt.Errorf("make the router of %s: %w", r.Name, err)
	}
	router.AddMiddleware(r.middlewares(w, log)...)
	router.AddConsumerHandler(r.Name, name, subscriber, r.Handle)
	if err := router.Run(working); err != nil {
		return fmt.Errorf("run reactor %s: %w", r.Name, err)
	}
	if cause := context.Cause(working); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// middlewares are the layers between a message and its handler, outermost first.
func (r *runner) middlewares(w *waiter, log watermill.LoggerAdapter) []message.HandlerMiddleware {
	layers := []message.HandlerMiddleware{
		r.skipUnhandled(w), w.attach, giveUp(w), traced(r.Tracer, r.Name), poisonQueue(r.Name, log),
	}
	if r.observe != nil {
		layers = append(layers, r.observe)
	}
	return append(layers, retries(r.Retry, log), savepoint, middleware.Recoverer)
}

// skipUnhandled acknowledges records that the reactor does not handle.
func (r *runner) skipUnhandled(w *waiter) message.HandlerMiddleware {
	handled := make(map[string]bool, len(r.Types))
	for _, t := range r.Types {
		handled[t] = true
	}
	return func(next message.HandlerFunc) message.HandlerFunc {
		return func(m *message.Message) ([]*message.Message, error) {
			if m.Metadata.Get(unwantedKey) != "" {
				if r.Reset != nil {
					r.Reset()
				}
				w.unwanted()
				return nil, nil
			}
			if r.Queue == "" && len(r.Types) > 0 && !handled[m.Metadata.Get(typeKey)] {
				return nil, nil
			}
			return next(m)
		}
	}
}
