package eventstore

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// The plans of the hot queries, for an empty log and a long one, for known arguments and for any (a
// statement that is used often gets one plan for all), with the settings of an executor and with
// PostgreSQL's own.
func TestHotQueriesGoByAnIndex(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	const (
		streams, versions = 500, 100
		stream            = "00000000-0000-0000-0000-000000000007"
		version, position = "event_log_stream_version", "event_log_pkey"
		emptyLog          = "an empty log"
	)
	url := dbtest.URL(t)
	logSQL := sqlOf(t, url)
	queries := []struct {
		name, sql, types, args, index string

		paged bool // reads a page of many
		log   bool // is also run by pools without the executor's settings
	}{
		{"unread records of a stream", unreadSQL, "uuid[], int[], int", `'{` + stream + `}', '{90}', 20000`, version, false,
			false},
		{"unread records of a new stream", unreadSQL, "uuid[], int[], int", `'{` + uuid.NewString() + `}', '{0}', 20000`,
			version, false, false},
		{"unread records of all streams", unreadSQL, "uuid[], int[], int", allStreams(streams) + `, 20000`, version, false,
			false},
		{"outcome", outcomeSQL, "uuid[], int[], bytea[]",
			`'{` + stream + `}', '{100}', array[decode(repeat('00', 32), 'hex')]`, version, false, false},
		{"Stream", logSQL["Stream"], "uuid, int, int", `'` + stream + `', 50, 20`, version, true, true},
		{"After", logSQL["After"], "bigint, int", `1000, 500`, position, true, true},
		{"After near the end", logSQL["After"], "bigint, int", `49990, 500`, position, true, true},
	}
	check := func(t *testing.T, what string, params map[string]string, withLogOnly bool) {
		t.Helper()
		conn := connectWith(t, url, params)
		for i, q := range queries {
			if withLogOnly && !q.log {
				continue
			}
			name := fmt.Sprintf("q%d", i)
			mustExecOn(t, conn, fmt.Sprintf(`prepare %s (%s) as %s`, name, q.types, q.sql))
			for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
				mustExecOn(t, conn, `set plan_cache_mode = `+mode)
				plan := explain(t, conn, fmt.Sprintf(`explain execute %s (%s)`, name, q.args))
				if !strings.Contains(plan, q.index) || strings.Contains(plan, "Seq Scan on event_log") {
					t.Errorf("%s, %s, %s: want index %s, got\n%s", what, q.name, mode, q.index, plan)
				}
				// Pages come in the index's order, or each would cost as much as all that follow it. A plan for
				// an empty log alone may do as it likes.
				if q.paged && strings.Contains(plan, "Sort") && (what != emptyLog || mode == "force_generic_plan") {
					t.Errorf("%s, %s, %s: want no sort, got\n%s", what, q.name, mode, plan)
				}
			}
		}
	}

	check(t, emptyLog, Session(0), false)

	conn := connectWith(t, url, nil)
	mustExecOn(t, conn, `alter table event_log disable trigger event_log_no_gap`)
	mustExecOn(t, conn, fmt.Sprintf(`update log_head set position = %d`, streams*versions))
	mustExecOn(t, conn, fmt.Sprintf(`
		insert into event_log (position, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
		select (v - 1) * %[1]d + s, lpad(to_hex(s), 32, '0')::uuid, v, 'TicketBooked', 1,
			json_build_object('bookingId', md5(s::text || v)::uuid, 'customerId', md5(v::text || s)::uuid),
			'{}', now(), decode(repeat('00', 32), 'hex')
		from generate_series(1, %[1]d) s, generate_series(1, %[2]d) v`, streams, versions))
	check(t, "a long log without statistics", Session(0), false)
	mustExecOn(t, conn, `analyze event_log`)
	check(t, "a long log", Session(0), false)
	check(t, "a long log, PostgreSQL's own settings", nil, true)
}

// sqlOf gives the SQL that the methods of Log run first.
func sqlOf(tb testing.TB, url string) map[string]string {
	tb.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		tb.Fatal(err)
	}
	traced := &tracer{}
	config.ConnConfig.Tracer = traced
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		tb.Fatal(err)
	}
	defer pool.Close()
	log, found := NewLog(pool), map[string]string{}
	for name, run := range map[string]func() error{
		"Stream": func() error { _, err := log.Stream(tb.Context(), uuid.New(), 0, 1); return err },
		"After":  func() error { _, err := log.After(tb.Context(), 0, 1); return err },
	} {
		traced.sql = nil
		if err := run(); err != nil {
			tb.Fatal(err)
		}
		for _, sql := range traced.sql {
			if sql != "begin" && found[name] == "" {
				found[name] = sql
			}
		}
	}
	return found
}

type tracer struct{ sql []string }

func (t *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	t.sql = append(t.sql, data.SQL)
	return ctx
}

func (*tracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func connectWith(tb testing.TB, url string, params map[string]string) *pgx.Conn {
	tb.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		tb.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	maps.Copy(config.RuntimeParams, params)
	conn, err := pgx.ConnectConfig(context.Background(), config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func mustExecOn(tb testing.TB, conn *pgx.Conn, sql string) {
	tb.Helper()
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

func explain(tb testing.TB, conn *pgx.Conn, sql string) string {
	tb.Helper()
	rows, _ := conn.Query(context.Background(), sql)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return strings.Join(lines, "\n")
}

func allStreams(n int) string {
	ids, versions := make([]string, n), make([]string, n)
	for i := range n {
		ids[i], versions[i] = fmt.Sprintf("00000000-0000-0000-0000-%012x", i+1), "99"
	}
	return `'{` + strings.Join(ids, ",") + `}', '{` + strings.Join(versions, ",") + `}'`
}
