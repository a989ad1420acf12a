package eventstore

import (
	"errors"
	"fmt"
	"strings"

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
// commits that this process has seen, as after a failover to a replica that was behind, and the cache is ahead of it. Under the head
// row's lock a conflict says the same.
func isAhead(err error, locked bool) bool {
	var pg *pgconn.PgError
	return locked && isConflict(err) || errors.As(err, &pg) && pg.Code == "23514" && pg.Message == gapMessage
}

// gapMessage is what the trigger of the migration says.
const gapMessage = "event_log has no gaps: refused positions or versions that do not follow"

// isPassing tells whether err is about the moment (a timeout, a shutdown, a full disk) or the state of the database (a missing table
// or privilege), and not about what was to be stored. The classes are those of PostgreSQL's Appendix A, "Error Codes".
func isPassing(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	for _, class := range []string{"08", "0A", "25", "40", "42", "53", "55", "57", "58", "XX"} {
		if strings.HasPrefix(pg.Code, class) {
			return true
		}
	}
	return false
}
