package audit

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Line is an exported record: its exact bytes, and the hash of the record before it in its stream,
// so that its own hash can be verified from the line alone.
type Line struct {
	eventstore.Record
	PreviousHash eventstore.Hash
}

// lineJSON is the JSON of a line. Stored JSON is embedded unchanged, or in base64 where its bytes
// would not survive, for example line feeds.
type lineJSON struct {
	Position       int64           `json:"position"`
	StreamID       uuid.UUID       `json:"streamId"`
	Version        int             `json:"version"`
	Type           string          `json:"type"`
	SchemaVersion  int16           `json:"schemaVersion"`
	RecordedAt     time.Time       `json:"recordedAt"`
	Data           json.RawMessage `json:"data,omitempty"`
	DataBase64     []byte          `json:"dataBase64,omitempty"`
	Metadata       json.RawMessage `json:"metadata,omitempty"`
	MetadataBase64 []byte          `json:"metadataBase64,omitempty"`
	PreviousHash   string          `json:"previousHash"`
	Hash           string          `json:"hash"`
}

// MarshalJSON encodes the line by hand, because encoders change the bytes of raw JSON.
func (l Line) MarshalJSON() ([]byte, error) { return l.append(nil), nil }

func (l *Line) append(b []byte) []byte {
	b = fmt.Appendf(b, `{"position":%d,"streamId":"%s","version":%d,"type":%s,"schemaVersion":%d,"recordedAt":"%s",`,
		l.Position, l.StreamID, l.Version, quoted(l.Type), l.SchemaVersion, l.RecordedAt.Format(time.RFC3339Nano))
	b = appendRaw(b, "data", "dataBase64", l.Data)
	b = appendRaw(append(b, ','), "metadata", "metadataBase64", l.Metadata)
	return fmt.Appendf(b, `,"previousHash":"%s","hash":"%s"}`, l.PreviousHash, l.Hash)
}

func appendRaw(b []byte, name, base64Name string, raw []byte) []byte {
	if isPlain(raw) {
		b = fmt.Appendf(b, `"%s":`, name)
		return append(b, raw...)
	}
	return fmt.Appendf(b, `"%s":"%s"`, base64Name, base64.StdEncoding.EncodeToString(raw))
}

// isPlain reports whether raw JSON keeps its bytes when it is embedded in other JSON: encoding/json
// removes white space when it writes, and drops null when it reads.
func isPlain(raw []byte) bool {
	var compact bytes.Buffer
	// encoding/json escapes these when the line is part of another value.
	escaped := bytes.ContainsAny(raw, "<>&\u2028\u2029")
	return !escaped && !bytes.Equal(raw, []byte("null")) && json.Compact(&compact, raw) == nil &&
		bytes.Equal(compact.Bytes(), raw)
}

func quoted(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // every string has a JSON encoding
	}
	return b
}

// UnmarshalJSON decodes what MarshalJSON encoded.
func (l *Line) UnmarshalJSON(b []byte) error {
	var j lineJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*l = Line{Record: eventstore.Record{
		Position: j.Position, StreamID: j.StreamID, Version: j.Version, Type: j.Type, SchemaVersion: j.SchemaVersion,
		RecordedAt: j.RecordedAt.UTC(),
		Data:       j.Data, Metadata: j.Metadata,
	}}
	if j.DataBase64 != nil {
		l.Data = j.DataBase64
	}
	if j.MetadataBase64 != nil {
		l.Metadata = j.MetadataBase64
	}
	return l.complete(j.PreviousHash, j.Hash)
}

// complete adds the hashes to a decoded line. It refuses values that the table can't store, because
// the hash does not cover them completely.
func (l *Line) complete(previous, hash string) error {
	switch {
	case l.Version < 1 || l.Version > math.MaxInt32:
		return fmt.Errorf("%d is not a version", l.Version)
	case l.RecordedAt.Nanosecond()%1000 != 0:
		return fmt.Errorf("%s is finer than a microsecond", l.RecordedAt.Format(time.RFC3339Nano))
	}
	return errors.Join(parseHash(&l.PreviousHash, previous), parseHash(&l.Hash, hash))
}

func parseHash(h *eventstore.Hash, text string) error {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(h) {
		return fmt.Errorf("%q is not a hash", text)
	}
	copy(h[:], b)
	return nil
}

// recordAt reads one record and the hash of the one before it in its stream.
func recordAt(ctx context.Context, from eventstore.Querier, position int64) (Line, error) {
	rows, _ := from.Query(ctx, selectLines+`
		where l.position = $1`, position)
	line, err := pgx.CollectExactlyOneRow(rows, scanLine)
	if errors.Is(err, pgx.ErrNoRows) {
		return Line{}, ErrNoRecord
	}
	if err != nil {
		return Line{}, fmt.Errorf("read position %d: %w", position, err)
	}
	return line, nil
}

// selectLines selects the columns that scanLine reads.
const selectLines = `
	select l.position, l.stream_id, l.version, l.type, l.schema_version, l.data::text, l.metadata::text,
		l.recorded_at, l.hash, p.hash
	from event_log l
	left join event_log p on p.stream_id = l.stream_id and p.version = l.version - 1`

// scanLine reads a record and the previous hash, which is null for the first record of a stream.
func scanLine(row pgx.CollectableRow) (l Line, err error) {
	var hash, previous []byte
	err = row.Scan(&l.Position, (*[16]byte)(&l.StreamID), &l.Version, &l.Type, &l.SchemaVersion, &l.Data, &l.Metadata,
		&l.RecordedAt, &hash, &previous)
	l.RecordedAt = l.RecordedAt.UTC()
	copy(l.Hash[:], hash)
	copy(l.PreviousHash[:], previous)
	return l, err
}
