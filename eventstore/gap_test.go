package eventstore_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

func TestTheDatabaseRefusesGaps(t *testing.T) { //nolint:tparallel // the subtests share a database, and each takes back what it did
	t.Parallel()
	b := setup(t)
	stream := b.schedule(t, 10) // position 1, version 1
	for name, c := range map[string]struct {
		head, position, version int
		stream                  uuid.UUID
		refused                 bool
	}{
		"the next one":               {2, 2, 2, stream, false},
		"a position too far":         {2, 3, 2, stream, true},
		"a head that runs ahead":     {3, 2, 2, stream, true},
		"a version too far":          {2, 2, 3, stream, true},
		"a stream without beginning": {2, 2, 2, uuid.New(), true},
	} {
		t.Run(name, func(t *testing.T) {
			err := pgx.BeginFunc(t.Context(), b.pool, func(tx pgx.Tx) error {
				defer tx.Rollback(t.Context()) //nolint:errcheck // nothing of it is kept
				mustExec(t, tx, `update log_head set position = $1`, c.head)
				_, err := tx.Exec(t.Context(), `
					insert into event_log (position, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
					values ($1, $2, $3, 'TicketBooked', 1, '{}', '{}', now(), sha256('x'))`, c.position, c.stream, c.version)
				if (err != nil) != c.refused {
					t.Errorf("got %v", err)
				}
				return nil
			})
			if err != nil && !c.refused {
				t.Logf("rolled back: %v", err) // on purpose
			}
		})
	}
}
