//go:build unix

package embeddedpg_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/embeddedpg"
	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

func TestColdStartAndRestartKeepData(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), "not", "there", "yet")
	o := embeddedpg.Options{Dir: dir} // as shipped: durable, and all our own settings
	s := start(t, o)
	if got, want := s.DataDir(), dataOf(dir); got != want {
		t.Errorf("the data is in %s, want %s", got, want)
	}
	query(t, s.URL(), "CREATE TABLE kept AS SELECT 'yes' AS answer")
	for _, check := range []struct{ sql, want string }{
		{"SELECT current_user || '@' || current_database()", "boxoffice@boxoffice"},
		{"SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user", "true"},
		{"SELECT left(rolpassword, 13) FROM pg_authid WHERE rolname = current_user", "SCRAM-SHA-256"},
		{"SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules", "scram-sha-256"},
		{"SELECT pg_encoding_to_char(encoding) || ' ' || datcollate FROM pg_database WHERE datname = current_database()",
			"UTF8 C"},
		{"SELECT 'ä' || upper('x')", "äX"},
		{"SHOW listen_addresses", "127.0.0.1"},
		{"SHOW unix_socket_directories", ""},
		{"SHOW fsync", "on"},
		{"SHOW synchronous_commit", "on"},
		{"SHOW max_connections", "200"},
		{"SHOW shared_buffers", "256MB"},
		{"SHOW max_wal_size", "2GB"},
		{"SHOW jit", "off"},
		{"SHOW lc_messages", "C"},
		{"SHOW TimeZone", "UTC"},
	} {
		if got := query(t, s.URL(), check.sql); got != check.want {
			t.Errorf("%s: got %q, want %q", check.sql, got, check.want)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "postgres", "password"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the password file has mode %o, want 600", info.Mode().Perm())
	}
	first := s.URL()
	stop(t, s)
	if got := clusterState(t, s.DataDir()); got != "shut down" {
		t.Errorf("after Stop the cluster is %q, want shut down", got)
	}

	s = start(t, o)
	if s.URL() != first {
		t.Error("the address has changed with a restart")
	}
	wantKept(t, s.URL())
}

func TestAWrongPasswordIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, options(withCluster(t)))
	config, err := pgx.ParseConfig(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	config.Password = "guessed"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err == nil {
		_ = conn.Close(t.Context())
		t.Fatal("connected with a wrong password")
	}
	if !strings.Contains(err.Error(), "28P01") {
		t.Errorf("got %v, want a refused password", err)
	}
}

func TestSettingsGoOverOurs(t *testing.T) {
	t.Parallel()
	o := options(withCluster(t))
	o.Settings["JIT"] = "on"
	o.Settings["application_name"] = "two words"
	s := start(t, o)
	for sql, want := range map[string]string{"SHOW jit": "on", "SHOW shared_buffers": "16MB",
		"SHOW max_connections": "200"} {
		if got := query(t, s.URL(), sql); got != want {
			t.Errorf("%s: got %q, want %q", sql, got, want)
		}
	}
	o.Dir = t.TempDir()
	for _, name := range []string{"port", "Listen_Addresses", "data_directory"} {
		o.Settings = map[string]string{name: "x"}
		if _, err := embeddedpg.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), strings.ToLower(name)) {
			t.Errorf("setting %s: got %v, want an error that names it", name, err)
		}
	}
}

func TestStopMayBeCalledAgainAndAtOnce(t *testing.T) {
	t.Parallel()
	dir := withCluster(t)
	s := start(t, options(dir))
	select {
	case <-s.Done():
		t.Fatal("Done is closed while the server runs")
	default:
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := s.Stop(); err != nil {
				t.Error(err)
			}
			if pid := postmasterPID(dataOf(dir)); pid != 0 {
				t.Errorf("Stop returned while process %d serves", pid)
			}
		})
	}
	wg.Wait()
	stop(t, s)
	<-s.Done()
	if err := s.Err(); err != nil {
		t.Errorf("after Stop, Err is %v", err)
	}
	stop(t, start(t, options(dir)))
}

