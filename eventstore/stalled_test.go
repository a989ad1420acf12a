package eventstore_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// The head row is locked from the append on, so nothing but COMMIT may follow it.
func TestAnAppendAndItsCommitTravelTogether(t *testing.T) {
	t.Parallel()
	b := setup(t)
	via := newProxy(t, b.url)
	stream := b.schedule(t, 5)
	p := startProcess(t, via.url, booking(), options{})
	for _, c := range []struct {
		stream string
		before int // statements in the message
	}{{"to be loaded", 1}, {"in the cache", 1}} {
		var statements []string
		via.intercept(once((*flight).appends, func(f *flight) verdict {
			statements = f.statements
			return pass
		}))
		if _, err := p.Execute(t.Context(), bookOnce(stream, uuid.New())); err != nil {
			t.Fatal(err)
		}
		if len(statements) != c.before+2 || c.before > 0 && statements[0] != "begin" || statements[c.before+1] != "commit" {
			t.Errorf("a stream %s: the append travels with %q", c.stream, statements)
		}
	}
}

// Only a part of what a process sends arrives, and all sockets stay open: the flight of an append and
// its COMMIT is cut after each of its messages but the last, and in the middle of each. The session
// that then holds the head row's lock must not hold it for long.
func TestAFlightThatIsCutAnywhereLocksNobodyOutForLong(t *testing.T) {
	t.Parallel()
	whole := appendFlight(t)
	var all sync.WaitGroup
	for message := range whole.ends {
		for _, inside := range []bool{true, false} {
			if c := newCutFlight(t, whole, message, inside); c != nil {
				all.Go(func() { c.run(t) })
			}
		}
	}
	all.Wait()
}

// appendFlight is what a process sends for a booking when its statements are prepared, the stream is
// cached, and PostgreSQL has answered just now: with BEGIN.
func appendFlight(t *testing.T) (sent *flight) {
	t.Helper()
	b := setup(t)
	via := newProxy(t, b.url)
	stream := b.schedule(t, 1000)
	p := startProcess(t, via.url, booking(), options{})
	for n := 0; n < 2 || !sent.begins(); n++ {
		via.intercept(once((*flight).appends, func(f *flight) verdict {
			sent = f
			return pass
		}))
		if _, err := p.Execute(t.Context(), bookOnce(stream, uuid.New())); err != nil {
			t.Fatal(err)
		}
	}
	return sent
}

// cutFlight is a process whose next append will be cut, and another process.
type cutFlight struct {
	bundle
	name           string
	via            *proxy
	last           int  // message that arrives, or a half of it, counted from the end
	inside         bool // a half
	at             int  // bytes of the flight that arrive
	locks          bool // the session has the head row's lock then
	stream         uuid.UUID
	stalled, other process
	logged         *logtest.Buffer // by the other one
}

// newCutFlight gives nil when nothing would be cut.
func newCutFlight(t *testing.T, whole *flight, message int, inside bool) *cutFlight {
	t.Helper()
	name := fmt.Sprintf("after message %d", message)
	if inside {
		name = fmt.Sprintf("inside message %d", message)
	} else if message == len(whole.ends)-1 {
		return nil
	}
	b := setup(t)
	c := &cutFlight{
		bundle: b, name: name, via: newProxy(t, b.url), last: len(whole.ends) - message, inside: inside,
		logged: &logtest.Buffer{}, stream: b.schedule(t, 5),
	}
	c.stalled = startProcess(t, c.via.url, booking(), options{})
	c.other = b.process(t, options{Logger: slog.New(slog.NewTextHandler(c.logged, nil))})
	if _, err := c.stalled.Execute(t.Context(), bookOnce(c.stream, uuid.New())); err != nil { // prepares the statements
		t.Fatal(err)
	}
	return c
}

// cut chooses where a flight ends. On a busy machine it can lack BEGIN, which was sent before then.
func (c *cutFlight) cut(f *flight) {
	message, before := max(0, len(f.ends)-c.last), 0
	if message > 0 {
		before = f.ends[message-1]
	}
	c.at = f.ends[message]
	if c.inside {
		c.at = (before + c.at) / 2
	}
	executesCommit := len(f.ends) - 2 // before Sync
	c.locks = c.at >= f.ends[f.appended] && c.at < f.ends[executesCommit]
}

func (c *cutFlight) run(t *testing.T) {
	first, held := uuid.New(), make(chan struct{})
	c.via.intercept(once((*flight).appends, func(f *flight) verdict {
		defer close(held)
		c.cut(f)
		f.first = c.at
		return stall
	}))
	call := begin(func() (result, error) { return c.stalled.Execute(context.Background(), bookOnce(c.stream, first)) })
	<-held
	if !waittest.Until(waittest.Timeout, func() bool { return !c.locks || c.waitsWithLock(t) }) {
		t.Errorf("%s: PostgreSQL does not wait for the rest with the lock", c.name)
	}
	started := time.Now()
	if _, err := c.other.book(context.Background(), c.stream, uuid.New()); err != nil {
		t.Errorf("%s: another process: %v", c.name, err)
	}
	if took := time.Since(started); took > 15*time.Second {
		t.Errorf("%s: another process could append only after %s", c.name, took)
	}
	if ended := strings.Contains(c.logged.String(), "ended=true"); ended != c.locks {
		t.Errorf("%s: a session was ended: %t; it held the lock: %t", c.name, ended, c.locks)
	}
	if a := call.get(t); a.err != nil {
		t.Errorf("%s: %v", c.name, a.err)
	}
	if n := bookings(c.auditSold(t, c.stream, 3), c.stream, first); n != 1 {
		t.Errorf("%s: %d bookings of the first customer", c.name, n)
	}
}

func (c *cutFlight) waitsWithLock(t *testing.T) bool {
	return c.count(t, `
		select count(*) from pg_stat_activity
		where datname = current_database() and application_name = $1
			and state = 'active' and wait_event = 'ClientRead' and backend_xid is not null`, executorName) == 1
}
