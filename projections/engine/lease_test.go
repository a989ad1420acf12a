package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func (b *bundle) holders() map[string]string {
	b.Helper()
	holders := map[string]string{}
	all, err := engine.Statuses(context.Background(), b.Pool, names())
	dbtest.Must(b, err)
	for _, s := range all {
		holders[s.Name] = s.Holder
	}
	return holders
}

func TestOneOfSeveralProcessesProjectsAndAnotherTakesOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.start(func(o *engine.Options) { o.Holder = "first" })
	basket := b.open("E")
	first.Reaches(b.head)
	second := b.start(func(o *engine.Options) { o.Holder = "second" })
	b.add(basket, 1)
	second.Reaches(b.head) // which it sees though it does not project
	for name, holder := range b.holders() {
		if holder != "first" {
			t.Errorf("%s is run by %q", name, holder)
		}
	}

	// A clean stop hands over at once, far sooner than a lease runs out.
	first.Stop()
	began := time.Now()
	b.add(basket, 1)
	second.Reaches(b.head)
	if took := time.Since(began); took > 2500*time.Millisecond {
		t.Errorf("taking over after a clean stop took %s", took)
	}
	for name, holder := range b.holders() {
		if holder != "second" {
			t.Errorf("%s is run by %q", name, holder)
		}
	}
	second.Stop()
	for name, holder := range b.holders() {
		if holder != "" {
			t.Errorf("after all have stopped, %s is run by %q", name, holder)
		}
	}
	b.checkFold()
}

func TestAProcessThatLostItsLeaseCannotWrite(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	basket := b.open("E")
	p.Reaches(b.head)
	before := b.head
	// Another process holds the leases from now on, and does nothing.
	b.Exec(`
		update projection_checkpoints
		set holder = 'another', fence = fence + 1, lease_until = now() + interval '1 hour'`)
	b.add(basket, 1)
	ctx, cancel := context.WithTimeout(context.Background(), 700*time.Millisecond)
	defer cancel()
	if reached := p.Progress.Wait(ctx, b.head); reached != before {
		t.Errorf("the checkpoint moved to %d without the lease", reached)
	}
	if n := b.Count(`select items from baskets`); n != 0 {
		t.Errorf("a row was written without the lease: %d items", n)
	}
}

// What keeps a read model from its lease is tried again many times, and told once.
func TestAnInterruptionThatStaysIsLoggedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var attempts atomic.Int32
	refused := dbtest.Connect(t, b.URL, func(c *pgxpool.Config) {
		c.BeforeConnect = func(context.Context, *pgx.ConnConfig) error {
			attempts.Add(1)
			return errors.New("refused")
		}
	})
	var log logtest.Buffer
	p := b.startOn(refused, func(o *engine.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	waittest.For(t, "each read model tried three times", func() bool { return int(attempts.Load()) >= 3*len(all()) })
	p.Stop()
	if lines := strings.Count(log.String(), "was interrupted"); lines != len(all()) {
		t.Errorf("%d lines:\n%s", lines, log.String())
	}
}

// A process may freeze in the middle of a page, with rows locked, and nobody hears of it. Others
// take over when its lease and its transaction have run out.
func TestAFrozenProcessDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	basket := b.open("E")
	first := b.start()
	first.Reaches(b.head)
	first.Stop()
	frozen := dbtest.Connect(t, b.URL, dbtest.MaxConns(1), dbtest.Settings(engine.Session()))
	tx, err := frozen.Begin(context.Background())
	dbtest.Must(t, err)
	defer tx.Rollback(context.Background()) //nolint:errcheck // it was ended long ago
	_, err = tx.Exec(context.Background(), `update baskets set items = 0`)
	dbtest.Must(t, err)
	second := b.start()
	b.add(basket, 1)
	second.Reaches(b.head)
	b.checkFold()
}

// A page may take longer than the lease lasts. Its holder keeps renewing the lease
// meanwhile.
func TestALongPageDoesNotLoseTheLease(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lease := func(o *engine.Options) { o.Lease = time.Second } // the third of it is more than a busy machine stops for
	first := b.start(lease, func(o *engine.Options) { o.Holder = "first" })
	basket := b.open("E")
	first.Reaches(b.head)
	second := b.start(lease, func(o *engine.Options) { o.Holder = "second" })
	second.Reaches(b.head)
	blocker, err := b.Pool.Begin(context.Background())
	dbtest.Must(t, err)
	_, err = blocker.Exec(context.Background(), `select from baskets for update`)
	dbtest.Must(t, err)
	renewals := func() int {
		return b.Count(`
			select (extract(epoch from lease_until - updated_at) * 1000)::int
			from projection_checkpoints
			where name = 'baskets'`)
	}
	b.add(basket, 1)
	waittest.For(t, "the lease was renewed for longer than it lasts", func() bool { return renewals() > 2500 })
	dbtest.Must(t, blocker.Rollback(context.Background()))
	second.Reaches(b.head)
	if holder := b.holders()["baskets"]; holder != "first" {
		t.Errorf("the lease went to %q", holder)
	}
	b.checkFold()
}