func TestASessionThatHangsIsEndedByForce(t *testing.T) {
	t.Parallel()
	o := options(withCluster(t))
	o.StopTimeout = 50 * time.Millisecond
	s, err := embeddedpg.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := syscall.Kill(int(conn.PgConn().PID()), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err == nil || !strings.Contains(err.Error(), "by force") {
		t.Errorf("got %v, want an error that says force was used", err)
	}
	<-s.Done()
	wantKept(t, start(t, options(o.Dir)).URL())
}

func TestAServerThatDiesIsNoticedAndStartsAgain(t *testing.T) {
	t.Parallel()
	o := options(withCluster(t))
	s := start(t, o)
	if err := syscall.Kill(postmasterPID(s.DataDir()), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.Done():
	case <-time.After(testTimeout):
		t.Fatal("Done is not closed")
	}
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "by itself: postgres: signal: killed") {
		t.Errorf("Err is %v, want what happened", err)
	}
	_, err := embeddedpg.Start(t.Context(), o)
	if _, ok := errors.AsType[*embeddedpg.InUseError](err); !ok {
		t.Errorf("before Stop the directory can be had by another: %v", err)
	}
	stop(t, s)
	wantKept(t, start(t, o).URL())
}

func TestDirectoryWithSpacesQuotesAndUmlauts(t *testing.T) {
	t.Parallel()
	o := options(filepath.Join(openDir(t), "Büro & \"Kasse\" – it's €5 $HOME", strings.Repeat("tief/", 20)))
	s := start(t, o)
	query(t, s.URL(), "CREATE TABLE kept AS SELECT 'yes' AS answer")
	stop(t, s)
	wantKept(t, start(t, o).URL())
}

func TestTwoDirectoriesAtOnce(t *testing.T) {
	t.Parallel()
	a, b := start(t, options(withCluster(t))), start(t, options(withCluster(t)))
	query(t, a.URL(), "UPDATE kept SET answer = 'no'")
	wantKept(t, b.URL())
	if got := query(t, a.URL(), "SELECT answer FROM kept"); got != "no" {
		t.Errorf("the first says %q, want no", got)
	}
}

func TestSecondProgramOnADirectoryIsRefused(t *testing.T) {
	t.Parallel()
	dir := withCluster(t)
	p := startProgram(t, dir)
	url := p.url(t)
	_, err := embeddedpg.Start(t.Context(), options(dir))
	var inUse *embeddedpg.InUseError
	if !errors.As(err, &inUse) {
		t.Fatalf("got %v, want an InUseError", err)
	}
	if inUse.PID != p.cmd.Process.Pid || !strings.Contains(err.Error(), strconv.Itoa(inUse.PID)) {
		t.Errorf("got %v, want it to name process %d", err, p.cmd.Process.Pid)
	}
	wantKept(t, url)
}

func TestStartWaitsForAProgramThatIsStopping(t *testing.T) {
	t.Parallel()
	o := options(withCluster(t))
	first := start(t, o)
	conn, err := pgx.Connect(t.Context(), first.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	// A session that does not react keeps the first in its Stop for as long as we like.
	pid := int(conn.PgConn().PID())
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- first.Stop() }()
	waittest.For(t, "the owner is stopping", func() bool {
		b, _ := os.ReadFile(filepath.Join(o.Dir, "postgres", "owner"))
		return strings.Contains(string(b), "stopping")
	})
	go func() {
		<-time.After(500 * time.Millisecond) // longer than a program that is not stopping is waited for
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}()
	second := start(t, o)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	wantKept(t, second.URL())
}

func TestRunningURL(t *testing.T) {
	t.Parallel()
	dir := withCluster(t)
	if _, err := embeddedpg.RunningURL(dir); !errors.Is(err, embeddedpg.ErrNotRunning) {
		t.Errorf("a stopped cluster: got %v, want ErrNotRunning", err)
	}
	if _, err := embeddedpg.RunningURL(filepath.Join(dir, "nothing", "here")); !errors.Is(err, embeddedpg.ErrNotRunning) {
		t.Errorf("no directory: got %v, want ErrNotRunning", err)
	}
	p := startProgram(t, dir)
	want := p.url(t)
	got, err := embeddedpg.RunningURL(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Error("the address is not the one of the program")
	}
	wantKept(t, got)
}

