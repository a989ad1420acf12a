package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	wmetrics "github.com/ThreeDotsLabs/watermill/components/metrics"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/boxoffice/boxoffice/eventstore"
)

// All are the projections of this program.
func All() []Projection { return []Projection{eventsTable(), bookingsTable()} }

func named(name string) (Projection, error) {
	for _, p := range All() {
		if p.Name() == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("there is no projection %q", name)
}

// Names are those of [All].
func Names() []string {
	var names []string
	for _, p := range All() {
		names = append(names, p.Name())
	}
	return names
}

// Connections is how many connections of a pool [Run] uses: for each projection one to read, one to write and one for its lease;
// and one for metrics.
const Connections = 7

// Session gives the settings for the connections of the pool of [Run] (its RuntimeParams).
func Session() map[string]string {
	return map[string]string{
		// Rows and checkpoint are lost together or not at all, and what is lost with a crash of the server is projected again.
		"synchronous_commit": "off",
		"jit":                "off",
		// The transaction of a process that froze must not keep its rows locked from the one that takes over.
		"idle_in_transaction_session_timeout": "5s",
	}
}

// Options are what the projections work with.
type Options struct {
	// Pool has [Connections] connections with the settings of [Session]. It stays the caller's.
	Pool   *pgxpool.Pool
	Wire   *Wire
	Logger *slog.Logger
	// Registerer takes the metrics. Nil: none are kept.
	Registerer prometheus.Registerer
	// Tracer records a span for each page that is applied. Nil: none are recorded.
	Tracer trace.Tracer
	// Holder names this process to people who ask who holds a lease.
	Holder string
	// Lease is how long a process that died keeps others from taking over. Default 3 s.
	Lease time.Duration

	projections []Projection // of a test, instead of All
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Lease == 0 {
		o.Lease = defaultLease
	}
	if o.projections == nil {
		o.projections = All()
	}
	return o
}

// Run keeps the read models up to date until ctx ends. Readers are told through the wire.
func Run(ctx context.Context, o Options) error {
	o = o.withDefaults()
	log := watermillLogger(o.Logger)
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: 10 * time.Second}, log)
	if err != nil {
		return fmt.Errorf("make the router: %w", err)
	}
	subscriber := NewSubscriber(o)
	if o.Registerer != nil {
		router.AddMiddleware(wmetrics.NewPrometheusMetricsBuilder(o.Registerer, "boxoffice", "projection").NewRouterMiddleware().Middleware)
		unregister, err := subscriber.metrics.register(o)
		if err != nil {
			return fmt.Errorf("register the metrics: %w", err)
		}
		defer unregister()
	}
	if o.Tracer != nil {
		router.AddMiddleware(traced(o.Tracer))
	}
	router.AddMiddleware(middlewares(log)...)
	for _, p := range o.projections {
		router.AddConsumerHandler(p.Name(), p.Name(), subscriber, applyTo(p, p.Name()))
	}
	if err := router.Run(ctx); err != nil {
		return fmt.Errorf("run the projections: %w", err)
	}
	return subscriber.Close()
}

// applyTo handles pages with a projection that writes to the read model called name.
func applyTo(p Projection, name string) message.NoPublishHandlerFunc {
	return func(m *message.Message) error {
		page, err := pageOf(m)
		if err != nil {
			return err
		}
		return p.apply(m.Context(), page, name)
	}
}

// direct is a delivery without a Router, for a stretch of the log and not for ever. Its messages go through the same middleware.
func direct(o Options, p Projection, name string) *delivery {
	o = o.withDefaults()
	o.Wire = NewWire("", o.Pool, o.Logger)                                                             // which nobody listens to
	handle := func(m *message.Message) ([]*message.Message, error) { return nil, applyTo(p, name)(m) } //nolint:unparam // the type is watermill's
	chain := middlewares(watermillLogger(o.Logger))
	for i := len(chain) - 1; i >= 0; i-- {
		handle = chain[i](handle)
	}
	return newDelivery(o, name, func(_ context.Context, m *message.Message) error {
		_, err := handle(m)
		return err
	})
}

// middlewares are what stands between a message and its handler, outermost first.
func middlewares(log watermill.LoggerAdapter) []message.HandlerMiddleware {
	retry := middleware.Retry{
		MaxRetries: 3, InitialInterval: 20 * time.Millisecond, MaxInterval: time.Second, Multiplier: 4, Logger: log,
		ShouldRetry: func(p middleware.RetryParams) bool {
			return !errors.As(p.Err, new(*pageError)) && !errors.As(p.Err, new(*goneError))
		},
	}
	return []message.HandlerMiddleware{
		middleware.CorrelationID,
		poisonQueue(log),
		retry.Middleware,
		sift,
		savepoint, // inside of retry: a failed statement spoils a transaction up to its savepoint
		middleware.Recoverer,
	}
}

// What is done about an error depends on its kind. Any other kind is tried again, and then ends the delivery, which starts over
// after a pause.
type (
	recordError struct{ error } // the one record of the page can't be applied: it is tried again, and then parked
	pageError   struct{ error } // a record among several: the page is divided
	goneError   struct{ error } // the connection, the lease or the time is gone
)

func (e *recordError) Unwrap() error { return e.error }
func (e *pageError) Unwrap() error   { return e.error }
func (e *goneError) Unwrap() error   { return e.error }

// sift tells kinds of errors apart.
func sift(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		produced, err := next(m)
		p, missing := pageOf(m)
		switch {
		case err == nil || missing != nil:
			return produced, err
		case m.Context().Err() != nil || p.conn.IsClosed() || errors.Is(err, errLeaseLost):
			err = &goneError{err}
		case isAboutRecords(err) && len(p.records) > 1:
			err = &pageError{err}
		case isAboutRecords(err):
			err = &recordError{err}
		}
		p.failure = err
		return produced, err
	}
}

// isAboutRecords tells whether an error comes from what records say and not from the state of the database, which would stop all
// records alike and passes or is repaired.
func isAboutRecords(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return !eventstore.IsUnavailable(err) // can't be decoded, does not fit, panics
	}
	switch pg.Code[:2] {
	case "21", "22", "23", "54", "P0": // cardinality, data, constraint, limit of a size, raised by a trigger
		return true
	}
	return false
}

// savepoint undoes what a failed attempt has written, and leaves the transaction, if it was begun, fit for the next one. The savepoint
// is as old as the transaction.
func savepoint(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		produced, err := next(m)
		if err == nil {
			return produced, nil
		}
		p, missing := pageOf(m)
		if missing != nil {
			return nil, missing
		}
		if p.begun() {
			if _, back := p.conn.Exec(m.Context(), `rollback to savepoint attempt`); back != nil {
				err = errors.Join(err, back)
			}
		}
		return nil, err
	}
}

// watermillLogger takes what watermill says about single messages for details: the projections say what matters.
func watermillLogger(logger *slog.Logger) watermill.LoggerAdapter {
	return watermill.NewSlogLoggerWithLevelMapping(logger, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug, slog.LevelError: slog.LevelDebug})
}
