//go:build unix

package embeddedpg_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/boxoffice/boxoffice/internal/embeddedpg"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

func TestProgramStoppedInOrderLeavesACleanCluster(t *testing.T) {
	t.Parallel()
	dir := withCluster(t)
	p := startProgram(t, dir)
	wantKept(t, p.url(t))
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
	if got := clusterState(t, dataOf(dir)); got != "shut down" {
		t.Errorf("the cluster is %q, want shut down", got)
	}
}

func TestKilledProgramTakesItsServerAlong(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a process of the end of its parent")
	}
	dir := withCluster(t)
	p := startProgram(t, dir)
	wantKept(t, p.url(t))
	pid := postmasterPID(dataOf(dir))
	p.kill()
	waittest.For(t, "the server ends", func() bool { return !exists(pid) })
	if got := clusterState(t, dataOf(dir)); got != "shut down" {
		t.Errorf("the cluster is %q, want shut down", got)
	}
	wantKept(t, start(t, options(dir)).URL())
}

func TestStartRightAfterAKillKeepsData(t *testing.T) {
	t.Parallel()
	dir := withCluster(t)
	for _, word := range []string{"one", "two", "three"} {
		p := startProgram(t, dir)
		url := p.url(t)
		query(t, url, "UPDATE kept SET answer = '"+word+"'")
		p.kill()
		s := start(t, options(dir))
		if got := query(t, s.URL(), "SELECT answer FROM kept"); got != word {
			t.Errorf("the data says %q, want %s", got, word)
		}
		stop(t, s)
	}
}

// As after kill -9 of a program on a system that does not pass it on: the server runs, alone.
func TestOrphanIsStoppedAndDataKept(t *testing.T) {
	t.Parallel()
	dir := withCluster(t)
	data := dataOf(dir)
	orphan := asOwner(t, data, filepath.Join(binaries(t).Dir, "postgres"), "-D", data,
		"-c", "port="+strconv.Itoa(freePort(t)), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- orphan.Wait() }()
	waittest.For(t, "the orphan serves", func() bool {
		b, _ := os.ReadFile(filepath.Join(data, "postmaster.pid"))
		return strings.Contains(string(b), "ready")
	})
	s := start(t, options(dir))
	if err := <-ended; err != nil {
		t.Errorf("the orphan ended with %v, want an ordinary shutdown", err)
	}
	wantKept(t, s.URL())
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

func TestStalePostmasterPIDDoesNotStopStart(t *testing.T) { //nolint:tparallel // its cases take turns on one cluster
	t.Parallel()
	cases := map[string]func(t *testing.T, data string) (pid int){
		"of a dead process": func(t *testing.T, data string) int {
			t.Helper()
			cmd := asOwner(t, data, "true")
			if err := cmd.Run(); err != nil {
				t.Fatal(err)
			}
			return cmd.Process.Pid
		},
		// Working in the data directory, and of the user that PostgreSQL runs as, so that PostgreSQL
		// itself would take it for its server.
		"of a foreign process": func(t *testing.T, data string) int {
			t.Helper()
			return background(t, asOwner(t, data, "sleep", "600"))
		},
		"of this program": func(*testing.T, string) int { return os.Getpid() },
		"of a zombie": func(t *testing.T, data string) int {
			t.Helper()
			cmd := asOwner(t, data, "true")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Wait() })
			waittest.For(t, "it is a zombie", func() bool {
				state, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(cmd.Process.Pid)).Output()
				return err == nil && strings.HasPrefix(string(state), "Z")
			})
			return cmd.Process.Pid
		},
		"of nobody: empty": func(*testing.T, string) int { return 0 },
	}
	dir := withCluster(t)
	data := dataOf(dir)
	for name, makeProcess := range cases {
		t.Run(name, func(t *testing.T) {
			pid := makeProcess(t, data)
			content := strings.Join([]string{strconv.Itoa(pid), data, "1", "5432", "", "127.0.0.1", "  1 1", "ready", ""}, "\n")
			if pid == 0 {
				content = ""
			}
			fakePostmaster(t, data, content)
			if _, err := embeddedpg.RunningURL(dir); !errors.Is(err, embeddedpg.ErrNotRunning) {
				t.Errorf("RunningURL believes the file: %v", err)
			}
			s := start(t, options(dir))
			wantKept(t, s.URL())
			if name == "of a foreign process" && !exists(pid) {
				t.Error("the foreign process was killed")
			}
		})
	}
}

// fakePostmaster writes a postmaster.pid as the user of PostgreSQL.
func fakePostmaster(t *testing.T, data, content string) {
	t.Helper()
	cmd := asOwner(t, data, "sh", "-c", `cat >postmaster.pid && chmod 600 postmaster.pid`)
	cmd.Stdin = strings.NewReader(content)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func background(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// The server of another cluster may have got the number of ours.
func TestServerOfAnotherClusterIsLeftAlone(t *testing.T) {
	t.Parallel()
	other := start(t, options(withCluster(t)))
	pid := postmasterPID(other.DataDir())
	dir := withCluster(t)
	b, err := os.ReadFile(filepath.Join(other.DataDir(), "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	fakePostmaster(t, dataOf(dir), string(b))
	wantKept(t, start(t, options(dir)).URL())
	if got := postmasterPID(other.DataDir()); got != pid || !exists(pid) {
		t.Error("the other server was stopped")
	}
	wantKept(t, other.URL())
}
