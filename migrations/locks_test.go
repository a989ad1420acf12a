package migrations_test

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/migrations"
)

// outdated is a database that lacks the newest migration of the table of events, and a transaction
// that has read that table and stays open.
func outdated(t *testing.T) (url string, open pgx.Tx) {
	t.Helper()
	url = dbtest.URL(t)
	if _, err := migrations.Down(t.Context(), url, 14); err != nil { // 15 adds an index to the events
		t.Fatal(err)
	}
	open, err := dbtest.Connect(t, url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = open.Rollback(context.Background()) })
	if _, err := open.Exec(t.Context(), `lock table events in row exclusive mode`); err != nil {
		t.Fatal(err)
	}
	return url, open
}

func TestAMigrationWaitsForALongTransactionAndNobodyForTheMigration(t *testing.T) {
	t.Parallel()
	url, open := outdated(t)
	pool := dbtest.Connect(t, url)
	migrated := make(chan error, 1)
	go func() {
		_, err := migrations.Up(context.Background(), url)
		migrated <- err
	}()
	waits := func() (does bool) {
		_ = pool.QueryRow(t.Context(), `
			select exists (
				select from pg_stat_activity
				where datname = current_database() and application_name = 'boxoffice migrate' and wait_event_type = 'Lock')`).
			Scan(&does)
		return does
	}
	if !waittest.Until(time.Minute, waits) {
		t.Fatal("the migration does not wait")
	}
	began := time.Now()
	if _, err := pool.Exec(t.Context(), `select count(*) from events`); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("a read waited for %s", took)
	}
	if !waittest.Until(time.Minute, func() bool { return !waits() }) {
		t.Error("the migration does not give its place up")
	}
	if err := open.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Error(err)
	}
}

func TestAMigrationThatGivesUpSaysForWhom(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	url, open := outdated(t)
	pid := open.Conn().PgConn().PID()
	_, err := migrations.Up(t.Context(), url)
	if err == nil || !strings.Contains(err.Error(), "backend "+strconv.Itoa(int(pid))+" (user ") ||
		!strings.Contains(err.Error(), "on events") {
		t.Errorf("got %v, want the backend %d", err, pid)
	}
}

func TestARoleThatCannotCreateTablesIsToldWhatToGrant(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t)
	if _, err := migrations.Down(t.Context(), address, 0); err != nil {
		t.Fatal(err)
	}
	pool := dbtest.Connect(t, address)
	role := fmt.Sprintf("plain_%d", time.Now().UnixNano())
	for _, sql := range []string{
		`drop table goose_db_version`, `create role ` + role + ` login password 'secret'`,
		`revoke create on schema public from public`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		_, _ = pool.Exec(context.Background(), `drop owned by `+role+`; drop role `+role)
	})
	plain, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	plain.User = url.UserPassword(role, "secret")
	grant := "GRANT USAGE, CREATE ON SCHEMA public TO " + role
	if _, err := migrations.Up(t.Context(), plain.String()); err == nil || !strings.Contains(err.Error(), grant) {
		t.Fatalf("got %v, want %q", err, grant)
	}
	if _, err := pool.Exec(t.Context(), grant); err != nil {
		t.Fatal(err)
	}
	if _, err := migrations.Up(t.Context(), plain.String()); err != nil {
		t.Errorf("with what it says: %v", err)
	}
}
