// Package check_test tests the scripts that choose and repeat tests.
package check_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// repository is one of git with some packages, and programs in place of Go and of the linter.
type repository struct {
	*testing.T
	dir string
	env []string // beside that of the test
}

func newRepository(t *testing.T) repository {
	t.Helper()
	for _, name := range []string{"bash", "git", "xargs"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip("needs bash, git and xargs")
		}
	}
	r := repository{T: t, dir: t.TempDir()}
	for _, file := range []string{
		"domain/state.go", "domain/testdata/records/a.json", "internal/money/money.go", "scripts/readme/readme.go",
		"web/web.go", "web/src/app/page.tsx", "README.md", "go.mod",
	} {
		r.write(file, "")
	}
	r.git("init", "--quiet", "--initial-branch", "main")
	r.git("add", ".")
	r.git("commit", "--quiet", "--message", "all")
	r.git("switch", "--quiet", "--create", "change")
	return r
}

func (r repository) write(file, text string) {
	r.Helper()
	path := filepath.Join(r.dir, file)
	must(r, os.MkdirAll(filepath.Dir(path), 0o700))
	must(r, os.WriteFile(path, []byte(text), 0o700))
}

func (r repository) git(args ...string) {
	r.Helper()
	cmd := exec.CommandContext(r.Context(), "git", append([]string{
		"-C", r.dir, "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "core.hooksPath=none"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		r.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// run gives the lines that a script prints in the repository.
func (r repository) run(script string, args ...string) ([]string, error) {
	r.Helper()
	// Bash reads the script, not this program: go test has to know what its result depends on.
	_, err := os.Stat(script)
	must(r, err)
	script, err = filepath.Abs(script)
	must(r, err)
	r.write(".git/programs/go", "#!/bin/sh\necho go \"$@\"\n")
	cmd := exec.CommandContext(r.Context(), "bash", append([]string{script}, args...)...)
	programs := filepath.Join(r.dir, ".git", "programs")
	cmd.Dir, cmd.Env = r.dir, append(os.Environ(), "PATH="+programs+string(os.PathListSeparator)+os.Getenv("PATH"))
	cmd.Env = append(cmd.Env, r.env...)
	out, err := cmd.CombinedOutput()
	return strings.Split(strings.TrimSpace(string(out)), "\n"), err
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func TestWhatHasChangedIsChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		changed []string
		want    string
	}{
		"nothing":               {nil, "./..."},
		"a package":             {[]string{"domain/state.go"}, "./domain"},
		"several":               {[]string{"internal/money/new.go", "domain/state.go"}, "./domain ./internal/money"},
		"what a test reads":     {[]string{"domain/testdata/records/a.json"}, "./domain"},
		"what is embedded":      {[]string{"web/src/app/page.tsx"}, "./web"},
		"a document":            {[]string{"README.md"}, "./scripts/readme"},
		"what all depend on":    {[]string{"go.mod", "domain/state.go"}, "./..."},
		"a package that is new": {[]string{"reactors/mail/mail.go"}, "./reactors/mail"},
	} {
		for _, committed := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r := newRepository(t)
				for _, file := range c.changed {
					r.write(file, "changed")
				}
				if committed && c.changed != nil {
					r.git("add", ".")
					r.git("commit", "--quiet", "--message", "change")
				}
				got, err := r.run("check.sh", "echo")
				must(t, err)
				want := []string{"Checking " + c.want, "run " + c.want, "go vet ./...",
					"go test -short -vet=off -parallel 6 " + c.want}
				if !slices.Equal(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		}
	}
}

func TestAPackageThatIsGoneIsNotChecked(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	r.git("rm", "--quiet", "-r", "internal/money")
	r.write("domain/state.go", "changed")
	if got, err := r.run("check.sh", "echo"); err != nil || got[0] != "Checking ./domain ./scripts/readme" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTheCommitToCompareWithCanBeChosen(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	r.write("domain/state.go", "changed")
	r.git("commit", "--quiet", "--all", "--message", "change")
	r.write("web/web.go", "changed")
	if got, err := r.run("check.sh", "echo", "HEAD"); err != nil || got[0] != "Checking ./web" {
		t.Errorf("got %q, %v", got, err)
	}
}

// What gotestsum says and how it ends, when it has run failed tests again.
func TestOnlyTestsAreRetried(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		output, report string
		status         int
		passes         bool
		listed         []string
	}{
		"all pass": {"ok  \tboxoffice/domain\t1.0s", "", 0, true, nil},
		"a test passes the second time": {
			"ok  \tboxoffice/domain\t1.0s", "boxoffice/domain.TestA: 2 runs, 1 failures", 0, true,
			[]string{"retried: boxoffice/domain.TestA: 2 runs, 1 failures"},
		},
		"of subtests the test is listed": {
			"ok", "boxoffice/domain.TestA: 2 runs, 1 failures\nboxoffice/domain.TestA/b/c.d: 2 runs, 1 failures", 0, true,
			[]string{"retried: boxoffice/domain.TestA: 2 runs, 1 failures"},
		},
		"a test fails twice": {
			"FAIL", "boxoffice/domain.TestA: 2 runs, 2 failures", 1, false,
			[]string{"retried: boxoffice/domain.TestA: 2 runs, 2 failures"},
		},
		"a package fails outside its tests": {"ok  \tboxoffice/domain\t1.0s [no tests to run]", "", 0, false, nil},
		"a test ends the process":           {"=== FAIL: boxoffice/domain TestA (unknown)", "", 0, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t)
			r.write("gotestsum", `#!/usr/bin/env bash
				while [[ $1 != -- ]]; do
					[[ $1 == --rerun-fails-report ]] && printf %s "$REPORT" > "$2"
					shift
				done
				printf '%s\n' "$OUTPUT"
				exit "$STATUS"`)
			r.env = []string{"OUTPUT=" + c.output, "REPORT=" + c.report, fmt.Sprint("STATUS=", c.status)}
			got, err := r.run("go-test.sh", filepath.Join(r.dir, "gotestsum"), "./domain ./web", "-race")
			listed := slices.DeleteFunc(got, func(line string) bool { return !strings.HasPrefix(line, "retried: ") })
			if (err == nil) != c.passes || !slices.Equal(listed, c.listed) {
				t.Errorf("got %v and %q", err, listed)
			}
		})
	}
}
