package eventstore

import (
	"slices"

	"github.com/google/uuid"
)

// plan is what a batch wants to append, decided on the states that it has read.
type plan[S, R any] struct {
	decisions []decision[S, R]
	records   []Record
	keys      []written                // of calls that can be repeated
	streams   map[uuid.UUID]*stream[S] // after the records
}

// decision is the answer to one call. It counts only when the plan is committed: it may rest on records of the calls before it.
type decision[S, R any] struct {
	call     *call[S, R]
	from, to int // of its records in the plan's
	result   Result[S]
	err      error
}

// plan decides the calls in order of arrival, each on the state that the ones before it leave.
func (b *batch[S, R]) plan() *plan[S, R] {
	p := &plan[S, R]{
		decisions: make([]decision[S, R], 0, len(b.calls)),
		records:   make([]Record, 0, len(b.calls)),
		streams:   make(map[uuid.UUID]*stream[S], len(b.streams)),
	}
	for id, s := range b.streams {
		moving := *s
		p.streams[id] = &moving
	}
	for _, c := range b.calls {
		d := decision[S, R]{call: c, from: len(p.records)}
		s := p.streams[c.StreamID]
		if d.err = b.guard(c, func() error { return b.planCall(p, c, s) }); d.err != nil {
			p.records = p.records[:d.from]
		} else {
			d.result = Result[S]{State: s.state, Version: s.version}
		}
		d.to = len(p.records)
		p.decisions = append(p.decisions, d)
	}
	return p
}

// succeeds tells whether the plan answers a command with success.
func (p *plan[S, R]) succeeds() bool {
	return slices.ContainsFunc(p.decisions, func(d decision[S, R]) bool { return d.err == nil })
}

// decide answers the command on the stream as it is.
func (c *call[S, R]) decide(s *stream[S]) ([]R, error) {
	if c.Expected > 0 && c.Expected != s.version {
		return nil, &ConflictError{c.StreamID, c.Expected, s.version}
	}
	return c.Decide(s.state)
}

// planCall adds the records of one call to the plan and moves its stream. On an error the stream stays.
func (b *batch[S, R]) planCall(p *plan[S, R], c *call[S, R], s *stream[S]) error {
	values, err := c.decide(s)
	if err != nil || len(values) == 0 {
		return err
	}
	first := len(p.records)
	moved, metadata, now := *s, c.Metadata.encode(), b.executor.options.Now()
	for _, v := range values {
		n := NewRecord{}
		if n.Type, n.SchemaVersion, n.Data, err = b.executor.model.Codec.Encode(v); err != nil {
			return &CommandError{c.StreamID, err}
		}
		r := moved.next(c.StreamID, n, metadata, now)
		p.records = append(p.records, r)
		moved.tail, moved.state = tailOf(r), b.executor.model.Evolve(moved.state, v)
	}
	if once := c.Once; once != nil {
		result := Result[S]{Records: p.records[first:len(p.records):len(p.records)], State: moved.state, Version: moved.version}
		answer, err := once.Answer(result)
		if err != nil {
			return &CommandError{c.StreamID, err}
		}
		p.keys = append(p.keys, written{once.Key, once.Fingerprint, c.StreamID, moved.version, answer})
	}
	*s = moved
	return nil
}
