package eventstore

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Tail is the end of a stream: what its next record has to follow. The zero Tail is that of a
// stream without records.
type Tail struct {
	Version    int
	Hash       Hash
	RecordedAt time.Time
}

// Verify moves the tail on to r when r follows it: with the next version, with a hash over its
// content and the hash before it, and no earlier than the record before. Otherwise the tail stays.
func (t *Tail) Verify(r *Record) error {
	switch {
	case r.Version != t.Version+1:
		return fmt.Errorf("version %d of stream %s came after version %d", r.Version, r.StreamID, t.Version)
	case r.Hash != r.Sum(t.Hash):
		return fmt.Errorf("the hash of version %d of stream %s does not follow from the record and the hash before it",
			r.Version, r.StreamID)
	case r.RecordedAt.Before(t.RecordedAt):
		return fmt.Errorf("version %d of stream %s was recorded before the version before it", r.Version, r.StreamID)
	}
	*t = tailOf(r)
	return nil
}

func tailOf(r *Record) Tail { return Tail{r.Version, r.Hash, r.RecordedAt} }

// next completes a record that is to follow. Clocks of several processes differ; time in a stream
// does not run backwards all the same.
func (t *Tail) next(streamID uuid.UUID, r Record, now time.Time) Record {
	now = now.UTC().Truncate(time.Microsecond)
	if now.Before(t.RecordedAt) {
		now = t.RecordedAt
	}
	r.StreamID, r.Version, r.RecordedAt = streamID, t.Version+1, now
	r.Hash = r.Sum(t.Hash)
	return r
}
