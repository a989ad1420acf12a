package main

import (
	"context"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// The commands are those of docs/operations/backup.md.
func TestADumpIsRestoredIntoAnEmptyDatabaseAndTheSystemGoesOn(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("pg_dump"); err != nil {
		t.Skip("pg_dump is not in the PATH: install PostgreSQL's client programs to test backups")
	}
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	env := onDatabase(t)
	before, _ := strings.CutPrefix(env[0], "DATABASE_URL=")
	p := serve(t, env, "--seed")
	event := p.limitedConcert(p.login("alice"))
	book := func(p *process, who string) (position int64) {
		t.Helper()
		request, err := http.NewRequest(http.MethodPost, p.api+"/book", strings.NewReader(`{"eventId":"`+event+`"}`))
		must(t, err)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+p.login(who))
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		must(t, response.Body.Close())
		if response.StatusCode != http.StatusCreated {
			t.Fatalf("%s's booking was answered with %s", who, response.Status)
		}
		position, err = strconv.ParseInt(response.Header.Get("Log-Position"), 10, 64)
		must(t, err)
		return position
	}
	booked := book(p, "alice")

	dump := filepath.Join(t.TempDir(), "boxoffice.dump")
	run("pg_dump", "--format=custom", "--file="+dump, before) // while the system runs
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM: %v\n%s", err, p.err)
	}

	admin := dbtest.Connect(t, before)
	name := "restored_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	_, err := admin.Exec(context.Background(), `create database `+name)
	must(t, err)
	t.Cleanup(func() { _, _ = admin.Exec(context.Background(), `drop database `+name+` with (force)`) })
	address, err := url.Parse(before)
	must(t, err)
	address.Path = "/" + name
	after := address.String()
	run("pg_restore", "--exit-on-error", "--no-owner", "--no-privileges", "--dbname="+after, dump)

	env[0] = "DATABASE_URL=" + after
	tool := func(want string, args ...string) {
		t.Helper()
		if out, err := command(env, args...).CombinedOutput(); err != nil || !strings.Contains(string(out), want) {
			t.Fatalf("%s: %v, want %q\n%s", strings.Join(args, " "), err, want, out)
		}
	}
	tool("0 migration(s) applied", "migrate")
	tool("0 range(s) differ", "projections", "verify")
	restored := dbtest.Connect(t, after)
	const log = `select string_agg(concat_ws(' ', position, stream_id, version, data, metadata, recorded_at, ` +
		`encode(hash, 'hex')), E'\n' order by position) from event_log`
	var was, is string
	must(t, admin.QueryRow(context.Background(), log).Scan(&was))
	must(t, restored.QueryRow(context.Background(), log).Scan(&is))
	if was != is {
		t.Errorf("the log was\n%s\nand is\n%s", was, is)
	}
	if _, err := restored.Exec(context.Background(), `update event_log set type = type`); err == nil {
		t.Error("the restored log can be changed")
	}

	p = serve(t, env)
	if next := book(p, "bob"); next != booked+1 {
		t.Errorf("the next booking is at position %d, after %d", next, booked)
	}
	// The dump holds the lease of a process that was running; it ends by itself.
	for _, who := range []string{"alice", "bob"} { // the read models before the dump, and after it
		token := p.login(who)
		p.waitFor("the booking of "+who, func() bool {
			return len(p.do("GET", "/bookings", token, nil)["data"].([]any)) == 1
		})
		p.waitFor("what remains", func() bool { return p.do("GET", "/events/"+event, token, nil)["remainingTickets"] == 0.0 })
	}
	tool("0 range(s) differ", "projections", "verify")
	tool("0 parked stream(s); compared, no differences", "projections", "rebuild", "events")
}
