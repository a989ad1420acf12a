package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/executable"
	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// program is what the tests start, kill and start again. The test binary is the program too. Under
// the race detector each start of it and each password takes ten times as long, and what runs in a
// process has tests of its own with the detector, so a build without it is started, unless
// TEST_PROGRAM_RACE is set.
var program = sync.OnceValue(func() string {
	if !underRaceDetector || os.Getenv("TEST_PROGRAM_RACE") != "" {
		return os.Args[0]
	}
	dir, err := dbtest.Dir("boxoffice-program-")
	if err != nil {
		panic(err)
	}
	path := filepath.Join(dir, "boxoffice.exe") // a suffix that Windows needs, and others do not mind
	if err := executable.Build(context.Background(), path); err != nil {
		panic(err)
	}
	return path
})

func TestMain(m *testing.M) {
	if os.Getenv("BOXOFFICE_TEST_LEAKS") != "" {
		problems := leaks()
		for _, p := range problems {
			fmt.Println(p)
		}
		os.Exit(min(1, len(problems)))
	}
	if os.Getenv("BOXOFFICE_TEST_MAIN") != "" {
		main()
		return
	}
	// They wait for programs and for clocks as long as they compute.
	if err := flag.Set("test.parallel", "3"); err != nil {
		panic(err)
	}
	dbtest.Main(m)
}

// patient is longer than anything here takes when all is well, on machines that do much else too.
const patient = time.Minute

// process is a running boxoffice.
type process struct {
	*testing.T
	cmd *exec.Cmd
	api string
	web string
	err *logtest.Buffer
}

func command(env []string, args ...string) *exec.Cmd {
	return commandContext(context.Background(), env, args...)
}

// commandContext kills the program when ctx ends.
func commandContext(ctx context.Context, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program(), args...)
	cmd.Env = []string{"BOXOFFICE_TEST_MAIN=1", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"),
		"TMPDIR=" + os.TempDir(), "API_PORT=0", "WEB_PORT=0", "BOOKING_DELAY=50ms"}
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

var printed = regexp.MustCompile(`(?m)(Web|API) +(http://\S+)`)

// serve starts the program and returns when it says that it is ready.
func serve(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	dbtest.Slow(t)
	dir := t.TempDir() // without a .env
	env = append([]string{"XDG_DATA_HOME=" + dir}, env...)
	p := &process{T: t, cmd: command(env, append([]string{"serve"}, args...)...), err: &logtest.Buffer{}}
	p.cmd.Dir = dir
	p.cmd.Stderr = p.err
	out, err := p.cmd.StdoutPipe()
	must(t, err)
	must(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _, _ = p.cmd.Process.Wait() })
	ready := make(chan struct{})
	go func() {
		defer close(ready)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if m := printed.FindStringSubmatch(lines.Text()); m != nil && m[1] == "Web" {
				p.web = m[2]
			} else if m != nil {
				p.api = m[2]
				break
			}
		}
		go io.Copy(io.Discard, out) //nolint:errcheck // ends with the process
	}()
	select {
	case <-ready:
	case <-time.After(3 * time.Minute):
	}
	if p.api == "" {
		t.Fatalf("the program did not get ready:\n%s", p.err)
	}
	return p
}

func (p *process) stop(s os.Signal) error {
	p.Helper()
	must(p, p.cmd.Process.Signal(s))
	return p.end()
}

// end waits until the program has ended.
func (p *process) end() error {
	p.Helper()
	done := make(chan error, 1)
	go func() { done <- p.cmd.Wait() }()
	select {
	case err := <-done:
		return err
	case <-time.After(patient):
		p.Fatalf("the program did not stop:\n%s", p.err)
		return nil
	}
}

func (p *process) post(path, token string, body any) map[string]any {
	p.Helper()
	data, err := json.Marshal(body)
	must(p, err)
	return p.do("POST", path, token, bytes.NewReader(data))
}

func (p *process) do(method, path, token string, body io.Reader) (answer map[string]any) {
	p.Helper()
	must(p, json.Unmarshal(p.send(method, path, token, body), &answer))
	return answer
}

func (p *process) send(method, path, token string, body io.Reader) []byte {
	p.Helper()
	r, err := http.NewRequest(method, p.api+path, body)
	must(p, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	must(p, err)
	defer response.Body.Close() //nolint:errcheck // read to its end
	data, err := io.ReadAll(response.Body)
	must(p, err)
	return data
}

// login repeats while the answer is 503, as people would: where many tests run at once, a program that
// has just started may be told late that its database answers.
func (p *process) login(who string) (token string) {
	p.Helper()
	var answer map[string]any
	tick := time.NewTicker(100 * time.Millisecond) // within the limit of an address
	defer tick.Stop()
	for until := time.Now().Add(patient); ; <-tick.C {
		answer = p.post("/auth/login", "", map[string]string{"email": who + "@example.com", "password": "password123"})
		token, _ = answer["accessToken"].(string)
		if answer["status"] != 503.0 || time.Now().After(until) {
			break
		}
	}
	if token == "" {
		p.Fatalf("login failed: %v", answer)
	}
	return token
}

// limitedConcert is the id of an event of the seed, as soon as it is projected.
func (p *process) limitedConcert(token string) (id string) {
	p.Helper()
	if !waittest.Until(patient, func() bool {
		events, _ := p.do("GET", "/events?search=limited+concert", token, nil)["data"].([]any)
		for _, e := range events {
			id = e.(map[string]any)["id"].(string)
		}
		return id != ""
	}) {
		p.Fatal("the limited concert is not there")
	}
	return id
}

// newDatabase is for a program which is started, and so of a test that is not quick.
func newDatabase(t *testing.T) string {
	t.Helper()
	dbtest.Slow(t)
	return dbtest.URL(t)
}

// newSeededDatabase is one more, for a program that is started with --seed. It spares hashing the
// passwords of the accounts each time, which takes seconds under the race detector.
func newSeededDatabase(t *testing.T) string {
	t.Helper()
	dbtest.Slow(t)
	return seeded.URL(t)
}

var seeded = dbtest.NewTemplate(func(url string) error {
	if out, err := command(secretsFor(url), "seed").CombinedOutput(); err != nil {
		return fmt.Errorf("seed: %w: %s", err, out)
	}
	return nil
})

// dataDir is one that PostgreSQL's user can reach too: those below t.TempDir are closed to it when
// root runs the tests.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "boxoffice-cmd-")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return "DATA_DIR=" + dir
}

