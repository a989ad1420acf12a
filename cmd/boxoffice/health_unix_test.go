//go:build unix

package main

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// The session of the health monitor is one of many. If it hangs, the others may be well.
func TestOneStuckSessionIsNotTheDatabase(t *testing.T) {
	t.Parallel()
	url := newSeededDatabase(t)
	p := serve(t, []string{
		"DATABASE_URL=" + url, "JWT_ACCESS_SECRET=an access secret for tests",
		"JWT_REFRESH_SECRET=a refresh secret for tests",
	})
	pool := dbtest.Connect(t, url)
	healthSession := func(but int) (pid int) {
		_ = pool.QueryRow(t.Context(), `
			select pid from pg_stat_activity
			where application_name = 'boxoffice health' and datname = current_database() and pid <> $1`, but).Scan(&pid)
		return pid
	}
	stuck := healthSession(0)
	if stuck == 0 {
		t.Fatal("the health monitor has no session")
	}
	if err := syscall.Kill(stuck, syscall.SIGSTOP); err != nil {
		t.Skip("the server belongs to somebody else:", err)
	}
	t.Cleanup(func() { _ = syscall.Kill(stuck, syscall.SIGCONT) })
	alice := p.login("alice")
	begun := time.Now()
	replaced := waittest.Until(10*time.Second, func() bool {
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
	listener := func(but int) (pid int) {
		_ = pool.QueryRow(t.Context(), `
			select pid from pg_stat_activity
			where application_name = 'boxoffice notifications' and datname = current_database() and pid <> $1`, but).Scan(&pid)
		return pid
	}
	stuck := listener(0)
	if stuck == 0 {
		t.Fatal("nobody listens")
	}
	if err := syscall.Kill(stuck, syscall.SIGSTOP); err != nil {
		t.Skip("the server belongs to somebody else:", err)
	}
	t.Cleanup(func() { _ = syscall.Kill(stuck, syscall.SIGCONT) })
	if !waittest.Until(10*time.Second, func() bool { return listener(stuck) != 0 }) {
		t.Fatal("nobody else listens")
	}
	if n := strings.Count(p.err.String(), "listening for notifications was interrupted"); n != 1 {
		t.Errorf("it was logged %d times", n)
	}
	// One that is well stays, however quiet it is.
	next := listener(stuck)
	quiet := time.Now().Add(3 * time.Second)
	if waittest.Until(time.Until(quiet), func() bool { return listener(stuck) != next }) {
		t.Error("a quiet listener was replaced")
	}
}
