package setup_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a PATH that holds nothing but what the script is made of, and what a test puts there.
type machine struct {
	*testing.T
	dir string
}

func newMachine(t *testing.T) machine {
	t.Helper()
	m := machine{t, t.TempDir()}
	// Bash reads the script, not this program: go test has to know what its result depends on.
	if _, err := os.Stat("setup.sh"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bash", "sh", "env", "ls", "cat", "touch", "chmod"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skip("needs a shell")
		}
		if err := os.Symlink(path, filepath.Join(m.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	m.has("id", `echo 0`)
	return m
}

func (m machine) has(name, script string) {
	m.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		m.Fatal(err)
	}
}

func (m machine) run(programs ...string) (said string, err error) {
	m.Helper()
	cmd := exec.CommandContext(m.Context(), filepath.Join(m.dir, "bash"), append([]string{"setup.sh"}, programs...)...)
	cmd.Env = []string{"PATH=" + m.dir}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestWhatIsMissingIsInstalled(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.has("patroni", "")
	// It has an etcd, which it names in another way, and no patroni.
	m.has("apt-get", `for package in "$@"; do case $package in
	etcd-server) touch `+m.dir+`/etcd; chmod +x `+m.dir+`/etcd ;;
	patroni) echo "patroni is there already"; exit 1 ;;
	esac; done`)
	said, err := m.run("patroni", "etcd")
	if err != nil || strings.Contains(said, "There is no") || strings.Contains(said, "patroni") {
		t.Errorf("got %v: %s", err, said)
	}
	if _, err := os.Stat(filepath.Join(m.dir, "etcd")); err != nil {
		t.Error(err)
	}
	if said, err = m.run("patroni", "etcd"); err != nil || said != "" {
		t.Errorf("where nothing is missing: %v: %s", err, said)
	}
}

func TestEachSystemHasItsOwnPackages(t *testing.T) {
	t.Parallel()
	// A package manager notes as whom and what it installs, and installs nothing.
	const apt = "install -y -qq --no-install-recommends shellcheck etcd-server"
	const notes = `echo "${ROOT:-nobody}: $*" >>"$0.log"; exit 1`
	for name, c := range map[string]struct {
		user, manager, want string
		sudo                bool
	}{
		"Debian":                   {"0", "apt-get", "nobody: " + apt, false},
		"Debian, with sudo":        {"1000", "apt-get", "root: " + apt, true},
		"Debian, without sudo":     {"1000", "apt-get", "", false},
		"Fedora":                   {"0", "dnf", "nobody: install -y -q ShellCheck etcd", false},
		"Fedora, with sudo":        {"1000", "dnf", "root: install -y -q ShellCheck etcd", true},
		"macOS, which has no etcd": {"1000", "brew", "nobody: install --quiet shellcheck", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.has("id", "echo "+c.user)
			m.has(c.manager, `[ "$1" = update ] || { `+notes+`; }`)
			if c.sudo {
				m.has("sudo", `shift; ROOT=root "$@"`)
			}
			said, err := m.run("shellcheck", "etcd")
			if err == nil || strings.Count(said, "There is no") != 2 {
				t.Errorf("got %v: %s", err, said)
			}
			log, err := os.ReadFile(filepath.Join(m.dir, c.manager+".log"))
			if c.want == "" {
				if err == nil {
					t.Errorf("somebody who may not has installed: %s", log)
				}
				return
			}
			if first, _, _ := strings.Cut(string(log), "\n"); first != c.want {
				t.Errorf("got %q, %v, want %q", first, err, c.want)
			}
		})
	}
}

func TestAnUnknownPackageDoesNotKeepTheOthersOut(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.has("apt-get", `case "$*" in *patroni*) echo "Unable to locate package patroni"; exit 100 ;; esac
	for program in etcd curl; do
		case "$*" in *$program*) touch `+m.dir+`/$program; chmod +x `+m.dir+`/$program ;; esac
	done`)
	said, err := m.run("curl", "patroni", "etcd")
	if err == nil || strings.Count(said, "There is no") != 1 || !strings.Contains(said, "There is no patroni") {
		t.Errorf("got %v: %s", err, said)
	}
}

func TestAnOldNodeIsNotEnough(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("needs a node")
	}
	m := newMachine(t)
	m.has("npm", "")
	for version, want := range map[string]bool{"18.20.4": false, "20.9.0": true, "22.1.0": true} {
		// The script that is asked for is run as that version would.
		m.has("node", `exec `+node+` -e "(process => { $2 })({ versions: { node: '`+version+`' }, exit: process.exit })"`)
		said, err := m.run("node")
		if (err == nil) != want || strings.Contains(said, "There is no node") == want {
			t.Errorf("Node.js %s: got %v: %s", version, err, said)
		}
	}
}

func TestWhatCannotBeHadIsSaid(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(machine){
		"no package manager":           func(machine) {},
		"a package manager that fails": func(m machine) { m.has("apt-get", "exit 100") },
		"no package":                   func(m machine) { m.has("brew", "exit 0") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			prepare(m)
			said, err := m.run()
			if err != nil || strings.Count(said, "There is no patroni") != 1 || !strings.Contains(said, "failover") {
				t.Errorf("the other tests can run, and one sentence says which can't: %v: %s", err, said)
			}
			if said, err = m.run("patroni"); err == nil || strings.Count(said, "There is no") != 1 {
				t.Errorf("asked for one program: %v: %s", err, said)
			}
		})
	}
}
