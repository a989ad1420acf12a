package reactors_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections/engine"
	"github.com/boxoffice/boxoffice/reactors"
)

// wanted is a reactor that is wanted while there is a row in a table.
func (b *bundle) wanted() reactors.Reactor {
	b.Exec(`create table wanting ()`)
	return reactors.Reactor{Name: "wanted", FromStart: true, Handle: b.note, Wanted: `exists (select from wanting)`}
}

func (b *bundle) want() {
	b.Exec(`insert into wanting default values`)
	b.notifier.Queued("wanted")
}

func (b *bundle) position(of string) int {
	return b.Count(`select coalesce(max(position), 0) from reactor_offsets where name = $1`, of)
}

func TestAReactorThatNobodyWantsReadsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.notifier = engine.NewNotifier(b.URL, b.Pool, nil, silent) // which does not listen, and so signals nothing by itself
	var resets atomic.Int64
	r := b.wanted()
	r.Reset = func() { resets.Add(1) }
	c := &dbtest.Statements{}
	pool := dbtest.Connect(t, b.URL, dbtest.MaxConns(3), c.Trace)
	b.startWith(reactors.Options{Reactors: []reactors.Reactor{r}, Pool: pool, Poll: time.Hour})
	b.add(1, "Seen")
	b.eventually("the record is passed over", func() bool { return b.position("wanted") == 1 })
	var others atomic.Int64
	b.start(reactors.Reactor{Name: "other", Handle: func(*message.Message) error { others.Add(1); return nil }})
	b.begun("other")
	selects := c.CountWith("from event_log")
	for n := range int64(3) {
		b.add(1, "Seen")
		b.eventually("another reactor handles it", func() bool { return others.Load() == n+1 })
	}
	if got := c.CountWith("from event_log"); got != selects {
		t.Errorf("it has read %d times", got-selects)
	}
	before := resets.Load()
	b.want()
	b.eventually("it goes on", func() bool { return b.position("wanted") == 4 })
	b.add(2, "Seen")
	b.eventually("it handles what follows", func() bool { return b.position("wanted") == 6 })
	if got := b.seen(); !slices.Equal(got, positions(2, 6)) { // the first ones were there to read
		t.Errorf("it has handled %v", got)
	}
	b.Exec(`delete from wanting`)
	b.add(1, "Seen")
	b.eventually("it passes over", func() bool { return b.position("wanted") == 7 })
	if resets.Load() != before+1 || len(b.seen()) != 5 {
		t.Errorf("%d resets, handled %v", resets.Load()-before, b.seen())
	}
}

// Somebody comes to want records after the reactor has found that nobody does, and before its offset
// passes over them.
func TestARecordIsHandledThatComesAfterItWasWanted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.notifier = engine.NewNotifier(b.URL, b.Pool, nil, silent)
	b.startWith(reactors.Options{Reactors: []reactors.Reactor{b.wanted()}, Poll: time.Hour, Lease: time.Hour,
		Pool: dbtest.Connect(t, b.URL, dbtest.MaxConns(3))})
	b.begun("wanted")
	lock, err := b.Pool.Begin(context.Background())
	dbtest.Must(t, err)
	defer lock.Rollback(context.Background()) //nolint:errcheck // it was before
	_, err = lock.Exec(context.Background(), `select from reactor_offsets for update`)
	dbtest.Must(t, err)
	b.add(1, "Seen")
	b.eventually("the offset waits", b.somebodyWaits)
	b.want()
	b.add(1, "Seen")
	dbtest.Must(t, lock.Rollback(context.Background()))
	b.eventually("it is handled", func() bool { return slices.Equal(b.seen(), positions(2, 2)) })
}

// Whether records are wanted and where the log ends are of one snapshot.
func TestARecordIsHandledThatComesWhileTheReactorLooks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.notifier = engine.NewNotifier(b.URL, b.Pool, nil, silent)
	b.startWith(reactors.Options{Reactors: []reactors.Reactor{b.wanted()}, Poll: time.Hour, Lease: time.Hour,
		Pool: dbtest.Connect(t, b.URL, dbtest.MaxConns(3))})
	b.add(1, "Seen")
	b.eventually("the record is passed over", func() bool { return b.position("wanted") == 1 })
	lock, err := b.Pool.Begin(context.Background())
	dbtest.Must(t, err)
	defer lock.Rollback(context.Background()) //nolint:errcheck // it was committed before
	_, err = lock.Exec(context.Background(), `lock table log_head in access exclusive mode`)
	dbtest.Must(t, err)
	b.notifier.Queued("wanted")
	b.eventually("the reactor looks", b.somebodyWaits)
	b.Exec(`insert into wanting default values`)
	_, err = appendtest.Append(context.Background(), lock, b.stream, b.version,
		appendtest.Record{Type: "Seen", SchemaVersion: 1, Data: []byte(`{}`)})
	dbtest.Must(t, err)
	dbtest.Must(t, lock.Commit(context.Background()))
	b.notifier.Queued("wanted")
	b.eventually("it is handled", func() bool { return slices.Equal(b.seen(), positions(2, 2)) })
}

// somebodyWaits for a lock.
func (b *bundle) somebodyWaits() bool {
	return b.Count(`select count(*) from pg_stat_activity
		where datname = current_database() and wait_event_type = 'Lock'`) > 0
}

func TestOnlyWhoWaitsForWhatWasQueuedIsWoken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.notifier = engine.NewNotifier(b.URL, b.Pool, nil, silent)
	c := &dbtest.Statements{}
	pool := dbtest.Connect(t, b.URL, dbtest.MaxConns(3), c.Trace)
	// Nothing runs the notifier, so the reactor has to look.
	poll := 200 * time.Millisecond
	b.startWith(reactors.Options{Pool: pool, Poll: poll, Reactors: []reactors.Reactor{{Name: "queueing", FromStart: true,
		Handle: func(m *message.Message) error {
			tx, err := reactors.Tx(m)
			if err != nil || m.UUID == "1" {
				return err
			}
			return reactors.Queue(tx, "letters", reactors.NewMessage("a", []byte("{}"), m))
		}}}})
	letters, others := b.notifier.Queue("letters").Listen(), b.notifier.Queue("others").Listen()
	b.add(1, "Seen")
	b.eventually("the first is handled", func() bool { return b.position("queueing") == 1 })
	selects := c.CountWith("from event_log")
	b.eventually("the reactor looks for the next", func() bool { return c.CountWith("from event_log") > selects })
	select {
	case <-letters:
		t.Error("it signals what was not queued")
	default:
	}
	b.add(1, "Seen")
	<-letters
	select {
	case <-others:
		t.Error("it signals another topic")
	default:
	}
}
