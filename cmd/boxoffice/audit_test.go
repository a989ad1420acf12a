package main

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestAuditorsWorkBesideARunningServer(t *testing.T) {
	t.Parallel()
	url, dir := newSeededDatabase(t), t.TempDir()
	env := []string{"DATABASE_URL=" + url, "DATA_DIR=" + dir} // no secrets: who only looks does not need them
	p := serve(t, append([]string{"JWT_ACCESS_SECRET=an access secret for tests",
		"JWT_REFRESH_SECRET=a refresh secret for tests", "BOOKING_DELAY=0s", "AUDIT_INTERVAL=1s"}, env...), "--seed")
	token := p.login("alice")
	event := p.limitedConcert(token)
	booking := p.post("/book", token, map[string]any{"eventId": event})["booking"].(map[string]any)["id"].(string)
	pool := dbtest.Connect(t, url)

	tool := func(args ...string) (string, int) {
		t.Helper()
		cmd := command(env, append([]string{"audit"}, args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return string(out), exit.ExitCode()
		}
		must(t, err)
		return string(out), 0
	}
	want := func(code int, pattern string, args ...string) string {
		t.Helper()
		out, got := tool(args...)
		if got != code || !regexp.MustCompile(pattern).MatchString(out) {
			t.Errorf("audit %s: exit code %d, want %d with %q:\n%s", strings.Join(args, " "), got, code, pattern, out)
		}
		return out
	}
	narrow := func(out string) {
		t.Helper()
		for line := range strings.Lines(out) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
				t.Errorf("%d columns: %s", n, line)
			}
		}
	}

	narrow(want(0, `(?m)^`+event+` +2  Limited Concert$`, "streams", "limited"))
	narrow(want(0, `(?m)^ +1 +\d+  20\d\d.*EventScheduled +2/2\n +Limited Concert, .*\n +2 +\d+ .*TicketBooked +1/2$`,
		"show", "limited concert"))
	narrow(want(0, `(?m)^tickets +2, of which 0 sold and 2 left$`, "show", event[:8], "--at", "1"))
	want(0, `of which 1 sold`, "show", event, "--at", "2099-01-01T00:00:00Z")
	want(2, `not there yet`, "show", event, "--at", "2001-01-01T00:00:00Z")
	narrow(want(0, `(?m)^- sold +0\n\+ sold +1\n(.|\n)*\+ booking `+booking, "diff", event, "1", "2"))
	want(0, `"customerId"`, "diff", event, "1", "2", "--json")
	want(2, `can mean several events`, "show", "the")
	want(2, `no event has`, "show", "nothing like it")
	want(2, `unknown flag`, "verify", "--nonsense")
	want(2, `accepts 1 arg`, "show")

	narrow(want(0, `(?m)^checkpoints +\d+ compared; signatures checked\n(.|\n)*nothing is wrong$`, "verify"))
	want(0, `stream `+event+`(.|\n)*nothing is wrong`, "verify", "limited")
	receipt := filepath.Join(dir, "receipt.json")
	must(t, os.WriteFile(receipt, []byte(want(0, `"checkpoint":"boxoffice/audit`, "prove", event, "2")), 0o600))
	public := strings.TrimSpace(want(0, `^boxoffice/audit\+[0-9a-f]{8}\+`, "checkpoints", "--public-key"))
	want(0, `TicketBooked, version 2 of stream `+event, "verify-proof", receipt, "--public-key", public)
	stranger, err := audit.NewKeys("a signing secret that is not this server's")
	must(t, err)
	want(1, `not signed by a key that is trusted`, "verify-proof", receipt, "--public-key", stranger.Public())
	data := p.send("GET", "/bookings/"+booking+"/receipt", token, nil) // signed are the server's own bytes
	must(t, os.WriteFile(receipt, data, 0o600))
	want(0, `TicketBooked, version 2`, "verify-proof", receipt)
	must(t, os.WriteFile(receipt, []byte(strings.ReplaceAll(string(data), booking[:8], "00000000")), 0o600))
	want(1, `not what was signed`, "verify-proof", receipt)

	kept := filepath.Join(dir, "kept.txt")
	must(t, os.WriteFile(kept, []byte(want(0, "— boxoffice/audit", "checkpoints", "--newest")), 0o600))
	want(0, `(?m)^ +\d+  20.*…$`, "checkpoints")
	for _, format := range []string{"jsonl", "cloudevents"} {
		file := filepath.Join(dir, format)
		want(0, `\d+ record\(s\) written`, "export", "--format", format, "-o", file)
		want(2, `file exists`, "export", "-o", file)
		narrow(want(0, `(?m)^signed +up to position \d+\nnothing is wrong$`, "verify-export", file, "--checkpoint", kept,
			"--public-key", public))
		text, err := os.ReadFile(file)
		must(t, err)
		must(t, os.WriteFile(file, []byte(strings.Replace(string(text), booking,
			strings.Replace(booking, booking[:4], "0000", 1), 1)), 0o600))
		narrow(want(1, `(?m)^position \d+: hash\n  stream `+event+`, version 2$`, "verify-export", file))
	}
	if lines := strings.Count(want(0, `"streamId":"`+event, "export", "--stream", event), "\n"); lines != 2 {
		t.Errorf("%d lines were exported", lines)
	}

	tail := command(env, "audit", "tail", "--follow", "-n", "1")
	out, err := tail.StdoutPipe()
	must(t, err)
	must(t, tail.Start())
	t.Cleanup(func() { _ = tail.Process.Kill() })
	lines := make(chan string, 10)
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
		close(lines)
	}()
	next := func() string {
		select {
		case line := <-lines:
			return line
		case <-time.After(patient):
			t.Fatal("nothing came")
			return ""
		}
	}
	if line := next(); !strings.Contains(line, "TicketBooked") || !strings.HasSuffix(line, "/2") {
		t.Errorf("the newest record: %s", line)
	}
	p.post("/book", p.login("bob"), map[string]any{"eventId": event})
	if line := next(); !strings.Contains(line, "TicketBooked") || !strings.HasSuffix(line, "/3") {
		t.Errorf("the next record: %s", line)
	}
	must(t, tail.Process.Signal(syscall.SIGINT))
	if err := tail.Wait(); err != nil {
		t.Errorf("tail ended with %v", err)
	}

	_, err = pool.Exec(context.Background(), `alter table event_log disable trigger user; update event_log set data = `+
		`'{}' where stream_id = '`+event+`' and version = 2; alter table event_log enable trigger user`)
	must(t, err)
	narrow(want(1, `(?m)^position \d+: hash\n  stream `+event+`, version 2\n  the hash is`, "verify"))
	if out := want(1, `"check":"hash"`, "verify", "--json"); !strings.HasPrefix(out, "{") {
		t.Errorf("not JSON: %s", out)
	}
	want(1, `not what was signed`, "prove", event, "2")
}
