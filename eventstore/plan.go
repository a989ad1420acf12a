package eventstore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// plan is what a batch wants to append, decided on the states that it has read.
type plan[S, R any] struct {
	decisions []decision[S, R]
	records   []Record
	keys      []newKey                 // of calls that can be repeated
	streams   map[uuid.UUID]*stream[S] // after the records
}

// decision is the answer to one call. It counts only when the plan is committed: it may rest on
// records of the calls before it.
type decision[S, R any] struct {
	call     *call[S, R]
	from, to int // of its records in the plan's
	result   Result[S]
	err      error
}

// makePlan decides the calls in order of arrival, each on the state that the ones before it leave.
// It changes neither calls nor states.
func makePlan[S, R any](calls []*call[S, R], s *states[S, R], model *Model[S, R], now time.Time) *plan[S, R] {
	p := &plan[S, R]{
		decisions: make([]decision[S, R], 0, len(calls)),
		records:   make([]Record, 0, len(calls)),
		streams:   make(map[uuid.UUID]*stream[S], len(s.streams)),
	}
	for id, known := range s.streams {
		moving := *known
		p.streams[id] = &moving
	}
	for _, c := range calls {
		d := decision[S, R]{call: c, from: len(p.records)}
		moving := p.streams[c.StreamID]
		values, err := c.decide(moving, s.broken[c.StreamID])
		if err == nil && len(values) > 0 {
			if err = guarded(func() error { return p.add(c, moving, values, model, now) }); err != nil {
				err = &CommandError{c.StreamID, err}
			}
		}
		if d.err = err; err != nil {
			p.records = p.records[:d.from]
		} else {
			d.result = Result[S]{State: moving.state, Version: moving.Version}
		}
		d.to = len(p.records)
		p.decisions = append(p.decisions, d)
	}
	return p
}

// add adds the records of one call to the plan and moves its stream. On an error the stream stays.
func (p *plan[S, R]) add(c *call[S, R], s *stream[S], values []R, model *Model[S, R], now time.Time) error {
	first, moved, metadata := len(p.records), *s, c.Metadata.encode()
	for _, v := range values {
		name, schemaVersion, data, err := model.Codec.Encode(v)
		if err != nil {
			return err
		}
		if err := checkStorable(name, schemaVersion, data); err != nil {
			return err
		}
		r := Record{Type: name, SchemaVersion: schemaVersion, Data: data, Metadata: metadata}
		r = moved.extend(c.StreamID, r, now)
		p.records = append(p.records, r)
		moved.Tail, moved.state = tailOf(&r), model.Evolve(moved.state, v)
	}
	if once := c.Once; once != nil {
		records := p.records[first:len(p.records):len(p.records)]
		answer, err := once.Answer(Result[S]{Records: records, State: moved.state, Version: moved.Version})
		if err != nil {
			return err
		}
		if n := len(once.Name); n < 1 || n > 255 || !isText(once.Name) {
			return fmt.Errorf("%q can't be the name of a key", once.Name)
		}
		// PostgreSQL tells nil from empty, and the columns want bytes.
		fingerprint, answer := append([]byte{}, once.Fingerprint...), append([]byte{}, answer...)
		p.keys = append(p.keys, newKey{once.Key, fingerprint, c.StreamID, moved.Version, answer})
	}
	*s = moved
	return nil
}

// checkStorable finds what PostgreSQL would reject, and the whole batch with it.
func checkStorable(name string, schemaVersion int16, data []byte) error {
	switch {
	case name == "" || !isText(name):
		return fmt.Errorf("%q can't be the type of a record", name)
	case schemaVersion < 1:
		return fmt.Errorf("%s: schema version %d is not positive", name, schemaVersion)
	case !json.Valid(data) || !utf8.Valid(data):
		return fmt.Errorf("%s: the data is not JSON in UTF-8", name)
	case hasNUL(data):
		return fmt.Errorf("%s: the data has a NUL", name)
	}
	return nil
}

// hasNUL finds an escaped NUL in JSON, which PostgreSQL stores but can't give out as text.
func hasNUL(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] == '\\' {
			if bytes.HasPrefix(data[i:], []byte(`\u0000`)) {
				return true
			}
			i++ // what is escaped is no beginning of an escape
		}
	}
	return false
}

// isText tells whether a text column can hold s.
func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// assignPositions gives the records the positions at which they are committed, after base, and names
// them in the answers.
func (p *plan[S, R]) assignPositions(base int64) {
	for i := range p.records {
		p.records[i].Position = base + int64(i) + 1
	}
	for i := range p.decisions {
		d := &p.decisions[i]
		if d.err != nil {
			continue
		}
		s := p.streams[d.call.StreamID]
		if d.to > d.from {
			s.position = p.records[d.to-1].Position
		}
		d.result.Records, d.result.Position = p.records[d.from:d.to:d.to], s.position
	}
}

// succeeds tells whether the plan answers a command with success.
func (p *plan[S, R]) succeeds() bool {
	return slices.ContainsFunc(p.decisions, func(d decision[S, R]) bool { return d.err == nil })
}

// allAppend tells whether each command appends something.
func (p *plan[S, R]) allAppend() bool {
	return !slices.ContainsFunc(p.decisions, func(d decision[S, R]) bool { return d.from == d.to })
}

// refusesRepeatable tells whether the plan refuses a command that has a key. Then the state may
// contain the command itself, executed by another process since the keys were looked up.
func (p *plan[S, R]) refusesRepeatable() bool {
	return slices.ContainsFunc(p.decisions, func(d decision[S, R]) bool { return d.err != nil && d.call.Once != nil })
}
