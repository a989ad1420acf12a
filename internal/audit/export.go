package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Selection says which records to export. Zero fields don't restrict it.
type Selection struct {
	Stream       uuid.UUID
	After, UpTo  int64     // positions; UpTo itself is in
	Since, Until time.Time // of recording; Until itself is out
}

// Format is the form of an exported line.
type Format string

// The formats. Both keep the exact bytes of the records, so that their hashes can be computed.
const (
	JSONL       Format = "jsonl"       // a [Line] on each line
	CloudEvents Format = "cloudevents" // an event of CloudEvents 1.0 in its JSON format on each line
)

// Formats lists them.
func Formats() []string { return []string{string(JSONL), string(CloudEvents)} }

// Export writes records, one on each line, in the order of the log, and tells how many. It reads
// the log in short queries and keeps little in memory. What is appended while it runs is left out.
func Export(ctx context.Context, from eventstore.Querier, s Selection, f Format, to io.Writer) (lines int64,
	err error) {
	if f != JSONL && f != CloudEvents {
		return 0, fmt.Errorf("there is no format %q; there are %s", f, strings.Join(Formats(), " and "))
	}
	out := bufio.NewWriterSize(to, 64<<10)
	var buffer []byte
	err = each(ctx, from, s, func(l *Line) error {
		buffer = l.appendIn(buffer[:0], f)
		lines++
		_, err := out.Write(append(buffer, '\n'))
		return err
	})
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return lines, fmt.Errorf("export: %w", err)
	}
	return lines, nil
}

// each goes through the selected records.
func each(ctx context.Context, from eventstore.Querier, s Selection, use func(*Line) error) error {
	rows, _ := from.Query(ctx, `select position from log_head`)
	head, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	if s.UpTo == 0 || s.UpTo > head {
		s.UpTo = head
	}
	some := func(l *Line) error {
		if !s.Since.IsZero() && l.RecordedAt.Before(s.Since) || !s.Until.IsZero() && !l.RecordedAt.Before(s.Until) {
			return nil
		}
		return use(l)
	}
	if s.Stream != uuid.Nil {
		return eachOfStream(ctx, from, s, some)
	}
	const window = 1_000 // positions read by one query
	for after := s.After; after < s.UpTo; after += window {
		rows, _ := from.Query(ctx, selectLines+`
			where l.position > $1 and l.position <= $2
			order by l.position`, after, min(after+window, s.UpTo))
		if _, err := eachLine(rows, some); err != nil {
			return err
		}
	}
	return nil
}

func eachOfStream(ctx context.Context, from eventstore.Querier, s Selection, use func(*Line) error) error {
	const page = 1_000
	for after := 0; ; {
		rows, _ := from.Query(ctx, selectLines+`
			where l.stream_id = $1 and l.version > $2
			order by l.version
			limit $3`, s.Stream, after, page)
		last, err := eachLine(rows, func(l *Line) error {
			if l.Position <= s.After || l.Position > s.UpTo {
				return nil
			}
			return use(l)
		})
		if err != nil || last == 0 {
			return err
		}
		after = last
	}
}

// eachLine gives the version of the last line. Nobody who is slow to use the lines keeps a
// connection for it.
func eachLine(rows pgx.Rows, use func(*Line) error) (last int, err error) {
	lines, err := pgx.CollectRows(rows, scanLine)
	if err != nil {
		return 0, err
	}
	for i := range lines {
		last = lines[i].Version
		if err := use(&lines[i]); err != nil {
			return 0, err
		}
	}
	return last, nil
}

const (
	cloudSource = "urn:boxoffice:log"
	cloudPrefix = "boxoffice."
)

// cloudEvent is a record as an event of CloudEvents 1.0. Extension attributes carry what hashes are
// computed from: sequence is the position, and metadata the JSON of the metadata as text.
type cloudEvent struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         uuid.UUID       `json:"subject"`
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	Sequence        string          `json:"sequence"`
	StreamVersion   int             `json:"streamversion"`
	SchemaVersion   int16           `json:"schemaversion"`
	Metadata        string          `json:"metadata"`
	PreviousHash    string          `json:"previoushash"`
	RecordHash      string          `json:"recordhash"`
	Data            json.RawMessage `json:"data,omitempty"`
	DataBase64      []byte          `json:"data_base64,omitempty"`
}

func (l *Line) appendIn(b []byte, f Format) []byte {
	if f == CloudEvents {
		return l.appendCloudEvent(b)
	}
	return l.append(b)
}

func (l *Line) appendCloudEvent(b []byte) []byte {
	b = fmt.Appendf(b, `{"specversion":"1.0","id":"%s/%d","source":"%s","type":%s,"subject":"%s","time":"%s","datacontenttype":"application/json",`,
		l.StreamID, l.Version, cloudSource, quoted(cloudPrefix+l.Type+".v"+strconv.Itoa(int(l.SchemaVersion))), l.StreamID,
		l.RecordedAt.Format(time.RFC3339Nano))
	b = fmt.Appendf(b, `"sequence":"%020d","streamversion":%d,"schemaversion":%d,"metadata":%s,"previoushash":"%s","recordhash":"%s",`,
		l.Position, l.Version, l.SchemaVersion, quoted(string(l.Metadata)), l.PreviousHash, l.Hash)
	return append(appendRaw(b, "data", "data_base64", l.Data), '}')
}

