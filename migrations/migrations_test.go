package migrations_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/migrations"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// shape is what the schema looks like from outside.
func shape(t *testing.T, url string) (columns, indexes, triggers string) {
	t.Helper()
	err := dbtest.Connect(t, url).QueryRow(context.Background(), `
		select
			coalesce((select string_agg(concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default),
					E'\n' order by table_name, column_name)
				from information_schema.columns where table_schema = 'public' and table_name <> 'goose_db_version'), ''),
			coalesce((select string_agg(indexdef, E'\n' order by indexdef)
				from pg_indexes
				where schemaname = 'public' and tablename <> 'goose_db_version'), ''),
			coalesce((select string_agg(tgname, E'\n' order by tgname) from pg_trigger where not tgisinternal), '')`).
		Scan(&columns, &indexes, &triggers)
	if err != nil {
		t.Fatal(err)
	}
	return columns, indexes, triggers
}

func TestTheSchemaGoesDownAndComesUpAgainAsItWas(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	url := dbtest.URL(t)
	columns, indexes, triggers := shape(t, url)

	reverted, err := migrations.Down(ctx, url, 0)
	if err != nil || len(reverted) < 3 {
		t.Fatalf("down: %v, %v", reverted, err)
	}
	if c, i, g := shape(t, url); c != "" || i != "" || g != "" {
		t.Errorf("something is left after going down: %s %s %s", c, i, g)
	}
	if pending, err := migrations.Pending(ctx, url); err != nil || !pending {
		t.Errorf("pending is %v, %v", pending, err)
	}
	applied, err := migrations.Up(ctx, url)
	if err != nil || len(applied) != len(reverted) {
		t.Fatalf("up: %v, %v", applied, err)
	}
	if c, i, g := shape(t, url); c != columns || i != indexes || g != triggers {
		t.Errorf("the schema came up in another shape:\n%s\n%s\n%s", c, i, g)
	}
	if applied, err := migrations.Up(ctx, url); err != nil || len(applied) != 0 {
		t.Errorf("up again: %v, %v", applied, err)
	}
}

func TestSeveralProcessesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	url := dbtest.URL(t)
	if _, err := migrations.Down(ctx, url, 0); err != nil {
		t.Fatal(err)
	}
	var (
		all     sync.WaitGroup
		mu      sync.Mutex
		applied int
	)
	for range 4 {
		all.Go(func() {
			versions, err := migrations.Up(ctx, url)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			applied += len(versions)
		})
	}
	all.Wait()
	if pending, err := migrations.Pending(ctx, url); err != nil || pending {
		t.Errorf("pending is %v, %v", pending, err)
	}
	if reverted, err := migrations.Down(ctx, url, 0); err != nil || len(reverted) != applied {
		t.Errorf("%d migrations were applied and %d reverted, %v", applied, len(reverted), err)
	}
}

// A copy of another log must not begin to take bookings only because a new version was installed.
func TestADatabaseThatFollowedIsNotMigratedByTheWay(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	url := dbtest.URL(t)
	if _, err := migrations.Down(ctx, url, 15); err != nil {
		t.Fatal(err)
	}
	pool := dbtest.Connect(t, url)
	if _, err := pool.Exec(ctx, `insert into following default values`); err != nil {
		t.Fatal(err)
	}
	if _, err := migrations.Up(ctx, url); err == nil || !strings.Contains(err.Error(), "a copy of another log") {
		t.Errorf("got %v", err)
	}
	if _, err := pool.Exec(ctx, `delete from following`); err != nil {
		t.Fatal(err)
	}
	if applied, err := migrations.Up(ctx, url); err != nil || len(applied) == 0 || applied[0] != 16 {
		t.Errorf("got %v %v", applied, err)
	}
}

func TestReasonsOfEarlierCancellationsAreKnown(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	url := dbtest.URL(t)
	if _, err := migrations.Down(ctx, url, 99); err != nil {
		t.Fatal(err)
	}
	pool := dbtest.Connect(t, url)
	_, err := pool.Exec(ctx, `
		alter table event_log disable trigger event_log_no_gap; -- the hashes do not matter
		with stream as (select gen_random_uuid() as id),
		log as (
			insert into event_log (position, stream_id, version, type, schema_version, data, metadata, recorded_at, hash)
			select n, stream.id, n, kind, schema_version, data::json, '{}', now(), sha256('')
			from stream, (values
				(1, 'EventScheduled', 2, '{}'),
				(2, 'TicketBooked', 1, '{}'),
				(3, 'BookingCancelled', 3, '{"reason": "Paid twice"}'),
				(4, 'BookingCancelled', 1, '{}')) as records (n, kind, schema_version, data))
		insert into bookings (id, event_id, user_id, status, created_at, version)
		select gen_random_uuid(), stream.id, gen_random_uuid(), status, now(), version
		from stream, (values ('CONFIRMED', 2), ('CANCELLED', 3), ('CANCELLED', 4)) as rows (status, version)`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrations.Up(ctx, url); err != nil {
		t.Fatal(err)
	}
	var reasons string
	err = pool.QueryRow(ctx, `select string_agg(cancel_reason, ',' order by version) from bookings`).Scan(&reasons)
	if err != nil || reasons != ",Paid twice," {
		t.Errorf("got %q, %v", reasons, err)
	}
}
