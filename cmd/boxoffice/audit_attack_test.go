package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/natstest"
)

// Somebody with all rights on the database deletes the newest checkpoints, changes a record, hashes
// its stream anew and deletes what is stored of the tree, while the server runs.
func TestARunningServerDoesNotSignAForgery(t *testing.T) {
	t.Parallel()
	url, dir, port := newSeededDatabase(t), t.TempDir(), freePort(t)
	witness := filepath.Join(dir, "witness.jsonl")
	env := []string{"DATABASE_URL=" + url, "DATA_DIR=" + dir}
	p := serve(t, append([]string{"JWT_ACCESS_SECRET=an access secret for tests",
		"JWT_REFRESH_SECRET=a refresh secret for tests", "BOOKING_DELAY=0s", "AUDIT_INTERVAL=1s", "AUDIT_WITNESS=" + witness,
		"METRICS_PORT=" + port, "EVENT_BUS_URL=" + natstest.Start(t).URL()}, env...), "--seed")
	pool, ctx := dbtest.Connect(t, url), context.Background()
	tool := func(code int, pattern string, args ...string) string {
		t.Helper()
		cmd := command(append(env, "BOXOFFICE_TOKEN="+p.login("auditor")), append([]string{"audit"}, args...)...)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		got := 0
		if errors.As(err, &exit) {
			got = exit.ExitCode()
		}
		if got != code || !regexp.MustCompile(pattern).MatchString(string(out)) {
			t.Errorf("audit %s: exit code %d, want %d with %q:\n%s", strings.Join(args, " "), got, code, pattern, out)
		}
		return string(out)
	}
	var id string
	must(t, pool.QueryRow(ctx, `select id from events where title ilike '%limited concert%'`).Scan(&id))
	book := func(who string) string {
		t.Helper()
		return p.post("/book", p.login(who), map[string]any{"eventId": id})["booking"].(map[string]any)["id"].(string)
	}
	covered := func() {
		t.Helper()
		p.waitFor("a checkpoint covers the log", func() bool {
			var covered bool
			must(t, pool.QueryRow(ctx, `
				select (select max(size) from audit_checkpoints) = position from log_head`).Scan(&covered))
			return covered
		})
	}
	keep := func(name string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(tool(0, "— boxoffice/audit/", "checkpoints", "--newest")), 0o600))
		return path
	}
	covered()
	older := keep("older.txt")
	booking := book("alice")
	covered()
	newer := keep("newer.txt")
	tool(0, `the log extends all that was signed`, "status")
	tool(0, `"problems":\[\]`, "status", "--json")
	tool(0, `extends the one over`, "verify-consistency", older, newer)
	tool(0, `extends the one over`, "verify-consistency", older, newer, "--url", p.api)
	tool(1, `covers`, "verify-consistency", newer, older)
	proof := filepath.Join(dir, "proof.json")
	must(t, os.WriteFile(proof, []byte(p.consistency(older, newer)), 0o600))
	tool(0, `extends the one over`, "verify-consistency", older, newer, "--proof", proof)
	must(t, os.WriteFile(proof, []byte(`{"path":[]}`), 0o600))
	tool(1, `not an\s+extension`, "verify-consistency", older, newer, "--proof", proof)
	tool(0, `signatures checked\nsigned +up to position \d+\n(.|\n)*nothing is wrong`, "verify", id)

	log := eventstore.NewLog(pool)
	conn, err := pool.Acquire(ctx)
	must(t, err)
	defer conn.Release()
	do := func(sql string, args ...any) {
		t.Helper()
		_, err := conn.Exec(ctx, sql, args...)
		must(t, err)
	}
	do(`set session_replication_role = replica`)
	do(`update event_log set data = replace(data::text, $1, $2)::json where stream_id = $3`, booking, uuid.NewString(), id)
	records, err := log.Stream(ctx, uuid.MustParse(id), 0, 100)
	must(t, err)
	var previous eventstore.Hash
	for _, r := range records {
		previous = r.Sum(previous)
		do(`update event_log set hash = $1 where position = $2`, previous[:], r.Position)
	}
	do(`delete from audit_tree_nodes`)
	tool(1, `does not prove that\s+the\s+stream's`, "verify", id)
	do(`delete from audit_checkpoints`)
	book("bob")
	p.waitFor("the server raises an alarm", func() bool {
		return value(scrape(t, port)["boxoffice_audit_tampering_total"], "found_by", "signing") > 0
	})
	var signed int
	must(t, pool.QueryRow(ctx, `select count(*) from audit_checkpoints`).Scan(&signed))
	if signed != 0 {
		t.Error("the server has signed the forgery")
	}
	if value(scrape(t, port)["boxoffice_audit_sign_failures_total"]) == 0 {
		t.Error("the failure is not counted")
	}
	tool(1, `TAMPERED`, "status")
	detail, _ := p.do("GET", "/readyz", "", nil)["detail"].(string)
	if !strings.Contains(detail, "is not what was signed") {
		t.Errorf("/readyz says %q", detail)
	}
	tool(1, `kept elsewhere was\s+signed over other records`, "verify", "--checkpoint", witness)
	tool(1, `kept elsewhere`, "verify")
	tool(1, `kept elsewhere`, "verify", id)
	kept, err := os.ReadFile(witness)
	must(t, err)
	notes, err := audit.NotesIn(string(kept))
	if err != nil || len(notes) < 2 {
		t.Errorf("the witness has %v, %v", notes, err)
	}
	if !strings.Contains(p.err.String(), "the audit signed a checkpoint") {
		t.Error("checkpoints are not logged")
	}
}

// consistency asks the API for the proof between two checkpoints that were kept.
func (p *process) consistency(older, newer string) string {
	p.Helper()
	size := func(path string) string {
		text, err := os.ReadFile(path)
		must(p.T, err)
		return strings.Split(string(text), "\n")[1]
	}
	request, err := http.NewRequest(http.MethodGet,
		fmt.Sprintf("%s/audit/checkpoints/%s/consistency?from=%s", p.api, size(newer), size(older)), nil)
	must(p.T, err)
	request.Header.Set("Authorization", "Bearer "+p.login("auditor"))
	response, err := http.DefaultClient.Do(request)
	must(p.T, err)
	defer response.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(response.Body)
	must(p.T, err)
	if !json.Valid(body) || response.StatusCode != http.StatusOK {
		p.Fatalf("%s: %s", response.Status, body)
	}
	return string(body)
}
