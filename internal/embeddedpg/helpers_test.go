//go:build unix

package embeddedpg_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/embeddedpg"
)

// testTimeout is how long a condition may take on a busy machine before it counts as never.
const testTimeout = 60 * time.Second

// openDir is a temporary directory that PostgreSQL's user can reach: the one of testing is closed
// to everybody else, and as root the data would be kept elsewhere.
func openDir(tb testing.TB) string {
	tb.Helper()
	dbtest.Slow(tb)
	dir := tb.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil {
		tb.Fatal(err)
	}
	return dir
}

var template struct {
	once sync.Once
	dir  string
	err  error
}

// withCluster is a directory with a cluster that was stopped in order. Making one takes ten times
// as long as copying it. Its table kept says "yes".
func withCluster(tb testing.TB) string {
	tb.Helper()
	template.once.Do(func() { template.dir, template.err = makeTemplate() })
	if template.err != nil {
		tb.Fatal(template.err)
	}
	dir := filepath.Join(openDir(tb), "app")
	if out, err := exec.Command("cp", "-Rp", template.dir, dir).CombinedOutput(); err != nil {
		tb.Fatalf("copy the template: %v: %s", err, out)
	}
	return dir
}

func makeTemplate() (string, error) {
	dir, err := os.MkdirTemp("", "embeddedpg-template-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return dir, err
	}
	s, err := embeddedpg.Start(context.Background(), options(dir))
	if err != nil {
		return dir, err
	}
	if _, err := exchange(s.URL(), "CREATE TABLE kept AS SELECT 'yes' AS answer"); err != nil {
		return dir, err
	}
	return dir, s.Stop()
}

func removeTemplate() {
	if template.dir != "" {
		_ = os.RemoveAll(template.dir)
	}
}

func start(tb testing.TB, o embeddedpg.Options) *embeddedpg.Server {
	tb.Helper()
	s, err := embeddedpg.Start(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { stop(tb, s) })
	return s
}

func stop(tb testing.TB, s *embeddedpg.Server) {
	tb.Helper()
	if err := s.Stop(); err != nil {
		tb.Error(err)
	}
}

func exchange(url, sql string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return "", err
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return strings.Join(values, ","), err
}

func query(tb testing.TB, url, sql string) string {
	tb.Helper()
	answer, err := exchange(url, sql)
	if err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return answer
}

// wantKept checks that the data of withCluster is there.
func wantKept(tb testing.TB, url string) {
	tb.Helper()
	if got := query(tb, url, "SELECT answer FROM kept"); got != "yes" {
		tb.Errorf("the data says %q, want yes", got)
	}
}

// program is another process that runs helper on a directory.
type program struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

func startProgram(tb testing.TB, dir string, env ...string) *program {
	tb.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(append(os.Environ(), helperVariable+"="+dir), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	p := &program{cmd: cmd, lines: bufio.NewScanner(out)}
	tb.Cleanup(func() {
		server := postmasterPID(dataOf(dir))
		p.kill()
		letGo(server)
	})
	return p
}

// letGo gives the server of a program that was killed time to end, before its directory is removed,
// into which it writes until then. A server that is somebody else's lives on.
func letGo(server int) {
	if server == 0 {
		return
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(2 * time.Second); exists(server) && time.Now().Before(deadline); {
		<-tick.C
	}
}

// url waits until the program's server accepts connections.
func (p *program) url(tb testing.TB) string {
	tb.Helper()
	for p.lines.Scan() {
		if url, ok := strings.CutPrefix(p.lines.Text(), "ready: "); ok {
			return url
		}
		tb.Log(p.lines.Text())
	}
	tb.Fatal("the program ended before its server was ready")
	return ""
}

// kill is kill -9, and returns when the process is gone.
func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func dataOf(dir string) string { return filepath.Join(dir, "postgres", "data") }

// postmasterPID is the process that the cluster says serves it; 0 for none.
func postmasterPID(data string) int {
	b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(b), "\n")
	pid, _ := strconv.Atoi(line)
	return pid
}

func exists(pid int) bool { return syscall.Kill(pid, 0) == nil }

// asOwner runs a command as the owner of the cluster, which is not always us.
func asOwner(tb testing.TB, data, name string, args ...string) *exec.Cmd {
	tb.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = data
	info, err := os.Stat(data)
	if err != nil {
		tb.Fatal(err)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stat.Uid, Gid: stat.Gid}}
	}
	return cmd
}

// binaries are those the tests use, from wherever this machine has them.
func binaries(tb testing.TB) embeddedpg.Binaries {
	tb.Helper()
	b, err := embeddedpg.FindBinaries(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// clusterState is what the cluster says about its last shutdown.
func clusterState(tb testing.TB, data string) string {
	tb.Helper()
	path := filepath.Join(binaries(tb).Dir, "pg_controldata")
	if _, err := os.Stat(path); err != nil {
		tb.Skip("this PostgreSQL has no pg_controldata, as the one from npm")
	}
	cmd := asOwner(tb, data, path, data)
	cmd.Env = []string{"LC_ALL=C"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("pg_controldata: %v: %s", err, out)
	}
	_, rest, _ := strings.Cut(string(out), "Database cluster state:")
	state, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(state)
}

func needRoot(tb testing.TB) {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Skip("only root changes the user of PostgreSQL")
	}
}
