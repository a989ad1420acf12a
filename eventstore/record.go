package eventstore

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Hash is the SHA-256 that chains the records of a stream.
type Hash [sha256.Size]byte

// Record is a stored record: an immutable fact, where it stands, and who caused it.
type Record struct {
	Position      int64     // its place in the whole log: 1, 2, 3 … without gaps, in commit order
	StreamID      uuid.UUID // the stream that it is in
	Version       int       // its place in its stream: 1, 2, 3 … without gaps
	Type          string    // the stored name
	SchemaVersion int16     // of Data
	Data          []byte    // JSON, byte for byte as it was written
	Metadata      []byte    // JSON of a [Metadata], byte for byte as it was written
	RecordedAt    time.Time // UTC, whole microseconds, never before its predecessor in the stream
	Hash          Hash      // ties the record to all before it in the stream; see [Record.Sum]
}

// Metadata says who asked for a record, and as part of what. It holds ids and nothing personal.
type Metadata struct {
	Actor         uuid.UUID `json:"actor"`                   // the user whose command it was
	KeyID         uuid.UUID `json:"keyId,omitzero"`          // the API key that the command came with, if one
	Role          string    `json:"role,omitempty"`          // that allowed the command, if the actor's own rights did not
	CorrelationID string    `json:"correlationId,omitempty"` // shared by everything that one request caused
	TraceParent   string    `json:"traceParent,omitempty"`   // the command's span, if traced (W3C Trace Context)
}

// Sum computes what Hash must be after a predecessor with hash previous (zero for the first record
// of a stream): SHA-256 over
//
//	previous ‖ stream id ‖ version ‖ recorded at ‖ schema version
//	‖ len(type) ‖ type ‖ len(data) ‖ data ‖ len(metadata) ‖ metadata
//
// with the stream id as its 16 bytes, version and lengths as 4 bytes, the time as 8 bytes of
// microseconds since 1970, and the schema version as 2 bytes, all big-endian. The position is not
// part of it: it is given out at the commit.
func (r *Record) Sum(previous Hash) Hash {
	b := make([]byte, 0, 512)
	b = append(b, previous[:]...)
	b = append(b, r.StreamID[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(r.Version)) //nolint:gosec // versions are positive ints of the database
	b = binary.BigEndian.AppendUint64(b, uint64(r.RecordedAt.UnixMicro()))
	b = binary.BigEndian.AppendUint16(b, uint16(r.SchemaVersion)) //nolint:gosec // positive by the table's check
	b = appendBlock(b, []byte(r.Type))
	b = appendBlock(b, r.Data)
	b = appendBlock(b, r.Metadata)
	return sha256.Sum256(b)
}

func appendBlock(b, block []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(block))) //nolint:gosec // a value of PostgreSQL is below 1 GiB
	return append(b, block...)
}

// encode never fails: the struct holds strings and an id.
func (m Metadata) encode() []byte {
	data, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return data
}

// String is the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }
