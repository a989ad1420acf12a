package audit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// Filters of rare types and actors must not read the log. There are 60,000 bookings of 60,000
// users, then a change, and nothing reads more than a few hundred of their pages.
func TestRareTypesAndActorsAreFoundByAnIndex(t *testing.T) {
	b := open(t)
	const records = 60_000
	b.tamper(`
		insert into event_log (position, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
		select n, $1, n, 'TicketBooked', 1, '{}',
			json_build_object('actor', (lpad(to_hex(n), 8, '0') || '-0000-4000-8000-000000000000')::uuid), now(), sha256('')
		from generate_series(1, $2::int) n`, id('e', 1), records)
	b.tamper(`update log_head set position = $1`, records)
	last := b.happen(id('e', 2), domain.EventScheduled{Details: concert(2), Capacity: 1})[0]
	_, err := b.pool.Exec(b.ctx, `vacuum analyze event_log`) // which also makes the Bloom filters
	dbtest.Must(t, err)

	h := audit.NewHistory(b.pool)
	rare := uuid.MustParse(fmt.Sprintf("%08x-0000-4000-8000-000000000000", 31_234))
	for name, c := range map[string]struct {
		filter audit.Filter
		want   int64
		index  string
	}{
		"a type":   {audit.Filter{Type: domain.TypeEventScheduled}, last.Position, "event_log_by_type"},
		"an actor": {audit.Filter{Actor: rare}, 31_234, "event_log_by_actor"},
	} {
		lines, next, err := h.Records(b.ctx, c.filter, 0, 10)
		if err != nil || len(lines) != 1 || lines[0].Position != c.want || next != 0 {
			t.Errorf("%s: %d lines, next %d, %v", name, len(lines), next, err)
		}
		sql, args, settings := audit.ExplainRecords(c.filter, 0, last.Position, 10)
		err = pgx.BeginFunc(b.ctx, b.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(b.ctx, settings); err != nil {
				return err
			}
			rows, _ := tx.Query(b.ctx, `explain (analyze, buffers) `+sql, args...)
			plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
			text := strings.Join(plan, "\n")
			if !strings.Contains(text, c.index) || strings.Contains(text, "Seq Scan") {
				t.Errorf("%s: the plan is\n%s", name, text)
			}
			return err
		})
		dbtest.Must(t, err)
	}
}
