package projections_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/enginetest"
	"github.com/boxoffice/boxoffice/migrations"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func TestHoldsAndWaitingListsFollowTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.eventful(b.start())
	b.checkFold()
	enginetest.CheckVerified(b.Database, projections.All())
	b.checkStates()
}

// eventful lets things happen until the read models have holds and entries of every status, and two
// who wait for the same event.
func (b *bundle) eventful(p *enginetest.Process) {
	b.Helper()
	for range 100 {
		b.live(40)
		p.Reaches(b.head)
		if b.Count(`
			select count(*)
			where (select count(distinct status) from holds) = 4 and (select count(distinct status) from waitlist) = 6
				and exists (select from waitlist where status = 'WAITING' group by event_id having count(*) > 1)`) > 0 {
			return
		}
	}
	b.Fatal("the history lacks something")
}

// differences are those between a read model and the states of the streams.
func (b *bundle) differences(projection string) (found []string) {
	b.Helper()
	ctx := context.Background()
	tx, err := b.Pool.Begin(ctx)
	dbtest.Must(b, err)
	defer tx.Rollback(ctx) //nolint:errcheck // nothing was written
	c, err := projections.CompareStates(ctx, tx, projection, uuid.Nil, uuid.Nil,
		func(_ uuid.UUID, _ int, detail string) { found = append(found, detail) })
	dbtest.Must(b, err)
	streams := slices.SortedFunc(maps.Keys(b.states), func(x, y uuid.UUID) int { return slices.Compare(x[:], y[:]) })
	for _, id := range streams {
		dbtest.Must(b, c.Next(ctx, id, projections.Stream{State: b.states[id], Version: b.versions[id]}))
	}
	dbtest.Must(b, c.End(ctx))
	return found
}

func (b *bundle) checkStates() {
	b.Helper()
	for _, name := range []string{"bookings", "holds", "waitlist"} {
		if found := b.differences(name); len(found) > 0 {
			b.Errorf("%s: %q", name, found)
		}
	}
}

func TestWrongHoldsAndEntriesAreFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	b.eventful(p)
	p.Stop()
	some := func(table, status string) string {
		return ` where id = (select id from ` + table + ` where status = '` + status + `' order by id limit 1)`
	}
	for name, c := range map[string]struct{ table, sql string }{
		"a hold that is not over":      {"holds", `update holds set status = 'RELEASED'` + some("holds", "HELD")},
		"a hold that is over":          {"holds", `update holds set status = 'HELD'` + some("holds", "LAPSED")},
		"a confirmed hold":             {"holds", `update holds set status = 'LAPSED'` + some("holds", "CONFIRMED")},
		"another time":                 {"holds", `update holds set expires_at = expires_at + '1 s'` + some("holds", "HELD")},
		"other lines":                  {"holds", `update holds set lines = '[{"type":1}]'` + some("holds", "HELD")},
		"another customer":             {"holds", `update holds set user_id = id` + some("holds", "HELD")},
		"a hold that is not there":     {"holds", `delete from holds` + some("holds", "HELD")},
		"a hold of no stream":          {"holds", `update holds set event_id = id` + some("holds", "CONFIRMED")},
		"somebody who waits":           {"waitlist", `update waitlist set status = 'LEFT'` + some("waitlist", "WAITING")},
		"somebody who has left":        {"waitlist", `update waitlist set status = 'WAITING'` + some("waitlist", "LEFT")},
		"an offer":                     {"waitlist", `update waitlist set status = 'OFFERED'` + some("waitlist", "DECLINED")},
		"an entry that is not there":   {"waitlist", `delete from waitlist` + some("waitlist", "WAITING")},
		"an entry of another customer": {"waitlist", `update waitlist set user_id = id` + some("waitlist", "WAITING")},
		"the first of those who wait":  {"waitlist", lastBecomesFirst},
		"a confirmed entry":            {"waitlist", `update waitlist set status = 'LAPSED'` + some("waitlist", "CONFIRMED")},
	} {
		before := b.Rows(c.table)
		b.Exec(`create table kept as table ` + c.table)
		b.Exec(c.sql)
		if slices.Equal(before, b.Rows(c.table)) {
			t.Errorf("%s: nothing was changed", name)
		}
		if len(b.differences(c.table)) == 0 {
			t.Errorf("%s: not found", name)
		}
		b.Exec(`truncate ` + c.table)
		b.Exec(`insert into ` + c.table + ` table kept`)
		b.Exec(`drop table kept`)
	}
	b.checkStates()
}