func TestExplicitPortThatIsTakenIsAnError(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	o := options(withCluster(t))
	o.Port = l.Addr().(*net.TCPAddr).Port
	if _, err := embeddedpg.Start(t.Context(), o); err == nil ||
		!strings.Contains(err.Error(), "port "+strconv.Itoa(o.Port)+" on 127.0.0.1 is taken") {
		t.Errorf("got %v, want an error that names the port", err)
	}
	o.Port = 0
	wantKept(t, start(t, o).URL())
}

func TestLastPortIsKeptUnlessItIsTaken(t *testing.T) {
	t.Parallel()
	o := options(withCluster(t))
	s := start(t, o)
	first := portOf(t, s)
	if first >= 32768 {
		t.Errorf("port %d is one that systems hand out for outgoing connections", first)
	}
	stop(t, s)
	// Others run in parallel and could take the port too: then it is taken, and that is all we want.
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(first)))
	if err == nil {
		defer func() { _ = l.Close() }()
	}
	s = start(t, o)
	second := portOf(t, s)
	if second == first {
		t.Errorf("port %d was taken and is used", first)
	}
	stop(t, s)
	if third := portOf(t, start(t, o)); third != second {
		t.Errorf("port %d, want the last one, %d", third, second)
	}
}

func portOf(t *testing.T, s *embeddedpg.Server) int {
	t.Helper()
	config, err := pgx.ParseConfig(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	return int(config.Port)
}

func TestNoPasswordInTheLog(t *testing.T) {
	t.Parallel()
	var log logtest.Buffer
	o := options(openDir(t))
	o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := start(t, o)
	o.Logger.Info("started", "server", s)
	query(t, s.URL(), "SELECT 'x'")
	stop(t, s)
	config, err := pgx.ParseConfig(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	text := log.String()
	for _, want := range []string{"ready to accept connections", "PostgreSQL is ready", "boxoffice:xxxxx@127.0.0.1"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, config.Password) || strings.Contains(s.String(), config.Password) {
		t.Error("the password is in the log")
	}
}

// A test cannot see what children are given, but PostgreSQL with these would not start or be
// elsewhere.
func TestEnvironmentIsIgnored(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	p := startProgram(t, dir,
		"PGDATA=/nowhere", "PGPORT=1", "PGHOST=/nowhere", "PGUSER=nobody", "PGDATABASE=nothing", "PGPASSWORD=wrong",
		"PGOPTIONS=-c nonsense=1", "PGSERVICE=nothing", "PGSYSCONFDIR=/nowhere", "PGCLIENTENCODING=nonsense",
		"PGTZ=Mars/Base",
		"LC_ALL=de_DE.UTF-8", "LANG=xx_XX", "TZ=Asia/Tokyo", "SESSION_SECRET=hidden")
	url := p.url(t)
	if got := query(t, url,
		"SELECT current_setting('data_directory') || ' ' || current_setting('TimeZone')"); got != dataOf(dir)+" UTC" {
		t.Errorf("the server says %q", got)
	}
	env, err := os.ReadFile("/proc/" + strconv.Itoa(postmasterPID(dataOf(dir))) + "/environ")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no /proc here")
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"PGDATA=", "PGPORT=", "SESSION_SECRET="} {
		// The server itself sets some PG variables for its children.
		if bytes.Contains(env, []byte("\x00"+name+"/nowhere")) || bytes.Contains(env, []byte(name+"hidden")) ||
			bytes.Contains(env, []byte(name+"1\x00")) {
			t.Errorf("the server was given %s", name)
		}
	}
}

func TestStartThatIsCancelledLeavesNothing(t *testing.T) {
	t.Parallel()
	o := options(openDir(t))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		s, err := embeddedpg.Start(ctx, o)
		if err == nil {
			err = s.Stop()
		}
		failed <- err
	}()
	waittest.For(t, "initdb is at work", func() bool { return initialising(o.Dir) != "" })
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	if left := initialising(o.Dir); left != "" {
		t.Errorf("%s is left", left)
	}
	stop(t, start(t, o))
}

// initialising is the directory where initdb is at work.
func initialising(dir string) string {
	found, _ := filepath.Glob(filepath.Join(dir, "postgres", "init-*", "data", "PG_VERSION"))
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(filepath.Dir(found[0]))
}
