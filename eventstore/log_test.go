package eventstore_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

func TestTheLogCannotBeChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := b.schedule(t, 5)
	b.append(t, stream, 1, domain.CapacityChanged{Capacity: 7})
	before := b.audit(t)
	for _, sql := range []string{
		`update event_log set data = '{}'`,
		`update event_log set position = position + 10 where version = 2`,
		`delete from event_log`,
		`delete from event_log where version = 2`,
		`truncate event_log`,
		`truncate event_log cascade`,
		`insert into event_log select * from event_log on conflict (position) do update set data = '{}'`,
	} {
		var refused *pgconn.PgError
		if _, err := b.pool.Exec(t.Context(), sql); !errors.As(err, &refused) || refused.Code != "23001" {
			t.Errorf("%s: got %v, want that it is refused", sql, err)
		}
	}
	after := b.audit(t)
	if !slices.EqualFunc(before, after, func(a, b entry) bool { return sameRecord(a.Record, b.Record) }) {
		t.Error("the log is not what it was")
	}
}

func TestStreamAndAfterReadInPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.schedule(t, 5), b.schedule(t, 5)
	for v := 1; v < 7; v++ {
		b.append(t, one, v, domain.CapacityChanged{Capacity: 5 + v})
		b.append(t, two, v, domain.CapacityChanged{Capacity: 5 + v})
	}
	for limit := 1; limit <= 8; limit++ {
		var stream, all []eventstore.Record
		for {
			page, err := b.log.Stream(t.Context(), one, len(stream), limit)
			if err != nil {
				t.Fatal(err)
			}
			stream = append(stream, page...)
			if len(page) < limit {
				break
			}
		}
		for {
			page, err := b.log.After(t.Context(), int64(len(all)), limit)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, page...)
			if len(page) < limit {
				break
			}
		}
		if len(stream) != 7 || len(all) != 14 {
			t.Errorf("pages of %d: got %d records of the stream and %d of the log, want 7 and 14", limit, len(stream), len(all))
		}
		for i, r := range stream {
			if r.StreamID != one || r.Version != i+1 {
				t.Errorf("pages of %d: got version %d of stream %s at %d", limit, r.Version, r.StreamID, i)
			}
		}
		for i, r := range all {
			if r.Position != int64(i)+1 {
				t.Errorf("pages of %d: got position %d at %d", limit, r.Position, i)
			}
		}
	}
	for name, read := range map[string]func() ([]eventstore.Record, error){
		"an unknown stream":     func() ([]eventstore.Record, error) { return b.log.Stream(t.Context(), uuid.New(), 0, 5) },
		"the end of a stream":   func() ([]eventstore.Record, error) { return b.log.Stream(t.Context(), one, 7, 5) },
		"the end of the log":    func() ([]eventstore.Record, error) { return b.log.After(t.Context(), 14, 5) },
		"a page of no records":  func() ([]eventstore.Record, error) { return b.log.After(t.Context(), 0, 0) },
		"far behind the newest": func() ([]eventstore.Record, error) { return b.log.After(t.Context(), 1<<60, 5) },
	} {
		if records, err := read(); err != nil || len(records) != 0 {
			t.Errorf("%s: got %d records and %v", name, len(records), err)
		}
	}
}

// A reader of positions sees every record once and in order, while several processes append and
// some of what they do is rolled back.
func TestAReaderOfPositionsMissesNothing(t *testing.T) {
	t.Parallel()
	const customers = 300
	b := setup(t)
	stream, other := b.schedule(t, customers), b.schedule(t, customers)
	all := []process{
		startProcess(t, b.url, spoiltModel(), options{}), startProcess(t, b.url, spoiltModel(), options{}),
		startProcess(t, b.url, spoiltModel(), options{Delay: 5 * time.Millisecond}),
	}
	stop := make(chan struct{})
	read := make(chan []eventstore.Record, 1)
	go func() {
		var records []eventstore.Record
		defer func() { read <- records }()
		for last := false; ; {
			page, err := b.log.After(context.Background(), int64(len(records)), 7)
			if err != nil {
				t.Error(err)
				return
			}
			records = append(records, page...)
			if len(page) > 0 {
				continue
			}
			if last {
				return
			}
			select {
			case <-stop:
				last = true
			default:
			}
		}
	}()
	visitors := newIDs(customers)
	for i := 0; i < customers; i += 10 {
		visitors[i] = spoiltCustomer(i / 10)
	}
	stormOf(t, visitors, func(i int, customer uuid.UUID) (result, error) {
		return all[i%len(all)].book(context.Background(), []uuid.UUID{stream, other}[i/3%2], customer)
	})
	close(stop)

	entries := b.audit(t)
	records := <-read
	if len(records) != len(entries) {
		t.Fatalf("the reader saw %d records, and the log has %d", len(records), len(entries))
	}
	for i, r := range records {
		if !sameRecord(r, entries[i].Record) {
			t.Fatalf("the reader saw\n%+v\nand the log has\n%+v", r, entries[i].Record)
		}
	}
}

