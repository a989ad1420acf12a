package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/internal/natstest"
)

func secretsFor(url string) []string {
	return []string{"DATABASE_URL=" + url, "JWT_ACCESS_SECRET=an access secret for tests", "JWT_REFRESH_SECRET=a refresh secret for tests"}
}

// One system and one that follows it, each with a database of its own and nothing between them but the bus.
func TestAFollowerShowsWhatHappensElsewhere(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t)
	bus := "EVENT_BUS_URL=" + server.URL()
	away := newDatabase(t)
	homeEnv, awayEnv := append(secretsFor(newSeededDatabase(t)), bus), append(secretsFor(away), bus, "JWT_REFRESH_SECRET=another one that is of no use")
	home := serve(t, homeEnv, "--seed")
	follower := serve(t, awayEnv, "--follow")
	alice := home.login("alice")
	list := home.do("GET", "/events?search=limited+concert", alice, nil)["data"].([]any)
	path := "/events/" + list[0].(map[string]any)["id"].(string)
	remain := func(p *process, want float64) {
		t.Helper()
		p.waitFor("the follower to show what remains", func() bool { return p.do("GET", path, alice, nil)["remainingTickets"] == want })
	}
	remain(follower, 2)
	book := `{"eventId":"` + strings.TrimPrefix(path, "/events/") + `"}`
	booked := home.do("POST", "/book", alice, strings.NewReader(book))["booking"].(map[string]any)["id"].(string)
	remain(follower, 1)
	follower.waitFor("alice's booking", func() bool { return len(follower.do("GET", "/bookings", alice, nil)["data"].([]any)) == 1 })
	if status, _, told := follower.ask("POST", "/book", alice, book); status != 503 || told.Code != "read_only" {
		t.Errorf("booking at the follower: %d %+v", status, told)
	}

	// Each may be killed, and the bus may be gone for a while.
	_ = follower.stop(syscall.SIGKILL)
	if status, _, told := home.ask("DELETE", "/bookings/"+booked, alice, ""); status != 200 {
		t.Fatalf("cancel: %d %+v", status, told)
	}
	follower = serve(t, awayEnv, "--follow", "--projections=false") // which only shows
	keeper := command(append(awayEnv, "METRICS_PORT="+freePort(t)), "projections", "run", "--follow")
	keeper.Stderr = follower.err
	must(t, keeper.Start())
	t.Cleanup(func() { _ = keeper.Process.Kill(); _, _ = keeper.Process.Wait() })
	remain(follower, 2)
	server.Stop()
	if status, _, told := home.ask("POST", "/book", alice, book); status != 201 { // nobody who books waits for the bus
		t.Fatalf("book without a bus: %d %+v", status, told)
	}
	_ = home.stop(syscall.SIGKILL)
	server.Run()
	home = serve(t, homeEnv)
	remain(follower, 1)

	must(t, keeper.Process.Signal(os.Interrupt))
	if err := keeper.Wait(); err != nil {
		t.Errorf("the projections did not stop well: %v", err)
	}
	for name, p := range map[string]*process{"home": home, "follower": follower} {
		if err := p.stop(os.Interrupt); err != nil {
			t.Errorf("%s did not stop well: %v", name, err)
		}
		if strings.Contains(p.err.String(), natstest.Password) {
			t.Errorf("%s has logged the password of the bus: %s", name, p.err)
		}
	}
	report, err := audit.Verify(context.Background(), audit.VerifyOptions{Pool: dbtest.Connect(t, away)})
	must(t, err)
	if !report.OK() || len(report.ReadModels) != 2 {
		t.Errorf("the audit of the follower: %+v", report)
	}

	// Nobody books in a database that follows, lest it goes another way.
	for _, args := range [][]string{{"serve"}, {"seed"}, {"projections", "run"}, {"serve", "--follow", "--seed"}} {
		cmd := command(awayEnv, args...)
		tooLong := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }) // one that is not refused serves on
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "--follow") {
			t.Errorf("%v: %v %s", args, err, out)
		}
		tooLong.Stop()
	}
	out, err := command(awayEnv[:3], "serve", "--follow").CombinedOutput() // without EVENT_BUS_URL
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(string(out), "EVENT_BUS_URL") {
		t.Errorf("got %v: %s", err, out)
	}
}

// API, read models and web UI as processes of their own.
func TestRolesMakeASystemTogether(t *testing.T) {
	t.Parallel()
	url := newSeededDatabase(t)
	api := serve(t, secretsFor(url), "--seed", "--projections=false")
	alice := api.login("alice")
	total := func() any { return api.do("GET", "/events", alice, nil)["meta"].(map[string]any)["total"] }
	if total() != 0.0 {
		t.Fatalf("%v events are there, and nobody projects", total())
	}
	port := freePort(t)
	said := &logtest.Buffer{}
	keeper := command(append(secretsFor(url), "METRICS_PORT="+port), "projections", "run")
	keeper.Stderr = said
	must(t, keeper.Start())
	t.Cleanup(func() { _ = keeper.Process.Kill(); _, _ = keeper.Process.Wait() })
	api.waitFor("the read models", func() bool { return total() != 0.0 })
	for path, want := range map[string]string{"/healthz": "", "/readyz": "", "/metrics": "boxoffice_projection_lag_records"} {
		response, err := http.Get("http://127.0.0.1:" + port + path)
		must(t, err)
		text, err := io.ReadAll(response.Body)
		must(t, errors.Join(err, response.Body.Close()))
		if response.StatusCode != http.StatusOK || !strings.Contains(string(text), want) {
			t.Errorf("%s: %d %s", path, response.StatusCode, text)
		}
	}
	must(t, keeper.Process.Signal(syscall.SIGTERM))
	if err := keeper.Wait(); err != nil {
		t.Errorf("the projections did not stop well: %v\n%s", err, said)
	}
}

// A process that stands still does not notice that it has lost the lock, and PostgreSQL does.
func TestAnotherProcessPublishesWhenOneStandsStill(t *testing.T) {
	t.Parallel()
	env := append(secretsFor(newSeededDatabase(t)), "EVENT_BUS_URL="+natstest.Start(t).URL())
	api := serve(t, env, "--seed", "--projections=false")
	publishes := func(port string) func() bool {
		return func() bool { return scrape(t, port)["boxoffice_bus_position"] != nil }
	}
	run := func() (*exec.Cmd, string) {
		port := freePort(t)
		cmd := command(append(slices.Clone(env), "METRICS_PORT="+port), "projections", "run")
		cmd.Stderr = api.err
		must(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill(); _, _ = cmd.Process.Wait() })
		api.waitFor("its metrics", func() bool {
			response, err := http.Get("http://127.0.0.1:" + port + "/readyz")
			return err == nil && response.Body.Close() == nil
		})
		return cmd, port
	}
	first, port := run()
	api.waitFor("the first one", publishes(port))
	second, other := run()
	if publishes(other)() {
		t.Error("two publish")
	}
	must(t, first.Process.Signal(syscall.SIGSTOP))
	api.waitFor("the second one", publishes(other))
	must(t, first.Process.Signal(syscall.SIGCONT))
	api.waitFor("the first one to stand by", func() bool { return !publishes(port)() && publishes(other)() })
	for _, cmd := range []*exec.Cmd{first, second} {
		must(t, cmd.Process.Signal(syscall.SIGTERM))
		if err := cmd.Wait(); err != nil {
			t.Errorf("the projections did not stop well: %v\n%s", err, api.err)
		}
	}
}
