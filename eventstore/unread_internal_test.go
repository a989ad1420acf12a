package eventstore

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// cutRows end with an error after some rows.
type cutRows struct {
	pgx.Rows
	left int
}

var errCut = errors.New("cut")

func (c *cutRows) Next() bool {
	c.left--
	return c.left >= 0 && c.Rows.Next()
}

func (c *cutRows) Err() error { return errCut }

// Rows that have arrived before an error count, and nothing is concluded from those that have not.
func TestRowsBeforeAnErrorCount(t *testing.T) {
	t.Parallel()
	pool := dbtest.Pool(t)
	ids := []uuid.UUID{uuid.New(), uuid.New()}
	for _, sql := range []string{
		`alter table event_log disable trigger event_log_no_gap`,
		`insert into event_log (position, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
		select row_number() over (), id, v, 'Noted', 1, to_json(v % 10), '{}', now(), sha256(v::text::bytea)
		from unnest(array['` + ids[0].String() + `', '` + ids[1].String() + `']::uuid[]) id, generate_series(1, 9) v`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	m := notes()
	m.Size = func(s string) int { return len(s) }
	u := unread[string, string]{
		store: &store[string, string]{model: m, cache: newCache[string](1000), logger: slog.New(slog.DiscardHandler)},
		streams: map[uuid.UUID]*stream[string]{
			ids[0]: {}, ids[1]: {Tail: Tail{Version: 5, Hash: Hash{1}, RecordedAt: time.Now()}, state: "known"},
		},
	}
	rows, err := pool.Query(t.Context(), unreadSQL, [][16]byte{ids[0], ids[1]}, []int32{0, 5}, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	read, err := u.fold(&cutRows{rows, 4}, ids)
	if !errors.Is(err, errCut) || read[ids[0]] != 4 {
		t.Errorf("got %v, %v", read, err)
	}
	if s := u.streams[ids[0]]; s.Version != 4 || s.state != "1234" || s.position == 0 {
		t.Errorf("the stream whose rows have come in part is %+v", s)
	}
	if s := u.streams[ids[1]]; s.Version != 5 || s.state != "known" {
		t.Errorf("the stream whose rows have not come is %+v", s)
	}
}
