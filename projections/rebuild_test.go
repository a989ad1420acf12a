package projections_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func TestARebuildEqualsWhatWasBuiltLive(t *testing.T) {
	t.Parallel()
	for _, kept := range []int{0, 7} { // rows in memory; 0: all of them
		t.Run(fmt.Sprintf("keeping %d rows in memory", kept), func(t *testing.T) {
			t.Parallel()
			if kept == 0 {
				dbtest.Slow(t)
			}
			b := setup(t)
			p := b.start()
			for range 8 {
				b.book(b.schedule("Large", 10_000), 1200)
			}
			b.live(400)
			p.Reaches(b.head)
			for _, name := range projections.Names() {
				before := b.Rows(name)
				result, err := enginetest.Rebuild(b.Database, named(name), func(o *engine.RebuildOptions) { o.MaxRows = kept })
				dbtest.Must(t, err)
				if result.Records != b.head || int(result.Rows) != len(before) || !result.Compared || result.Differences != 0 ||
					result.Parked != 0 {
					t.Errorf("%s: got %+v", name, result)
				}
				b.CheckRows(name, before)
			}
			b.live(50)
			p.Reaches(b.head)
			b.checkFold()
			enginetest.CheckVerified(b.Database, projections.All())
		})
	}
}

func TestTheRebuiltTableIsLikeTheOneBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	b.live(50)
	p.Reaches(b.head)
	role := "reporter_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	b.Exec(`create role ` + role)
	t.Cleanup(func() { b.Exec(`drop owned by ` + role); b.Exec(`drop role ` + role) })
	b.Exec(`grant select on events to ` + role)
	shape := func() (shape []string) {
		for _, sql := range []string{
			`select indexname || indexdef from pg_indexes where schemaname = 'public'`,
			`select conname || pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace`,
			`select relname || coalesce(reloptions::text, '') || coalesce(relacl::text, '')
			from pg_class
			where relnamespace = 'public'::regnamespace and relkind = 'r'`,
			`select concat_ws(' ', attrelid::regclass, attname, attnotnull, attstorage, attcollation)
			from pg_attribute
			where attrelid in ('events'::regclass, 'bookings'::regclass) and attnum > 0`,
		} {
			rows, _ := b.Pool.Query(context.Background(), sql+` order by 1`)
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			dbtest.Must(t, err)
			shape = append(shape, lines...)
		}
		return shape
	}
	before := shape()
	for _, name := range projections.Names() {
		_, err := enginetest.Rebuild(b.Database, named(name))
		dbtest.Must(t, err)
	}
	after := shape()
	for _, line := range after {
		if !slices.Contains(before, line) {
			t.Errorf("new: %s", line)
		}
	}
	for _, line := range before {
		if !slices.Contains(after, line) {
			t.Errorf("gone: %s", line)
		}
	}
}

// People read and book all the time, on connections whose statements were prepared long ago.
func TestARebuildIsNotNoticed(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	p := b.start()
	b.book(b.schedule("Large", 10_000), 6000)
	p.Reaches(b.head)

	var reads, booked atomic.Int64
	stop, work := make(chan struct{}), sync.WaitGroup{}
	again := func() bool {
		select {
		case <-stop:
			return false
		default:
			return true
		}
	}
	for range 2 {
		pool := dbtest.Connect(t, b.URL, dbtest.MaxConns(1))
		work.Go(func() {
			events, user := projections.NewEvents(pool), uuid.New()
			for again() {
				rows, total, err := events.List(context.Background(),
					projections.EventQuery{Sort: projections.SortByDate, Page: 1, Limit: 10})
				if err != nil || total != len(rows) || total == 0 {
					t.Errorf("list: %d of %d events, %v", len(rows), total, err)
					return
				}
				if _, err := events.Get(context.Background(), rows[0].ID); err != nil {
					t.Errorf("get: %v", err)
					return
				}
				if _, _, err := (projections.Bookings{Pool: pool}).OfUser(context.Background(),
					projections.BookingQuery{UserID: user, Limit: 10}); err != nil {
					t.Errorf("bookings: %v", err)
					return
				}
				reads.Add(1)
			}
		})
	}
	work.Go(func() {
		for again() {
			b.live(1)
			booked.Store(b.head)
		}
	})
	before := reads.Load()
	for range 3 {
		for _, name := range projections.Names() {
			if _, err := enginetest.Rebuild(b.Database, named(name)); err != nil {
				t.Errorf("rebuild %s: %v", name, err)
			}
		}
	}
	during := reads.Load() - before
	close(stop)
	work.Wait()
	if during == 0 {
		t.Error("nobody read anything")
	}
	p.Reaches(b.head)
	b.checkFold()
	enginetest.CheckVerified(b.Database, projections.All())
}

func TestARebuildParksWhatLiveParks(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	p := b.start()
	hurt, good := b.schedule("Hurt", 10_000), b.schedule("Good", 10_000)
	b.book(hurt, 20)
	b.append(hurt, unfit(t))
	version := b.versions[hurt]
	b.book(good, 6000)
	b.book(hurt, 20)
	p.Reaches(b.head)
	for _, name := range projections.Names() {
		before, parked := b.Rows(name), len(enginetest.Parked(b.Database, name))
		result, err := enginetest.Rebuild(b.Database, named(name))
		dbtest.Must(t, err)
		if result.Parked != parked || !result.Compared {
			t.Errorf("%s: got %+v, and live has parked %d", name, result, parked)
		}
		b.CheckRows(name, before)
	}
	parked := enginetest.Parked(b.Database, "events")
	if len(parked) != 1 || parked[0].StreamID != hurt || parked[0].Version != version {
		t.Errorf("parked is %+v", parked)
	}
	b.book(hurt, 5)
	b.book(good, 5)
	p.Reaches(b.head)
	enginetest.CheckVerified(b.Database, projections.All())
	if row, err := projections.NewEvents(b.Pool).Get(context.Background(), hurt); err != nil ||
		row.Remaining != 10_000-20 {
		t.Errorf("got %+v, %v", row, err)
	}
}

func TestANewShapeIsBuiltBesideTheOldOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Exec(`
		create table events_v2 (
			id uuid primary key, title text not null, sold int not null, last timestamptz not null)`)
	old := b.start()
	b.live(300)
	old.Reaches(b.head)
	before := b.Rows("events")

	v2 := salesTable("events_v2", "", func() bool { return false })
	result, err := engine.Rebuild(context.Background(), v2, engine.RebuildOptions{Pool: enginetest.ToolPool(b.Database)})
	dbtest.Must(t, err)
	if result.Compared || result.Records != b.head || int(result.Rows) != len(b.events) {
		t.Errorf("got %+v", result)
	}
	b.CheckRows("events", before)

	// A newer program keeps both up to date.
	old.Stop()
	newer := b.start(func(o *engine.Options) { o.Projections = append(projections.All(), v2) })
	b.live(100)
	newer.Reaches(b.head)
	waittest.For(t, "the new shape has caught up", func() bool {
		return b.Count(`select count(*) from projection_checkpoints where name = 'events_v2' and position = $1`, b.head) == 1
	})
	n := b.Count(`
		select count(*)
		from events e
		join events_v2 n using (id)
		where n.title = e.title and n.sold = e.capacity - e.remaining`)
	if n != len(b.events) {
		t.Errorf("%d of %d rows of the new shape agree with the old one", n, len(b.events))
	}
	b.checkFold()
}
