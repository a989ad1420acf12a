// Package condition has a state that holds or does not, such as that a server answers, with a context
// for work that needs it.
package condition

import (
	"context"
	"sync/atomic"
)

// Condition holds or does not. It is safe for concurrent use; only one goroutine at a time may call
// Set. Make one with [New].
type Condition struct{ current atomic.Pointer[period] }

// period is a time in which a condition holds.
type period struct {
	ctx context.Context
	end context.CancelCauseFunc
}

// New makes a condition that holds or, with an error, does not.
func New(err error) *Condition {
	c := new(Condition)
	c.begin()
	c.Set(err)
	return c
}

// Context ends, with the cause, when the condition does not hold any longer. While it does not hold,
// the context has ended.
func (c *Condition) Context() context.Context { return c.current.Load().ctx }

// Holds reports whether the condition holds.
func (c *Condition) Holds() bool { return c.Context().Err() == nil }

// Set notes why the condition does not hold, or with nil that it does, and reports whether that is
// new.
func (c *Condition) Set(err error) (changed bool) {
	switch {
	case c.Holds() == (err == nil):
		return false
	case err != nil:
		c.current.Load().end(err)
	default:
		c.begin()
	}
	return true
}

func (c *Condition) begin() {
	ctx, end := context.WithCancelCause(context.Background())
	c.current.Store(&period{ctx, end})
}
