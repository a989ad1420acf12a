package engine

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Record is a record of the log with its data decoded. A projection sees nothing else of it, so
// that records look the same to it live and in a rebuild.
type Record[V any] struct {
	Position   int64
	StreamID   uuid.UUID
	Version    int
	RecordedAt time.Time
	Value      V

	hash uint64 // the first 8 bytes of the stored hash
}

// Decode turns the stored form of a record into a value. An error says that the data is broken or,
// if [eventstore.IsUnknownRecord], that this program does not know the type or the schema version.
type Decode[V any] func(recordType string, schemaVersion int16, data []byte) (V, error)

func (decode Decode[V]) all(stored []eventstore.Record) ([]Record[V], error) {
	records := make([]Record[V], len(stored))
	for i := range stored {
		r := &stored[i]
		value, err := decode(r.Type, r.SchemaVersion, r.Data)
		switch {
		case eventstore.IsUnknownRecord(err):
			return nil, &unknownError{UnknownRecord{"", r.Position, r.Type, r.SchemaVersion}}
		case err != nil:
			return nil, &decodeError{fmt.Errorf(decodeFailed+"%d: %w", r.Position, err)}
		}
		records[i] = Record[V]{r.Position, r.StreamID, r.Version, r.RecordedAt, value, binary.BigEndian.Uint64(r.Hash[:])}
	}
	return records, nil
}
