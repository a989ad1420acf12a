//go:build unix

package eventstore_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// A server that does not wait for its disk loses commits when one of its sessions crashes, and goes
// on as the same server: neither its address nor the time of its start tells that anything
// happened.
func TestACrashThatLosesCommitsLeavesNoForkInTheHistory(t *testing.T) {
	t.Parallel()
	server := startReplaced(t)
	pool := newPool(t, server.URL(), 4, nil)
	b := bundle{url: server.URL(), pool: pool, log: eventstore.NewLog(pool)}
	stream := b.schedule(t, 100)
	mustExec(t, pool, `alter system set wal_writer_delay = '10s'`)
	mustExec(t, pool, `select pg_reload_conf()`)
	mustExec(t, pool, `alter role current_user set synchronous_commit = off`)
	started := b.startTime(t)
	remembers, another := b.process(t, options{}), b.process(t, options{})

	var lost uuid.UUID
	booked := 0
	for isLost := false; !isLost; { // it is written to disk by itself when it fills a page
		if booked > 5 {
			t.Fatal("no crash has lost a commit")
		}
		lost = uuid.New()
		mustBook(t, remembers, stream, lost)
		head := b.head(t)
		b.crash(t)
		if isLost = b.head(t) < head; !isLost {
			booked++
		}
	}
	if now := b.startTime(t); now != started {
		t.Fatalf("the server was started at %s, and now at %s", started, now)
	}
	other := uuid.New()
	mustBook(t, another, stream, other)
	if _, err := remembers.book(t.Context(), stream, other); !errors.Is(err, domain.ErrAlreadyBooked) {
		t.Errorf("got %v for somebody who has booked elsewhere", err)
	}
	mustBook(t, remembers, stream, lost)
	b.auditSold(t, stream, booked+2)
}

func (b bundle) startTime(tb testing.TB) (started string) {
	tb.Helper()
	if err := b.pool.QueryRow(tb.Context(), `select pg_postmaster_start_time()::text`).Scan(&started); err != nil {
		tb.Fatal(err)
	}
	return started
}

// crash kills a session, after which PostgreSQL ends all the others and recovers, and returns when
// it can be used again.
func (b bundle) crash(tb testing.TB) {
	tb.Helper()
	victim, witness := b.connect(tb), b.connect(tb)
	if err := syscall.Kill(int(victim.PgConn().PID()), syscall.SIGKILL); err != nil {
		tb.Fatal(err)
	}
	waittest.For(tb, "all sessions have ended", func() bool { return witness.Ping(tb.Context()) != nil })
	waittest.For(tb, "PostgreSQL has recovered", func() bool {
		conn, err := pgx.Connect(tb.Context(), b.url)
		if err != nil {
			return false
		}
		_ = conn.Close(tb.Context())
		return true
	})
	b.pool.Reset() // it asks connections whether they are alive only after a second
}
