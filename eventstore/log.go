package eventstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Log reads the log and appends to it. It needs the tables of the migrations. Values are safe for concurrent use.
type Log struct{ pool Database }

// Database is a pool of connections, or what chooses between pools.
type Database interface {
	Querier
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Begin(ctx context.Context) (pgx.Tx, error)
}

// NewLog uses pool, which stays the caller's to close.
func NewLog(pool Database) *Log { return &Log{pool} }

// NewRecord is what a caller says of a record to append; the log adds the rest.
type NewRecord struct {
	Type          string
	SchemaVersion int16
	Data          []byte // JSON
	Metadata      Metadata
}

// Append adds records to a stream that must be at version expected (0: it has none yet), and gives them back as stored. The error
// is a [*ConflictError] when the stream is at another version; then nothing was appended.
func (l *Log) Append(ctx context.Context, streamID uuid.UUID, expected int, news ...NewRecord) ([]Record, error) {
	var records []Record
	err := pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		at, err := endOf(ctx, tx, streamID)
		if err != nil {
			return err
		}
		if at.version != expected {
			return &ConflictError{streamID, expected, at.version}
		}
		for _, n := range news {
			r := at.next(streamID, n, n.Metadata.encode(), time.Now())
			records = append(records, r)
			at = tailOf(r)
		}
		var base int64
		q := &pgx.Batch{}
		q.Queue(hurrySQL)
		q.Queue(appendSQL, appendArgs(records)...).QueryRow(func(row pgx.Row) error {
			base, err = scanBase(row)
			return err
		})
		err = tx.SendBatch(ctx, q).Close()
		place(records, base)
		return err
	})
	if isConflict(err) { // another append came in between
		var at tail
		if at, err = endOf(ctx, l.pool, streamID); err == nil {
			err = &ConflictError{streamID, expected, at.version}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("append to stream %s: %w", streamID, err)
	}
	return records, nil
}

func endOf(ctx context.Context, on interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}, streamID uuid.UUID) (tail, error) {
	at := tail{}
	err := on.QueryRow(ctx, `select version, hash, recorded_at from event_log where stream_id = $1 order by version desc limit 1`, streamID).
		Scan(&at.version, (*hashScanner)(&at.hash), &at.recordedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return tail{}, nil
	}
	at.recordedAt = at.recordedAt.UTC()
	return at, err
}

// Stream reads the records of a stream after a version, oldest first, at most limit of them.
func (l *Log) Stream(ctx context.Context, streamID uuid.UUID, after, limit int) ([]Record, error) {
	rows, _ := l.pool.Query(ctx, `
		select `+recordColumns+`
		from event_log
		where stream_id = $1 and version > $2
		order by version
		limit $3`, streamID, after, limit)
	records, err := pgx.CollectRows(rows, scanRecord)
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", streamID, err)
	}
	return records, nil
}

// Version is that of a stream's newest record, 0 for a stream without records.
func (l *Log) Version(ctx context.Context, streamID uuid.UUID) (int, error) {
	var version int
	err := l.pool.QueryRow(ctx, `select coalesce(max(version), 0) from event_log where stream_id = $1`, streamID).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("read the version of stream %s: %w", streamID, err)
	}
	return version, nil
}

// After reads the log after a position, at most limit records. There are no gaps: the last of n records has position after+n.
func (l *Log) After(ctx context.Context, after int64, limit int) ([]Record, error) {
	rows, _ := l.pool.Query(ctx, `
		select `+recordColumns+`
		from event_log
		where position > $1
		order by position
		limit $2`, after, limit)
	records, err := pgx.CollectRows(rows, scanRecord)
	if err != nil {
		return nil, fmt.Errorf("read the log after %d: %w", after, err)
	}
	return records, nil
}

// Head is the position of the newest record, 0 for an empty log.
func (l *Log) Head(ctx context.Context) (int64, error) {
	var position int64
	err := l.pool.QueryRow(ctx, `select position from log_head`).Scan(&position)
	if err != nil {
		return 0, fmt.Errorf("read the head of the log: %w", err)
	}
	return position, nil
}

const recordColumns = `position, stream_id, version, type, schema_version, data::text, metadata::text, recorded_at, hash`

func scanRecord(row pgx.CollectableRow) (Record, error) {
	var r Record
	err := row.Scan(&r.Position, (*[16]byte)(&r.StreamID), &r.Version, &r.Type, &r.SchemaVersion, &r.Data, &r.Metadata, &r.RecordedAt, (*hashScanner)(&r.Hash))
	r.RecordedAt = r.RecordedAt.UTC()
	return r, err
}

// appendSQL takes the head row's lock before it inserts, because the insert reads what the update returns.
const (
	appendSQL     = appendHeadSQL + appendBaseSQL
	appendBaseSQL = `
	select base from head`
	appendHeadSQL = `
	with head as (
		update log_head set position = position + cardinality($1::uuid[])
		returning position - cardinality($1::uuid[]) as base
	), appended as (
		insert into event_log (position, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
		select head.base + r.n, r.stream_id, r.version, r.type, r.schema_version, r.data, r.metadata, r.recorded_at, r.hash
		from head, unnest($1::uuid[], $2::int[], $3::text[], $4::smallint[], $5::json[], $6::json[], $7::timestamptz[], $8::bytea[])
			with ordinality as r (stream_id, version, type, schema_version, data, metadata, recorded_at, hash, n)
	)`
)

func appendArgs(records []Record) []any {
	n := len(records)
	var (
		streams  = make([][16]byte, n)
		versions = make([]int32, n)
		types    = make([]string, n)
		schemas  = make([]int16, n)
		data     = make([][]byte, n)
		metadata = make([][]byte, n)
		times    = make([]time.Time, n)
		hashes   = make([][]byte, n)
	)
	for i := range records {
		r := &records[i]
		streams[i], versions[i], types[i], schemas[i] = r.StreamID, int32(r.Version), r.Type, r.SchemaVersion //nolint:gosec // the column is an int
		data[i], metadata[i], times[i], hashes[i] = r.Data, r.Metadata, r.RecordedAt, r.Hash[:]
	}
	return []any{streams, versions, types, schemas, data, metadata, times, hashes}
}

func scanBase(row pgx.Row) (base int64, err error) {
	err = row.Scan(&base)
	return base, err
}

// place gives the records the positions after base.
func place(records []Record, base int64) {
	for i := range records {
		records[i].Position = base + int64(i) + 1
	}
}

// tail is the end of a stream: what the next record must follow.
type tail struct {
	version    int
	hash       Hash
	recordedAt time.Time
}

func tailOf(r Record) tail { return tail{r.Version, r.Hash, r.RecordedAt} }

// next makes the record that follows. Clocks of several processes differ; time in a stream does not run backwards all the same.
func (t tail) next(streamID uuid.UUID, n NewRecord, metadata []byte, now time.Time) Record {
	now = now.UTC().Truncate(time.Microsecond)
	if now.Before(t.recordedAt) {
		now = t.recordedAt
	}
	r := Record{
		StreamID: streamID, Version: t.version + 1, Type: n.Type, SchemaVersion: n.SchemaVersion,
		Data: n.Data, Metadata: metadata, RecordedAt: now,
	}
	r.Hash = r.Sum(t.hash)
	return r
}

type hashScanner Hash

// ScanBytes reads a bytea without an allocation.
func (h *hashScanner) ScanBytes(b []byte) error {
	if len(b) != len(h) {
		return fmt.Errorf("a hash of %d bytes", len(b))
	}
	copy(h[:], b)
	return nil
}
