package engine_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// One page holds a record that panics, one that PostgreSQL refuses, and one that fails at first.
// Only the first two park.
func TestExactlyTheBadRecordsOfALargePagePark(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	b.Exec(`
		create table checked (
			id uuid primary key, label text not null, last timestamptz not null,
			items int not null check (items < 3 or label <> 'Refused'));
		create sequence failures;
		create function fail_at_first() returns trigger language plpgsql as $$
		begin
			if new.label = 'Flaky' and nextval('failures') <= 3 then raise exception 'planted'; end if;
			return new;
		end $$;
		create trigger fail_at_first before insert or update on checked for each row execute function fail_at_first()`)
	good := b.open("Good")
	b.add(good, 3000)
	refused, panicking, flaky := b.open("Refused"), b.open("Panics"), b.open("Flaky")
	b.add(refused, 5)
	b.add(panicking, 1)
	b.add(flaky, 5)
	b.add(good, 1000)
	var panics atomic.Bool
	panics.Store(true)
	checked := basketsNamed("checked", func(row *basket) {
		if row.Label == "Panics" && panics.Load() {
			panic("planted")
		}
	})
	b.start(func(o *engine.Options) { o.Projections = []engine.Projection{checked} })
	waittest.For(t, "all is applied", func() bool {
		return b.Count(`select count(*) from projection_checkpoints where name = 'checked' and position = $1`, b.head) == 1
	})
	parked := enginetest.Parked(b.Database, "checked")
	if len(parked) != 2 || parked[0].StreamID != panicking || parked[0].Version != 1 || parked[1].StreamID != refused ||
		parked[1].Version != 4 {
		t.Fatalf("parked is %+v", parked)
	}
	if !strings.Contains(parked[0].Reason, "planted") || !strings.Contains(parked[1].Reason, "checked_check") {
		t.Errorf("the reasons are %q and %q", parked[0].Reason, parked[1].Reason)
	}
	for label, want := range map[string]int{"Good": 4000, "Flaky": 5, "Refused": 2} {
		if got := b.Count(`select coalesce(max(items), -1) from checked where label = $1`, label); got != want {
			t.Errorf("%s: %d items, want %d", label, got, want)
		}
	}

	// What is mended can be retried, and the rest stays as it is. Meanwhile records are appended.
	b.Exec(`alter table checked drop constraint checked_check`)
	o := engine.RetryOptions{Pool: enginetest.ToolPool(b.Database)}
	result, err := engine.Retry(context.Background(), checked, o)
	dbtest.Must(t, err)
	if result != (engine.Retried{Streams: 2, Applied: 3, Left: 1}) {
		t.Errorf("the first retry gave %+v", result)
	}
	b.add(refused, 1)
	b.add(panicking, 1)
	panics.Store(false)
	result, err = engine.Retry(context.Background(), checked, o)
	dbtest.Must(t, err)
	if result.Left != 0 {
		t.Errorf("the second retry gave %+v", result)
	}
	b.add(refused, 1)
	b.add(panicking, 1)
	waittest.For(t, "all is applied", func() bool {
		return b.Count(`select count(*) from projection_checkpoints where name = 'checked' and position = $1`, b.head) == 1
	})
	for label, want := range map[string]int{"Good": 4000, "Flaky": 5, "Refused": 7, "Panics": 3} {
		if got := b.Count(`select coalesce(max(items), -1) from checked where label = $1`, label); got != want {
			t.Errorf("after the retry, %s: %d items, want %d", label, got, want)
		}
	}
	if left := enginetest.Parked(b.Database, "checked"); len(left) != 0 {
		t.Errorf("still parked: %+v", left)
	}
}

func TestARetriedStreamIsWholeThoughItIsLongAndFailsAgainInTheMiddle(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	b.Exec(`alter table items add constraint planted check (version < 10)`)
	basket := b.open("E")
	b.add(basket, 6_000) // more than a page
	p := b.start()
	p.Reaches(b.head)
	if n := b.Count(`select count(*) from items`); n != 8 {
		t.Fatalf("%d items before the retry, want 8", n)
	}
	b.Exec(`alter table items drop constraint planted; alter table items add constraint planted check (version < 5555)`)
	result, err := enginetest.Retry(b.Database, itemsTable())
	dbtest.Must(t, err)
	if result != (engine.Retried{Streams: 1, Applied: 5545, Left: 1}) {
		t.Errorf("the first retry gave %+v", result)
	}
	enginetest.CheckVerified(b.Database, all())
	b.Exec(`alter table items drop constraint planted`)
	result, err = enginetest.Retry(b.Database, itemsTable())
	dbtest.Must(t, err)
	if result != (engine.Retried{Streams: 1, Applied: 447, Left: 0}) {
		t.Errorf("the second retry gave %+v", result)
	}
	b.add(basket, 10)
	p.Reaches(b.head)
	b.checkFold()
	enginetest.CheckVerified(b.Database, all())
}

func TestWhatStopsAllRecordsAlikeParksNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	b.live(20)
	p.Reaches(b.head)
	b.Exec(`alter table baskets rename to baskets_elsewhere`)
	before := b.head
	b.live(20)
	waittest.For(t, "the other projection goes on", func() bool {
		return b.Count(`select count(*) from projection_checkpoints where name = 'items' and position = $1`, b.head) == 1
	})
	b.Exec(`alter table baskets_elsewhere rename to baskets`)
	p.Reaches(b.head)
	if n := b.Count(`select count(*) from parked_records`); n != 0 {
		t.Errorf("%d streams were parked", n)
	}
	if before == b.head {
		t.Error("nothing happened")
	}
	b.checkFold()
}

func TestARecordThatCannotBeDecodedIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.append(b.open("Good"), broken())
	var tries atomic.Int64
	table := basketsTable()
	table.Decode = func(recordType string, schemaVersion int16, data []byte) (change, error) {
		c, err := decode(recordType, schemaVersion, data)
		if err != nil {
			tries.Add(1)
		}
		return c, err
	}
	b.start(func(o *engine.Options) { o.Projections = []engine.Projection{table} })
	waittest.For(t, "the stream is parked", func() bool { return len(enginetest.Parked(b.Database, "baskets")) == 1 })
	if n := tries.Load(); n != 2 {
		t.Errorf("decoded %d times, want 2: with its page, and alone", n)
	}
}
