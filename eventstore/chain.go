package eventstore

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Tail is the end of a stream, which its next record has to follow. The zero Tail is that of a
// stream without records.
type Tail struct {
	Version    int       // of the last record
	Hash       Hash      // of the last record
	RecordedAt time.Time // of the last record
}

func tailOf(r *Record) Tail { return Tail{r.Version, r.Hash, r.RecordedAt} }

// extend fills in what a new record has from its place in the stream. Clocks of several processes
// differ; time in a stream does not run backwards all the same.
func (t *Tail) extend(streamID uuid.UUID, r Record, now time.Time) Record {
	now = now.UTC().Truncate(time.Microsecond)
	if now.Before(t.RecordedAt) {
		now = t.RecordedAt
	}
	r.StreamID, r.Version, r.RecordedAt = streamID, t.Version+1, now
	r.Hash = r.Sum(t.Hash)
	return r
}

// Next moves to r, the next record that was read, and returns its link to the one before. This is
// how the hash chain of a stream is walked.
func (t *Tail) Next(r *Record) Link {
	l := Link{Previous: *t, Record: r}
	*t = tailOf(r)
	return l
}

// Link joins a record to the tail before it. Links can be checked in any order.
type Link struct {
	Previous Tail
	Record   *Record
}

// CheckVersion returns an error when versions are missing before the record, or repeated.
func (l Link) CheckVersion() error {
	if !l.isNext() {
		return fmt.Errorf("the stream continues with version %d after %d", l.Record.Version, l.Previous.Version)
	}
	return nil
}

func (l Link) isNext() bool { return l.Record.Version == l.Previous.Version+1 }

// CheckTime returns an error when the record is older than the one before it.
func (l Link) CheckTime() error {
	if at := l.Record.RecordedAt; at.Before(l.Previous.RecordedAt) {
		return fmt.Errorf("recorded at %s, before version %d", at.Format(time.RFC3339Nano), l.Previous.Version)
	}
	return nil
}

// CheckHash computes the hash of the record, see [Record.Sum], and returns an error when the record
// has another one. After a gap the previous hash is unknown, and the result is nil.
func (l Link) CheckHash() error {
	if sum := l.Record.Sum(l.Previous.Hash); l.isNext() && sum != l.Record.Hash {
		return fmt.Errorf("the hash is %.16s…, and should be %.16s… by the record and the hash before it",
			l.Record.Hash, sum)
	}
	return nil
}
