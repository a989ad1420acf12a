//go:build unix

package readme

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// repository is what documents can name.
type repository struct {
	root      string
	documents []string // paths of all Markdown files
	code      string   // all of Go, and what watches the metrics
	makefile  string
}

func readRepository(t *testing.T, root string) repository {
	t.Helper()
	r := repository{root: root}
	var code strings.Builder
	must(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root && (name == "node_modules" || name == "out" || name == "test-results" ||
			strings.HasPrefix(name, ".") && name != ".github") {
			return filepath.SkipDir
		}
		switch filepath.Ext(name) {
		case ".md":
			r.documents = append(r.documents, path)
		case ".go", ".yaml":
			data, err := os.ReadFile(path)
			code.Write(data)
			return err
		}
		return nil
	}))
	data, err := os.ReadFile(filepath.Join(root, "Makefile"))
	must(t, err)
	r.code, r.makefile = code.String(), string(data)
	return r
}

func TestTheDocumentsNameWhatExists(t *testing.T) {
	t.Parallel()
	r := readRepository(t, "../..")
	if len(r.documents) < 60 {
		t.Errorf("only %d documents were found", len(r.documents))
	}
	for _, document := range r.documents {
		text, err := os.ReadFile(document)
		must(t, err)
		for _, complaint := range r.check(document, string(text)) {
			t.Errorf("%s: %s", document, complaint)
		}
	}
}

func TestWhatADocumentNamesAndDoesNotExistIsFound(t *testing.T) {
	t.Parallel()
	r := repository{root: "../..", code: "func TestOne(t", makefile: "build:\n"}
	for text, want := range map[string]string{
		"[a](README.md) [b](#here)\n## Here\n`TestOne` `make build`": "",
		"[a](nowhere.md)":                    "nowhere.md: there is no such file",
		"[a](#there)\n## Here":               "#there: there is no such heading",
		"[a](README.md#nothing-of-this)":     "README.md#nothing-of-this: there is no such heading",
		"<img src=\"docs/images/none.png\">": "docs/images/none.png: there is no such file",
		"tested by `TestTwo`":                "there is no test TestTwo",
		"run `make nothing`":                 "there is no target nothing",
		"watch `boxoffice_nothing_total`":    "there is no metric boxoffice_nothing_total",
		"see `httpapi/nothing.go`":           "there is no file httpapi/nothing.go",
	} {
		got := strings.Join(r.check("../../x.md", text), "; ")
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

var (
	fence   = regexp.MustCompile("(?ms)^```.*?^```")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"`)
	scheme  = regexp.MustCompile(`^[a-z]+:`)
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	test    = regexp.MustCompile("`((?:Test|Benchmark|Fuzz)[A-Z]\\w+)`")
	target  = regexp.MustCompile("`make ([a-z-]+)|(?m)^(?:    )?make ([a-z-]+)")
	metric  = regexp.MustCompile("`(boxoffice_[a-z_]+[a-z])`")
	file    = regexp.MustCompile("`([\\w.-]+/[\\w./-]+\\.(?:go|ts|tsx|mjs|sql|sh|yaml|yml))`")
)

// check tells what a document names that does not exist. What changed is named by the changelog and
// by decisions: only their links have to lead somewhere.
func (r repository) check(document, text string) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		to := m[1] + m[2]
		if scheme.MatchString(to) {
			continue
		}
		if err := followLink(document, text, to); err != nil {
			complain("%s: %v", to, err)
		}
	}
	if strings.Contains(document, "docs/adr/0") || strings.HasSuffix(document, "CHANGELOG.md") {
		return complaints
	}
	for _, m := range test.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(r.code, "func "+m[1]+"(") {
			complain("there is no test %s", m[1])
		}
	}
	for _, m := range target.FindAllStringSubmatch(text, -1) {
		if !strings.Contains("\n"+r.makefile, "\n"+m[1]+m[2]+":") {
			complain("there is no target %s", m[1]+m[2])
		}
	}
	for _, m := range metric.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(r.code, m[1]) {
			complain("there is no metric %s", m[1])
		}
	}
	for _, m := range file.FindAllStringSubmatch(text, -1) {
		if !exists(r.root, m[1]) && !exists(filepath.Join(r.root, "web"), m[1]) {
			complain("there is no file %s", m[1])
		}
	}
	return complaints
}

