package eventstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// history answers what a stream was like when the log ended at a position.
type history map[uuid.UUID][]entry

func newHistory(entries []entry) history {
	h := history{}
	for _, e := range entries {
		h[e.StreamID] = append(h[e.StreamID], e)
	}
	return h
}

// moments calls yield with each different state that a stream had from one position to another,
// until it gives true.
func (h history) moments(stream uuid.UUID, from, to int64, yield func(entry) bool) bool {
	var at entry // none yet
	for _, e := range h[stream] {
		if e.Position > to {
			break
		}
		if e.Position > from && yield(at) {
			return true
		}
		at = e
	}
	return yield(at)
}

func (h history) check(a *asked, stored []entry) error {
	var refusal domain.Refusal
	switch {
	case a.err == nil && len(a.Records) > 0, errors.Is(a.err, eventstore.ErrOutcomeUnknown) && len(stored) > 0:
		return h.checkEffect(a, stored)
	case len(stored) > 0:
		return fmt.Errorf("it had an effect at position %d", stored[0].Position)
	case a.err == nil:
		if !h.moments(a.stream, a.before, a.after, func(e entry) bool {
			values, err := domain.Decide(a.command, e.state)
			return err == nil && len(values) == 0 && a.Version == e.Version && a.Position == e.Position
		}) {
			return errors.New("at no moment was there nothing to do")
		}
	case errors.As(a.err, &refusal):
		if !h.moments(a.stream, a.before, a.after, func(e entry) bool {
			_, err := domain.Decide(a.command, e.state)
			return errors.Is(err, refusal)
		}) {
			return errors.New("at no moment was that the right refusal")
		}
	case !errors.Is(a.err, eventstore.ErrUnavailable) && !errors.Is(a.err, eventstore.ErrOutcomeUnknown):
		return errors.New("that is not an answer")
	}
	return nil
}

// checkEffect wants that the records follow each other, and are what the domain decides on the
// state before them.
func (h history) checkEffect(a *asked, stored []entry) error {
	var before entry
	for _, e := range h[a.stream] {
		if e.Position < stored[0].Position {
			before = e
		}
	}
	values, err := domain.Decide(a.command, before.state)
	if err != nil || len(values) != len(stored) {
		return fmt.Errorf("it is in the log with %d records, and should be with %d and error %w", len(stored), len(values),
			err)
	}
	for i, e := range stored {
		name, schema, data, err := domain.Codec{}.Encode(values[i])
		if err != nil {
			return err
		}
		if e.StreamID != a.stream || e.Version != before.Version+i+1 || e.Type != name || e.SchemaVersion != schema ||
			!bytes.Equal(e.Data, data) {
			return fmt.Errorf("the log has %+v, want %+v", e.Record, values[i])
		}
	}
	if errors.Is(a.err, eventstore.ErrOutcomeUnknown) { // its caller can't know more
		return nil
	}
	last := stored[len(stored)-1]
	if len(a.Records) != len(stored) || a.Version != last.Version || a.Position != last.Position ||
		a.State.Sold() != last.state.Sold() || a.State.Capacity() != last.state.Capacity() ||
		a.State.Cancelled() != last.state.Cancelled() {
		return fmt.Errorf("the log has it up to version %d at position %d, with %d of %d sold",
			last.Version, last.Position, last.state.Sold(), last.state.Capacity())
	}
	for i, e := range stored {
		if !sameRecord(e.Record, a.Records[i]) {
			return fmt.Errorf("the log has %+v, and the answer %+v", e.Record, a.Records[i])
		}
	}
	if stored[0].Position <= a.before || last.Position > a.after {
		return fmt.Errorf("it took effect at position %d", last.Position)
	}
	return nil
}
