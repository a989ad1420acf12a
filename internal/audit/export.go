package audit

import (
	"bufio"
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

// Selection selects records to export. Zero fields match all.
type Selection struct {
	Stream       uuid.UUID
	After, UpTo  int64     // positions; UpTo is inclusive
	Since, Until time.Time // of recording; Until is exclusive
}

// Format is the format of an exported line.
type Format string

// The formats. Both keep the exact bytes of the records, so that hashes can be verified.
const (
	JSONL       Format = "jsonl"       // a [Line] on each line
	CloudEvents Format = "cloudevents" // an event of CloudEvents 1.0 in its JSON format on each line
)

// Formats lists the formats.
func Formats() []string { return []string{string(JSONL), string(CloudEvents)} }

// Export writes records, one per line, in the order of the log, and returns how many. It reads in
// short queries and keeps little in memory. Records appended meanwhile are left out.
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

// each calls use for the selected records.
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

// eachLine calls use for the lines and returns the version of the last one. It reads all rows
// first, so that a slow use does not hold a connection.
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

// cloudEvent is a record as an event of CloudEvents 1.0. Extension attributes carry the other
// inputs of the hash: sequence is the position, and metadata the JSON of the metadata as text.
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
	b = fmt.Appendf(b, `{"specversion":"1.0","id":"%s/%d","source":"%s","type":%s,"subject":"%s","time":"%s",`+
		`"datacontenttype":"application/json",`,
		l.StreamID, l.Version, cloudSource, quoted(cloudPrefix+l.Type+".v"+strconv.Itoa(int(l.SchemaVersion))), l.StreamID,
		l.RecordedAt.Format(time.RFC3339Nano))
	b = fmt.Appendf(b, `"sequence":"%020d","streamversion":%d,"schemaversion":%d,"metadata":%s,`+
		`"previoushash":"%s","recordhash":"%s",`,
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
