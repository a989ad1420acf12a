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
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/boxoffice/boxoffice/eventstore"
)

func txOf(m *message.Message) (*sql.Tx, bool) { return wsql.TxFromContext(m.Context()) }

// giveUp ends the transaction of a message that can't be handled now. watermill-sql would resend it
// within the same transaction, which stays open for as long as the outage lasts, and may be broken
// itself. With the transaction rolled back, the statement that acknowledges the message fails, and
// the Subscriber begins again after the pause of the waiter.
func giveUp(w *waiter) message.HandlerMiddleware {
	return func(next message.HandlerFunc) message.HandlerFunc {
		return func(m *message.Message) ([]*message.Message, error) {
			_, err := next(m)
			if err == nil {
				return nil, nil
			}
			tx, ok := txOf(m)
			if !ok {
				return nil, err
			}
			w.fail(err)
			_ = tx.Rollback() // it may be over already, which is the same
			return nil, nil
		}
	}
}

// traced handles a message in a span of the trace of the command that caused it.
func traced(tracer trace.Tracer, reactor string) message.HandlerMiddleware {
	return func(next message.HandlerFunc) message.HandlerFunc {
		return func(m *message.Message) ([]*message.Message, error) {
			parent := m.Metadata.Get(traceParentKey)
			if tracer == nil || parent == "" {
				return next(m)
			}
			ctx := propagation.TraceContext{}.Extract(m.Context(), propagation.MapCarrier{"traceparent": parent})
			ctx, span := tracer.Start(ctx, "react "+reactor, trace.WithSpanKind(trace.SpanKindConsumer),
				trace.WithAttributes(attribute.String("boxoffice.message", m.UUID)))
			defer span.End()
			m.SetContext(ctx)
			produced, err := next(m)
			if err != nil {
				span.SetStatus(codes.Error, err.Error())
			}
			return produced, err
		}
	}
}

// retries tries a message five times within a quarter of a minute.
func retries(first time.Duration, log watermill.LoggerAdapter) message.HandlerMiddleware {
	return middleware.Retry{
		MaxRetries: 4, InitialInterval: first, MaxInterval: 10 * first, Multiplier: 2, RandomizationFactor: 0.2,
		ResetContextOnRetry: true, Logger: log,
		ShouldRetry: func(p middleware.RetryParams) bool {
			return !IsOutage(p.Err) && !errors.As(p.Err, new(*permanentError))
		},
	}.Middleware
}

// IsOutage tells whether an error says nothing about the message.
func IsOutage(err error) bool {
	return errors.As(err, new(*outageError)) || eventstore.IsUnknownRecord(err) || eventstore.IsUnavailable(err) ||
		errors.Is(err, context.Canceled)
}

// savepoint undoes what a failed attempt has written, and leaves the transaction fit for the next
// one and for the poison queue.
func savepoint(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		tx, err := Tx(m)
		if err != nil {
			return nil, err
		}
		if _, err := tx.ExecContext(m.Context(), `savepoint attempt`); err != nil {
			return nil, Outage(fmt.Errorf("begin to handle message %s: %w", m.UUID, err))
		}
		produced, err := next(m)
		end := `release savepoint attempt`
		if err != nil {
			end = `rollback to savepoint attempt`
		}
		if _, wrong := tx.ExecContext(m.Context(), end); wrong != nil {
			return nil, Outage(errors.Join(err, wrong))
		}
		return produced, err
	}
}
