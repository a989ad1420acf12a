package eventstore

import (
	"context"
	"fmt"
	"math"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ScanStreams reads all streams after one, as [Scan] reads the log: stream by stream in the order of
// their ids, and each in the order of its versions. A chunk may hold records of several streams, and
// a stream may go on in the next chunk.
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
