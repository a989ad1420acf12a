package eventstore

import (
	"fmt"
	"runtime/debug"

	"github.com/google/uuid"
)

// Model is what the executor has to know of streams whose states are S and whose records are R. The
// zero S is the state of a stream without records. S must be an immutable value: several batches
// use the same one.
type Model[S, R any] struct {
	Codec  Codec[R]
	Evolve func(S, ...R) S     // never fails
	Size   func(S) (bytes int) // in memory, for the bound of the cache

	// Snapshot and Restore write a state and read it back. Without them, a stream that is not in the
	// cache is read from its start. Restore must not keep the bytes, whose memory is used again.
	Snapshot func(S) ([]byte, error)
	Restore  func([]byte) (S, error)
}

// Codec turns records into what is stored and back. Encode must give a name, a positive schema
// version and valid JSON: a command whose records can't be stored fails with a [CommandError]. Decode
// must not keep data, whose memory is used again. It says by its error when it does not know a type
// or a version; see [IsUnknownRecord].
type Codec[R any] interface {
	Encode(R) (name string, schemaVersion int16, data []byte, err error)
	Decode(name string, schemaVersion int16, data []byte) (R, error)
}

// Command asks for a decision on one stream.
type Command[S, R any] struct {
	StreamID uuid.UUID
	// Decide answers the command on a state: with records to append, with none when there is nothing
	// to do, or with an error that refuses it. It is called several times, from other goroutines,
	// and must be a pure function.
	Decide   func(S) ([]R, error)
	Metadata Metadata
	// Expected, unless 0, refuses the command with a [ConflictError] when its stream is at another
	// version.
	Expected int
	// Immediate commands don't share the delay.
	Immediate bool
	// Once, when set, keeps the command from being executed again when it is repeated.
	Once *Once[S]
}

// Result is what became of a command that was not refused.
type Result[S any] struct {
	Records  []Record // appended for this command; empty when there was nothing to do
	State    S        // of the stream right after the command
	Version  int      // of the stream right after the command
	Position int64    // of the stream's last record then: a reader that has reached it sees the command's effect
	// Replayed is the stored answer, when the command had been executed before. Then there are no
	// Records and no State.
	Replayed []byte
}

// Once makes a command's effect happen once, however often and through however many processes it
// arrives: the key is stored in the transaction of the records, and later commands with the same
// key get the stored answer. Commands that are refused or have nothing to do leave no key.
// [Log.ForgetKeys] deletes old keys.
type Once[S any] struct {
	Key
	// Fingerprint tells requests apart: the same key with another one is refused with [ErrKeyReused].
	Fingerprint []byte
	// Answer is stored and given to those who repeat the command, as [Result.Replayed]. The position
	// is not known yet when it is called. It must be a pure function.
	Answer func(Result[S]) ([]byte, error)
}

// panicError is a panic of the caller's model or command.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// guarded calls a function of the caller, and makes a panic of it an error.
func guarded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{p, debug.Stack()}
		}
	}()
	return do()
}
