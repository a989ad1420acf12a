package engine

import (
	"context"
	"fmt"
)

// UnknownRecord is a record of a type or a schema version that this program does not know, because
// a newer version of it wrote the record.
type UnknownRecord struct {
	Projection    string
	Position      int64
	Type          string
	SchemaVersion int16
}

// unknownError ends a delivery. The record is not parked: a process that knows it must go on.
type unknownError struct{ UnknownRecord }

func (e *unknownError) Error() string {
	return fmt.Sprintf("record type %q with schema version %d, at position %d, is not known to this program",
		e.Type, e.SchemaVersion, e.Position)
}

// decodeFailed begins the reason for which a stream is parked whose record could not be decoded.
// Earlier versions parked records that they did not know, with such a reason too.
const decodeFailed = "position "

// resume applies what this or another version of the program could not decode and this one can.
func (d *delivery) resume(ctx context.Context, checkpoint int64) error {
	parked, err := parkedUndecoded(ctx, d.Pool, d.lease.name)
	if err != nil {
		return err
	}
	for _, stream := range parked {
		applied, left, err := d.retry(ctx, checkpoint, stream)
		if err != nil {
			return fmt.Errorf("resume stream %s: %w", stream.StreamID, err)
		}
		if !left {
			d.Logger.Info("a parked stream goes on",
				"projection", d.lease.name, "stream", stream.StreamID, "records", applied)
		}
	}
	return nil
}

// Unknown lists the records before which read models stand, because the processes that could run
// their projections don't know them.
func (n *Notifier) Unknown() (records []UnknownRecord) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range n.names {
		if m := n.model(name); m.unknown.Position == m.position+1 {
			records = append(records, m.unknown)
		}
	}
	return records
}
