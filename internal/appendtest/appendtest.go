// Package appendtest writes records to a log for tests, past the executor and every rule. Programs
// append through [eventstore.Executor].
package appendtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Record is what a test says of a record; Append adds the rest.
type Record struct {
	Type          string
	SchemaVersion int16
	Data          []byte // JSON
	Metadata      eventstore.Metadata
}

// Encode makes records of values.
func Encode[R any](tb testing.TB, codec eventstore.Codec[R], values ...R) []Record {
	tb.Helper()
	records := make([]Record, len(values))
	for i, v := range values {
		var err error
		r := &records[i]
		if r.Type, r.SchemaVersion, r.Data, err = codec.Encode(v); err != nil {
			tb.Fatal(err)
		}
	}
	return records
}

// Pool is a pool or a connection.
type Pool interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Append adds records to a stream that must be at version expected (0: it has none yet), and gives
// them back as stored. The error is an [*eventstore.ConflictError] when the stream is at another
// version.
func Append(
	ctx context.Context, to Pool, streamID uuid.UUID, expected int, added ...Record,
) (records []eventstore.Record, err error) {
	err = pgx.BeginFunc(ctx, to, func(tx pgx.Tx) error {
		var head int64
		err := tx.QueryRow(ctx, `
			update log_head set position = position + $1 returning position - $1`, len(added)).Scan(&head)
		if err != nil {
			return err
		}
		last, err := lastOf(ctx, tx, streamID)
		if err != nil {
			return err
		}
		if last.Version != expected {
			return &eventstore.ConflictError{StreamID: streamID, Expected: expected, Actual: last.Version}
		}
		for _, n := range added {
			last = after(last, n)
			last.StreamID, last.Position = streamID, head+int64(len(records))+1
			last.Hash = last.Sum(last.Hash)
			records = append(records, last)
		}
		_, err = tx.CopyFrom(ctx, pgx.Identifier{"event_log"}, []string{
			"position", "stream_id", "version", "type", "schema_version", "data", "metadata", "recorded_at", "hash",
		}, pgx.CopyFromSlice(len(records), func(i int) ([]any, error) {
			r := &records[i]
			return []any{
				r.Position, [16]byte(r.StreamID), r.Version, r.Type, r.SchemaVersion,
				r.Data, r.Metadata, r.RecordedAt, r.Hash[:],
			}, nil
		}))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("append to stream %s: %w", streamID, err)
	}
	return records, nil
}

// lastOf is the last record of a stream, with its version, hash and time.
func lastOf(ctx context.Context, tx pgx.Tx, streamID uuid.UUID) (last eventstore.Record, err error) {
	var hash []byte
	err = tx.QueryRow(ctx, `
		select version, hash, recorded_at from event_log
		where stream_id = $1
		order by version desc
		limit 1`, streamID).Scan(&last.Version, &hash, &last.RecordedAt)
	copy(last.Hash[:], hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return last, nil
	}
	return last, err
}

// after is the record that follows last, whose hash it still has.
func after(last eventstore.Record, n Record) eventstore.Record {
	metadata, err := json.Marshal(n.Metadata)
	if err != nil {
		panic(err) // it holds strings and an id
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	if now.Before(last.RecordedAt) {
		now = last.RecordedAt.UTC()
	}
	return eventstore.Record{
		Version: last.Version + 1, Type: n.Type, SchemaVersion: n.SchemaVersion,
		Data: n.Data, Metadata: metadata, RecordedAt: now, Hash: last.Hash,
	}
}
