package engine_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func TestDifferencesAreShownAndNothingChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	for range 3 {
		b.open("E")
	}
	b.add(b.baskets[0], 5)
	p.Reaches(b.head)
	whole := b.Rows("baskets")
	extra := uuid.New()
	b.Exec(`update baskets set items = items + 1 where id = $1`, b.baskets[0])
	b.Exec(`delete from baskets where id = $1`, b.baskets[1])
	b.Exec(`insert into baskets select $2, label, items, last from baskets where id = $1`, b.baskets[2], extra)
	harmed := b.Rows("baskets")

	_, err := enginetest.Rebuild(b.Database, basketsTable())
	var different *engine.DifferenceError
	if !errors.As(err, &different) {
		t.Fatalf("got %v, want the differences", err)
	}
	if different.Rows != 3 || len(different.Examples) != 3 || different.Position != b.head {
		t.Errorf("got %+v", different)
	}
	for _, d := range different.Examples {
		switch d.ID {
		case b.baskets[0].String():
			if !strings.Contains(d.InUse, ",6,") || !strings.Contains(d.Rebuilt, ",5,") {
				t.Errorf("got %+v", d)
			}
		case b.baskets[1].String():
			if d.InUse != "" || d.Rebuilt == "" {
				t.Errorf("got %+v", d)
			}
		case extra.String():
			if d.InUse == "" || d.Rebuilt != "" {
				t.Errorf("got %+v", d)
			}
		default:
			t.Errorf("%s differs", d.ID)
		}
		if !strings.Contains(err.Error(), d.ID) {
			t.Errorf("%s is not told: %v", d.ID, err)
		}
	}
	b.CheckRows("baskets", harmed)
	b.checkNothingLeft()

	result, err := enginetest.Rebuild(b.Database, basketsTable(), enginetest.AcceptDifferences)
	if err != nil || result.Differences != 3 {
		t.Errorf("got %+v, %v", result, err)
	}
	b.CheckRows("baskets", whole)
	b.add(b.baskets[0], 1)
	p.Reaches(b.head)
	b.checkFold()
}

// checkNothingLeft wants no trace of a rebuild.
func (b *bundle) checkNothingLeft() {
	b.Helper()
	for _, sql := range []string{
		`select count(*) from pg_class where relname like '%rebuild%'`,
		`select count(*) from projection_checkpoints where name like '%rebuild%'`,
		`select count(*) from parked_records where projection like '%rebuild%'`,
		`select count(*) from applied_ranges where projection like '%rebuild%'`,
	} {
		if n := b.Count(sql); n != 0 {
			b.Errorf("%d left: %s", n, sql)
		}
	}
}

func TestARebuildThatIsKilledHarmsNothingAndTheNextOneCleansUp(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	p := b.start()
	b.add(b.open("E"), 6000)
	p.Reaches(b.head)
	before := b.Rows("items")
	for _, phase := range []string{"reading", "writing", "indexing", "comparing", "swapping"} {
		kill(startHelper(t, "rebuild", helperURL+"="+b.URL, helperPhase+"="+phase))
		b.CheckRows("items", before)
	}
	if b.Count(`select count(*) from pg_class where relname like 'items_rebuild%'`) == 0 {
		t.Error("the kills left nothing behind: they came too early or too late")
	}
	waittest.For(t, "the lock of the killed process is gone", func() bool {
		_, err := enginetest.Rebuild(b.Database, itemsTable())
		if err != nil && !errors.Is(err, engine.ErrRebuilding) {
			t.Fatal(err)
		}
		return err == nil
	})
	b.CheckRows("items", before)
	b.checkNothingLeft()
	b.add(b.baskets[0], 1)
	p.Reaches(b.head)
	b.checkFold()
	enginetest.CheckVerified(b.Database, all())
}

func TestOneRebuildRunsAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.live(10)
	b.start().Reaches(b.head)
	asked := false
	_, err := enginetest.Rebuild(b.Database, basketsTable(), func(o *engine.RebuildOptions) {
		o.Observe = func(engine.RebuildProgress) {
			if asked {
				return
			}
			asked = true
			if _, err := enginetest.Rebuild(b.Database, basketsTable()); !errors.Is(err, engine.ErrRebuilding) {
				t.Errorf("a second rebuild got %v", err)
			}
			if _, err := enginetest.Rebuild(b.Database, itemsTable()); err != nil {
				t.Errorf("the rebuild of another projection got %v", err)
			}
		}
	})
	dbtest.Must(t, err)
	if !asked {
		t.Error("nothing was observed")
	}
}

func TestARebuildThatIsCancelledLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	b.live(100)
	p.Reaches(b.head)
	for _, phase := range []string{"reading", "writing", "indexing", "comparing", "swapping"} {
		ctx, cancel := context.WithCancel(context.Background())
		_, err := engine.Rebuild(ctx, basketsTable(),
			engine.RebuildOptions{Pool: enginetest.ToolPool(b.Database), Observe: func(at engine.RebuildProgress) {
				if at.Phase == phase {
					cancel()
				}
			}})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", phase, err)
		}
		cancel()
		b.checkNothingLeft()
	}
	b.live(10)
	p.Reaches(b.head)
	b.checkFold()
}

// A long report must delay the swap and neither fail it nor hold up other readers.
func TestTheSwapWaitsForReadersWithoutHoldingUpOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	b.live(20)
	p.Reaches(b.head)
	report, err := b.Pool.Begin(context.Background())
	dbtest.Must(t, err)
	_, err = report.Exec(context.Background(), `select count(*) from baskets`)
	dbtest.Must(t, err)
	var swapping atomic.Int64
	done := make(chan error, 1)
	go func() {
		_, err := enginetest.Rebuild(b.Database, basketsTable(), func(o *engine.RebuildOptions) {
			o.Observe = func(at engine.RebuildProgress) {
				if at.Phase == "swapping" {
					swapping.Add(1)
				}
			}
		})
		done <- err
	}()
	waittest.For(t, "the swap was tried several times", func() bool {
		b.Count(`select items from baskets where id = $1`, b.baskets[0])
		return swapping.Load() >= 3
	})
	b.live(5)
	p.Reaches(b.head) // the projection goes on between the attempts
	dbtest.Must(t, report.Rollback(context.Background()))
	dbtest.Must(t, <-done)
	b.checkFold()
}

func TestARebuildWorksWhileNobodyProjects(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	b.live(100)
	p.Reaches(b.head)
	p.Stop()
	b.live(100) // which only the rebuild applies
	for _, p := range all() {
		result, err := enginetest.Rebuild(b.Database, p)
		dbtest.Must(t, err)
		if result.Records != b.head || !result.Compared {
			t.Errorf("%s: got %+v", p.Name(), result)
		}
	}
	b.checkFold()
	enginetest.CheckVerified(b.Database, all())
}

func TestARebuildOfAnEmptyLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	result, err := enginetest.Rebuild(b.Database, basketsTable())
	dbtest.Must(t, err)
	if result.Records != 0 || result.Rows != 0 {
		t.Errorf("got %+v", result)
	}
	b.live(10)
	b.start().Reaches(b.head)
	b.checkFold()
}

func TestAGapInTheLogStopsARebuild(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.live(10)
	b.Exec(`alter table event_log disable trigger all`)
	b.Exec(`delete from event_log where position = 5`)
	if _, err := enginetest.Rebuild(b.Database, basketsTable()); err == nil || !strings.Contains(err.Error(), "gap") {
		t.Errorf("got %v, want a gap", err)
	}
	b.checkNothingLeft()
}
