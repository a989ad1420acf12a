package audit

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections"
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
	CheckFairness   = "fairness"   // tickets that become free go to the first who waits and whom they are enough for
)

// Finding is something wrong in the log or in what follows from it.
type Finding struct {
	Check    string    `json:"check" enum:"position,version,time,hash,decode,rule,read model,checkpoint,fairness"`
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

// checker finds what is wrong in the streams of records. It takes each stream in the order of its
// versions, in chunks. Each chunk goes through three steps. Links and states depend on earlier
// chunks, so link and fold take one chunk after the other. Inspect, the most expensive step, may run
// for several chunks at once.
type checker struct {
	streams map[uuid.UUID]*progress // nil: streams come one after the other
	linking *progress               // the stream that link has seen last
	folding *progress               // the stream that fold has seen last
	onEnd   func(*progress) error   // called by fold when all records of a stream are checked
	freeze  []int64                 // positions to keep the states of
	counted int64                   // the last position that is counted in records

	tally
}

// tally is what was checked and found so far.
type tally struct {
	records  int64
	findings []Finding
	more     int  // findings beyond maxFindings
	sorted   bool // findings come in another order than that of the log
}

// maxFindings bounds how many findings are kept. The first ones show where to look.
const maxFindings = 100

// progress is how far a stream was checked.
type progress struct {
	id     uuid.UUID
	first  time.Time
	linked eventstore.Tail // by link
	place  int64           // the last position that link has seen

	version int // by fold
	at      time.Time
	replay  domain.Replay
	unknown bool                 // a record is missing, can't be read or breaks a rule, so that the state is unknown
	frozen  []projections.Stream // the states at the positions of freeze that are passed

	tally
}

func newChecker() *checker {
	return &checker{streams: map[uuid.UUID]*progress{}, counted: math.MaxInt64,
		onEnd: func(*progress) error { return nil }}
}

// chunk is a part of the log on its way through the checker. Slices have one element per record.
type chunk struct {
	links    []eventstore.Link
	streams  []*progress
	values   []domain.Record // nil where the record can't be read
	places   []int64         // the position of the record before in the stream
	findings []Finding       // in the order of the records
}

func (s *chunk) found(i int, check string, err error) {
	if err != nil {
		r := s.links[i].Record
		s.findings = append(s.findings, Finding{check, r.Position, r.StreamID, r.Version, err.Error()})
	}
}

// link joins each record to its predecessor in its stream.
func (c *checker) link(records []eventstore.Record) *chunk {
	s := &chunk{links: make([]eventstore.Link, len(records)), streams: make([]*progress, len(records)),
		places: make([]int64, len(records))}
	for i := range records {
		r := &records[i]
		p := c.progressOf(r)
		s.streams[i], s.places[i], s.links[i] = p, p.place, p.linked.Next(r)
		p.place = r.Position
	}
	return s
}

func (c *checker) progressOf(r *eventstore.Record) *progress {
	if c.streams == nil {
		if c.linking == nil || c.linking.id != r.StreamID {
			c.linking = &progress{id: r.StreamID, first: r.RecordedAt}
		}
		return c.linking
	}
	p := c.streams[r.StreamID]
	if p == nil {
		p = &progress{id: r.StreamID, first: r.RecordedAt}
		c.streams[r.StreamID] = p
	}
	return p
}

// inspect checks each record by itself, and its link.
func (c *checker) inspect(s *chunk) {
	s.values = make([]domain.Record, len(s.links))
	for i, l := range s.links {
		s.found(i, CheckVersion, l.CheckVersion())
		if c.streams == nil && l.Record.Position < s.places[i] {
			s.found(i, CheckVersion, fmt.Errorf("version %d stands in the log before version %d", l.Record.Version,
				l.Previous.Version))
		}
		s.found(i, CheckTime, l.CheckTime())
		s.found(i, CheckHash, l.CheckHash())
		if isRead(l.Record) {
			check, err := checkRead(l.Record)
			s.found(i, check, err)
			continue
		}
		value, err := domain.Codec{}.Decode(l.Record.Type, l.Record.SchemaVersion, l.Record.Data)
		s.found(i, CheckDecode, err)
		s.values[i] = value
	}
}

// fold advances the states of the streams.
func (c *checker) fold(s *chunk) error {
	next := 0 // finding
	for i, p := range s.streams {
		r := s.links[i].Record
		if c.folding != p {
			if err := c.endStream(); err != nil {
				return err
			}
			c.folding = p
		}
		c.freezeStates(p, r.Position-1)
		for ; next < len(s.findings) && s.findings[next].isOf(r); next++ {
			p.keep(s.findings[next])
		}
		if r.Version != p.version+1 || s.values[i] == nil {
			p.unknown = true
		}
		p.version, p.at = r.Version, r.RecordedAt
		if !p.unknown {
			if err := p.replay.Next(s.values[i]); err != nil {
				p.keep(Finding{CheckRule, r.Position, r.StreamID, r.Version, fmt.Sprintf("%s: %v", r.Type, err)})
				p.unknown = true
			}
		}
		if r.Position <= c.counted {
			p.records++
		}
	}
	if c.streams != nil { // they go on in any of the next chunks
		return c.endStream()
	}
	return nil
}

// endStream adds what was found in a stream that is checked to its end or, when the streams come
// mixed, up to here.
func (c *checker) endStream() error {
	p := c.folding
	if p == nil {
		return nil
	}
	c.folding = nil
	c.add(&p.tally)
	if c.streams != nil {
		return nil
	}
	c.freezeStates(p, math.MaxInt64)
	return c.onEnd(p)
}

// freezeStates keeps the state of a stream for the wanted positions up to one.
func (c *checker) freezeStates(p *progress, upTo int64) {
	for len(p.frozen) < len(c.freeze) && c.freeze[len(p.frozen)] <= upTo {
		p.frozen = append(p.frozen, projections.Stream{
			State: p.replay.State(), Version: p.version, CreatedAt: p.first, UpdatedAt: p.at, Unknown: p.unknown,
		})
	}
}

func (f Finding) isOf(r *eventstore.Record) bool {
	return f.Position == r.Position && f.StreamID == r.StreamID && f.Version == r.Version
}

// rank puts findings about records first: they say more than those that follow from them.
func (f Finding) rank() int {
	switch f.Check {
	case CheckCheckpoint:
		return 1
	case CheckReadModel:
		return 2
	}
	return 0
}

// keep adds findings. Of too many it drops the last ones.
func (f *tally) keep(more ...Finding) {
	f.findings = append(f.findings, more...)
	if f.sorted && len(more) > 0 {
		slices.SortStableFunc(f.findings, func(a, b Finding) int {
			return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.Position, b.Position))
		})
	}
	if extra := len(f.findings) - maxFindings; extra > 0 {
		f.findings = f.findings[:maxFindings]
		f.more += extra
	}
}

func (f *tally) found(one Finding) { f.keep(one) }

// add moves what another one holds.
func (f *tally) add(other *tally) {
	f.keep(other.findings...)
	f.records, f.more = f.records+other.records, f.more+other.more
	*other = tally{}
}
