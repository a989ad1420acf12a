package eventstore_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

//nolint:tparallel // the subtests share a database, and each takes back what it did
func TestTheDatabaseRefusesWhatDoesNotFollow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stream := b.schedule(t, 10) // position 1, version 1
	first := b.audit(t)[0]
	next := func(change func(*eventstore.Record)) eventstore.Record {
		r := eventstore.Record{
			Position: 2, StreamID: stream, Version: 2, Type: domain.TypeTicketBooked, SchemaVersion: 1,
			Data: []byte(`{"title":"Zoë — \"café\" 🎟"}`), Metadata: []byte(`{}`),
			RecordedAt: time.Date(1999, 12, 31, 23, 59, 59, 123_456_000, time.UTC),
		}
		change(&r)
		return r
	}
	chained := func(change func(*eventstore.Record)) eventstore.Record {
		r := next(change)
		r.Hash = r.Sum(first.Hash)
		return r
	}
	for name, c := range map[string]struct {
		head    int
		record  eventstore.Record
		refused bool
	}{
		"the next one":           {2, chained(func(*eventstore.Record) {}), false},
		"a position too far":     {2, chained(func(r *eventstore.Record) { r.Position = 3 }), true},
		"a head that runs ahead": {3, chained(func(*eventstore.Record) {}), true},
		"a version too far":      {2, chained(func(r *eventstore.Record) { r.Version = 3 }), true},
		"the first of a stream": {2, next(func(r *eventstore.Record) {
			r.StreamID, r.Version = uuid.New(), 1
			r.Hash = r.Sum(eventstore.Hash{})
		}), false},
		"the first of a stream, after something": {2, chained(func(r *eventstore.Record) {
			r.StreamID, r.Version = uuid.New(),
				1
		}), true},
		"a stream without beginning": {2, chained(func(r *eventstore.Record) { r.StreamID = uuid.New() }), true},
		"after another history": {2, next(func(r *eventstore.Record) { r.Hash = r.Sum(eventstore.Hash{1}) }),
			true},
		"another content than the hash": {2, next(func(r *eventstore.Record) {
			r.Hash = r.Sum(first.Hash)
			r.Data = []byte(`{}`)
		}), true},
		"another time than the hash": {2, next(func(r *eventstore.Record) {
			r.Hash = r.Sum(first.Hash)
			r.RecordedAt = r.RecordedAt.Add(time.Microsecond)
		}), true},
	} {
		t.Run(name, func(t *testing.T) {
			tx, err := b.pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(t.Context()) //nolint:errcheck // nothing of it is kept
			mustExec(t, tx, `update log_head set position = $1`, c.head)
			if err := insert(t, tx, c.record); (err != nil) != c.refused {
				t.Errorf("got %v", err)
			}
		})
	}
}

func insert(tb testing.TB, tx pgx.Tx, r eventstore.Record) error {
	tb.Helper()
	_, err := tx.Exec(tb.Context(), `
		insert into event_log (position, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		r.Position, r.StreamID, r.Version, r.Type, r.SchemaVersion, r.Data, r.Metadata, r.RecordedAt, r.Hash[:])
	return err
}
