//go:build unix

package main

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// The session of the health monitor is one of many. If it hangs, the others may be well.
func TestOneStuckSessionIsNotTheDatabase(t *testing.T) {
	t.Parallel()
	url := newSeededDatabase(t)
	p := serve(t, secretsFor(url))
	pool := dbtest.Connect(t, url)
	healthSession := func(but int) int { return sessionFor(t, pool, "health", but) }
	stuck := freeze(p, pool, func() int { return healthSession(0) })
	alice := p.login("alice")
	begun := time.Now()
	replaced := waittest.Until(patient, func() bool {
		if status, _, problem := p.ask("GET", "/bookings", alice, ""); status != 200 {
			t.Errorf("after %s: %d %+v", time.Since(begun), status, problem)
			return true
		}
		return healthSession(stuck) != 0
	})
	if !replaced {
		t.Error("the health monitor did not open another session")
	}
	if said := p.err.String(); strings.Contains(said, "the database does not answer") {
		t.Error("the database counted as gone")
	}
}

// A session that listens and is frozen looks like one without news.
func TestAFrozenListenerIsReplaced(t *testing.T) {
	t.Parallel()
	url := newSeededDatabase(t)
	p := serve(t, secretsFor(url))
	pool := dbtest.Connect(t, url)
	listener := func(but int) int { return sessionFor(t, pool, "notifications", but) }
	stuck := freeze(p, pool, func() int { return listener(0) })
	if !waittest.Until(patient, func() bool { return listener(stuck) != 0 }) {
		t.Fatal("nobody else listens")
	}
	if n := strings.Count(p.err.String(), "listening for notifications was interrupted"); n != 1 {
		t.Errorf("it was logged %d times", n)
	}
	// One that is well stays, however quiet it is.
	next := listener(stuck)
	quiet := time.Now().Add(7 * time.Second) // longer than a listener is left unasked
	if waittest.Until(time.Until(quiet), func() bool { return listener(stuck) != next }) {
		t.Error("a quiet listener was replaced")
	}
}

// sessionFor is the session that the program has opened for a purpose, other than one that is known;
// 0: there is none.
func sessionFor(t *testing.T, pool *pgxpool.Pool, purpose string, but int) (pid int) {
	t.Helper()
	_ = pool.QueryRow(t.Context(), `
		select pid from pg_stat_activity
		where application_name = 'boxoffice ' || $1 and datname = current_database() and pid <> $2`, purpose, but).Scan(&pid)
	return pid
}

// freeze stops a session of the database until the test ends, and returns its process id. One that does
// something may hold a lock that the whole server needs, so it goes on and is tried again until it is
// frozen while it waits for its client.
func freeze(p *process, pool *pgxpool.Pool, session func() int) (stuck int) {
	p.Helper()
	p.waitFor("a session that waits for its client", func() bool {
		if stuck = session(); stuck == 0 {
			return false
		}
		if err := syscall.Kill(stuck, syscall.SIGSTOP); err != nil {
			p.Skip("the server belongs to somebody else:", err)
		}
		ctx, cancel := context.WithTimeout(p.Context(), time.Second)
		defer cancel()
		var waits bool
		err := pool.QueryRow(ctx, `
			select state = 'idle' and wait_event = 'ClientRead' from pg_stat_activity where pid = $1`, stuck).Scan(&waits)
		if err != nil || !waits {
			_ = syscall.Kill(stuck, syscall.SIGCONT)
			return false
		}
		return true
	})
	p.Cleanup(func() { _ = syscall.Kill(stuck, syscall.SIGCONT) })
	return stuck
}
