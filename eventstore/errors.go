package eventstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
)

// Errors of [Executor.Execute] besides what a command's Decide returns. After each but [ErrOutcomeUnknown] nothing was appended.
var (
	ErrBusy           = errors.New("too many commands are waiting")
	ErrClosed         = errors.New("the executor is closed")
	ErrUnavailable    = errors.New("the log can't be written at the moment")
	ErrOutcomeUnknown = errors.New("the connection was lost during the commit, and whether the command took effect can't be known yet")
)

// ConflictError says that a stream was not at the version that an append expected.
type ConflictError struct {
	StreamID uuid.UUID
	Expected int
	Actual   int
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("stream %s: expected version %d, found %d", e.StreamID, e.Expected, e.Actual)
}

// CommandError says that a command could not be decided or its records could not be stored, through no fault of the database.
type CommandError struct {
	StreamID uuid.UUID
	Reason   error
}

func (e *CommandError) Error() string {
	return fmt.Sprintf("command on stream %s: %v", e.StreamID, e.Reason)
}
func (e *CommandError) Unwrap() error { return e.Reason }

func isConflict(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.ConstraintName == "event_log_stream_version" || pg.ConstraintName == "idempotency_keys_pkey")
}

// isAhead tells whether an append was refused because it follows records that the log does not have. PostgreSQL has then lost
// commits that this process has seen, as after a failover to a replica that was behind, and the cache is ahead of it. The next read
// notices it.
func isAhead(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23514" && pg.Message == gapMessage
}

// gapMessage is what the trigger of the migration says.
const gapMessage = "event_log has no gaps: refused positions or versions that do not follow"

// IsUnavailable tells whether err says that the database can't do its work at the moment: it is
// gone, starting, stopping, read-only, full or overloaded, or the way to it is broken, or it took
// too long. The same request can succeed later. It is the one list of such errors for the whole
// program. The classes are those of PostgreSQL's Appendix A, "Error Codes".
//
// A cancelled context is none of them: it says nothing about the database.
func IsUnavailable(err error) bool {
	var (
		connect *pgconn.ConnectError
		pg      *pgconn.PgError
		network net.Error
	)
	switch {
	case errors.As(err, &connect): // before PgError, of which it may hold any: without a connection nothing can be done
		return true
	case errors.As(err, &pg):
		return hasClass(pg, "08", "25", "40", "53", "55", "57", "58")
	}
	return errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network)
}

// IsReadOnly tells whether err is the refusal of a write by a server or a session that is
// read-only. Nothing was written.
func IsReadOnly(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "25006"
}

// isPassing tells whether err is about the moment or the state of the database (a missing table or
// privilege), and not about what was to be stored. A context that has ended says nothing about what
// was to be stored either.
func isPassing(err error) bool {
	var pg *pgconn.PgError
	return IsUnavailable(err) || errors.Is(err, context.Canceled) ||
		errors.As(err, &pg) && hasClass(pg, "0A", "42", "XX")
}

func hasClass(err *pgconn.PgError, classes ...string) bool {
	return len(err.Code) == 5 && slices.Contains(classes, err.Code[:2])
}
