package audit

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/transparency-dev/merkle/compact"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// The checks that a [Finding] can come from.
const (
	CheckPosition   = "position"   // positions are 1, 2, 3 … without gaps
	CheckVersion    = "version"    // versions of each stream, likewise
	CheckTime       = "time"       // times in a stream never decrease
	CheckHash       = "hash"       // each hash is that of the record and the hash before it
	CheckDecode     = "decode"     // this program can read every record
	CheckRule       = "rule"       // no record breaks a rule, and every state is possible
	CheckReadModel  = "read model" // its rows equal the states of the streams
	CheckCheckpoint = "checkpoint" // signed by a trusted key, for this log
)

// Finding is something wrong in the log or in what follows from it.
type Finding struct {
	Check    string    `json:"check" enum:"position,version,time,hash,decode,rule,read model,checkpoint"`
	Position int64     `json:"position" doc:"Of the first record that it is about; for a missing one, where it should be"`
	StreamID uuid.UUID `json:"streamId" format:"uuid" doc:"Zero when it is about no stream"`
	Version  int       `json:"version"`
	Detail   string    `json:"detail"`
}

func (f Finding) String() string {
	where := fmt.Sprintf("position %d", f.Position)
	if f.StreamID != uuid.Nil {
		where += fmt.Sprintf(" (stream %s, version %d)", f.StreamID, f.Version)
	}
	return fmt.Sprintf("%s: %s: %s", where, f.Check, f.Detail)
}

// checker finds what is wrong in records, which it takes in the order of the log and in chunks.
// Each chunk goes through three steps. Links and states depend on earlier chunks, so link and fold
// take one chunk after the other. Inspect, the most expensive step, may run for several chunks at
// once.
type checker struct {
	streams map[uuid.UUID]*progress
	last    int64 // last position that was linked
	whole   bool  // positions are complete, from 1 on: missing ones are findings, and there is a tree

	tree     *compact.Range
	treeLost bool    // a position was missing
	sizes    []int64 // tree sizes to call onRoot at
	onRoot   func(size int64, root eventstore.Hash) error
	seen     []*progress // streams in the order of their first record
	statesAt []int64     // positions to call onStates after
	onStates func(position int64)

	records  int64
	findings []Finding
	more     int // findings beyond maxFindings
}

// maxFindings bounds how many findings are kept. The first ones show where to look.
const maxFindings = 100

// progress is how far a stream was checked.
type progress struct {
	id     uuid.UUID
	first  time.Time
	linked eventstore.Tail // by link

	version int // by fold
	at      time.Time
	replay  domain.Replay
	unknown bool // a record is missing, can't be read or breaks a rule, so that the state is unknown
}

func newChecker() *checker {
	return &checker{streams: map[uuid.UUID]*progress{}, tree: ranges.NewEmptyRange(0)}
}

// chunk is a part of the log on its way through the checker. Slices have one element per record.
type chunk struct {
	links    []eventstore.Link
	streams  []*progress
	values   []domain.Record // nil where the record can't be read
	findings []Finding
	trees    []*compact.Range // the chunk's part of the tree, cut at the wanted sizes
	gap      bool
}

func (s *chunk) found(i int, check string, err error) {
	if err != nil {
		r := s.links[i].Record
		s.findings = append(s.findings, Finding{check, r.Position, r.StreamID, r.Version, err.Error()})
	}
}

// link joins each record to its predecessor in the log and in its stream.
func (c *checker) link(records []eventstore.Record) *chunk {
	s := &chunk{links: make([]eventstore.Link, len(records)), streams: make([]*progress, len(records))}
	for i := range records {
		r := &records[i]
		if c.whole && r.Position != c.last+1 {
			s.gap = true
			s.findings = append(s.findings, missing(c.last+1, r.Position-1))
		}
		c.last = r.Position
		p := c.streams[r.StreamID]
		if p == nil {
			p = &progress{id: r.StreamID, first: r.RecordedAt}
			c.streams[r.StreamID] = p
		}
		s.streams[i], s.links[i] = p, p.linked.Next(r)
	}
	return s
}

