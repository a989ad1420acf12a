package engine_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// newer runs the projections of a newer program: one that knows what came unexpectedly to the
// others, another way to put an item into a basket.
func newer(o *engine.Options) { o.Projections, o.Holder = newerTables(), "newer" }

func newerTables() []engine.Projection {
	baskets, items := basketsTable(), itemsTable()
	baskets.Decode, items.Decode = decodeNewer, decodeNewer
	return []engine.Projection{baskets, items}
}

func decodeNewer(recordType string, schemaVersion int16, data []byte) (change, error) {
	if recordType == unknown().Type {
		recordType = typeAdded
	}
	return decode(recordType, schemaVersion, data)
}

// parking runs the projections of an earlier program, which parked what it did not know.
func parking(o *engine.Options) {
	decode := func(recordType string, schemaVersion int16, data []byte) (change, error) {
		c, err := decode(recordType, schemaVersion, data)
		if eventstore.IsUnknownRecord(err) {
			err = errors.New(err.Error())
		}
		return c, err
	}
	baskets, items := basketsTable(), itemsTable()
	baskets.Decode, items.Decode = decode, decode
	o.Projections = []engine.Projection{baskets, items}
}

func older(o *engine.Options) { o.Holder = "older" }

func (b *bundle) positions() (positions [2]int) {
	b.Helper()
	for i, name := range names() {
		positions[i] = b.Count(`select coalesce(max(position), 0) from projection_checkpoints where name = $1`, name)
	}
	return positions
}

// standsBefore waits until the process says that it stands before a record that it does not know,
// and nobody projects.
func (b *bundle) standsBefore(p *enginetest.Process, position int64) {
	b.Helper()
	waittest.For(b, "the process has stepped aside", func() bool {
		all := p.Notifier.Unknown()
		return len(all) == 2 && all[0].Position == position && all[1].Position == position
	})
	waittest.For(b, "the leases are free", func() bool { return b.holders()["baskets"]+b.holders()["items"] == "" })
	if want := [2]int{int(position) - 1, int(position) - 1}; b.positions() != want {
		b.Errorf("the read models are at %v, want all before position %d", b.positions(), position)
	}
	if n := b.Count(`select count(*) from parked_records`); n != 0 {
		b.Errorf("%d streams are parked", n)
	}
}

func (b *bundle) checkItems(want int) {
	b.Helper()
	if got := b.Count(`select sum(items) from baskets`); got != want {
		b.Errorf("%d items are in the baskets, want %d", got, want)
	}
	enginetest.CheckVerified(b.Database, all())
}

func TestAnOlderProcessLeavesWhatItDoesNotKnowToANewerOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	registry := prometheus.NewRegistry()
	old := b.start(older, func(o *engine.Options) { o.Registerer = registry })
	one, other := b.open("One"), b.open("Other")
	b.add(one, 3)
	old.Reaches(b.head)
	b.append(one, change{kind: typeAdded}.record(t), unknown(), change{kind: typeAdded}.record(t))
	unknownAt := b.head - 1
	b.add(other, 2)
	b.standsBefore(old, unknownAt)
	stands := func(want float64) bool {
		families, err := registry.Gather()
		dbtest.Must(t, err)
		sum := 0.0
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if f.GetName() == "boxoffice_projection_unknown_record" {
					sum += m.GetGauge().GetValue()
				}
			}
		}
		return sum == want
	}
	if !stands(2) {
		t.Error("no metric says so")
	}
	const fences = `select sum(fence) from projection_checkpoints`
	fence := b.Count(fences)
	reading := enginetest.Read(b.Database, names()...)
	for _, p := range []*enginetest.Process{old, reading} {
		waittest.For(t, "readers are told", func() bool {
			return p.Progress.Lag(p.Progress.Reached(), 0, one) == b.head-unknownAt+1
		})
	}
	b.add(other, 1)
	waittest.For(t, "readers are told", func() bool {
		return reading.Progress.Lag(reading.Progress.Reached(), 0, uuid.Nil) == b.head-unknownAt+1
	})
	if got := b.Count(fences); got != fence {
		t.Errorf("the leases were taken %d times by a process that can't go on", got-fence)
	}

	upgraded := b.start(newer)
	upgraded.Reaches(b.head)
	waittest.For(t, "the older process hears of it", func() bool { return len(old.Notifier.Unknown()) == 0 && stands(0) })
	b.add(other, 2)
	upgraded.Reaches(b.head)
	if holders := b.holders(); holders["baskets"] != "newer" || holders["items"] != "newer" {
		t.Errorf("the leases are held by %v", holders)
	}
	b.checkItems(11)
	waittest.For(t, "nothing lags", func() bool { return reading.Progress.Lag(b.head, 0, uuid.Nil) == 0 })
}

