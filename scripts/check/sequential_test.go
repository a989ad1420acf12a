package check_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The Makefile tests some packages without the race detector. They may start no goroutine, and have no
// memory that needs a lock.
func TestPackagesWithoutTheRaceDetectorAreSequential(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("../../Makefile")
	must(t, err)
	list := regexp.MustCompile(`(?m)^SEQUENTIAL := (.+)$`).FindSubmatch(makefile)
	if list == nil {
		t.Fatal("the Makefile has no list of such packages")
	}
	for dir := range strings.FieldsSeq(string(list[1])) {
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
