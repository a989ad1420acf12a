package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// counted runs the projections of one process whose statements are counted, until they have caught
// up and move on together.
func (b *bundle) counted() (*enginetest.Process, *dbtest.Statements, uuid.UUID) {
	b.Helper()
	seen := &dbtest.Statements{}
	pool := dbtest.Connect(b, b.URL, dbtest.MaxConns(connections), dbtest.Settings(engine.RunSession()),
		seen.Trace)
	p := b.startOn(pool)
	basket := b.open("E")
	p.Reaches(b.head)
	waittest.For(b, "the projections move on together", func() bool { return seen.Count("with renewed") > 0 })
	return p, seen, basket
}

// commit appends a record the way an executor does: its process gets the record.
func (b *bundle) commit(p *enginetest.Process, basket uuid.UUID, records ...appendtest.Record) {
	b.Helper()
	stored, err := appendtest.Append(context.Background(), b.Pool, basket, b.versions[basket], records...)
	dbtest.Must(b, err)
	b.versions[basket] += len(stored)
	b.head = stored[len(stored)-1].Position
	p.Notifier.Appended(stored...)
}

func (b *bundle) added() appendtest.Record {
	return change{kind: typeAdded, Item: uuid.New(), Size: 1}.record(b)
}

func TestWhatTheProcessHasCommittedIsAppliedWithoutReadingTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, seen, basket := b.counted()
	reads := func() int { return seen.Count("select position, stream_id") }
	before, moved, written := reads(), seen.Count("with summed"), seen.Count("insert into", "update baskets")
	for range 5 {
		b.commit(p, basket, b.added())
		p.Reaches(b.head)
	}
	if n := reads() - before; n > 0 {
		t.Errorf("the log was read %d times", n)
	}
	if n := seen.Count("with summed") - moved; n != 5 {
		t.Errorf("checkpoints were moved %d times, want once for each record", n)
	}
	if n := seen.Count("insert into", "update baskets") - written; n != 5*len(names()) {
		t.Errorf("%d rows were written, want one for each record and projection:\n%s", n, seen)
	}
	b.checkFold()
	enginetest.CheckVerified(b.Database, all())
}

func TestRecordsOfOtherProcessesInBetweenAreReadFromTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, _, basket := b.counted()
	for range 5 {
		silently := b.notifiers
		b.notifiers = nil // as if another process had appended it
		b.add(basket, 1)
		b.notifiers = silently
		b.commit(p, basket, b.added())
		p.Reaches(b.head)
	}
	b.checkFold()
	enginetest.CheckVerified(b.Database, all())
}

// After a failover that lost commits, the log has other records than this process has committed.
func TestRecordsThatTheLogDoesNotHaveAreNotApplied(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, _, basket := b.counted()
	lost := eventstore.Record{Position: b.head + 1, StreamID: basket, Version: b.versions[basket] + 1, Type: typeAdded,
		SchemaVersion: 1, Data: b.added().Data, Hash: eventstore.Hash{1}}
	silently := b.notifiers
	b.notifiers = nil
	b.add(basket, 1) // takes the position of the lost one
	b.notifiers = silently
	p.Notifier.Appended(lost)
	p.Reaches(b.head)
	b.add(basket, 1)
	p.Reaches(b.head)
	b.checkFold()
	enginetest.CheckVerified(b.Database, all())
}

func TestARecordThatOneProjectionCannotApplyHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Exec(`alter table items add check (size < 1000)`)
	p, seen, basket := b.counted()
	other := b.open("F")
	p.Reaches(b.head)
	b.commit(p, basket, change{kind: typeAdded, Item: uuid.New(), Size: 5000}.record(t))
	b.commit(p, other, b.added())
	p.Reaches(b.head)
	if n := len(enginetest.Parked(b.Database, "items")); n != 1 {
		t.Errorf("items has parked %d streams, want one", n)
	}
	if n := len(enginetest.Parked(b.Database, "baskets")); n != 0 {
		t.Errorf("baskets has parked %d streams, want none", n)
	}
	together := seen.Count("with renewed")
	waittest.For(t, "they move on together again", func() bool { return seen.Count("with renewed") > together })
	b.commit(p, basket, b.added()) // one has the stream parked
	b.commit(p, other, b.added())
	p.Reaches(b.head)
	enginetest.CheckVerified(b.Database, all())
	if n := b.Count(`select items from baskets where id = $1`, basket); n != 2 {
		t.Errorf("baskets counts %d items, want 2", n)
	}
	if n := b.Count(`select count(*) from items where basket = $1`, other); n != 2 {
		t.Errorf("items has %d, want 2", n)
	}
}

func TestNobodyIsNotifiedWhereNobodyListens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	notified := &dbtest.Statements{}
	pool := dbtest.Connect(t, b.URL, dbtest.MaxConns(2), notified.Trace)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	alone := engine.NewNotifier(b.URL, pool, names(), silent)
	go alone.Run(ctx)
	isNotified := func() bool {
		alone.Appended()
		return slices.ContainsFunc(strings.Split(notified.String(), "\n"), func(sql string) bool {
			return strings.Contains(sql, "pg_notify")
		})
	}
	looked := func() int { return notified.Count("select count(*) from pg_locks") }
	waittest.For(t, "it has looked for listeners", func() bool { alone.Appended(); return looked() >= 2 })
	if isNotified() {
		t.Errorf("nobody listens, and there were notifications:\n%s", notified)
	}
	other := engine.NewNotifier(b.URL, b.Pool, names(), silent)
	go other.Run(ctx)
	waittest.For(t, "the other is notified", isNotified)
}

// A plan that was made for an empty log stays.
func TestAPageIsVerifiedByAnIndex(t *testing.T) {
	t.Parallel()
	b := setup(t)
	pool := dbtest.Connect(t, b.URL, dbtest.MaxConns(1), dbtest.Settings(engine.RunSession()))
	ctx := context.Background()
	b.Exec(`vacuum analyze event_log`) // which is known to be empty then
	_, err := pool.Exec(ctx,
		`set plan_cache_mode = force_generic_plan; prepare verify (bigint, bytea) as `+engine.VerifySQL)
	dbtest.Must(t, err)
	rows, err := pool.Query(ctx, `explain execute verify (1, '')`, pgx.QueryExecModeSimpleProtocol)
	dbtest.Must(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	dbtest.Must(t, err)
	if plan := strings.Join(lines, "\n"); !strings.Contains(plan, "event_log_pkey") {
		t.Errorf("the plan reads the log:\n%s", plan)
	}
}
