//go:build unix

package dbtest

import (
	"context"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/embeddedpg"
	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// Primary starts a server of the test's own, with a migrated database and whatever replicas are
// made of it.
func Primary(tb testing.TB) *embeddedpg.Server {
	tb.Helper()
	Slow(tb)
	dir, err := os.MkdirTemp("", serverPrefix)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	Must(tb, Prepare(dir))
	server, err := embeddedpg.Start(tb.Context(), embeddedpg.Options{Dir: dir,
		Settings: map[string]string{"fsync": "off"}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = server.Stop() })
	return server
}

// Replica is a streaming replica of a [Primary].
type Replica struct {
	URL string

	tb     testing.TB
	binDir string
	data   string
	owner  *syscall.Credential // whom the server runs as; nil: as the test does
	cmd    *exec.Cmd
	output logtest.Buffer
}

// NewReplica copies a primary with pg_basebackup and starts the copy. It is stopped when the test
// ends.
func NewReplica(tb testing.TB, primary *embeddedpg.Server) *Replica {
	tb.Helper()
	info, err := os.Stat(primary.DataDir())
	if err != nil {
		tb.Fatal(err)
	}
	r := &Replica{tb: tb, binDir: primary.BinDir()}
	if os.Geteuid() == 0 {
		owner := info.Sys().(*syscall.Stat_t) //nolint:forcetypeassert // on these systems it is one
		r.owner = &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}
	}
	copier := filepath.Join(r.binDir, "pg_basebackup")
	if _, err := os.Stat(copier); err != nil {
		tb.Skip("pg_basebackup is not there: install PostgreSQL's client programs to test replicas")
	}
	parent, err := os.MkdirTemp(filepath.Dir(primary.DataDir()), "replica")
	if err != nil {
		tb.Fatal(err)
	}
	if r.owner != nil {
		if err := os.Chown(parent, int(r.owner.Uid), int(r.owner.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
	r.data = filepath.Join(parent, "data")
	// With -R it follows the primary that it is a copy of.
	if out, err := r.command(copier, "-d", primary.URL(), "-D", r.data, "-R", "-X", "stream", "-c", "fast",
		"--no-sync").CombinedOutput(); err != nil {
		tb.Fatalf("pg_basebackup: %v\n%s", err, out)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // of a test
	if err != nil {
		tb.Fatal(err)
	}
	address, err := url.Parse(primary.URL())
	if err != nil {
		tb.Fatal(err)
	}
	address.Host = free.Addr().String()
	_ = free.Close()
	r.URL = address.String()
	r.Start()
	tb.Cleanup(func() {
		r.Kill()
		if tb.Failed() {
			tb.Logf("the replica said:\n%s", r.output.String())
		}
	})
	return r
}

func (r *Replica) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...) //nolint:gosec,noctx // of PostgreSQL, and for as long as the test likes
	cmd.Dir = r.binDir
	if r.owner != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: r.owner}
	}
	return cmd
}

// Start starts it again after [Replica.Kill], and waits until it answers.
func (r *Replica) Start() {
	r.tb.Helper()
	address, err := url.Parse(r.URL)
	if err != nil {
		r.tb.Fatal(err)
	}
	r.cmd = r.command(filepath.Join(r.binDir, "postgres"), "-D", r.data, "-c", "port="+address.Port(),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off",
		"-c", "max_connections=400", "-c", "wal_retrieve_retry_interval=100ms")
	r.cmd.Stdout, r.cmd.Stderr = &r.output, &r.output
	if err := r.cmd.Start(); err != nil {
		r.tb.Fatal(err)
	}
	if !waittest.Until(time.Minute, func() bool { return r.exec(`select`) == nil }) {
		r.tb.Fatalf("the replica does not answer:\n%s", r.output.String())
	}
}

// Kill ends it at once, as a crash does, but frees its shared memory. It may be called again.
func (r *Replica) Kill() {
	if r.cmd.ProcessState == nil {
		_ = r.cmd.Process.Signal(syscall.SIGQUIT)
		_ = r.cmd.Wait()
	}
}

// MakeSynchronous has the COMMITs of the primary wait for the replica.
func (r *Replica) MakeSynchronous(primary *embeddedpg.Server) {
	r.tb.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, primary.URL())
	if err != nil {
		r.tb.Fatal(err)
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost with it
	for _, sql := range []string{`alter system set synchronous_standby_names = '*'`, `select pg_reload_conf()`} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			r.tb.Fatalf("%s: %v", sql, err)
		}
	}
	isSynchronous := false
	if !waittest.Until(time.Minute, func() bool {
		_ = conn.QueryRow(ctx, `select exists (select from pg_stat_replication where sync_state = 'sync')`).
			Scan(&isSynchronous)
		return isSynchronous
	}) {
		r.tb.Fatal("the replica did not become synchronous")
	}
}

// Freeze stops the process that receives what the primary sends. Connections stay open. It returns
// what lets the process go on.
func (r *Replica) Freeze() (thaw func()) {
	r.tb.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, r.URL)
	if err != nil {
		r.tb.Fatal(err)
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost with it
	var receiver int
	if err := conn.QueryRow(ctx, `select pid from pg_stat_wal_receiver`).Scan(&receiver); err != nil {
		r.tb.Fatal(err)
	}
	if err := syscall.Kill(receiver, syscall.SIGSTOP); err != nil {
		r.tb.Fatal(err)
	}
	thaw = func() { _ = syscall.Kill(receiver, syscall.SIGCONT) }
	r.tb.Cleanup(thaw)
	return thaw
}

// Pause stops the replay of what the primary sends.
func (r *Replica) Pause() { r.must(`select pg_wal_replay_pause()`) }

// Resume goes on with it.
func (r *Replica) Resume() { r.must(`select pg_wal_replay_resume()`) }

func (r *Replica) must(sql string) {
	r.tb.Helper()
	if err := r.exec(sql); err != nil {
		r.tb.Fatalf("%s: %v", sql, err)
	}
}

func (r *Replica) exec(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, r.URL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // the statement's error says more
	_, err = conn.Exec(ctx, sql)
	return err
}
