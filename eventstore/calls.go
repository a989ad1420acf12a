package eventstore

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
)

// calls are the commands of a batch that have no answer yet.
type calls[S, R any] struct {
	logger   *slog.Logger
	open     []*call[S, R] // in order of arrival
	repeated []*call[S, R] // executed before, and not confirmed yet
}

func (cs *calls[S, R]) allAnswered() bool { return len(cs.open)+len(cs.repeated) == 0 }

// takeRepeated sorts the calls out whose command was executed before. They are answered once the
// standby has that command's records too.
func (cs *calls[S, R]) takeRepeated(keys map[Key]storedKey) {
	if len(keys) == 0 {
		return
	}
	open := cs.open[:0:0]
	for _, c := range cs.open {
		var stored storedKey
		isKnown := false
		if c.Once != nil {
			stored, isKnown = keys[c.Once.Key]
		}
		switch {
		case !isKnown:
			open = append(open, c)
		case bytes.Equal(stored.fingerprint, c.Once.Fingerprint):
			cs.repeated = append(cs.repeated, c)
		default:
			c.answer(Result[S]{}, ErrKeyReused)
		}
	}
	cs.open = open
}

// refuse answers the calls that committed states refuse.
func (cs *calls[S, R]) refuse(s *states[S, R]) {
	open := cs.open[:0]
	for _, c := range cs.open {
		if _, err := c.decide(s.streams[c.StreamID], s.broken[c.StreamID]); err != nil {
			cs.answer(c, Result[S]{}, err)
			continue
		}
		open = append(open, c)
	}
	cs.open = open
}

// allAppend tells whether each call would append something to its stream as it is known.
func (cs *calls[S, R]) allAppend(s *states[S, R]) bool {
	for _, c := range cs.open {
		if records, err := c.decide(s.streams[c.StreamID], s.broken[c.StreamID]); err != nil || len(records) == 0 {
			return false
		}
	}
	return true
}

// complete answers the calls of a plan that is committed.
func (cs *calls[S, R]) complete(p *plan[S, R]) {
	for _, d := range p.decisions {
		cs.answer(d.call, d.result, d.err)
	}
	cs.open = nil
}

// completeRepeated answers the calls whose command was executed before, from the keys of the
// server that has just confirmed them.
func (cs *calls[S, R]) completeRepeated(keys map[Key]storedKey) {
	for _, c := range cs.repeated {
		if s, isKnown := keys[c.Once.Key]; isKnown {
			c.answer(Result[S]{Replayed: s.answer, Version: s.version, Position: s.position}, nil)
		} else { // the key is not on this server: after a failover, what was repeated may be lost
			c.answer(Result[S]{}, ErrOutcomeUnknown)
		}
	}
	cs.repeated = nil
}

// fail answers what is still open.
func (cs *calls[S, R]) fail(err error) {
	if len(cs.open) > 0 {
		cs.logger.Warn("commands failed", "commands", len(cs.open), "error", err)
	}
	for _, c := range cs.open {
		c.answer(Result[S]{}, err)
	}
	for _, c := range cs.repeated {
		c.answer(Result[S]{}, fmt.Errorf("%w: %w", ErrOutcomeUnknown, err))
	}
	cs.open, cs.repeated = nil, nil
}

func (cs *calls[S, R]) answer(c *call[S, R], result Result[S], err error) {
	var p *panicError
	if errors.As(err, &p) {
		cs.logger.Error("command panicked", "stream", c.StreamID, "panic", p.value, "stack", string(p.stack))
	}
	c.answer(result, err)
}