func TestAnOlderProcessBesideANewerOneTakesOverWhatItKnows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	upgraded := b.start(newer)
	one := b.open("One")
	b.append(one, unknown())
	upgraded.Reaches(b.head)
	old := b.start(older) // as after a rollback of one process
	upgraded.Stop()
	b.add(one, 1)
	old.Reaches(b.head)
	b.append(one, unknown())
	unknownAt := b.head
	b.add(b.open("Other"), 1)
	b.standsBefore(old, unknownAt)
	b.start(newer).Reaches(b.head)
	b.checkItems(4)
}

func TestStreamsThatAnEarlierVersionParkedGoOnWithoutAnybodysHelp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const streams = 3
	earlier := b.start(parking)
	broke := b.open("Broken")
	b.append(broke, broken())
	for i := range streams {
		basket := b.open(fmt.Sprint(i))
		b.append(basket, unknown())
		b.add(basket, 5)
	}
	earlier.Reaches(b.head)
	earlier.Stop()
	if n := len(enginetest.Parked(b.Database, "baskets")); n != streams+1 {
		t.Fatalf("%d streams are parked, want %d", n, streams+1)
	}
	since := enginetest.Parked(b.Database, "baskets")[0].Since

	// One that does not know the records either leaves the streams as they are.
	old := b.start(older)
	b.add(b.open("Other"), 1)
	old.Reaches(b.head)
	old.Stop()
	if n := len(enginetest.Parked(b.Database, "baskets")); n != streams+1 {
		t.Errorf("%d streams are parked, want %d", n, streams+1)
	}
	b.start(newer)
	waittest.For(t, "the streams go on", func() bool {
		return len(enginetest.Parked(b.Database, "baskets")) == 1 && len(enginetest.Parked(b.Database, "items")) == 1
	})
	if left := enginetest.Parked(b.Database, "baskets")[0]; left.StreamID != broke || !left.Since.Equal(since) {
		t.Errorf("parked is %+v, want the broken one since %s", left, since)
	}
	b.checkItems(streams*6 + 1)
}

func TestARetryLeavesARecordOfANewerProgramParked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	earlier := b.start(parking)
	one := b.open("One")
	b.append(one, unknown())
	b.add(one, 2)
	b.append(one, appendtest.Record{Type: "Vanished", SchemaVersion: 1, Data: []byte(`{}`)})
	earlier.Reaches(b.head)
	before := enginetest.Parked(b.Database, "baskets")
	result, err := enginetest.Retry(b.Database, basketsTable())
	dbtest.Must(t, err)
	if result != (engine.Retried{Streams: 1, Left: 1}) {
		t.Errorf("the retry gave %+v", result)
	}
	if after := enginetest.Parked(b.Database, "baskets"); len(after) != 1 || after[0] != before[0] {
		t.Errorf("parked is %+v, want %+v", after, before)
	}
	// A program that knows the one and not the other goes as far as it can.
	result, err = enginetest.Retry(b.Database, newerTables()[0])
	dbtest.Must(t, err)
	if result != (engine.Retried{Streams: 1, Applied: 3, Left: 1}) {
		t.Errorf("the retry gave %+v", result)
	}
	b.checkItems(3)
}

func TestNoRebuildPutsAReadModelInPlaceThatLacksWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	upgraded := b.start(newer)
	one := b.open("One")
	b.append(one, unknown())
	upgraded.Reaches(b.head)
	if _, err := enginetest.Rebuild(b.Database, basketsTable()); err == nil {
		t.Error("the rebuild of an older program succeeds")
	}
	b.checkItems(1)
}
