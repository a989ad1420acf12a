package engine

import (
	"errors"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/boxoffice/boxoffice/eventstore"
)

// The reaction to an error depends on its kind. Any other kind is tried again, and then ends the
// delivery, which starts over after a pause.
type (
	recordError struct{ error } // the one record of the page can't be applied: it is tried again, and then parked
	pageError   struct{ error } // one of several records can't be applied: the page is divided
	goneError   struct{ error } // the connection is broken, or the time is over
	decodeError struct{ error } // also a recordError or a pageError; another attempt would fail alike
)

func (e *recordError) Unwrap() error { return e.error }
func (e *pageError) Unwrap() error   { return e.error }
func (e *goneError) Unwrap() error   { return e.error }
func (e *decodeError) Unwrap() error { return e.error }

func retries(log watermill.LoggerAdapter) message.HandlerMiddleware {
	return middleware.Retry{
		MaxRetries: 3, InitialInterval: 20 * time.Millisecond, MaxInterval: time.Second, Multiplier: 4, Logger: log,
		ShouldRetry: func(p middleware.RetryParams) bool {
			return !errors.As(p.Err, new(*pageError)) && !errors.As(p.Err, new(*goneError)) &&
				!errors.As(p.Err, new(*decodeError)) && !errors.As(p.Err, new(*unknownError))
		},
	}.Middleware
}

func classifyErrors(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		produced, err := next(m)
		p, missing := pageOf(m)
		switch {
		case err == nil || missing != nil:
			return produced, err
		case m.Context().Err() != nil || p.conn.IsClosed():
			err = &goneError{err}
		case p.parts != nil: // whatever it is, the projection that it concerns meets it again by itself
			err = &pageError{err}
		case isAboutRecords(err) && len(p.records) > 1:
			err = &pageError{err}
		case isAboutRecords(err):
			err = &recordError{err}
		}
		p.failure = err
		return produced, err
	}
}

// isAboutRecords tells whether an error comes from what records say and not from the state of the
// database, which would stop all records alike and passes or is repaired.
func isAboutRecords(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		// It can't be decoded, does not fit, or panics.
		return !eventstore.IsUnavailable(err) && !errors.As(err, new(*unknownError))
	}
	switch pg.Code[:2] {
	case "21", "22", "23", "54", "P0": // cardinality, data, constraint, limit of a size, raised by a trigger
		return true
	}
	return false
}

// rollbackToSavepoint undoes what a failed attempt has written, and leaves the transaction, if it
// has begun, fit for the next one. The savepoint is as old as the transaction.
func rollbackToSavepoint(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		produced, err := next(m)
		if err == nil {
			return produced, nil
		}
		p, missing := pageOf(m)
		if missing != nil {
			return nil, missing
		}
		p.queued, p.sums, p.committed = nil, nil, nil
		if p.inTransaction() {
			if _, back := p.conn.Exec(m.Context(), `rollback to savepoint attempt`); back != nil {
				err = errors.Join(err, back)
			}
		}
		return nil, err
	}
}