func missing(first, last int64) Finding {
	detail := fmt.Sprintf("positions %d to %d are missing", first, last)
	switch {
	case first == last:
		detail = fmt.Sprintf("position %d is missing", first)
	case last < first:
		detail = fmt.Sprintf("position %d is repeated", last+1)
	}
	return Finding{Check: CheckPosition, Position: first, Detail: detail}
}

// inspect checks each record by itself, and its link.
func (c *checker) inspect(s *chunk) {
	s.values = make([]domain.Record, len(s.links))
	for i, l := range s.links {
		s.found(i, CheckVersion, l.CheckVersion())
		s.found(i, CheckTime, l.CheckTime())
		s.found(i, CheckHash, l.CheckHash())
		value, err := domain.Codec{}.Decode(l.Record.Type, l.Record.SchemaVersion, l.Record.Data)
		s.found(i, CheckDecode, err)
		s.values[i] = value
	}
	if c.whole && !s.gap {
		c.hashTree(s)
	}
}

// hashTree computes the chunk's part of the tree.
func (c *checker) hashTree(s *chunk) {
	begin := s.links[0].Record.Position - 1
	at, _ := slices.BinarySearch(c.sizes, begin+1)
	part := ranges.NewEmptyRange(uint64(begin)) //nolint:gosec // positions are positive
	for _, l := range s.links {
		if err := part.Append(LeafHash(l.Record.Position, l.Record.Hash), nil); err != nil {
			panic(err) // the range would have to be of another factory
		}
		if at < len(c.sizes) && c.sizes[at] == l.Record.Position {
			s.trees = append(s.trees, part)
			part = ranges.NewEmptyRange(part.End())
			at++
		}
	}
	s.trees = append(s.trees, part)
}

// fold advances the states of the streams and the tree.
func (c *checker) fold(s *chunk) error {
	for i, p := range s.streams {
		r := s.links[i].Record
		c.passStates(r.Position - 1)
		if p.version == 0 {
			c.seen = append(c.seen, p)
		}
		if r.Version != p.version+1 || s.values[i] == nil {
			p.unknown = true
		}
		p.version, p.at = r.Version, r.RecordedAt
		if !p.unknown {
			if err := p.replay.Next(s.values[i]); err != nil {
				s.found(i, CheckRule, fmt.Errorf("%s: %w", r.Type, err))
				p.unknown = true
			}
		}
		c.records++
	}
	c.keep(s.findings)
	c.treeLost = c.treeLost || s.gap
	if !c.whole || c.treeLost {
		return nil
	}
	for _, part := range s.trees {
		if err := c.growTree(part); err != nil {
			return err
		}
	}
	return nil
}

// growTree appends to the tree, and hands out the root where it is wanted.
func (c *checker) growTree(part *compact.Range) error {
	if err := c.tree.AppendRange(part, nil); err != nil {
		return err
	}
	size := end(c.tree)
	if _, wanted := slices.BinarySearch(c.sizes, size); !wanted || part.End() == part.Begin() {
		return nil
	}
	root, err := rootOf(c.tree)
	if err != nil {
		return err
	}
	return c.onRoot(size, root)
}

// passStates calls onStates for the wanted positions up to one.
func (c *checker) passStates(upTo int64) {
	for len(c.statesAt) > 0 && c.statesAt[0] <= upTo {
		c.onStates(c.statesAt[0])
		c.statesAt = c.statesAt[1:]
	}
}

// keep adds the findings of one chunk, in the order of the log.
func (c *checker) keep(found []Finding) {
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Compare(a.Position, b.Position) })
	room := min(len(found), max(0, maxFindings-len(c.findings)))
	c.findings = append(c.findings, found[:room]...)
	c.more += len(found) - room
}

func (c *checker) found(f Finding) { c.keep([]Finding{f}) }
