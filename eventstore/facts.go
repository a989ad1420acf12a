package eventstore

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// TypeLogRead is the type of records that say who has read the log. No rule and no read model is about
// them: code that folds the streams of commands leaves them out.
const TypeLogRead = "LogRead"

// ReadsStream is the stream of all records of [TypeLogRead], and of nothing else.
var ReadsStream = uuid.MustParse("626f786f-6666-8000-8000-007265616473")

// Fact is what a caller of [Log.AppendFacts] says of a record.
type Fact struct {
	Type          string
	SchemaVersion int16
	Data          []byte // JSON
	Metadata      Metadata
}

// appendAttempts is how often AppendFacts reads the end of the stream, in case another process is
// first.
const appendAttempts = 10

// AppendFacts adds facts to the end of a stream, whatever its version is, and returns the position
// of the last one. It is for a stream that no command decides on; commands go through an
// [Executor]. After an error the facts may be in the log all the same.
func (l *Log) AppendFacts(ctx context.Context, streamID uuid.UUID, now time.Time, facts []Fact) (int64, error) {
	for attempt := 1; ; attempt++ {
		tail, err := l.tail(ctx, streamID)
		if err != nil {
			return 0, fmt.Errorf("read the end of stream %s: %w", streamID, err)
		}
		records := make([]Record, len(facts))
		for i, f := range facts {
			records[i] = tail.extend(streamID, Record{
				Type: f.Type, SchemaVersion: f.SchemaVersion, Data: f.Data, Metadata: f.Metadata.encode(),
			}, now)
			tail = tailOf(&records[i])
		}
		base, err := scanBase(l.pool.QueryRow(ctx, appendSQL, appendArgs(records)...))
		if err == nil {
			return base + int64(len(records)), nil
		}
		if !isConflict(err) || attempt == appendAttempts {
			return 0, fmt.Errorf("append to stream %s: %w", streamID, err)
		}
	}
}

func (l *Log) tail(ctx context.Context, streamID uuid.UUID) (Tail, error) {
	rows, _ := l.pool.Query(ctx, `
		select version, hash, recorded_at
		from event_log
		where stream_id = $1
		order by version desc
		limit 1`, streamID)
	tails, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t Tail, err error) {
		err = row.Scan(&t.Version, (*hashScanner)(&t.Hash), &t.RecordedAt)
		return t, err
	})
	if err != nil || len(tails) == 0 {
		return Tail{}, err
	}
	return tails[0], nil
}
