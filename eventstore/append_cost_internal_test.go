package eventstore

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// An append must not write much more than its record: once each wrote 2.4 kB of the index of actors
// anew.
func TestAnAppendWritesLittleBesideItsRecord(t *testing.T) {
	t.Parallel()
	conn := connectWith(t, dbtest.URL(t), Session(0))
	mustExecOn(t, conn, `
		alter table event_log disable trigger event_log_no_gap;
		insert into event_log (position, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
		select n, gen_random_uuid(), 1, 'TicketBooked', 1, '{}', json_build_object('actor', gen_random_uuid()), now(),
			decode(repeat('00', 32), 'hex')
		from generate_series(1, 1000) n;
		update log_head set position = 1000`)
	least, plan := math.MaxInt, []string(nil)
	for range 5 { // one may divide a page of an index
		r := Record{
			StreamID: uuid.New(), Version: 1, Type: "TicketBooked", SchemaVersion: 1, Data: []byte(`{}`),
			Metadata: Metadata{Actor: uuid.New()}.encode(), RecordedAt: time.Now().UTC(),
		}
		rows, _ := conn.Query(t.Context(), `explain (analyze, wal, costs off, timing off) `+appendOneSQL,
			append([]any{pgx.QueryExecModeCacheDescribe}, appendOneArgs(&r)...)...)
		var err error
		if plan, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			t.Fatal(err)
		}
		least = min(least, walOf(plan))
	}
	if least == 0 || least > 1_500 {
		t.Errorf("an append writes %d bytes of WAL:\n%s", least, strings.Join(plan, "\n"))
	}
}

// walOf gives the bytes of WAL of the step of a plan that writes most.
func walOf(plan []string) (most int) {
	for _, line := range plan {
		var bytes int
		if _, after, found := strings.Cut(line, "WAL: "); found {
			_, after, _ = strings.Cut(after, "bytes=")
			_, _ = fmt.Sscan(after, &bytes)
			most = max(most, bytes)
		}
	}
	return most
}
