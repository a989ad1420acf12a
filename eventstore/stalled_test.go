package eventstore_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/logtest"
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
	}{{"to be read", 0}, {"in the cache", 1}} {
		var statements []string
		via.obey(once((*flight).appends, func(f *flight) verdict {
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

// Only a part of the message with the append and its COMMIT arrives, and all sockets stay open. The
// session that then holds the head row's lock must not hold it for long.
func TestHalfAMessageLocksNobodyOutForLong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		half  rule
		locks bool
	}{
		"inside the message that executes the append": {stallAfter(-1, 3), false},
		"before COMMIT":                           {stallAfter(0, 0), true},
		"inside the first message of COMMIT":      {stallAfter(0, 7), true},
		"before the message that executes COMMIT": {stallAfter(2, 0), true},
		"before the end of the flight":            {stallAfter(3, 0), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			via := newProxy(t, b.url)
			stream := b.schedule(t, 5)
			logged := &logtest.Buffer{}
			stalled := startProcess(t, via.url, booking(), options{})
			other := b.process(t, options{Logger: slog.New(slog.NewTextHandler(logged, nil))})
			first, customer := uuid.New(), uuid.New()
			held := make(chan struct{})
			via.obey(once((*flight).appends, func(f *flight) verdict {
				defer close(held)
				return c.half(f)
			}))
			call := begin(func() (result, error) { return stalled.Execute(t.Context(), bookOnce(stream, first)) })
			wait(t, "the append is on its way", held)
			eventually(t, "PostgreSQL waits for the rest", func() bool {
				return b.count(t, `
					select count(*) from pg_stat_activity
					where datname = current_database() and application_name = $1
						and state = 'active' and wait_event = 'ClientRead' and (backend_xid is not null) = $2`,
					executorName, c.locks) == 1
			})

			started := time.Now()
			if _, err := other.book(t.Context(), stream, customer); err != nil {
				t.Errorf("another process: %v", err)
			}
			if took := time.Since(started); took > 15*time.Second {
				t.Errorf("another process could append only after %s", took)
			}
			if c.locks != strings.Contains(logged.String(), "ended=true") {
				t.Errorf("logged was %q; somebody held the lock: %t", logged.String(), c.locks)
			}
			call.mustDo(t)
			entries := b.auditSold(t, stream, 2)
			if n := bookings(entries, stream, first); n != 1 {
				t.Errorf("%d bookings of the first customer", n)
			}
		})
	}
}
