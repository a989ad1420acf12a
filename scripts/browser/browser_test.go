package browser_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a PATH that holds nothing but what the script is made of, and what a test puts there.
type machine struct {
	testing.TB
	dir string
}

func newMachine(tb testing.TB) machine {
	tb.Helper()
	m := machine{tb, tb.TempDir()}
	// Bash reads the script, not this program: go test has to know what its result depends on.
	if _, err := os.Stat("browser.sh"); err != nil {
		tb.Fatal(err)
	}
	for _, name := range []string{"bash", "sh", "dirname", "mkdir", "env", "cp", "touch"} {
		path, err := exec.LookPath(name)
		if err != nil {
			tb.Skip("needs a shell")
		}
		if err := os.Symlink(path, filepath.Join(m.dir, name)); err != nil {
			tb.Fatal(err)
		}
	}
	m.has("id", `echo 0`)
	m.has("uname", `echo Linux x86_64`)
	m.has("npx", `exit 1`)
	m.has("npm", `exit 1`)
	m.has("node", `echo `+m.path("playwright-chrome"))
	return m
}

func (m machine) path(name string) string { return filepath.Join(m.dir, name) }

// has puts a program on the machine.
func (m machine) has(name, script string) {
	m.Helper()
	if err := os.WriteFile(m.path(name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		m.Fatal(err)
	}
}

// installs is a script that puts a browser at path, and says that it did.
func (m machine) installs(path string) string {
	m.has("a-browser", `echo Chromium 1`)
	return `cp ` + m.path("a-browser") + ` ` + path + ` && touch ` + m.path("installed")
}

func (m machine) run(env ...string) (out, errors string, err error) {
	m.Helper()
	cmd := exec.CommandContext(m.Context(), m.path("bash"), "browser.sh")
	cmd.Env = append([]string{"PATH=" + m.dir, "BROWSER_CACHE=" + m.path("cache")}, env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	return strings.TrimSpace(stdout.String()), stderr.String(), err
}

func TestABrowserIsFoundOrInstalled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare   func(machine)
		want      string
		installed bool
	}{
		"the system has one": {func(m machine) {
			m.has("chromium", `echo Chromium 1`)
			m.has("apt-get", m.installs(m.path("other")))
		}, "chromium", false},
		"another name": {func(m machine) { m.has("google-chrome", `echo Chrome 1`) }, "google-chrome", false},
		"Playwright has one": {func(m machine) {
			m.has("playwright-chrome", `echo Chromium 1`)
		}, "playwright-chrome", false},
		"Playwright downloads it": {func(m machine) {
			m.has("npx", m.installs(m.path("playwright-chrome")))
		}, "playwright-chrome", true},
		"what Playwright downloads does not start": {func(m machine) {
			m.has("npx", m.installs(m.path("playwright-chrome"))+`; echo 'exit 1' > `+m.path("playwright-chrome"))
			m.has("apt-get", m.installs(m.path("chromium")))
		}, "chromium", true},
		"a package of the system": {func(m machine) {
			m.has("apt-get", m.installs(m.path("chromium")))
		}, "chromium", true},
		"a package of the system, with sudo": {func(m machine) {
			m.has("id", `echo 1000`)
			m.has("apt-get", `[ "$ROOT" = yes ] && `+m.installs(m.path("chromium")))
			m.has("sudo", `shift; ROOT=yes "$@"`)
		}, "chromium", true},
		"dnf": {func(m machine) { m.has("dnf", m.installs(m.path("chromium"))) }, "chromium", true},
		"brew, which is nobody's root": {func(m machine) {
			m.has("id", `echo 501`)
			m.has("uname", `echo Darwin arm64`)
			m.has("brew", `[ "$1 $3" = "install --cask" ] && `+m.installs(m.path("chromium")))
		}, "chromium", true},
		"a name in the PATH that only tells how to install it": {func(m machine) {
			m.has("chromium-browser", `exit 1`)
			m.has("apt-get", `exit 1`)
			m.has("npm", `exit 0`)
			m.has("node", m.installs(m.path("cache/chromium")))
		}, "cache/chromium", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			c.prepare(m)
			out, errors, err := m.run()
			if want := m.path(c.want); err != nil || out != want {
				t.Fatalf("got %q, %v, want %q\n%s", out, err, want, errors)
			}
			if _, err := os.Stat(m.path("installed")); (err == nil) != c.installed {
				t.Errorf("something was installed: %v, want %v", err == nil, c.installed)
			}
			if again, errors, err := m.run(); err != nil || again != out || errors != "" {
				t.Errorf("the second time: got %q, %v\n%s", again, err, errors)
			}
		})
	}
}

func TestWithoutABrowserOneSentenceSaysSo(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(machine){
		"a package manager that fails": func(m machine) { m.has("apt-get", `exit 1`) },
		"nobody may install": func(m machine) {
			m.has("id", `echo 1000`)
			m.has("dnf", m.installs(m.path("chromium")))
		},
		"no package manager": func(machine) {},
		"no npm either": func(m machine) {
			for _, program := range []string{"npm", "npx", "node"} {
				if err := os.Remove(m.path(program)); err != nil {
					m.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			prepare(m)
			out, errors, err := m.run()
			lines := strings.Split(strings.TrimSpace(errors), "\n")
			last := lines[len(lines)-1]
			if err == nil || out != "" || !strings.HasPrefix(last, "The browser tests need a Chromium") {
				t.Errorf("got %q, %v\n%s", out, err, errors)
			}
		})
	}
}

func TestABrowserThatWasNamedMustStart(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.has("chromium", `echo Chromium 1`)
	m.has("mine", `echo Chromium 2`)
	if out, errors, err := m.run("CHROMIUM=" + m.path("mine")); err != nil || out != m.path("mine") {
		t.Errorf("got %q, %v\n%s", out, err, errors)
	}
	out, errors, err := m.run("CHROMIUM=" + m.path("missing"))
	if err == nil || !strings.Contains(errors, "is no browser that starts") {
		t.Errorf("got %q, %v\n%s", out, err, errors)
	}
}
