package eventstore_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// entry is a stored record, what it says, and the state of its stream right after it.
type entry struct {
	eventstore.Record
	value domain.Record
	state domain.State
}

// audit reads the whole log and checks what must hold at every moment: positions 1, 2, 3 …, in each
// stream versions 1, 2, 3 …, hashes that chain, times that don't run backwards, and never more sold
// than there is.
func (b bundle) audit(tb failer) []entry {
	tb.Helper()
	const page = 1000
	var (
		entries []entry
		last    = map[uuid.UUID]entry{}
		before  = b.head(tb)
	)
	for {
		records, err := b.log.After(context.Background(), int64(len(entries)), page)
		if err != nil {
			tb.Fatal(err)
		}
		for _, r := range records {
			predecessor := last[r.StreamID]
			if want := int64(len(entries)) + 1; r.Position != want {
				tb.Fatalf("got position %d, want %d", r.Position, want)
			}
			if want := predecessor.Version + 1; r.Version != want {
				tb.Fatalf("position %d: got version %d of stream %s, want %d", r.Position, r.Version, r.StreamID, want)
			}
			if want := r.Sum(predecessor.Hash); r.Hash != want {
				tb.Fatalf("position %d: got hash %s, want %s", r.Position, r.Hash, want)
			}
			if r.RecordedAt.Before(predecessor.RecordedAt) {
				tb.Fatalf("position %d: recorded at %s, before its predecessor at %s", r.Position, r.RecordedAt,
					predecessor.RecordedAt)
			}
			value, err := domain.Codec{}.Decode(r.Type, r.SchemaVersion, r.Data)
			if err != nil {
				tb.Fatalf("position %d: %v", r.Position, err)
			}
			now := entry{r, value, predecessor.state.Evolve(value)}
			if sold, capacity := now.state.Sold(), now.state.Capacity(); sold > capacity {
				tb.Fatalf("position %d: %d of %d tickets are sold", r.Position, sold, capacity)
			}
			last[r.StreamID] = now
			entries = append(entries, now)
		}
		if len(records) < page {
			break
		}
	}
	// Other tests may be writing to the same log.
	if after, n := b.head(tb), int64(len(entries)); n < before || n > after {
		tb.Fatalf("the log has %d records, and its head was at %d and then at %d", n, before, after)
	}
	return entries
}

func (b bundle) head(tb failer) int64 {
	tb.Helper()
	head, err := b.log.Head(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	return head
}

// stateOf is the newest state of a stream.
func stateOf(entries []entry, stream uuid.UUID) domain.State {
	for i := len(entries) - 1; i >= 0; i-- {
		if entries[i].StreamID == stream {
			return entries[i].state
		}
	}
	return domain.State{}
}

// auditSold audits the log and checks how many tickets of an event are sold.
func (b bundle) auditSold(tb testing.TB, stream uuid.UUID, want int) []entry {
	tb.Helper()
	entries := b.audit(tb)
	if got := stateOf(entries, stream).Sold(); got != want {
		tb.Fatalf("got %d tickets sold, want %d", got, want)
	}
	return entries
}

// bookings counts the bookings of a customer in the history of an event.
func bookings(entries []entry, stream, customer uuid.UUID) int {
	n := 0
	for _, e := range entries {
		if booked, ok := e.value.(domain.TicketBooked); ok && e.StreamID == stream && booked.CustomerID == customer {
			n++
		}
	}
	return n
}

// checkStored compares a result with the log.
func checkStored(tb testing.TB, entries []entry, r result) {
	tb.Helper()
	for _, want := range r.Records {
		if want.Position < 1 || want.Position > int64(len(entries)) {
			tb.Fatalf("the answer names position %d, and the log ends at %d", want.Position, len(entries))
		}
		if got := entries[want.Position-1].Record; !sameRecord(got, want) {
			tb.Fatalf("stored is\n%+v\nand the answer said\n%+v", got, want)
		}
	}
}

func sameRecord(a, b eventstore.Record) bool {
	return a.Position == b.Position && a.StreamID == b.StreamID && a.Version == b.Version && a.Type == b.Type &&
		a.SchemaVersion == b.SchemaVersion && bytes.Equal(a.Data, b.Data) && bytes.Equal(a.Metadata, b.Metadata) &&
		a.RecordedAt == b.RecordedAt && a.Hash == b.Hash //nolint:staticcheck // the time zone counts as well
}
