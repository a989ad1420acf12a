package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// All are the projections of this program.
func All() []Projection { return []Projection{eventsTable(), bookingsTable()} }

func names() []string {
	var names []string
	for _, p := range All() {
		names = append(names, p.Name())
	}
	return names
}

// Connections is how many connections of a pool [Run] uses: one to read and one to write for each projection, and one for leases.
const Connections = 6

// Session gives the settings for the connections of the pool of [Run] (its RuntimeParams).
func Session() map[string]string {
	return map[string]string{
		// Rows and checkpoint are lost together or not at all, and what is lost with a crash of the server is projected again.
		"synchronous_commit": "off",
		"jit":                "off",
	}
}

// Run keeps the read models up to date until ctx ends. Readers are told through wire.
func Run(ctx context.Context, pool *pgxpool.Pool, wire *Wire, logger *slog.Logger) error {
	log := watermill.NewSlogLoggerWithLevelMapping(logger, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug})
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: 10 * time.Second}, log)
	if err != nil {
		return fmt.Errorf("make the router: %w", err)
	}
	router.AddMiddleware(
		middleware.Retry{MaxRetries: 3, InitialInterval: 20 * time.Millisecond, MaxInterval: time.Second, Multiplier: 4, Logger: log}.Middleware,
		savepoint, // inside of Retry: a failed statement spoils a transaction up to its savepoint
		middleware.Recoverer,
	)
	subscriber := NewSubscriber(pool, wire, logger)
	for _, p := range All() {
		router.AddConsumerHandler(p.Name(), p.Name(), subscriber, func(m *message.Message) error {
			page, ok := pageOf(m)
			if !ok {
				return errors.New("the message carries no records")
			}
			return p.Apply(m.Context(), page.tx, page.records)
		})
	}
	if err := router.Run(ctx); err != nil {
		return fmt.Errorf("run the projections: %w", err)
	}
	return subscriber.Close()
}

// savepoint undoes what a failed attempt has written, and leaves the transaction fit for the next one.
func savepoint(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) (produced []*message.Message, err error) {
		whole, ok := pageOf(m)
		if !ok {
			return next(m)
		}
		ctx := m.Context()
		defer m.SetContext(ctx)
		err = pgx.BeginFunc(ctx, whole.tx, func(tx pgx.Tx) error {
			m.SetContext(context.WithValue(ctx, pageKey{}, page{tx, whole.records}))
			produced, err = next(m)
			return err
		})
		return produced, err
	}
}