// The clock of one process is an hour behind, and its time runs backwards.
func TestTimeInAStreamNeverRunsBackwards(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := uuid.New()
	now := time.Now().Add(time.Hour).In(time.FixedZone("elsewhere", 3*60*60))
	p := b.process(t, options{Now: func() time.Time { return now }})
	slow := b.process(t, options{Now: func() time.Time {
		now = now.Add(-time.Minute) // one command at a time, so one caller at a time
		return now
	}})
	scheduledAt, err := p.do(t.Context(), stream, scheduleCommand(10))
	if err != nil {
		t.Fatal(err)
	}
	results := []result{scheduledAt}
	for _, by := range []process{slow, slow, p, slow} {
		r, err := by.book(t.Context(), stream, uuid.New())
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, r)
	}
	appended := b.append(t, stream, 5, domain.CapacityChanged{Capacity: 11})
	entries := b.audit(t)
	for _, r := range results {
		checkStored(t, entries, r)
	}
	for _, r := range append(appended, results[4].Records...) {
		if first := results[0].Records[0].RecordedAt; r.RecordedAt != first {
			t.Errorf("version %d was recorded at %v, want %v", r.Version, r.RecordedAt, first)
		}
	}
}

func TestSumIsTheHashThatTheCommentDescribes(t *testing.T) {
	t.Parallel()
	r := eventstore.Record{
		Position: 9, StreamID: uuid.New(), Version: 3, Type: "Größe", SchemaVersion: 2, Data: []byte(`{"a": 1 }`),
		Metadata:   []byte(`{}`),
		RecordedAt: time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	}
	previous := eventstore.Hash(sha256.Sum256([]byte("previous")))
	var want bytes.Buffer
	for _, part := range []any{
		previous[:], r.StreamID[:], int32(3), int64(-1), int16(2),
		int32(len("Größe")), []byte("Größe"), int32(len(r.Data)), r.Data, int32(len(r.Metadata)), r.Metadata,
	} {
		if err := binary.Write(&want, binary.BigEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.Sum(previous); got != sha256.Sum256(want.Bytes()) {
		t.Errorf("got %s, want %x", got, sha256.Sum256(want.Bytes()))
	}
}

func TestSumDependsOnEverythingButThePosition(t *testing.T) {
	t.Parallel()
	base := eventstore.Record{
		StreamID: uuid.New(), Version: 3, Type: "Type", SchemaVersion: 1, Data: []byte(`[1]`), Metadata: []byte(`{}`),
		RecordedAt: time.Now().UTC(),
	}
	previous := eventstore.Hash{1}
	changes := map[string]func(*eventstore.Record, *eventstore.Hash){
		"previous":       func(_ *eventstore.Record, h *eventstore.Hash) { h[31] = 1 },
		"stream":         func(r *eventstore.Record, _ *eventstore.Hash) { r.StreamID[0]++ },
		"version":        func(r *eventstore.Record, _ *eventstore.Hash) { r.Version++ },
		"type":           func(r *eventstore.Record, _ *eventstore.Hash) { r.Type += "2" },
		"schema version": func(r *eventstore.Record, _ *eventstore.Hash) { r.SchemaVersion++ },
		"data":           func(r *eventstore.Record, _ *eventstore.Hash) { r.Data = []byte(`[1 ]`) },
		"metadata":       func(r *eventstore.Record, _ *eventstore.Hash) { r.Metadata = []byte(`{ }`) },
		"recorded at": func(r *eventstore.Record, _ *eventstore.Hash) {
			r.RecordedAt = r.RecordedAt.Add(time.Microsecond)
		},
		"a moved border": func(r *eventstore.Record, _ *eventstore.Hash) { r.Type, r.Data = "Typ", []byte(`e[1]`) },
	}
	sum := base.Sum(previous)
	for name, change := range changes {
		r, p := base, previous
		change(&r, &p)
		if r.Sum(p) == sum {
			t.Errorf("%s: the hash is the same", name)
		}
	}
	base.Position = 7
	if base.Sum(previous) != sum {
		t.Error("the hash depends on the position, which is given out at the commit")
	}
}
