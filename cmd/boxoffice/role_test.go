package main

import (
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/embeddedpg"
)

// A directory of a version before the role was there has its tables, and the owner's password.
func TestTheProgramOwnsNoLogInItsOwnPostgreSQL(t *testing.T) {
	t.Parallel()
	setting := usedDataDir(t)
	dir := strings.TrimPrefix(setting, "DATA_DIR=")
	p := serve(t, []string{setting}, "--seed")
	owner, err := embeddedpg.RunningURL(dir)
	must(t, err)
	d, err := limitedDatabase(t.Context(), dir, owner)
	must(t, err)
	for _, address := range []string{d.url, d.owner} {
		c, err := pgx.ParseConfig(address)
		must(t, err)
		if c.RequireAuth != "scram-sha-256" {
			t.Errorf("the password is given to any server: require_auth is %q", c.RequireAuth)
		}
	}
	conn, err := pgx.Connect(t.Context(), d.url)
	must(t, err)
	defer conn.Close(t.Context()) //nolint:errcheck // only reads
	for _, forbidden := range []string{
		`alter table event_log disable trigger all`,
		`set session_replication_role = replica`,
		`update event_log set data = '{}'`,
		`delete from event_log`,
		`truncate event_log`,
		`drop table event_log`,
		`delete from audit_checkpoints`,
		`create role another superuser`,
		`copy (select 1) to program 'true'`,
	} {
		if _, err := conn.Exec(t.Context(), forbidden); err == nil ||
			!strings.Contains(err.Error(), "42501") { // insufficient_privilege
			t.Errorf("%s: got %v, want that it is not allowed", forbidden, err)
		}
	}
	var works int
	must(t, conn.QueryRow(t.Context(), `select count(*) from pg_stat_activity where usename = 'boxoffice'
		and application_name like 'boxoffice %'`).Scan(&works))
	if works > 0 {
		t.Errorf("%d connections of the program work as the owner", works)
	}
	must(t, conn.Close(t.Context()))

	// It can do what it has to, rebuilding included.
	if out, err := command([]string{setting}, "projections", "rebuild", "bookings").CombinedOutput(); err != nil {
		t.Errorf("rebuild: %v\n%s", err, out)
	}
	if out, err := command([]string{setting}, "audit", "verify").CombinedOutput(); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
	must(t, p.stop(syscall.SIGTERM))
	for line := range strings.Lines(p.err.String()) {
		// On a machine that is short of time the database is away at times, which refuses nothing.
		isOutage := strings.Contains(line, "the database does not answer") || strings.Contains(line, "at the moment")
		if strings.Contains(line, "permission denied") || strings.Contains(line, "42501") ||
			strings.Contains(line, `"level":"ERROR"`) && !isOutage {
			t.Errorf("the program was refused something: %s", line)
		}
	}
}
