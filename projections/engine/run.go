package engine

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	wmetrics "github.com/ThreeDotsLabs/watermill/components/metrics"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"go.opentelemetry.io/otel/trace"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Run keeps the read models up to date until ctx ends. Readers hear of progress through the
// notifier.
func Run(ctx context.Context, o Options) error {
	o = o.withDefaults()
	log := WatermillLogger(o.Logger)
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: 10 * time.Second}, log)
	if err != nil {
		return fmt.Errorf("make the router: %w", err)
	}
	subscriber := newSubscriber(o)
	if o.Registerer != nil {
		builder := wmetrics.NewPrometheusMetricsBuilder(o.Registerer, "boxoffice", "projection")
		router.AddMiddleware(builder.NewRouterMiddleware().Middleware)
		unregister, err := subscriber.metrics.register(o)
		if err != nil {
			return fmt.Errorf("register the metrics: %w", err)
		}
		defer unregister()
	}
	router.AddMiddleware(middlewares(o, log)...)
	for _, p := range o.Projections {
		router.AddConsumerHandler(p.Name(), p.Name(), subscriber, applyTo(p, p.Name(), o.Tracer))
	}
	router.AddConsumerHandler(groupTopic, groupTopic, subscriber, applyTogether(o.Projections, o.Tracer))
	if err := runRouter(ctx, router); err != nil {
		return fmt.Errorf("run the projections: %w", err)
	}
	return subscriber.Close()
}

// runRouter runs a router until ctx ends, and stops it only after it has started: watermill waits for
// the messages of its subscribers while it still adds others, which is a data race.
func runRouter(ctx context.Context, router *message.Router) error {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	unwatch := context.AfterFunc(ctx, func() {
		select {
		case <-router.Running():
		case <-running.Done():
		}
		stop()
	})
	defer unwatch()
	return router.Run(running)
}

// applyTo handles pages with a projection that writes to the read model called name.
func applyTo(p Projection, name string, tracer trace.Tracer) message.NoPublishHandlerFunc {
	return func(m *message.Message) error {
		page, err := pageOf(m)
		if err != nil || len(page.records) == 0 {
			return err
		}
		return applyPage(m.Context(), p, page, name, tracer)
	}
}

// newDirectDelivery makes a delivery without a Router, for a part of the log. Its messages go
// through the same middleware.
func newDirectDelivery(o Options, p Projection, name string) *delivery {
	o = o.withDefaults()
	o.Notifier = NewNotifier("", o.Pool, nil, o.Logger) // which does not run
	apply := applyTo(p, name, o.Tracer)
	//nolint:unparam // the type is watermill's
	handle := func(m *message.Message) ([]*message.Message, error) { return nil, apply(m) }
	chain := middlewares(o, WatermillLogger(o.Logger))
	for i := len(chain) - 1; i >= 0; i-- {
		handle = chain[i](handle)
	}
	return newDelivery(o, name, func(_ context.Context, m *message.Message) error {
		_, err := handle(m)
		return err
	})
}

// middlewares are the layers between a message and its handler, outermost first.
func middlewares(o Options, log watermill.LoggerAdapter) []message.HandlerMiddleware {
	return []message.HandlerMiddleware{
		loadRecords(eventstore.NewLog(o.Pool)),
		poisonQueue(log),
		retries(log),
		classifyErrors,
		rollbackToSavepoint, // inside of the retries: a failed statement spoils a transaction up to its savepoint
		middleware.Recoverer,
	}
}

// WatermillLogger logs what watermill says about single messages as details: the packages that use it
// log what matters.
func WatermillLogger(logger *slog.Logger) watermill.LoggerAdapter {
	return watermill.NewSlogLoggerWithLevelMapping(logger, map[slog.Level]slog.Level{
		slog.LevelInfo: slog.LevelDebug, slog.LevelError: slog.LevelDebug,
	})
}
