package eventstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Querier is a pool, a connection or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

const (
	// scanChunk is how many records are handed over together.
	scanChunk = 4_096
	// scanPage is how many positions one query reads. A longer one would hold vacuum up for as long as
	// it takes.
	scanPage = 200_000
)

// Scan reads the log up to a position in bulk and without metadata, several times as fast as
// [Log.After]. Chunks come in the order of the log and are the callee's to keep; the records of a chunk
// share their memory. Scan does not check for missing positions; use has to.
func Scan(ctx context.Context, from Querier, upTo int64, use func([]Record) error) error {
	s := &scanner{types: make(map[string]string)}
	for after := int64(0); after < upTo; after += scanPage {
		rows, err := from.Query(ctx, `
			select position, stream_id, version, type, schema_version, data, null::json, recorded_at, hash
			from event_log
			where position > $1 and position <= $2
			order by position`, pgx.QueryResultFormats{pgx.BinaryFormatCode}, after, min(after+scanPage, upTo))
		if err == nil {
			err = s.scan(rows, use)
		}
		if err != nil {
			return fmt.Errorf("read the log after %d: %w", after, err)
		}
	}
	return nil
}

// ScanStreams reads all streams after one, as [Scan] reads the log, and with metadata: stream by
// stream in the order of their ids, and each in the order of its versions. A chunk may hold records
// of several streams, and a stream may go on in the next chunk.
func ScanStreams(ctx context.Context, from Querier, after uuid.UUID, use func([]Record) error) error {
	s := &scanner{types: make(map[string]string)}
	stream, version := after, math.MaxInt32
	if after == uuid.Nil {
		version = 0
	}
	for more := true; more; {
		rows, err := from.Query(ctx, `
			select position, stream_id, version, type, schema_version, data, metadata, recorded_at, hash
			from event_log
			where (stream_id, version) > ($1, $2)
			order by stream_id, version
			limit $3`, pgx.QueryResultFormats{pgx.BinaryFormatCode}, [16]byte(stream), version, scanPage)
		more = false
		if err == nil {
			err = s.scan(rows, func(records []Record) error {
				last := &records[len(records)-1]
				stream, version, more = last.StreamID, last.Version, true
				return use(records)
			})
		}
		if err != nil {
			return fmt.Errorf("read the streams after %s: %w", stream, err)
		}
	}
	return nil
}

// scanner takes records from PostgreSQL's binary form.
type scanner struct {
	types map[string]string
	chunk []Record
	data  []byte
	// borrow leaves Data and Metadata in the connection's buffer, where the next row replaces them.
	borrow bool
}

func (s *scanner) scan(rows pgx.Rows, use func([]Record) error) error {
	defer rows.Close()
	for rows.Next() {
		if s.chunk == nil {
			s.chunk = make([]Record, 0, scanChunk)
			s.data = make([]byte, 0, scanChunk*128)
		}
		s.chunk = append(s.chunk, s.record(rows.RawValues()))
		if len(s.chunk) == scanChunk {
			if err := s.flush(use); err != nil {
				return err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return s.flush(use)
}

func (s *scanner) flush(use func([]Record) error) error {
	full := s.chunk
	s.chunk = nil
	if len(full) == 0 {
		return nil
	}
	return use(full)
}

func (s *scanner) record(v [][]byte) (r Record) {
	r.Position = int64(binary.BigEndian.Uint64(v[0])) //nolint:gosec // as PostgreSQL sends it; so are the others
	copy(r.StreamID[:], v[1])
	r.Version = int(int32(binary.BigEndian.Uint32(v[2]))) //nolint:gosec
	r.Type = s.typeName(v[3])
	r.SchemaVersion = int16(binary.BigEndian.Uint16(v[4])) //nolint:gosec
	r.Data = s.keep(v[5])
	r.Metadata = s.keep(v[6])
	r.RecordedAt = time.UnixMicro(int64(binary.BigEndian.Uint64(v[7])) + millennium).UTC() //nolint:gosec
	copy(r.Hash[:], v[8])
	return r
}

func (s *scanner) keep(b []byte) []byte {
	if b == nil || s.borrow {
		return b
	}
	at := len(s.data)
	s.data = append(s.data, b...)
	return s.data[at:len(s.data):len(s.data)]
}

// millennium is when PostgreSQL's time begins.
var millennium = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// typeName keeps one copy of each name.
func (s *scanner) typeName(b []byte) string {
	if name, known := s.types[string(b)]; known {
		return name
	}
	name := string(b)
	s.types[name] = name
	return name
}
