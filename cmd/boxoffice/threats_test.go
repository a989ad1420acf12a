package main

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A threat model that names tests which are gone says that something is tested which is not.
func TestTheTestsOfTheThreatModelExist(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	document, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	must(t, err)
	missing := map[string]bool{}
	for _, name := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(document), -1) {
		missing[name[1]] = true
	}
	if len(missing) < 40 {
		t.Fatalf("only %d tests were found", len(missing))
	}
	must(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == "node_modules" {
			return cmp.Or(err, fs.SkipDir)
		}
		if d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		code, err := os.ReadFile(path)
		for name := range missing {
			if strings.Contains(string(code), "\nfunc "+name+"(") {
				delete(missing, name)
			}
		}
		return err
	}))
	for name := range missing {
		t.Errorf("there is no %s", name)
	}
}
