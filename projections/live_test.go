package projections_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// follower collects what a Live of a process that does not project tells.
type follower struct {
	live     *projections.Live
	notifier *engine.Notifier
	stop     func()

	mu  sync.Mutex
	all []projections.Changes
}

func (b *bundle) follow() *follower {
	b.Helper()
	notifier := enginetest.Notify(b.Database, projections.Names()...)
	return b.followBy(projections.NewLive(b.Pool, notifier, silent), notifier)
}

func (b *bundle) followBy(live *projections.Live, notifier *engine.Notifier) *follower {
	b.Helper()
	f := &follower{notifier: notifier, live: live}
	f.live.Watch(true)
	f.stop = waittest.Background(b, func(ctx context.Context) {
		f.live.Run(ctx, func(n projections.Changes) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.all = append(f.all, n)
		})
	})
	return f
}

func (f *follower) told() []projections.Changes {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.all)
}

// reaches waits until everything up to a position was told, without a gap.
func (f *follower) reaches(t testing.TB, position int64) []projections.Changes {
	t.Helper()
	waittest.For(t, "all was told", func() bool {
		all := f.told()
		return len(all) > 0 && all[len(all)-1].Upto == position
	})
	all := f.told()
	for i := 1; i < len(all); i++ {
		if all[i].After != all[i-1].Upto {
			t.Errorf("after %d comes %+v", all[i-1].Upto, all[i])
		}
	}
	return all
}

func TestChangesAreToldToAProcessThatDoesNotProject(t *testing.T) {
	t.Parallel()
	b := setup(t)
	projecting := b.start()
	before := b.follow()
	b.live(200)
	projecting.Reaches(b.head)
	after := b.follow()
	for name, f := range map[string]*follower{"from the start": before, "after it happened": after} {
		newest := map[uuid.UUID]projections.EventChange{}
		for _, n := range f.reaches(t, b.head) {
			last := n.After
			for _, e := range n.Events {
				if e.First > e.Last || e.First <= n.After || e.Last > n.Upto || e.Last < last || e.Version < newest[e.ID].Version {
					t.Errorf("%s: %+v in changes of %d to %d", name, e, n.After, n.Upto)
				}
				last = e.Last
				newest[e.ID] = e
			}
		}
		if want := b.Count(`select count(*) from events`); len(newest) != want {
			t.Errorf("%s: told of %d events, want %d", name, len(newest), want)
		}
		for id, e := range newest {
			if same := b.Count(`
				select count(*)
				from events
				where (id, remaining, capacity, status, version) = ($1, $2, $3, $4, $5)`,
				id, e.Remaining, e.Capacity, e.Status, e.Version); same != 1 {
				t.Errorf("%s: told %+v", name, e)
			}
			if last := b.Count(`select max(position) from event_log where stream_id = $1`, id); int64(last) != e.Last {
				t.Errorf("%s: told %+v, which is not its last record", name, e)
			}
		}
	}
}

// One process has what it has projected in hand, the other reads it.
func TestBookingsAreToldWithTheirOwners(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var live *projections.Live
	projecting := b.start(func(o *engine.Options) {
		live = projections.NewLive(b.Pool, o.Notifier, silent)
		o.Projections = live.Projections()
	})
	event := b.schedule("E", 10)
	projecting.Reaches(b.head)
	followers := map[string]*follower{"in hand": b.followBy(live, projecting.Notifier), "read": b.follow()}
	for _, f := range followers {
		f.reaches(t, b.head)
	}
	start := b.head
	alice, bob := uuid.New(), uuid.New()
	first, second := uuid.New(), uuid.New()
	b.do(event, domain.BookTicket{BookingID: first, CustomerID: alice, Now: b.now},
		domain.BookTicket{BookingID: second, CustomerID: bob, Now: b.now},
		domain.CancelBooking{BookingID: first, CustomerID: alice, Now: b.now})
	want := []projections.BookingChange{
		{ID: first, EventID: event, UserID: alice, Status: "CONFIRMED", Version: 2, Position: start + 1},
		{ID: second, EventID: event, UserID: bob, Status: "CONFIRMED", Version: 3, Position: start + 2},
		{ID: first, EventID: event, UserID: alice, Status: "CANCELLED", Version: 4, Position: start + 3},
	}
	for name, f := range followers {
		var got []projections.BookingChange
		for _, n := range f.reaches(t, b.head) {
			got = append(got, n.Bookings...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: told of %+v, want %+v", name, got, want)
		}
	}
}

func TestTheMemoryOfWhatHappenedLastIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Exec(`insert into projection_checkpoints (name, position) values ('events', 1000000)`)
	f := b.follow()
	if first := f.reaches(t, 1_000_000)[0]; first.After != 1_000_000-projections.MaxRange {
		t.Errorf("the first changes begin after %d", first.After)
	}
	b.Exec(`update projection_checkpoints set position = 1035000`) // and no notification says so
	for _, n := range f.reaches(t, 1_035_000) {
		if n.Upto-n.After > projections.MaxRange {
			t.Errorf("one range goes from %d to %d", n.After, n.Upto)
		}
	}
}

// Every role of the database can notify, so what a notification says must not be believed.
func TestForgedNotificationsStopNoLiveCounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	projecting := b.start()
	watching := b.start() // another process, in which nobody projects while the first one does
	f := b.follow()
	event := b.schedule("E", 10)
	projecting.Reaches(b.head)
	f.reaches(t, b.head)

	for _, payload := range []string{
		"events 99999999999999999999", "events 0", "bookings -9223372036854775808", strings.Repeat("events ", 1000),
		"é\n\x01",
		"events 2000000", "bookings 2000000", "events -1", "events 9223372036854775807", "nothing 3",
		"events", "", "events 1 2",
	} {
		for _, channel := range []string{"boxoffice_checkpoints", "boxoffice_log", "boxoffice_leases"} {
			b.Exec(`select pg_notify($1, $2)`, channel, payload)
		}
	}
	// Notifications arrive in their order, so the forged ones have been heard when this one has.
	waittest.For(t, "the notifications were heard", func() bool {
		heard := f.notifier.Log.Listen()
		b.Exec(`notify boxoffice_log`)
		select {
		case <-heard:
			return true
		case <-time.After(time.Second):
			return false
		}
	})
	b.book(event, 1)
	all := f.reaches(t, b.head)
	if last := all[len(all)-1].Events; len(last) != 1 || last[0].Remaining != 9 {
		t.Errorf("told of %+v after a booking", last)
	}
	for _, n := range f.told() {
		if n.Reset {
			t.Errorf("the live counts were reset: %+v", n)
		}
	}
	for _, p := range []*enginetest.Process{projecting, watching} {
		p.Reaches(b.head)
		if p.Notifier.Restarts() != 0 || len(p.Notifier.Unknown()) != 0 {
			t.Error("a notification has changed what is known")
		}
		if reached := p.Progress.Reached(); reached != b.head {
			t.Errorf("the read models are said to be at %d, and the log ends at %d", reached, b.head)
		}
	}
}