func exists(parts ...string) bool {
	_, err := os.Stat(filepath.Join(parts...))
	return err == nil
}

func followLink(document, text, to string) error {
	path, anchor, _ := strings.Cut(to, "#")
	if path != "" {
		path = filepath.Join(filepath.Dir(document), path)
		if !exists(path) {
			return fmt.Errorf("there is no such file")
		}
		if anchor == "" {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text = string(data)
	}
	if !slices.Contains(anchorsOf(text), anchor) {
		return fmt.Errorf("there is no such heading")
	}
	return nil
}

// anchorsOf gives the anchors of headings as GitHub makes them.
func anchorsOf(text string) (anchors []string) {
	dropped := regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
	seen := map[string]int{}
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		title := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(m[1], "$1")
		anchor := strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(title), ""), " ", "-")
		if seen[anchor]++; seen[anchor] > 1 {
			anchor = fmt.Sprintf("%s-%d", anchor, seen[anchor]-1)
		}
		anchors = append(anchors, anchor)
	}
	return anchors
}

func TestTheREADMEListsAllEndpoints(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	must(t, err)
	reference, err := os.ReadFile("../../docs/api.md")
	must(t, err)
	endpoints := regexp.MustCompile("(?m)^\\| (`[A-Z]+ /[^`]+`) \\|").FindAllStringSubmatch(string(reference), -1)
	if len(endpoints) < 80 {
		t.Errorf("docs/api.md has only %d endpoints", len(endpoints))
	}
	_, list, _ := strings.Cut(string(text), "<summary>All endpoints</summary>")
	for _, m := range endpoints {
		if !strings.Contains(list, m[1]) {
			t.Errorf("the README lacks %s", m[1])
		}
	}
}

// A decision that changes an older one is named by the older one too, and the index has all.
func TestDecisionsKnowWhatChangesThem(t *testing.T) {
	t.Parallel()
	index, err := os.ReadFile("../../docs/adr/README.md")
	must(t, err)
	decisions, err := filepath.Glob("../../docs/adr/0*.md")
	must(t, err)
	statuses := map[string]string{} // by number
	for _, path := range decisions {
		text, err := os.ReadFile(path)
		must(t, err)
		head, _, found := strings.Cut(string(text), "\n## Context\n")
		title, status, _ := strings.Cut(head, "\n\n")
		number := filepath.Base(path)[:4]
		statuses[number] = strings.Join(strings.Fields(status), " ")
		if !found || !strings.HasPrefix(title, "# "+number+". ") || !strings.HasPrefix(status, "Status: accepted, 20") {
			t.Errorf("%s does not begin with its title, a status with a date, and the context", path)
		}
		entry := "- [" + strings.TrimPrefix(title, "# ") + "](" + filepath.Base(path) + ")"
		if !strings.Contains(string(index), entry) {
			t.Errorf("the index lacks %s", entry)
		}
	}
	for number, status := range statuses {
		for part := range strings.SplitSeq(status, "; ") {
			back := "amended by"
			if strings.HasPrefix(part, "supersedes ") {
				back = "superseded by"
			} else if !strings.HasPrefix(part, "amends ") {
				continue
			}
			for _, m := range regexp.MustCompile(`\[(\d{4})\]`).FindAllStringSubmatch(part, -1) {
				if !regexp.MustCompile(back + ` [^;]*\[` + number + `\]`).MatchString(statuses[m[1]]) {
					t.Errorf("%s does not say that it is %s %s", m[1], back, number)
				}
			}
		}
	}
}
