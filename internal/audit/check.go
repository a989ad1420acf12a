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

// What a finding is about.
const (
	CheckPosition   = "position"   // positions are 1, 2, 3 … without gaps
	CheckVersion    = "version"    // and so are the versions of each stream
	CheckTime       = "time"       // time does not run backwards in a stream
	CheckHash       = "hash"       // each hash follows from the record and the hash before it
	CheckDecode     = "decode"     // this program can read every record
	CheckRule       = "rule"       // no record breaks a rule, and no state is impossible
	CheckReadModel  = "read model" // its rows are what the streams come to
	CheckCheckpoint = "checkpoint" // signed by a trusted key, and over this log
)

// Finding is something that is not as it should be, and where.
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

// checker takes records in the order of the log and finds what is wrong. A chunk goes through three
// steps: link and fold see the chunks one after the other, and inspect, the dearest, may run for
// several at once.
type checker struct {
	streams map[uuid.UUID]*progress
	last    int64 // position that was linked
	whole   bool  // every position is expected, from 1 on, and the tree grows

	tree     *compact.Range
	treeLost bool    // a position was missing
	sizes    []int64 // at which the root is wanted
	onRoot   func(size int64, root eventstore.Hash) error
	seen     []*progress // streams, as fold meets them
	marks    []int64     // positions after which the states are wanted
	onMark   func(position int64)

	records  int64
	findings []Finding
	more     int // findings that were not kept
}

// mostFindings bounds how many findings are kept. The first ones tell where to look.
const mostFindings = 100

// progress is how far a stream has been gone through.
type progress struct {
	id        uuid.UUID
	version   int
	hash      eventstore.Hash
	at        time.Time
	first     time.Time
	linkedTo  int // by fold
	foldedAt  time.Time
	replay    domain.Replay
	abandoned bool // a record was lost or can't be read, or a rule was broken: the state is not known any more
}

func newChecker() *checker {
	return &checker{streams: map[uuid.UUID]*progress{}, tree: ranges.NewEmptyRange(0)}
}

// step is a chunk on its way.
type step struct {
	records  []eventstore.Record
	previous []eventstore.Hash // of each record's stream
	streams  []*progress
	values   []domain.Record
	findings []Finding
	trees    []*compact.Range // the chunk's part of the tree, cut where a root is wanted
	gap      bool
}

func (s *step) found(i int, check, format string, args ...any) {
	r := &s.records[i]
	s.findings = append(s.findings, Finding{check, r.Position, r.StreamID, r.Version, fmt.Sprintf(format, args...)})
}

// link finds out what each record follows.
func (c *checker) link(records []eventstore.Record) *step {
	s := &step{records: records, previous: make([]eventstore.Hash, len(records)), streams: make([]*progress, len(records))}
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
		s.streams[i] = p
		if r.Version != p.version+1 {
			s.found(i, CheckVersion, "the stream goes on with version %d after %d", r.Version, p.version)
			s.previous[i] = unknownHash
		} else {
			s.previous[i] = p.hash
		}
		if r.RecordedAt.Before(p.at) {
			s.found(i, CheckTime, "recorded at %s, before version %d", r.RecordedAt.Format(time.RFC3339Nano), p.version)
		}
		p.version, p.hash, p.at = r.Version, r.Hash, r.RecordedAt
	}
	return s
}

// unknownHash stands for that of a record that is missing.
var unknownHash = eventstore.Hash{0: 0xff, 31: 0xff}

func missing(first, last int64) Finding {
	detail := fmt.Sprintf("positions %d to %d are missing", first, last)
	switch {
	case first == last:
		detail = fmt.Sprintf("position %d is missing", first)
	case last < first:
		detail = fmt.Sprintf("position %d comes again", last+1)
	}
	return Finding{Check: CheckPosition, Position: first, Detail: detail}
}

// inspect looks at what concerns one record alone.
func (c *checker) inspect(s *step) {
	s.values = make([]domain.Record, len(s.records))
	for i := range s.records {
		r := &s.records[i]
		if s.previous[i] != unknownHash {
			if sum := r.Sum(s.previous[i]); sum != r.Hash {
				s.found(i, CheckHash, "the hash is %s, and by the record and the hash before it should be %s", short(r.Hash),
					short(sum))
			}
		}
		value, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
		if err != nil {
			s.found(i, CheckDecode, "%v", err)
		}
		s.values[i] = value
	}
	if c.whole && !s.gap {
		c.plant(s)
	}
}

// plant makes the chunk's part of the tree.
func (c *checker) plant(s *step) {
	begin := s.records[0].Position - 1
	at, _ := slices.BinarySearch(c.sizes, begin+1)
	part := ranges.NewEmptyRange(uint64(begin)) //nolint:gosec // positions are positive
	for i := range s.records {
		r := &s.records[i]
		if err := part.Append(LeafHash(r.Position, r.Hash), nil); err != nil {
			panic(err) // only for ranges that were made otherwise
		}
		if at < len(c.sizes) && c.sizes[at] == r.Position {
			s.trees = append(s.trees, part)
			part = ranges.NewEmptyRange(part.End())
			at++
		}
	}
	s.trees = append(s.trees, part)
}

func short(h eventstore.Hash) string { return h.String()[:16] + "…" }

// fold goes on with the states and the tree.
func (c *checker) fold(s *step) error {
	for i := range s.records {
		r, p := &s.records[i], s.streams[i]
		c.passMarks(r.Position - 1)
		if p.linkedTo == 0 {
			c.seen = append(c.seen, p)
		}
		if r.Version != p.linkedTo+1 || s.values[i] == nil {
			p.abandoned = true
		}
		p.linkedTo, p.foldedAt = r.Version, r.RecordedAt
		if !p.abandoned {
			if err := p.replay.Next(s.values[i]); err != nil {
				s.found(i, CheckRule, "%s: %v", r.Type, err)
				p.abandoned = true
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
		if err := c.tree.AppendRange(part, nil); err != nil {
			return err
		}
		if size := end(c.tree); part.End() > part.Begin() {
			if _, wanted := slices.BinarySearch(c.sizes, size); wanted {
				root, err := rootOf(c.tree)
				if err != nil {
					return err
				}
				if err := c.onRoot(size, root); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// passMarks hands the states over that are wanted after a position up to this one.
func (c *checker) passMarks(upTo int64) {
	for len(c.marks) > 0 && c.marks[0] <= upTo {
		c.onMark(c.marks[0])
		c.marks = c.marks[1:]
	}
}

// keep takes findings, which within one chunk come in any order.
func (c *checker) keep(found []Finding) {
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Compare(a.Position, b.Position) })
	room := min(len(found), max(0, mostFindings-len(c.findings)))
	c.findings = append(c.findings, found[:room]...)
	c.more += len(found) - room
}

func (c *checker) found(f Finding) { c.keep([]Finding{f}) }