const lastBecomesFirst = `
	update waitlist set joined_version = 0
	where id = (
		select w.id
		from waitlist w
		where w.status = 'WAITING' and exists (
			select from waitlist before
			where before.event_id = w.event_id and before.status = 'WAITING' and before.joined_version < w.joined_version)
		order by w.id
		limit 1)`

func TestOnesPlaceIsHowManyHaveJoinedBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	event, other := b.schedule("Small", 1), b.schedule("Other", 1)
	b.book(event, 1)
	b.book(other, 1)
	var waiting []uuid.UUID
	join := func(event, customer uuid.UUID) {
		b.do(event, domain.JoinWaitlist{EntryID: uuid.New(), CustomerID: customer, Now: b.now})
	}
	for range 5 {
		customer := uuid.New()
		waiting = append(waiting, customer)
		join(other, uuid.New())
		join(event, customer)
	}
	place := func(customer uuid.UUID) string {
		p.Reaches(b.head)
		entries, err := projections.Waitlist{Pool: b.Pool}.OfUser(context.Background(), customer, b.now)
		dbtest.Must(t, err)
		text := ""
		for _, e := range entries {
			text += fmt.Sprint(e.Status, " ", e.Place, " ")
		}
		return text
	}
	places := func() (all []string) {
		for _, customer := range waiting {
			all = append(all, place(customer))
		}
		return all
	}
	if got, want := fmt.Sprint(places()), "[WAITING 1  WAITING 2  WAITING 3  WAITING 4  WAITING 5 ]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	b.do(event, domain.LeaveWaitlist{CustomerID: waiting[1]})
	sold := b.bookings[0]
	b.do(event, domain.CancelBooking{BookingID: sold.booking, CustomerID: sold.customer, Now: b.now})
	if got, want := fmt.Sprint(places()), "[OFFERED 0   WAITING 1  WAITING 2  WAITING 3 ]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	join(other, waiting[4])
	if got, want := place(waiting[4]), "WAITING 3 WAITING 6 "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	b.do(event, domain.CancelEvent{})
	if got, want := place(waiting[4]), "WAITING 6 "; got != want {
		t.Errorf("when the event is called off: got %s, want %s", got, want)
	}
}

func TestHoldsAreDueWhenTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.start()
	first, second := b.schedule("First", 10), b.schedule("Second", 10)
	holds, customer := projections.Holds{Pool: b.Pool}, uuid.New()
	expiries := func(after time.Duration) string {
		first, next, err := holds.Expiries(context.Background(), b.now.Add(after))
		dbtest.Must(t, err)
		text := ""
		for _, at := range []time.Time{first, next} {
			if at.IsZero() {
				text += "never "
			} else {
				text += fmt.Sprint(at.Sub(b.now).Round(time.Second), " ")
			}
		}
		return text
	}
	if got := expiries(0); got != "never never " {
		t.Errorf("without holds: got %q", got)
	}
	hold := func(event, customer uuid.UUID, after time.Duration) {
		b.do(event, domain.HoldTickets{HoldID: uuid.New(), CustomerID: customer, Now: b.now, Until: b.now.Add(after)})
	}
	hold(second, uuid.New(), 2*time.Minute)
	hold(first, customer, time.Minute)
	hold(first, uuid.New(), 3*time.Minute)
	p.Reaches(b.head)
	due := func(after time.Duration) (text string) {
		all, err := holds.Due(context.Background(), b.now.Add(after))
		dbtest.Must(t, err)
		for _, d := range all {
			name := "first"
			if d.EventID == second {
				name = "second"
			}
			text += fmt.Sprint(name, " ", d.Holds, " since ", d.Since.Sub(b.now).Round(time.Second), "; ")
		}
		return text
	}
	for after, want := range map[time.Duration]string{
		59 * time.Second: "", 61 * time.Second: "first 1 since 1m0s; ",
		5 * time.Minute: "first 2 since 1m0s; second 1 since 2m0s; ",
	} {
		if got := due(after); got != want {
			t.Errorf("after %s: got %q, want %q", after, got, want)
		}
	}
	for after, want := range map[time.Duration]string{
		0: "1m0s 1m0s ", 61 * time.Second: "1m0s 2m0s ", 5 * time.Minute: "1m0s never ",
	} {
		if got := expiries(after); got != want {
			t.Errorf("after %s: got %q, want %q", after, got, want)
		}
	}
	live := func(after time.Duration) int {
		all, err := holds.OfUser(context.Background(), customer, b.now.Add(after))
		dbtest.Must(t, err)
		return len(all)
	}
	if live(0) != 1 || live(time.Minute) != 0 {
		t.Error("a hold is shown for as long as it counts, recorded or not")
	}
	b.do(first, domain.LapseHolds{Now: b.now.Add(5 * time.Minute)})
	p.Reaches(b.head)
	if got, want := due(5*time.Minute), "second 1 since 2m0s; "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNewReadModelsOfAnOldLogNeedNotReadIt(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	p := b.start()
	event := b.schedule("Old", 100)
	hurt := b.schedule("Hurt", 100)
	b.book(event, 20)
	b.append(hurt, appendtest.Record{Type: domain.TypeTicketBooked, SchemaVersion: 1, Data: []byte(`{"bookingId": 7}`)})
	p.Reaches(b.head)
	p.Stop()
	again := func() (begins int) {
		_, err := migrations.Down(ctx, b.URL, 54)
		dbtest.Must(t, err)
		_, err = migrations.Up(ctx, b.URL)
		dbtest.Must(t, err)
		return b.Count(`
			select coalesce(min(position), 0) from projection_checkpoints where name in ('holds', 'waitlist')`)
	}
	if begins := again(); begins != int(b.head) {
		t.Errorf("they begin at position %d, want %d", begins, b.head)
	}
	enginetest.CheckVerified(b.Database, projections.All())
	if len(enginetest.Parked(b.Database, "holds")) != 1 || len(enginetest.Parked(b.Database, "waitlist")) != 1 {
		t.Error("a stream that is parked must be so in the new read models, too")
	}

	p = b.start()
	b.do(event, domain.HoldTickets{HoldID: uuid.New(), CustomerID: uuid.New(), Now: b.now, Until: b.now.Add(time.Minute)})
	p.Reaches(b.head)
	enginetest.CheckVerified(b.Database, projections.All())
	p.Stop()
	if begins := again(); begins != 0 {
		t.Errorf("with a hold in the log they begin at position %d", begins)
	}
	b.start().Reaches(b.head)
	enginetest.CheckVerified(b.Database, projections.All())
	if n := b.Count(`select count(*) from holds`); n != 1 {
		t.Errorf("there are %d holds, want 1", n)
	}
}

// One process has what it has projected in hand, the other reads it.
func TestHoldsAndEntriesAreToldWithTheirOwners(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var live *projections.Live
	projecting := b.start(func(o *engine.Options) {
		live = projections.NewLive(b.Pool, o.Notifier, silent)
		o.Projections = live.Projections()
	})
	b.schedule("E", 1)
	projecting.Reaches(b.head)
	followers := map[string]*follower{"in hand": b.followBy(live, projecting.Notifier), "read": b.follow()}
	for _, f := range followers {
		f.reaches(t, b.head)
	}
	b.live(200)
	projecting.Reaches(b.head)
	for name, f := range followers {
		holds, entries := map[uuid.UUID]projections.HoldChange{}, map[uuid.UUID]projections.EntryChange{}
		for _, n := range f.reaches(t, b.head) {
			for _, h := range n.Holds {
				holds[h.ID] = h
			}
			for _, e := range n.Entries {
				entries[e.ID] = e
			}
		}
		for _, h := range holds {
			row, err := projections.Holds{Pool: b.Pool}.Get(context.Background(), h.ID)
			dbtest.Must(t, err)
			if h.EventID != row.EventID || h.UserID != row.UserID || h.Status != row.Status || h.Offered != row.Offered ||
				h.Version != row.Version || h.Status == "HELD" && !h.ExpiresAt.Equal(row.ExpiresAt) {
				t.Errorf("%s: told of %+v, and the row is %+v", name, h, row)
			}
		}
		same := 0
		for _, e := range entries {
			same += b.Count(`
				select count(*) from waitlist
				where id = $1 and event_id = $2 and user_id = $3 and status = $4 and version = $5`,
				e.ID, e.EventID, e.UserID, e.Status, e.Version)
		}
		if all := b.Count(`select count(*) from holds`); len(holds) != all || all == 0 {
			t.Errorf("%s: told of %d holds of %d", name, len(holds), all)
		}
		if all := b.Count(`select count(*) from waitlist`); same != all || len(entries) != all || all == 0 {
			t.Errorf("%s: told of %d entries of %d, %d of them as they are", name, len(entries), all, same)
		}
	}
}
