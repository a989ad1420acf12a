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

// Errors of [Executor.Execute] besides what a command's Decide returns. After each but
// [ErrOutcomeUnknown] nothing was appended.
var (
	ErrBusy           = errors.New("too many commands are waiting")
	ErrClosed         = errors.New("the executor is closed")
	ErrUnavailable    = errors.New("the log can't be written at the moment")
	ErrOutcomeUnknown = errors.New("whether the command took effect can't be known yet")
)

// ConflictError says that a stream was not at the version that a command expected. Two processes
// that append to the same stream get none: their commands are decided again.
type ConflictError struct {
	StreamID uuid.UUID
	Expected int
	Actual   int
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("stream %s: expected version %d, found %d", e.StreamID, e.Expected, e.Actual)
}

// CommandError says that a command could not be decided or its records can't be stored, through no
// fault of the database.
type CommandError struct {
	StreamID uuid.UUID
	Reason   error
}

func (e *CommandError) Error() string {
	return fmt.Sprintf("command on stream %s: %v", e.StreamID, e.Reason)
}
func (e *CommandError) Unwrap() error { return e.Reason }

// ErrUnreadable is the reason of a [CommandError] on a stream with a record that this program can't
// read, as it is when a newer program wrote it. Nothing was decided.
var ErrUnreadable = errors.New("the stream has a record that this program can't read")

// IsUnknownRecord tells whether err says that a record has a type or a schema version that the
// program does not know. Such an error of a [Codec] has a method UnknownRecord.
func IsUnknownRecord(err error) bool {
	var unknown interface {
		error
		UnknownRecord()
	}
	return errors.As(err, &unknown)
}

// errConnectionLost says that there is no connection, or that it broke. What was sent last may have
// been executed.
var errConnectionLost = errors.New("the connection was lost")

// isConflict tells whether an append was refused because another process was first: with the
// version, or with the key. It also is when the append follows records that the log does not have:
// PostgreSQL has then lost commits that this process has seen, as after a failover to a replica
// that was behind. The next read notices that.
func isConflict(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	return pg.ConstraintName == "event_log_stream_version" || pg.ConstraintName == "idempotency_keys_pkey" ||
		pg.Code == "23514" && pg.Message == gapMessage
}

// gapMessage is what the trigger of the migration says.
const gapMessage = "event_log has no gaps: refused positions or versions that do not follow"

// isLockTimeout tells whether a lock could not be had in time.
func isLockTimeout(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "55P03"
}

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

// IsStalePlan tells whether a prepared statement was refused because the type of a column that it
// returns has changed since. Nothing was done; the same request succeeds on a new connection.
func IsStalePlan(err error) bool {
	var pg *pgconn.PgError
	// PostgreSQL has the code for other errors too, and translates the text.
	return errors.As(err, &pg) && pg.Code == "0A000" && pg.Routine == "RevalidateCachedQuery"
}

func hasClass(err *pgconn.PgError, classes ...string) bool {
	return len(err.Code) == 5 && slices.Contains(classes, err.Code[:2])
}
