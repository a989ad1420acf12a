package projections_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
)

// unknown is a record of a newer program.
func unknown() appendtest.Record {
	return appendtest.Record{Type: "TicketTeleported", SchemaVersion: 1, Data: []byte(`{}`)}
}

// unfit is a record that decodes well, and that no table can take: PostgreSQL has no text with a zero byte.
func unfit(tb testing.TB) appendtest.Record {
	tb.Helper()
	name, schema, data, err := domain.Codec{}.Encode(domain.DetailsChanged{Details: details("Renamed", 1, 1)})
	must(tb, err)
	return appendtest.Record{Type: name, SchemaVersion: schema, Data: []byte(strings.Replace(string(data), "Renamed", `Re\u0000named`, 1))}
}

func (b *bundle) parked(projection string) []projections.Parked {
	b.Helper()
	parked, err := projections.ParkedStreams(context.Background(), b.pool, projection, 1000)
	must(b, err)
	return parked
}

func TestARecordThatCannotBeAppliedParksItsStreamAndNoOther(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]appendtest.Record{
		"of an unknown type":  unknown(),
		"with a broken body":  {Type: domain.TypeTicketBooked, SchemaVersion: 1, Data: []byte(`{"bookingId": 7}`)},
		"that no row can be":  unfit(t),
		"of a missing row":    {Type: domain.TypeBookingCancelled, SchemaVersion: 1, Data: []byte(`{"bookingId":"` + uuid.NewString() + `"}`)},
		"of a newer schema":   {Type: domain.TypeEventCancelled, SchemaVersion: 99, Data: []byte(`{}`)},
		"with a number ahead": {Type: domain.TypeCapacityChanged, SchemaVersion: 1, Data: []byte(`{"capacity":99999999999}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if bad.Type != domain.TypeTicketBooked { // one kind is quick enough
				dbtest.Slow(t)
			}
			b := setup(t)
			good, hurt := b.schedule("Good", 100), b.schedule("Hurt", 100)
			b.book(good, 5)
			b.book(hurt, 5)
			b.append(hurt, bad)
			badVersion, badPosition := b.versions[hurt], b.head
			b.book(good, 5)
			b.book(hurt, 5)
			p := b.start() // everything is one page
			p.reaches(b.head)
			b.book(hurt, 5) // and these are others
			b.book(good, 5)
			p.reaches(b.head)

			parked := map[string]int{}
			for _, projection := range projections.Names() {
				for _, s := range b.parked(projection) {
					parked[projection]++
					if s.StreamID != hurt || s.Version != badVersion || s.Position != badPosition || s.Reason == "" || s.CorrelationID != fmt.Sprint("request ", badPosition) {
						t.Errorf("%s: parked is %+v, want version %d of stream %s", projection, s, badVersion, hurt)
					}
				}
			}
			if parked["events"]+parked["bookings"] == 0 {
				t.Fatal("nothing was parked")
			}
			row, err := projections.NewEvents(b.pool).Get(context.Background(), good)
			must(t, err)
			if row.Remaining != 85 {
				t.Errorf("%d tickets of the other stream remain, want 85", row.Remaining)
			}
			want := map[string]int{"events": 90, "bookings": 15}
			if parked["events"] > 0 {
				want["events"] = 95
			}
			if parked["bookings"] == 0 {
				want["bookings"] = 30
			} else {
				want["bookings"] = 20
			}
			row, err = projections.NewEvents(b.pool).Get(context.Background(), hurt)
			must(t, err)
			if parked["events"] > 0 && row.Remaining != want["events"] {
				t.Errorf("%d tickets of the parked stream remain, want %d", row.Remaining, want["events"])
			}
			if got := b.count(`select count(*) from bookings`); got != want["bookings"] {
				t.Errorf("there are %d bookings, want %d", got, want["bookings"])
			}
			b.checkVerified()
		})
	}
}

// One page holds a record that panics, one that PostgreSQL refuses, and one that fails at first. Only the first two park.
func TestExactlyTheBadRecordsOfALargePagePark(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	b.exec(`create table sales (id uuid primary key, title text not null, sold int not null check (sold < 3 or title <> 'Refused'), last timestamptz not null);
		create sequence failures;
		create function fail_at_first() returns trigger language plpgsql as $$
		begin
			if new.title = 'Flaky' and nextval('failures') <= 3 then raise exception 'planted'; end if;
			return new;
		end $$;
		create trigger fail_at_first before insert or update on sales for each row execute function fail_at_first()`)
	good := b.schedule("Good", 10_000)
	b.book(good, 3000)
	refused, panicking, flaky := b.schedule("Refused", 100), b.schedule("Panics", 100), b.schedule("Flaky", 100)
	b.book(refused, 5)
	b.book(panicking, 1)
	b.book(flaky, 5)
	b.book(good, 1000)
	var panics atomic.Bool
	panics.Store(true)
	sales := projections.Sales("sales", "Panics", panics.Load)
	b.start(func(o *projections.Options) { *o = o.With(sales) })
	eventually(t, "all is applied", func() bool {
		return b.count(`select count(*) from projection_checkpoints where name = 'sales' and position = $1`, b.head) == 1
	})
	parked := b.parked("sales")
	if len(parked) != 2 || parked[0].StreamID != panicking || parked[0].Version != 1 || parked[1].StreamID != refused || parked[1].Version != 4 {
		t.Fatalf("parked is %+v", parked)
	}
	if !strings.Contains(parked[0].Reason, "planted") || !strings.Contains(parked[1].Reason, "sales_check") {
		t.Errorf("the reasons are %q and %q", parked[0].Reason, parked[1].Reason)
	}
	for title, want := range map[string]int{"Good": 4000, "Flaky": 5, "Refused": 2} {
		if got := b.count(`select coalesce(max(sold), -1) from sales where title = $1`, title); got != want {
			t.Errorf("%s: %d sold, want %d", title, got, want)
		}
	}

	// What is mended can be retried, and the rest stays as it is. Meanwhile bookings go on.
	b.exec(`alter table sales drop constraint sales_check`)
	o := projections.RetryOptions{Pool: b.toolPool()}
	result, err := projections.RetryOf(context.Background(), sales, o)
	must(t, err)
	if result != (projections.Retried{Streams: 2, Applied: 3, Left: 1}) {
		t.Errorf("the first retry gave %+v", result)
	}
	b.book(refused, 1)
	b.book(panicking, 1)
	panics.Store(false)
	result, err = projections.RetryOf(context.Background(), sales, o)
	must(t, err)
	if result.Left != 0 {
		t.Errorf("the second retry gave %+v", result)
	}
	b.book(refused, 1)
	b.book(panicking, 1)
	eventually(t, "all is applied", func() bool {
		return b.count(`select count(*) from projection_checkpoints where name = 'sales' and position = $1`, b.head) == 1
	})
	for title, want := range map[string]int{"Good": 4000, "Flaky": 5, "Refused": 7, "Panics": 3} {
		if got := b.count(`select coalesce(max(sold), -1) from sales where title = $1`, title); got != want {
			t.Errorf("after the retry, %s: %d sold, want %d", title, got, want)
		}
	}
	if left := b.parked("sales"); len(left) != 0 {
		t.Errorf("still parked: %+v", left)
	}
}

func TestARetriedStreamIsWholeThoughItIsLongAndFailsAgainInTheMiddle(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	b.exec(`alter table bookings add constraint planted check (version < 10)`)
	event := b.schedule("E", 20_000)
	b.book(event, 6_000) // more than a page
	p := b.start()
	p.reaches(b.head)
	if n := b.count(`select count(*) from bookings`); n != 8 {
		t.Fatalf("%d bookings before the retry, want 8", n)
	}
	b.exec(`alter table bookings drop constraint planted; alter table bookings add constraint planted check (version < 5555)`)
	result, err := projections.Retry(context.Background(), "bookings", projections.RetryOptions{Pool: b.toolPool()})
	must(t, err)
	if result != (projections.Retried{Streams: 1, Applied: 5545, Left: 1}) {
		t.Errorf("the first retry gave %+v", result)
	}
	b.checkVerified()
	b.exec(`alter table bookings drop constraint planted`)
	result, err = projections.Retry(context.Background(), "bookings", projections.RetryOptions{Pool: b.toolPool()})
	must(t, err)
	if result != (projections.Retried{Streams: 1, Applied: 447, Left: 0}) {
		t.Errorf("the second retry gave %+v", result)
	}
	b.book(event, 10)
	p.reaches(b.head)
	b.checkFold(nil)
	b.checkVerified()
}

func TestWhatStopsAllRecordsAlikeParksNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	b.live(20)
	p.reaches(b.head)
	b.exec(`alter table events rename to events_elsewhere`)
	before := b.head
	b.live(20)
	eventually(t, "the other projection goes on", func() bool {
		return b.count(`select count(*) from projection_checkpoints where name = 'bookings' and position = $1`, b.head) == 1
	})
	b.exec(`alter table events_elsewhere rename to events`)
	p.reaches(b.head)
	if n := b.count(`select count(*) from parked_records`); n != 0 {
		t.Errorf("%d streams were parked", n)
	}
	if before == b.head {
		t.Error("nothing happened")
	}
	b.checkFold(nil)
}

func TestMetricsTellHowTheProjectionsDo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	registry := prometheus.NewRegistry()
	p := b.start(func(o *projections.Options) { o.Registerer = registry })
	hurt := b.schedule("Hurt", 10)
	b.append(hurt, unknown())
	b.book(b.schedule("Good", 10), 3)
	p.reaches(b.head)
	want := map[string]float64{
		"boxoffice_projection_position": float64(b.head), "boxoffice_projection_lag_records": 0, "boxoffice_projection_lag_seconds": 0,
		"boxoffice_projection_parked_streams": 1, "boxoffice_projection_applied_records_total": float64(b.head - 1),
	}
	check := func() {
		t.Helper()
		got := gather(t, registry)
		for name, value := range want {
			for _, projection := range projections.Names() {
				if got[name+" "+projection] != value {
					t.Errorf("%s of %s is %v, want %v", name, projection, got[name+" "+projection], value)
				}
			}
		}
		if got["boxoffice_projection_handler_execution_time_seconds events"] == 0 {
			t.Error("watermill's metrics are missing")
		}
	}
	check()

	// A projection that nobody can run is seen falling behind.
	b.exec(`update projection_checkpoints set fence = fence + 1, lease_until = now() + interval '1 hour'`)
	b.book(b.events[1], 2)
	got := gather(t, registry)
	for _, projection := range projections.Names() {
		if lag, seconds := got["boxoffice_projection_lag_records "+projection], got["boxoffice_projection_lag_seconds "+projection]; lag != 2 || seconds <= 0 {
			t.Errorf("%s lags by %v records and %v s", projection, lag, seconds)
		}
	}
	p.stop()
	if got := gather(t, registry); got["boxoffice_projection_position events"] != 0 {
		t.Error("the metrics are still there after the end")
	}
}

// gather gives values by name and projection; of histograms, how many there were.
func gather(t testing.TB, from prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := from.Gather()
	must(t, err)
	values := map[string]float64{}
	for _, family := range families {
		for _, m := range family.Metric {
			var labels []string
			for _, l := range m.Label {
				if l.GetName() == "projection" || l.GetName() == "handler_name" {
					labels = append(labels, l.GetValue())
				}
			}
			values[family.GetName()+" "+strings.Join(labels, " ")] += m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return values
}