func (e *cloudEvent) line() (l Line, err error) {
	position, err := strconv.ParseInt(e.Sequence, 10, 64)
	name, isOurs := strings.CutPrefix(e.Type, cloudPrefix)
	name, versioned := strings.CutSuffix(name, ".v"+strconv.Itoa(int(e.SchemaVersion)))
	if err != nil || e.SpecVersion != "1.0" || !isOurs || !versioned {
		return l, errors.New("not an event of this log")
	}
	l.Record = eventstore.Record{
		Position: position, StreamID: e.Subject, Version: e.StreamVersion, Type: name, SchemaVersion: e.SchemaVersion,
		Data: e.Data, Metadata: []byte(e.Metadata), RecordedAt: e.Time.UTC(),
	}
	if e.DataBase64 != nil {
		l.Data = e.DataBase64
	}
	return l, l.complete(e.PreviousHash, e.RecordHash)
}

// ExportReport is what [VerifyExport] found out about a file.
type ExportReport struct {
	Format     Format    `json:"format"`
	Records    int64     `json:"records"`
	Streams    int       `json:"streams"`
	First      int64     `json:"first"` // position
	Last       int64     `json:"last"`
	Missing    int64     `json:"missing"` // positions between the two that the file does not have
	Incomplete int       `json:"incomplete"`
	SignedUpTo int64     `json:"signedUpTo"` // what a checkpoint vouches for
	Root       string    `json:"root,omitempty"`
	Findings   []Finding `json:"findings"`
	More       int       `json:"more"`
}

// OK tells whether nothing is wrong.
func (r *ExportReport) OK() bool { return len(r.Findings) == 0 }

// VerifyExport checks an exported file without a database: every hash, the order, and, for streams
// that the file has from their first record on, every rule. That shows that nothing in the file was
// changed by itself; whoever makes up a whole history makes up its hashes too. Against, a signed
// checkpoint, excludes this, for a file that has all positions from 1 to the size of the
// checkpoint.
func VerifyExport(from io.Reader, keys *Keys, against string) (*ExportReport, error) {
	r := &ExportReport{}
	c := newChecker()
	c.whole = true
	var signed Statement
	if against != "" {
		var err error
		if signed, err = keys.Open(against); err != nil {
			return nil, err
		}
		c.sizes = []int64{signed.Size}
	}
	var root *eventstore.Hash
	c.onRoot = func(_ int64, at eventstore.Hash) error { root = &at; return nil }
	err := eachLineOf(from, r, func(l *Line) error { return r.check(c, l) })
	if err != nil {
		return nil, err
	}
	if c.last > 0 && !c.treeLost {
		at, err := rootOf(c.tree)
		if err != nil {
			return nil, err
		}
		r.Root = at.String()
	}
	switch {
	case signed.Size == 0:
	case root == nil:
		c.found(Finding{Check: CheckCheckpoint, Position: 1,
			Detail: fmt.Sprintf("the file does not have all positions from 1 to %d, which the checkpoint covers", signed.Size)})
	case *root != signed.Root:
		c.found(Finding{Check: CheckCheckpoint, Position: 1,
			Detail: fmt.Sprintf("the checkpoint was signed over other records: at least one of the positions 1 to %d is not as it was", signed.Size)})
	default:
		r.SignedUpTo = signed.Size
	}
	r.Records, r.Streams, r.Findings, r.More = c.records, len(c.streams), append([]Finding{}, c.findings...), c.more
	return r, nil
}

// check takes the next line. Positions may be missing, because a file can hold a selection, but
// they must ascend.
func (r *ExportReport) check(c *checker, l *Line) error {
	if r.First == 0 {
		r.First = l.Position
	}
	switch {
	case l.Position <= r.Last:
		c.found(Finding{CheckPosition, l.Position, l.StreamID, l.Version, fmt.Sprintf("comes after position %d", r.Last)})
		c.treeLost = true
	case l.Position > r.Last+1:
		if r.Last > 0 {
			r.Missing += l.Position - r.Last - 1
		}
		c.treeLost = true
	}
	r.Last = max(r.Last, l.Position)
	if c.streams[l.StreamID] == nil && l.Version > 1 { // the file begins in the midst of the stream
		c.streams[l.StreamID] = &progress{
			id: l.StreamID, version: l.Version - 1, hash: l.PreviousHash, first: l.RecordedAt, linkedTo: l.Version - 1,
			abandoned: true,
		}
		r.Incomplete++
	}
	var before progress // of a stream that begins
	if p := c.streams[l.StreamID]; p != nil {
		before = *p
	}
	if l.Version == before.version+1 && l.PreviousHash != before.hash {
		c.found(Finding{CheckHash, l.Position, l.StreamID, l.Version, "it names another hash before it than that record has"})
	}
	c.last = l.Position - 1
	s := c.link([]eventstore.Record{l.Record})
	c.inspect(s)
	return c.fold(s)
}

// eachLineOf reads a file in either format.
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

// Of members with one name, in whatever case, encoding/json takes the last, and other programs take
// others. A file must not be verified by one record and show another.
var errAmbiguous = errors.New("it is written differently, so that other programs may read something else in it")

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
		err = errAmbiguous
	}
	return l, f, err
}
