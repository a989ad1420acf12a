package eventstore

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// call is a command on its way.
type call[S, R any] struct {
	Command[S, R]
	arrived time.Time
	stage   atomic.Int32
	loaded  *stream[S] // its stream, if that was loaded for it

	span trace.Span // nil unless commands are traced

	done   chan struct{} // closed when result and err are set
	result Result[S]
	err    error
}

// A call is waiting until either a batch takes it or its caller gives up, whatever is first.
const (
	stageWaiting int32 = iota
	stageTaken
	stageWithdrawn
)

func (c *call[S, R]) take() bool     { return c.stage.CompareAndSwap(stageWaiting, stageTaken) }
func (c *call[S, R]) withdraw() bool { return c.stage.CompareAndSwap(stageWaiting, stageWithdrawn) }

// answer lets the caller go. Only the first answer counts.
func (c *call[S, R]) answer(result Result[S], err error) {
	select {
	case <-c.done:
		return
	default:
	}
	c.result, c.err = result, err
	close(c.done)
}

// decide answers the command on the stream as it is. A stream that can't be read, or a command that
// panics, is a CommandError.
func (c *call[S, R]) decide(s *stream[S], broken error) (records []R, err error) {
	if broken != nil {
		return nil, &CommandError{c.StreamID, fmt.Errorf("%w: %w", ErrUnreadable, broken)}
	}
	if c.Expected > 0 && c.Expected != s.Version {
		return nil, &ConflictError{c.StreamID, c.Expected, s.Version}
	}
	err = guarded(func() (err error) {
		records, err = c.Decide(s.state)
		return err
	})
	if errors.As(err, new(*panicError)) {
		return nil, &CommandError{c.StreamID, err}
	}
	return records, err
}