// usedDataDir is one with a database already: its first start is quick.
func usedDataDir(t *testing.T) string {
	t.Helper()
	dbtest.Slow(t)
	setting := dataDir(t)
	must(t, dbtest.Prepare(strings.TrimPrefix(setting, "DATA_DIR=")))
	return setting
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func TestABookingOutlivesAKillAndAStop(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	p := serve(t, []string{dir})
	token := p.login("alice")
	event := p.do("GET", "/events/"+p.limitedConcert(token), token, nil)
	if event["remainingTickets"] != 2.0 {
		t.Fatalf("the limited concert has %v tickets, want 2", event["remainingTickets"])
	}
	booked := p.post("/book", token, map[string]any{"eventId": event["id"]})
	if booked["booking"] == nil {
		t.Fatalf("not booked: %v", booked)
	}
	if err := p.stop(syscall.SIGKILL); err == nil {
		t.Fatal("the program ended well though it was killed")
	}

	count := func(p *process, token string) int {
		return len(p.do("GET", "/bookings", token, nil)["data"].([]any))
	}
	p = serve(t, []string{dir})
	// The token is still good: the secrets are kept in the data directory. Seeding again has added
	// nothing.
	if got := count(p, token); got != 1 {
		t.Errorf("%d bookings after a kill, want 1", got)
	}
	if total := p.do("GET", "/events", token, nil)["meta"].(map[string]any)["total"]; total.(float64) < 12 {
		t.Errorf("%v events, want at least 12", total)
	}
	if got := len(p.do("GET", "/events?search=limited+concert", token, nil)["data"].([]any)); got != 1 {
		t.Errorf("%d limited concerts after seeding twice", got)
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM: %v\n%s", err, p.err)
	}
	p = serve(t, []string{dir})
	if got := count(p, token); got != 1 {
		t.Errorf("%d bookings after a stop, want 1", got)
	}
	if err := p.stop(os.Interrupt); err != nil {
		t.Errorf("Ctrl-C: %v\n%s", err, p.err)
	}
}

func TestABookingInItsDelayIsFinishedBeforeTheProgramStops(t *testing.T) {
	t.Parallel()
	p := serve(t, []string{"DATABASE_URL=" + newSeededDatabase(t), "JWT_ACCESS_SECRET=an access secret for tests",
		"JWT_REFRESH_SECRET=a refresh secret for tests", "BOOKING_DELAY=3s"}, "--seed")
	token := p.login("alice")
	event := p.limitedConcert(token)
	booked := make(chan map[string]any, 1)
	go func() { booked <- p.post("/book", token, map[string]any{"eventId": event}) }()
	p.waitForBookingTransaction()
	must(t, p.cmd.Process.Signal(syscall.SIGTERM))
	for _, url := range []string{p.api, p.web} {
		p.waitFor("nobody is let in at "+url, func() bool {
			conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
			if err == nil {
				must(t, conn.Close())
			}
			return err != nil
		})
	}
	if len(booked) > 0 {
		t.Error("people were let in until the booking was finished")
	}
	if err := p.end(); err != nil {
		t.Errorf("SIGTERM: %v\n%s", err, p.err)
	}
	if answer := <-booked; answer["booking"] == nil {
		t.Errorf("the booking was not finished: %v", answer)
	}
}

func TestABalancerIsGivenTimeToNoticeThatAProgramStops(t *testing.T) {
	t.Parallel()
	p := serve(t, append(secretsFor(newSeededDatabase(t)), "SHUTDOWN_DELAY=1m"), "--seed")
	token := p.login("alice")
	event := p.limitedConcert(token)
	must(t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.waitFor("readiness to end", func() bool {
		status, _, told := p.ask("GET", "/readyz", "", "")
		return status == http.StatusServiceUnavailable && told.Code == "not_ready"
	})
	if booked := p.post("/book", token, map[string]any{"eventId": event}); booked["booking"] == nil {
		t.Errorf("what still came was not served: %v", booked)
	}
}

func TestConnectionsThatNobodyUsesOutliveThoseOfBalancers(t *testing.T) {
	t.Parallel()
	if got := server(nil, slog.New(slog.DiscardHandler)).IdleTimeout; got <= 620*time.Second {
		t.Errorf("got %s, and some balancers keep them for 600 s", got)
	}
}

// waitForBookingTransaction returns when a booking is in its delay: another command on the system
// shows it as open.
func (p *process) waitForBookingTransaction() {
	p.Helper()
	url := ""
	for _, v := range p.cmd.Env {
		if name, value, _ := strings.Cut(v, "="); name == "DATABASE_URL" {
			url = value
		}
	}
	pool := dbtest.Connect(p, url)
	deadline := time.Now().Add(patient)
	for open := 0; open == 0; {
		must(p, pool.QueryRow(context.Background(), `select count(*) from pg_stat_activity where datname = `+
			`current_database() and application_name = 'boxoffice booking' and state = 'idle in transaction'`).Scan(&open))
		if time.Now().After(deadline) {
			p.Fatal("no booking transaction was opened")
		}
	}
}

func TestTwoProgramsOnOneDirectoryAreRefusedWithAReason(t *testing.T) {
	t.Parallel()
	dir := usedDataDir(t)
	p := serve(t, []string{dir})
	out, err := command([]string{dir}, "serve").CombinedOutput()
	if err == nil || !strings.Contains(string(out), fmt.Sprint(p.cmd.Process.Pid)) {
		t.Errorf("got %v, want an error that names process %d: %s", err, p.cmd.Process.Pid, out)
	}
}

func TestToolsWorkBesideARunningServer(t *testing.T) {
	t.Parallel()
	dir := usedDataDir(t)
	tool := func(args ...string) (string, error) {
		out, err := command([]string{dir}, args...).CombinedOutput()
		return string(out), err
	}
	if out, err := tool("database", "url"); err == nil {
		t.Errorf("database url succeeded with nothing running: %s", out)
	}
	serve(t, []string{dir})
	out, err := tool("database", "url")
	if err != nil || !strings.HasPrefix(out, "postgres://") {
		t.Errorf("database url: %v %s", err, out)
	}
	pool := dbtest.Connect(t, strings.TrimSpace(out))
	must(t, pool.Ping(context.Background()))
	if out, err := tool("migrate"); err != nil || !strings.Contains(out, "0 migration(s) applied") {
		t.Errorf("migrate: %v %s", err, out)
	}
	if out, err := tool("seed"); err != nil || !strings.Contains(out, "events are there") {
		t.Errorf("seed: %v %s", err, out)
	}
}

func TestTheProgramRefusesToStartWithAReason(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  []string
		args []string
		code int
		want []string
	}{
		"a database without secrets": {[]string{"DATABASE_URL=postgres://localhost/x"}, []string{"serve"}, 1,
			[]string{"JWT_ACCESS_SECRET is needed", "JWT_REFRESH_SECRET is needed"}},
		"several mistakes": {[]string{"LOG_LEVEL=loud", "BOOKING_DELAY=1"}, []string{"serve"}, 1,
			[]string{"LOG_LEVEL", "BOOKING_DELAY", "2 problem(s)"}},
		"an unknown one for users": {nil, []string{"user", "purge"}, 1, []string{"unknown command"}},
		"demo accounts in production": {[]string{"APP_ENV=production", dataDir(t)}, []string{"seed"}, 1,
			[]string{"APP_ENV=production"}},
		"an unknown command":             {nil, []string{"sell"}, 1, []string{"unknown command"}},
		"an unknown one for projections": {nil, []string{"projections", "veriffy"}, 1, []string{"unknown command"}},
		"an unknown one for auditors":    {nil, []string{"audit", "veriffy"}, 2, []string{"unknown command"}},
		"options that exclude each other": {nil, []string{"audit", "checkpoints", "--newest", "--json"}, 2,
			[]string{"newest", "json"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := command(c.env, c.args...).CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != c.code {
				t.Fatalf("got %v, want exit code %d: %s", err, c.code, out)
			}
			for _, want := range c.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("%q is missing in: %s", want, out)
				}
			}
		})
	}
}

