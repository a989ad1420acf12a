package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/boxoffice/boxoffice/eventstore"
)

// ExportReport is the result of [VerifyExport].
type ExportReport struct {
	Format     Format    `json:"format"`
	Records    int64     `json:"records"`
	Streams    int       `json:"streams"`
	First      int64     `json:"first"` // position
	Last       int64     `json:"last"`
	Missing    int64     `json:"missing"` // positions between first and last that the file lacks
	Incomplete int       `json:"incomplete"`
	SignedUpTo int64     `json:"signedUpTo"` // size of the checkpoint that the file matches
	Root       string    `json:"root,omitempty"`
	Findings   []Finding `json:"findings"`
	More       int       `json:"more"`
}

// OK tells whether nothing is wrong.
func (r *ExportReport) OK() bool { return len(r.Findings) == 0 }

// VerifyExport checks an exported file without a database: every hash, the order and, for streams
// that are complete from their first record on, every rule. That detects changes of single records.
// A forger of a whole history can compute all hashes anew; only a signed checkpoint in against
// detects this, for a file with all positions from 1 to the size of the checkpoint.
func VerifyExport(from io.Reader, keys *Keys, against string) (*ExportReport, error) {
	r := &ExportReport{}
	c, o := newChecker(), newOrder()
	var signed Statement
	if against != "" {
		var err error
		if signed, err = keys.Open(against); err != nil {
			return nil, err
		}
		o.sizes = []int64{signed.Size}
	}
	var root *eventstore.Hash
	o.onRoot = func(_ int64, at eventstore.Hash) error { root = &at; return nil }
	err := eachLineOf(from, r, func(l *Line) error { return r.check(c, o, l) })
	if err != nil {
		return nil, err
	}
	if o.last > 0 && !o.treeLost {
		at, err := rootOf(o.tree)
		if err != nil {
			return nil, err
		}
		r.Root = at.String()
	}
	mismatch := func(format string) {
		c.found(Finding{Check: CheckCheckpoint, Position: 1, Detail: fmt.Sprintf(format, signed.Size)})
	}
	switch {
	case signed.Size == 0:
	case root == nil:
		mismatch("the file does not have all positions from 1 to %d, which the checkpoint covers")
	case *root != signed.Root:
		mismatch("the checkpoint was signed over other records: at least one of the positions 1 to %d has changed")
	default:
		r.SignedUpTo = signed.Size
	}
	r.Records, r.Streams, r.Findings, r.More = c.records, len(c.streams), append([]Finding{}, c.findings...), c.more
	return r, nil
}

// check checks the next line. Positions must ascend; some may be missing, because a file can hold a
// selection.
func (r *ExportReport) check(c *checker, o *order, l *Line) error {
	if r.First == 0 {
		r.First = l.Position
	}
	switch {
	case l.Position <= r.Last:
		c.found(Finding{CheckPosition, l.Position, l.StreamID, l.Version, fmt.Sprintf("comes after position %d", r.Last)})
	case l.Position > r.Last+1:
		if r.Last > 0 {
			r.Missing += l.Position - r.Last - 1
		}
	}
	r.Last = max(r.Last, l.Position)
	if c.streams[l.StreamID] == nil && l.Version > 1 { // the file starts in the middle of the stream
		c.streams[l.StreamID] = &progress{
			id: l.StreamID, first: l.RecordedAt, linked: eventstore.Tail{Version: l.Version - 1, Hash: l.PreviousHash},
			version: l.Version - 1, unknown: true,
		}
		r.Incomplete++
	}
	var before eventstore.Tail
	if p := c.streams[l.StreamID]; p != nil {
		before = p.linked
	}
	if l.Version == before.Version+1 && l.PreviousHash != before.Hash {
		c.found(Finding{CheckHash, l.Position, l.StreamID, l.Version, "its previous hash is not that of the record before"})
	}
	if err := o.add(l.Position, l.Hash); err != nil {
		return err
	}
	s := c.link([]eventstore.Record{l.Record})
	c.inspect(s)
	return c.fold(s)
}

// eachLineOf calls use for each line of a file, in either format.
func eachLineOf(from io.Reader, r *ExportReport, use func(*Line) error) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 64<<10), 64<<20)
	for n := 1; lines.Scan(); n++ {
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		l, format, err := parseLine(text)
		if err != nil {
			return fmt.Errorf("line %d is not of an export: %w", n, err)
		}
		r.Format = format
		if err := use(&l); err != nil {
			return err
		}
	}
	return lines.Err()
}

// parseLine decodes a line, which must be exactly as [Export] writes it. Of repeated members, in
// any case, encoding/json takes the last one and other programs another: a file must not show them
// another record than the one that was verified.
func parseLine(b []byte) (l Line, f Format, err error) {
	if bytes.HasPrefix(b, []byte(`{"position":`)) {
		f, err = JSONL, json.Unmarshal(b, &l)
	} else {
		var e cloudEvent
		if f, err = CloudEvents, json.Unmarshal(b, &e); err == nil {
			l, err = e.line()
		}
	}
	if err == nil && !bytes.Equal(l.appendIn(nil, f), b) {
		err = errors.New("it is not written as by an export, so that other programs may read it differently")
	}
	return l, f, err
}
