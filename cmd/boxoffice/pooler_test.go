package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// pooled runs a PgBouncer in front of a database and returns its address.
func pooled(t *testing.T, database, mode string, settings ...string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil {
			t.Skip("PgBouncer is not installed: apt-get install pgbouncer")
		}
	}
	address, err := url.Parse(database)
	must(t, err)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_, port, _ := net.SplitHostPort(free.Addr().String())
	must(t, free.Close())
	dir, err := os.MkdirTemp("", "boxoffice-pooler-")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	password, _ := address.User.Password()
	text := fmt.Sprintf("[databases]\n* = host=%s port=%s user=%s password=%s\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"+
		"listen_port = %s\nunix_socket_dir =\nauth_type = any\npool_mode = %s\ndefault_pool_size = 80\n%s\n",
		address.Hostname(), address.Port(), address.User.Username(), password, port, mode, strings.Join(settings, "\n"))
	file := filepath.Join(dir, "pgbouncer.ini")
	must(t, os.WriteFile(file, []byte(text), 0o644))
	cmd := exec.Command(program, file)
	if os.Geteuid() == 0 { // it refuses to run as root
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	said := &logtest.Buffer{}
	cmd.Stdout, cmd.Stderr = said, said
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("PgBouncer said:\n%s", said)
		}
	})
	address.Host = net.JoinHostPort("127.0.0.1", port)
	if !waittest.Until(patient, func() bool {
		conn, err := net.Dial("tcp", address.Host)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}) {
		t.Fatal("PgBouncer does not listen")
	}
	return address.String()
}

func TestThroughAPoolerInSessionModeEverythingWorks(t *testing.T) {
	t.Parallel()
	p := serve(t, secretsFor(pooled(t, newSeededDatabase(t), "session")), "--seed")
	token := p.login("alice")
	event := p.limitedConcert(token)
	if booked := p.post("/book", token, map[string]any{"eventId": event}); booked["booking"] == nil {
		t.Fatalf("not booked: %v", booked)
	}
	if bookings, _ := p.do("GET", "/bookings", token, nil)["data"].([]any); len(bookings) != 1 {
		t.Errorf("%d bookings are listed", len(bookings))
	}
	if status, _, problem := p.ask("GET", "/readyz", "", ""); status != 200 {
		t.Errorf("not ready: %d %+v", status, problem)
	}
	if strings.Contains(p.err.String(), `"level":"WARN"`) {
		t.Errorf("logged was\n%s", p.err)
	}
}

func TestAPoolerWithoutSessionsIsRefused(t *testing.T) {
	t.Parallel()
	url := newDatabase(t)
	for name, c := range map[string]struct {
		mode     string
		settings []string
	}{
		"transaction mode":                      {"transaction", nil},
		"transaction mode, one backend":         {"transaction", []string{"default_pool_size = 2"}},
		"transaction mode, backends one by one": {"transaction", []string{"server_round_robin = 1"}},
		"statement mode":                        {"statement", nil},
		"transaction mode, lenient":             {"transaction", []string{"ignore_startup_parameters = extra_float_digits"}},
	} {
		for _, busy := range []int{0, 1, 5} { // other clients that have used a backend each
			t.Run(name+", "+strconv.Itoa(busy)+" other clients", func(t *testing.T) {
				t.Parallel()
				through := pooled(t, url, c.mode, c.settings...)
				warmUp(t, through, busy)
				for _, args := range [][]string{{"serve"}, {"migrate"}} {
					out, err := command(secretsFor(through), args...).CombinedOutput()
					if err == nil || !strings.Contains(string(out), "pooler in transaction or statement mode") {
						t.Errorf("%v: got %v: %s", args, err, out)
					}
				}
			})
		}
	}
}

// Replicas that are not there don't keep anybody from starting, and none hides another.
func TestAPoolerWithoutSessionsInFrontOfAReplicaIsRefused(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	transactions, err := url.Parse(pooled(t, database, "transaction"))
	must(t, err)
	sessions, err := url.Parse(pooled(t, database, "session"))
	must(t, err)
	const gone = "127.0.0.1:1"
	for hosts, isRefused := range map[string]bool{
		gone + "," + transactions.Host: true, sessions.Host + "," + transactions.Host: true,
		gone + "," + sessions.Host: false, gone: false,
	} {
		address := *sessions
		address.Host = hosts
		err := refusePooledReplicas(t.Context(), address.String())
		if errors.Is(err, errTransactionPooling) != isRefused || !isRefused && err != nil {
			t.Errorf("%s: %v", hosts, err)
		}
	}
	out, err := command(append(secretsFor(database), "DATABASE_READ_URL="+transactions.String()), "serve").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "DATABASE_READ_URL: it leads to a pooler") {
		t.Errorf("got %v: %s", err, out)
	}
}

// warmUp has a pooler open several backends.
func warmUp(t *testing.T, url string, n int) {
	t.Helper()
	if n == 0 {
		return
	}
	config, err := pgx.ParseConfig(url)
	must(t, err)
	done := make(chan error, n)
	for range n {
		conn, err := connectPlain(t.Context(), config)
		must(t, err)
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		go func() {
			_, err := conn.Exec(context.Background(), `select pg_sleep(0.2)`)
			done <- err
		}()
	}
	for range n {
		must(t, <-done)
	}
}

func TestSessionsOfPostgreSQLItselfAreNoPooler(t *testing.T) {
	t.Parallel()
	d := databaseAt(dbtest.URL(t))
	for range 3 {
		must(t, d.checkSessions(t.Context(), 1))
	}
}