func TestProductionStartsOnlyWithoutTheAccountsOfTheSeed(t *testing.T) {
	t.Parallel()
	url := newSeededDatabase(t)
	env := []string{
		"DATABASE_URL=" + url, dataDir(t), "APP_ENV=production",
		"JWT_ACCESS_SECRET=an access secret of 32 bytes or more", "JWT_REFRESH_SECRET=a refresh secret of 32 bytes or more",
	}
	emails := []string{"organizer@example.com", "auditor@example.com", "alice@example.com", "bob@example.com",
		"carol@example.com"}
	tool := func(args ...string) (string, error) {
		out, err := command(env, args...).CombinedOutput()
		return string(out), err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	data, err := commandContext(ctx, env, "serve").CombinedOutput()
	out := string(data)
	if ctx.Err() != nil || err == nil { // it goes on for ever when it starts
		t.Fatalf("it has started: %s", out)
	}
	for _, want := range append(emails, "boxoffice user purge-demo") {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in: %s", want, out)
		}
	}
	if out, err := tool("user", "purge-demo"); err != nil || !strings.Contains(out, "5 account(s) erased") {
		t.Fatalf("user purge-demo: %v %s", err, out)
	}
	p := serve(t, env)
	for _, email := range emails {
		answer := p.post("/auth/login", "", map[string]string{"email": email, "password": "password123"})
		if answer["code"] != "invalid_credentials" {
			t.Errorf("%s signs in: %v", email, answer)
		}
	}
	// An account with such an address and another password is not a demo account.
	if answer := p.post("/auth/register", "", map[string]string{"email": emails[2], "password": "a password 4 Alice",
		"name": "Alice"}); answer["user"] == nil {
		t.Fatalf("register: %v", answer)
	}
	must(t, p.stop(os.Interrupt))
	if out, err := tool("user", "purge-demo"); err != nil || !strings.Contains(out, "0 account(s) erased") {
		t.Errorf("user purge-demo: %v %s", err, out)
	}
	must(t, serve(t, env).stop(os.Interrupt))
}

func TestAPortThatIsTakenIsNamed(t *testing.T) {
	t.Parallel()
	p := serve(t, []string{usedDataDir(t)})
	port := p.api[strings.LastIndex(p.api, ":")+1:]
	out, err := command([]string{usedDataDir(t), "API_PORT=" + port}, "serve").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "API_PORT") {
		t.Errorf("got %v: %s", err, out)
	}
}

// As in a container whose root is read-only: what is needed to book is configured, and there is no
// place to keep anything.
func TestTheServerStartsWithoutAPlaceToKeepTheAuditsKey(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	p := serve(t, []string{
		"DATABASE_URL=" + newSeededDatabase(t), "DATA_DIR=" + filepath.Join(file, "below"), "BOOKING_DELAY=0s",
		"JWT_ACCESS_SECRET=an access secret for tests", "JWT_REFRESH_SECRET=a refresh secret for tests",
	}, "--seed")
	p.login("alice")
	must(t, p.stop(os.Interrupt))
	if !strings.Contains(p.err.String(), "AUDIT_SIGNING_KEY") {
		t.Errorf("nobody was told: %s", p.err)
	}
}
