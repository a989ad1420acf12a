package main

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/internal/natstest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

func secretsFor(url string) []string {
	return []string{"DATABASE_URL=" + url, "JWT_ACCESS_SECRET=an access secret for tests",
		"JWT_REFRESH_SECRET=a refresh secret for tests"}
}

// The log leaves for other programs, and nobody who books waits for the bus.
func TestTheLogIsPublished(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t)
	env := append(secretsFor(newSeededDatabase(t)), "EVENT_BUS_URL="+server.URL())
	p := serve(t, env, "--seed")
	alice := p.login("alice")
	event := p.limitedConcert(alice)
	conn, err := nats.Connect(server.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	must(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	must(t, err)
	published := func(status int, header http.Header) {
		t.Helper()
		position, err := strconv.ParseUint(header.Get("Log-Position"), 10, 64)
		if err != nil || status >= 300 {
			t.Fatalf("%d %v", status, header)
		}
		p.waitFor("the record on the bus", func() bool {
			stream, err := js.Stream(t.Context(), "boxoffice_log")
			if err != nil {
				return false
			}
			m, err := stream.GetMsg(t.Context(), position)
			return err == nil && strings.HasPrefix(m.Subject, "boxoffice.log."+event)
		})
	}
	status, header, _ := p.ask("POST", "/book", alice, `{"eventId":"`+event+`"}`)
	published(status, header)
	server.Stop()
	status, header, problem := p.ask("POST", "/book", p.login("bob"), `{"eventId":"`+event+`"}`)
	if status != 201 {
		t.Fatalf("book without a bus: %d %+v", status, problem)
	}
	_ = p.stop(syscall.SIGKILL)
	server.Run()
	p = serve(t, env)
	published(status, header)
	if err := p.stop(os.Interrupt); err != nil {
		t.Errorf("it did not stop well: %v", err)
	}
	if strings.Contains(p.err.String(), natstest.Password) {
		t.Errorf("the password of the bus was logged: %s", p.err)
	}
}

// A process of read models, and the tools, sign nothing and need no secret.
func TestCommandsNeedOnlyWhatTheyUse(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL=" + newSeededDatabase(t), dataDir(t)}
	for _, args := range [][]string{
		{"migrate"}, {"seed"}, {"projections", "status"}, {"projections", "verify"}, {"audit", "verify"},
		{"audit", "streams"}, {"user", "purge-demo"},
	} {
		if out, err := command(env, args...).CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	said := &logtest.Buffer{}
	keeper := command(env, "projections", "run")
	keeper.Stderr = said
	must(t, keeper.Start())
	t.Cleanup(func() { _ = keeper.Process.Kill(); _, _ = keeper.Process.Wait() })
	if !waittest.Until(patient, func() bool { return strings.Contains(said.String(), "the projections run") }) {
		t.Errorf("the projections do not run:\n%s", said)
	}
	must(t, keeper.Process.Signal(syscall.SIGTERM))
	if err := keeper.Wait(); err != nil {
		t.Errorf("they did not stop well: %v\n%s", err, said)
	}
}

// One process answers without waiting for the read models, until there is another one that could be
// asked next.
func TestWhatOneProcessHasAnsweredAnotherCanRead(t *testing.T) {
	t.Parallel()
	url := newSeededDatabase(t)
	first := serve(t, secretsFor(url), "--seed")
	organizer := first.login("organizer")
	schedule := func() (path string) {
		event := first.post("/events", organizer, map[string]any{
			"title": "T", "venue": "V", "date": "2100-01-01T00:00:00Z", "totalTickets": 1, "price": 1})
		return "/events/" + event["id"].(string)
	}
	schedule()
	second := serve(t, secretsFor(url))
	for began := time.Now(); time.Since(began) < 3*time.Second; { // longer than it takes to notice another process
		path := schedule()
		if status, _, problem := second.ask("GET", path, organizer, ""); status != 200 {
			t.Fatalf("after %s: %d %+v", time.Since(began), status, problem)
		}
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
	for path, want := range map[string]string{"/healthz": "", "/readyz": "",
		"/metrics": "boxoffice_projection_lag_records"} {
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
