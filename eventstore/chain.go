package eventstore

import (
	"fmt"
	"time"
)

// Chain follows the hash chain of one stream. The zero value is before the first record.
type Chain struct {
	Version    int       // of the last record
	Hash       Hash      // of the last record
	RecordedAt time.Time // of the last record
}

// Next moves to r, the next record that was read, and returns its link to the one before.
func (c *Chain) Next(r *Record) Link {
	l := Link{Previous: *c, Record: r}
	*c = Chain{r.Version, r.Hash, r.RecordedAt}
	return l
}

// Link joins a record to the end of the chain before it. Links can be checked in any order.
type Link struct {
	Previous Chain
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
