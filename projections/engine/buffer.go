package engine

import (
	"sync"

	"github.com/boxoffice/boxoffice/eventstore"
)

// The buffer is for projections that keep up. What does not fit is read from the log.
const (
	bufferRecords = pageSize
	bufferBytes   = 8 << 20
)

// recordBuffer holds the newest records that this process has committed, without a gap, so that its
// projections need not read them back. It is not evidence that the log has them: see [page.verify].
type recordBuffer struct {
	mu      sync.Mutex
	records []eventstore.Record
	bytes   int
}

func size(r *eventstore.Record) int { return len(r.Data) + len(r.Metadata) }

// add takes in records with consecutive positions. Others may have been committed in between by
// other processes; then the earlier ones are dropped.
func (b *recordBuffer) add(records []eventstore.Record) {
	if len(records) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.records); n > 0 && b.records[n-1].Position+1 != records[0].Position {
		b.records, b.bytes = nil, 0
	}
	for i := range records {
		b.bytes += size(&records[i])
	}
	b.records = append(b.records, records...)
	drop := 0
	for ; len(b.records)-drop > bufferRecords || b.bytes > bufferBytes; drop++ {
		b.bytes -= size(&b.records[drop])
		b.records[drop] = eventstore.Record{} // the array lives on
	}
	b.records = b.records[drop:]
}

// end is the position of the newest record; 0: there is none.
func (b *recordBuffer) end() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.records) == 0 {
		return 0
	}
	return b.records[len(b.records)-1].Position
}

// after gives the records after a position, fewer than limit. There are none if the first of them is
// not here, or if there are too many.
func (b *recordBuffer) after(position int64, limit int) []eventstore.Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.records) == 0 {
		return nil
	}
	skip := position + 1 - b.records[0].Position
	if skip < 0 || skip >= int64(len(b.records)) || len(b.records)-int(skip) >= limit {
		return nil
	}
	return append([]eventstore.Record(nil), b.records[skip:]...)
}

func (b *recordBuffer) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.records, b.bytes = nil, 0
}
