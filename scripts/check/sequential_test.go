package check_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The Makefile tests some packages without the race detector. They may start no goroutine, and have no
// memory that needs a lock.
func TestPackagesWithoutTheRaceDetectorAreSequential(t *testing.T) {
	t.Parallel()
	for _, dir := range listed(t, "SEQUENTIAL") {
		paths, err := filepath.Glob(filepath.Join("../..", dir, "*.go"))
		must(t, err)
		if len(paths) == 0 {
			t.Errorf("%s is no package", dir)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			source, err := os.ReadFile(path)
			must(t, err)
			if found := concurrency(t, string(source)); found != "" {
				t.Errorf("%s has %s: it needs the race detector, and so must leave SEQUENTIAL in the Makefile", path, found)
			}
		}
	}
}

// The compiler of a package without the race detector puts instructions in place of atomics, and the
// detector doesn't see what they order. It sees mutexes.
func TestPackagesThatTheRaceDetectorDoesNotSeeUseNoAtomics(t *testing.T) {
	t.Parallel()
	format := `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`
	for _, pattern := range listed(t, "COMPUTING") {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-f", format, pattern).Output()
		must(t, err)
		packages := strings.Split(strings.TrimSpace(string(out)), "\n")
		if packages[0] == "" {
			t.Errorf("%s is no package", pattern)
		}
		for _, imports := range packages {
			if slices.Contains(strings.Fields(imports), "sync/atomic") {
				t.Errorf("one uses atomics, and so must leave COMPUTING in the Makefile: %s", imports)
			}
		}
	}
}

// listed are the words of a variable of the Makefile.
func listed(tb testing.TB, variable string) []string {
	tb.Helper()
	makefile, err := os.ReadFile("../../Makefile")
	must(tb, err)
	list := regexp.MustCompile(`(?m)^` + variable + ` := (.+)$`).FindSubmatch(makefile)
	if list == nil {
		tb.Fatalf("the Makefile has no %s", variable)
	}
	return strings.Fields(string(list[1]))
}

func TestConcurrencyIsFound(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"func f() {}":                                 "",
		"import \"strings\"":                          "",
		"func f() { go f() }":                         "a goroutine",
		"import \"sync\"":                             "sync",
		"import \"sync/atomic\"":                      "sync/atomic",
		"import \"golang.org/x/sync/errgroup\"":       "golang.org/x/sync/errgroup",
		"import \"github.com/boxoffice/synchronous\"": "",
	} {
		if got := concurrency(t, "package p\n"+source); got != want {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
}

var ofConcurrency = regexp.MustCompile(`(^|/)sync(/|$)`)

// concurrency names something in a file that starts a goroutine or guards memory.
func concurrency(tb testing.TB, source string) (found string) {
	tb.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", source, parser.SkipObjectResolution)
	must(tb, err)
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = "a goroutine"
		case *ast.ImportSpec:
			if path, _ := strconv.Unquote(n.Path.Value); ofConcurrency.MatchString(path) {
				found = path
			}
		}
		return found == ""
	})
	return found
}
