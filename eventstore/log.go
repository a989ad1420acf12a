package eventstore

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Log reads the log. It needs the tables of the migrations. Values are safe for concurrent use.
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
	err := l.pool.QueryRow(ctx, `
		select coalesce(max(version), 0) from event_log where stream_id = $1`, streamID).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("read the version of stream %s: %w", streamID, err)
	}
	return version, nil
}

// FirstActor is who caused the first record of a stream; zero for a stream without records.
func (l *Log) FirstActor(ctx context.Context, streamID uuid.UUID) (uuid.UUID, error) {
	rows, _ := l.pool.Query(ctx, `
		select (metadata->>'actor')::uuid from event_log where stream_id = $1 and version = 1`, streamID)
	actors, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (actor uuid.UUID, err error) {
		err = row.Scan((*[16]byte)(&actor))
		return actor, err
	})
	switch {
	case err != nil:
		return uuid.Nil, fmt.Errorf("read who began stream %s: %w", streamID, err)
	case len(actors) == 0:
		return uuid.Nil, nil
	}
	return actors[0], nil
}

// After reads the log after a position, at most limit records. There are no gaps: the last of n
// records has position after+n.
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

const recordColumns = `
	position, stream_id, version, type, schema_version, data::text, metadata::text, recorded_at, hash`

func scanRecord(row pgx.CollectableRow) (Record, error) {
	var r Record
	err := row.Scan(&r.Position, (*[16]byte)(&r.StreamID), &r.Version, &r.Type, &r.SchemaVersion,
		&r.Data, &r.Metadata, &r.RecordedAt, (*hashScanner)(&r.Hash))
	r.RecordedAt = r.RecordedAt.UTC()
	return r, err
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
