package engine_test

import (
	"context"
	"testing"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func TestWhatWasSkippedIsFoundThoughTheCheckpointSaysCaughtUp(t *testing.T) {
	t.Parallel()
	verify := func(b *bundle) engine.Verification {
		b.Helper()
		v, err := engine.Verify(context.Background(), b.Pool, itemsTable())
		dbtest.Must(b, err)
		return v
	}
	for name, c := range map[string]struct {
		harm func(*bundle, *enginetest.Process)
		want engine.Mismatch
	}{
		"records skipped": {
			func(b *bundle, p *enginetest.Process) {
				p.Stop()
				b.add(b.baskets[0], 7)
				b.Exec(`update projection_checkpoints set position = position + 5`)
				b.start().Reaches(b.head)
			},
			engine.Mismatch{First: 1, Last: 108, Log: 108, Applied: 103},
		},
		"records applied twice": {
			func(b *bundle, p *enginetest.Process) {
				p.Stop()
				b.Exec(`update projection_checkpoints set position = position - 5`)
				b.start().Reaches(b.head)
			},
			engine.Mismatch{First: 1, Last: 101, Log: 101, Applied: 106},
		},
		"one record skipped and another applied twice": {
			func(b *bundle, p *enginetest.Process) {
				b.add(b.baskets[0], 1)
				p.Reaches(b.head)
				p.Stop()
				b.Exec(`update projection_checkpoints set position = position - 1`)
				b.start().Reaches(b.head)
				b.Exec(`update applied_ranges set records = records - 1`)
			},
			engine.Mismatch{First: 1, Last: 102, Log: 102, Applied: 102, OthersApplied: true},
		},
		"a record of a stream that was thought to be parked": {
			func(b *bundle, _ *enginetest.Process) {
				b.Exec(`
					insert into parked_records (projection, stream_id, version, position, reason, correlation_id)
					select 'items', stream_id, version, position, '', ''
					from event_log
					where position = 100`)
			},
			engine.Mismatch{First: 1, Last: 101, Log: 99, Applied: 101},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			p := b.start()
			b.add(b.open("E"), 100)
			p.Reaches(b.head)
			if v := verify(b); len(v.Mismatches) > 0 || v.Applied != b.head || v.Position != b.head {
				t.Fatalf("before anything was harmed: %+v", v)
			}
			c.harm(b, p)
			v := verify(b)
			if len(v.Mismatches) != 1 || v.Mismatches[0] != c.want {
				t.Errorf("got %+v, want %+v", v.Mismatches, c.want)
			}
			if _, err := enginetest.Rebuild(b.Database, itemsTable(), enginetest.AcceptDifferences); err != nil {
				t.Fatal(err)
			}
			if v := verify(b); len(v.Mismatches) > 0 {
				t.Errorf("after a rebuild: %+v", v.Mismatches)
			}
		})
	}
}

func TestRangesAreCountedApart(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	for range 5 {
		b.add(b.open("E"), 4999)
	}
	b.start().Reaches(b.head)
	enginetest.CheckVerified(b.Database, all())
	if n, want := b.Count(`select count(*) from applied_ranges`), 3*len(names()); n != want {
		t.Errorf("25,000 records are counted in %d ranges, want %d: three for each projection", n, want)
	}
	b.Exec(`update applied_ranges set hash = hash + 1 where first_position = 10001 and projection = 'baskets'`)
	v, err := engine.Verify(context.Background(), b.Pool, basketsTable())
	dbtest.Must(t, err)
	if len(v.Mismatches) != 1 || v.Mismatches[0].First != 10_001 || v.Mismatches[0].Last != 20_000 {
		t.Errorf("got %+v", v.Mismatches)
	}
}
