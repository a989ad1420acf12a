package eventstore_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// copied is a log of some records in two streams, and an empty one to copy them to.
func copied(t *testing.T) (records []eventstore.Record, to *eventstore.Log, toPool *pgxpool.Pool) {
	t.Helper()
	fromPool := dbtest.Pool(t)
	from := eventstore.NewLog(fromPool)
	first, second := uuid.New(), uuid.New()
	for i := range 6 {
		stream := []uuid.UUID{first, second}[i%2]
		_, err := appendtest.Append(t.Context(), fromPool, stream, i/2, appendtest.Record{Type: "Noted", SchemaVersion: 1, Data: []byte(`{"n": 1 }`)})
		if err != nil {
			t.Fatal(err)
		}
	}
	records, err := from.After(t.Context(), 0, 100)
	if err != nil || len(records) != 6 {
		t.Fatalf("%d records: %v", len(records), err)
	}
	toPool = dbtest.Pool(t)
	return records, eventstore.NewLog(toPool), toPool
}

func TestReplicatedRecordsAreTheSame(t *testing.T) {
	t.Parallel()
	records, to, toPool := copied(t)
	// In pieces that overlap, as they come when a subscriber starts again.
	for _, part := range [][]eventstore.Record{records[:2], records[:2], records[1:4], nil, records, records[3:4]} {
		before, err := to.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		head, err := to.Replicate(t.Context(), part)
		want := before
		if len(part) > 0 {
			want = max(want, part[len(part)-1].Position)
		}
		if err != nil || head != want {
			t.Fatalf("got %d %v, want %d", head, err, want)
		}
	}
	got, err := to.After(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		if !equal(got[i], records[i]) {
			t.Errorf("got %+v, want %+v", got[i], records[i])
		}
	}
	// And the log can be continued.
	if _, err := appendtest.Append(t.Context(), toPool, records[0].StreamID, 3, appendtest.Record{Type: "Noted", SchemaVersion: 1, Data: []byte(`{}`)}); err != nil {
		t.Error(err)
	}
}

func equal(a, b eventstore.Record) bool {
	return a.Position == b.Position && a.StreamID == b.StreamID && a.Version == b.Version && a.Type == b.Type && a.SchemaVersion == b.SchemaVersion &&
		string(a.Data) == string(b.Data) && string(a.Metadata) == string(b.Metadata) && a.RecordedAt.Equal(b.RecordedAt) && a.Hash == b.Hash
}

func TestWhatDoesNotContinueTheLogIsNotReplicated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func([]eventstore.Record) []eventstore.Record
		head   int64 // up to where all is well
		gap    bool
	}{
		"a gap":            {func(r []eventstore.Record) []eventstore.Record { return slices.Delete(r, 3, 4) }, 3, true},
		"a gap at first":   {func(r []eventstore.Record) []eventstore.Record { return r[1:] }, 0, true},
		"another order":    {func(r []eventstore.Record) []eventstore.Record { r[2], r[3] = r[3], r[2]; return r }, 2, true},
		"changed data":     {func(r []eventstore.Record) []eventstore.Record { r[4].Data = []byte(`{"n": 2 }`); return r }, 4, false},
		"changed spaces":   {func(r []eventstore.Record) []eventstore.Record { r[4].Data = []byte(`{"n":1}`); return r }, 4, false},
		"changed metadata": {func(r []eventstore.Record) []eventstore.Record { r[4].Metadata = []byte(`{}`); return r }, 4, false},
		"changed time": {func(r []eventstore.Record) []eventstore.Record {
			r[1].RecordedAt = r[1].RecordedAt.AddDate(0, 0, 1)
			return r
		}, 1, false},
		"a changed stream": {func(r []eventstore.Record) []eventstore.Record { r[0].StreamID = uuid.New(); return r }, 0, false},
		"a skipped version": {func(r []eventstore.Record) []eventstore.Record {
			r[2].Version++
			r[2].Hash = r[2].Sum(r[0].Hash) // by somebody who knows how
			return r
		}, 2, false},
		"swapped positions": {func(r []eventstore.Record) []eventstore.Record {
			r[0], r[2] = r[2], r[0] // of one stream
			r[0].Position, r[2].Position = 1, 3
			return r
		}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records, to, _ := copied(t)
			head, err := to.Replicate(context.Background(), c.change(slices.Clone(records)))
			var gap *eventstore.GapError
			var foreign *eventstore.ForeignError
			if head != c.head || errors.As(err, &gap) != c.gap || errors.As(err, &foreign) == c.gap {
				t.Errorf("got %d %v", head, err)
			}
			if stored, err := to.Head(context.Background()); err != nil || stored != c.head {
				t.Errorf("the log ends at %d: %v", stored, err)
			}
			// What was refused leaves nothing behind that would be in the way of the right records.
			if head, err := to.Replicate(context.Background(), records); err != nil || head != 6 {
				t.Errorf("the right ones: %d %v", head, err)
			}
		})
	}
}

func TestALogOfOtherRecordsIsNoticed(t *testing.T) {
	t.Parallel()
	records, to, _ := copied(t)
	others, _, _ := copied(t)
	if _, err := to.Replicate(t.Context(), records[:3]); err != nil {
		t.Fatal(err)
	}
	var foreign *eventstore.ForeignError
	if head, err := to.Replicate(t.Context(), others); !errors.As(err, &foreign) || foreign.Position != 1 || head != 3 {
		t.Errorf("got %d %v", head, err)
	}
}
