package engine

import (
	"testing"

	"github.com/boxoffice/boxoffice/eventstore"
)

func recordsAt(from, to int64) (records []eventstore.Record) {
	for p := from; p <= to; p++ {
		records = append(records, eventstore.Record{Position: p, Data: make([]byte, 1000)})
	}
	return records
}

func TestTheBufferHasNoGapsAndIsBounded(t *testing.T) {
	t.Parallel()
	var b recordBuffer
	check := func(after int64, limit int, first, last int64) {
		t.Helper()
		records := b.after(after, limit)
		switch n := len(records); {
		case first == 0 && n > 0:
			t.Errorf("after %d there are %d records, want none", after, n)
		case first > 0 && (n == 0 || records[0].Position != first || records[n-1].Position != last):
			t.Errorf("after %d there are %d records, want those from %d to %d", after, n, first, last)
		}
	}
	check(0, 10, 0, 0)
	b.add(recordsAt(3, 5))
	b.add(recordsAt(6, 6))
	check(2, 10, 3, 6)
	check(5, 10, 6, 6)
	check(6, 10, 0, 0)
	check(1, 10, 0, 0) // 2 is missing
	check(2, 4, 0, 0)  // too many: the log is read, page by page
	b.add(recordsAt(8, 9))
	check(5, 10, 0, 0) // 7 was committed elsewhere
	check(7, 10, 8, 9)
	b.add(recordsAt(10, 30_000))
	if n := len(b.records); n > bufferRecords || b.bytes > bufferBytes || b.end() != 30_000 {
		t.Errorf("there are %d records with %d bytes up to %d", n, b.bytes, b.end())
	}
	b.clear()
	check(29_999, 10, 0, 0)
}
