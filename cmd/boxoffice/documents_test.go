package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestTheDocumentsNameCommandsAndFlagsThatExist(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	var documents []string
	for _, pattern := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md", "docs/operations/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		must(t, err)
		documents = append(documents, found...)
	}
	checked := 0
	for _, document := range documents {
		text, err := os.ReadFile(document)
		must(t, err)
		for _, line := range commandLines(string(text)) {
			checked++
			if complaint := complainAbout(t, line); complaint != "" {
				t.Errorf("%s: %s: %s", filepath.Base(document), line, complaint)
			}
		}
	}
	if checked < 60 {
		t.Errorf("only %d commands were found", checked)
	}
}

func TestACommandThatDoesNotExistIsFoundInADocument(t *testing.T) {
	t.Parallel()
	for text, wrong := range map[string]bool{
		"Run `boxoffice audit verify EVENT`.":           false,
		"    boxoffice user role USER auditor # a role": false,
		"Run `boxoffice look`.":                         true,
		"Run `boxoffice audit look`.":                   true,
		"    bin/boxoffice audit verify --loud":         true,
	} {
		lines := commandLines(text)
		if len(lines) != 1 {
			t.Errorf("%q has the commands %q", text, lines)
			continue
		}
		if complaint := complainAbout(t, lines[0]); (complaint != "") != wrong {
			t.Errorf("%q: %q", text, complaint)
		}
	}
}

// commandLine ends where a comment, a pipe, or the text of a second column begins.
var commandLine = regexp.MustCompile("(?m)(?:^|[\\s`(])(?:bin/)?boxoffice ([a-z](?:[^`#|>)\"\n ]| [^`#|>)\"\n ])*)")

func commandLines(text string) (lines []string) {
	for _, m := range commandLine.FindAllStringSubmatch(text, -1) {
		lines = append(lines, m[1])
	}
	return lines
}

// complainAbout asks the program for help about a command with all its flags.
func complainAbout(t *testing.T, line string) string {
	t.Helper()
	words := strings.Fields(line)
	var out bytes.Buffer
	if err := run(t.Context(), append(words, "--help"), &out, &out); err != nil {
		return err.Error()
	}
	_, usage, _ := strings.Cut(out.String(), "Usage:\n  boxoffice ")
	path := strings.Fields(usage)
	for i, word := range words {
		if i < len(path) && path[i] == word {
			continue
		}
		isGroup := strings.Contains(out.String(), "Available Commands:\n")
		if isGroup && regexp.MustCompile(`^[a-z-]+$`).MatchString(word) && !strings.HasPrefix(word, "-") {
			return "there is no command " + word
		}
		break
	}
	return ""
}