// It runs before the parallel tests go on, so that what it finds is its own.
func TestStoppingLeavesNothingRunning(t *testing.T) {
	b := setup(t)
	b.Pool.Close()
	before := goleak.IgnoreCurrent()
	pool, err := pgxpool.New(context.Background(), b.URL)
	dbtest.Must(t, err)
	b.Pool, b.history = pool, newHistory(t, pool)
	p := b.startOn(pool, func(o *engine.Options) { o.Registerer = prometheus.NewRegistry() })
	b.append(b.open("E"), broken())
	p.Reaches(b.head)
	p.Stop()
	pool.Close()
	goleak.VerifyNone(t, before)
}

func TestAnIdleProjectionWritesNothingButItsLease(t *testing.T) {
	t.Parallel()
	b := setup(t)
	seen := &dbtest.Statements{}
	pool := dbtest.Connect(t, b.URL, dbtest.MaxConns(connections), seen.Trace)
	p := b.startOn(pool, shortLease)
	b.open("E")
	p.Reaches(b.head)
	renewed := func() int { // by each projection, or for all of them together
		return seen.Count("update projection_checkpoints set lease_until", "with renewed")
	}
	begun, before := seen.Count("begin"), renewed()
	waittest.For(t, "leases were renewed", func() bool { return renewed() > before+5 })
	if now := seen.Count("begin"); now != begun {
		t.Errorf("%d transactions were opened while nothing happened", now-begun)
	}
}

// Any transaction that has written something would stall readers that order the log by transaction
// ids.
func TestOpenWriteTransactionsDoNotHoldTheProjectionsUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	for _, url := range []string{b.URL, dbtest.URL(t)} {
		conn, err := pgx.Connect(context.Background(), url)
		dbtest.Must(t, err)
		defer conn.Close(context.Background()) //nolint:errcheck // ends the transaction
		_, err = conn.Exec(context.Background(), `begin; create temp table t (i int); insert into t values (1)`)
		dbtest.Must(t, err)
	}
	b.live(20)
	p.Reaches(b.head)
	b.checkFold()
}

func TestWorkThatEndsWhileItsLeaseIsRenewedHasNotFailed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, end := context.WithCancel(t.Context())
	defer end()
	tx, err := b.Pool.Begin(ctx)
	dbtest.Must(t, err)
	defer func() { _ = tx.Rollback(context.Background()) }()
	kept := make(chan error, 1)
	go func() {
		kept <- engine.KeepLease(ctx, b.Pool, "sales", 30*time.Millisecond, func() {
			if _, err := tx.Exec(ctx, `select from projection_checkpoints where name = 'sales' for update`); err != nil {
				t.Error(err)
			}
		})
	}()
	waittest.For(t, "the lease is being renewed", func() bool {
		return b.Count(`
			select count(*)
			from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`) == 1
	})
	end()
	dbtest.Must(t, <-kept)
}

func TestAGapInTheLogStopsAProjection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.live(10)
	b.Exec(`alter table event_log disable trigger all`)
	b.Exec(`delete from event_log where position = 5`)
	interrupted := make(chan string, 10)
	b.start(func(o *engine.Options) {
		o.Logger = slog.New(slog.NewTextHandler(lines(interrupted), &slog.HandlerOptions{Level: slog.LevelWarn}))
	})
	select {
	case line := <-interrupted:
		if !strings.Contains(line, "gap") {
			t.Errorf("the projection says %s, want a gap", line)
		}
	case <-time.After(waittest.Timeout):
		t.Fatal("nothing was said of a gap")
	}
	if n := b.Count(`select count(*) from projection_checkpoints where position > 0`); n != 0 {
		t.Errorf("%d projections have advanced", n)
	}
}

// lines is a writer that passes on what fits.
type lines chan<- string

func (l lines) Write(p []byte) (int, error) {
	select {
	case l <- string(p):
	default:
	}
	return len(p), nil
}
