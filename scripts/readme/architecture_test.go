//go:build unix

package readme

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The steps of a booking in docs/architecture.md name files and functions, which move.
func TestTheWayOfABookingNamesWhatExists(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/architecture.md")
	must(t, err)
	steps := stepsOf(string(text))
	if len(steps) < 8 || len(steps) > 12 {
		t.Errorf("there are %d steps, want 8 to 12", len(steps))
	}
	for _, s := range steps {
		if err := s.check("../.."); err != nil {
			t.Error(err)
		}
	}
}

func TestAStepThatNamesNothingIsFound(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"1. **A step.** It names no file.",
		"1. **A step.** `httpapi/nothing.go`, `routes`: the file is missing.",
		"1. **A step.** `httpapi/api.go`, `rout`: the function is missing.",
		"- **An error.** `httpapi/api.go`, `newApi`, is missing too.",
	} {
		steps := stepsOf(text + "\n")
		if len(steps) == 0 && strings.HasPrefix(text, "1.") {
			t.Errorf("no step in %q", text)
		}
		failed := false
		for _, s := range append(steps, mentionsOf(text)...) {
			failed = failed || s.check("../..") != nil
		}
		if !failed {
			t.Errorf("nothing is wrong with %q", text)
		}
	}
}

func TestFunctionsThatTheArchitectureMentionsExist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/architecture.md")
	must(t, err)
	mentions := mentionsOf(string(text))
	if len(mentions) < 12 {
		t.Errorf("only %d functions are mentioned", len(mentions))
	}
	for _, m := range mentions {
		if err := m.check("../.."); err != nil {
			t.Error(err)
		}
	}
}

// step names one file and one function in it.
type step struct{ text, file, function string }

var (
	stepLine = regexp.MustCompile(`(?m)^\d+\. \*\*.*$`)
	mention  = regexp.MustCompile("`([a-z/]+/[a-z_]+\\.go)`,\\s+`([A-Za-z]+)`")
)

func stepsOf(text string) (steps []step) {
	for _, line := range stepLine.FindAllString(text, -1) {
		s := step{text: line}
		if m := mention.FindStringSubmatch(line); m != nil {
			s.file, s.function = m[1], m[2]
		}
		steps = append(steps, s)
	}
	return steps
}

func mentionsOf(text string) (mentions []step) {
	for _, m := range mention.FindAllStringSubmatch(text, -1) {
		mentions = append(mentions, step{m[0], m[1], m[2]})
	}
	return mentions
}

func (s step) check(root string) error {
	if s.file == "" {
		return fmt.Errorf("no file and function in %q", s.text)
	}
	source, err := os.ReadFile(filepath.Join(root, s.file))
	if err != nil {
		return err
	}
	declared := regexp.MustCompile(`(?m)^func (\([^)]*\) )?` + s.function + `[(\[]`)
	if !declared.Match(source) {
		return fmt.Errorf("%s has no function %s", s.file, s.function)
	}
	return nil
}
