package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func TestNewsArriveWithoutAnyNotification(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	p.Reaches(0)
	b.notifiers = nil // nobody is told
	b.open("E")
	p.Reaches(b.head)
}

// endListeners ends the database sessions that listen.
func (b *bundle) endListeners() {
	b.Helper()
	b.Exec(`
		select pg_terminate_backend(pid)
		from pg_stat_activity
		where datname = current_database() and query ilike 'listen%'`)
}

func TestListeningSurvivesALostConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	other := engine.NewNotifier(b.URL, b.Pool, names(), silent) // stands for another process
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { other.Run(ctx) })
	defer work.Wait()
	defer cancel()

	heard := func() bool {
		deadline := time.After(waittest.Timeout)
		for {
			appended := p.Notifier.Log.Listen()
			other.Appended()
			select {
			case <-appended:
				return true
			case <-deadline:
				return false
			case <-time.After(50 * time.Millisecond): // the listener may not be there yet
			}
		}
	}
	if !heard() {
		t.Fatal("a notification of another process was not heard")
	}
	b.endListeners()
	if !heard() {
		t.Fatal("no notification was heard after the connection was lost")
	}
}

func TestAWaitThatRunsOutAnswersWithWhatThereIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if reached := p.Progress.Wait(ctx, 1000); reached != 0 {
		t.Errorf("reached %d of an empty log", reached)
	}
}

func TestNobodyWaitsForADatabaseThatIsGone(t *testing.T) {
	t.Parallel()
	alive, gone := context.WithCancel(context.Background())
	notifier := engine.NewNotifier("", nil, nil, silent)
	progress := engine.NewProgress(nil, notifier, func() context.Context { return alive }, silent)
	reached := make(chan int64)
	go func() { reached <- progress.Wait(context.Background(), 1) }()
	gone()
	select {
	case position := <-reached:
		if position != 0 {
			t.Errorf("reached %d, and nothing was projected", position)
		}
	case <-time.After(waittest.Timeout):
		t.Error("it still waits")
	}
}

// Nobody waits here: what is known is what was told.
func TestAProcessKnowsHowFarAnotherHasProjected(t *testing.T) {
	t.Parallel()
	b := setup(t)
	projecting := b.start()
	standby := b.start()
	b.live(30)
	projecting.Reaches(b.head)
	waittest.For(t, "the other process has heard of it", func() bool { return standby.Progress.Reached() == b.head })
}

// After a crash of the server the last pages may be gone, because their commits did not wait for
// the disk.
func TestWhatWasKnownIsForgottenWhenTheServerMayHaveCrashed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	b.live(10)
	p.Reaches(b.head)
	b.Exec(`update projection_checkpoints set position = 3, fence = fence + 1, lease_until = now() + interval '1 hour'`)
	b.endListeners()
	waittest.For(t, "the position is known again", func() bool { return p.Progress.Reached() == 3 })
}

// A restore below running processes, which nobody writes to afterwards.
func TestARestoreIsNoticedByAllProcesses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	projecting := b.start(func(o *engine.Options) { o.Lease = time.Second })
	projecting.Reaches(0)
	reading := enginetest.Read(b.Database, names()...)
	b.live(20)
	for _, p := range []*enginetest.Process{projecting, reading} {
		p.Reaches(b.head)
	}
	for _, end := range []int64{12, 7} { // the second time, nobody waits for anything
		b.Exec(fmt.Sprintf(`
			begin;
			set local session_replication_role = replica;
			delete from event_log where position > %[1]d;
			update log_head set position = %[1]d;
			update projection_checkpoints set position = %[1]d;
			commit`, end))
		for name, p := range map[string]*enginetest.Process{"that projects": projecting, "that only reads": reading} {
			waittest.For(t, fmt.Sprintf("the process %s knows that the read models are at %d", name, end), func() bool {
				return p.Progress.Reached() == end
			})
			if p.Notifier.Restarts() == 0 {
				t.Errorf("the process %s has noticed no restart", name)
			}
		}
	}
}

// Names of projections that there are not leave nothing behind.
func TestForgedNamesAreNotRemembered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := enginetest.Read(b.Database, names()...)
	p.Reaches(0)
	b.Exec(`select pg_notify('boxoffice_checkpoints', 'p' || i || ' 1') from generate_series(1, 1000) i`)
	waittest.For(t, "the notifications were heard", func() bool {
		heard := p.Notifier.Log.Listen()
		b.Exec(`notify boxoffice_log`)
		return !engine.Await(t.Context(), heard, time.Second)
	})
	if got := engine.ModelsKnown(p.Notifier); got != len(names()) {
		t.Errorf("%d read models are known, want %d", got, len(names()))
	}
}
