package embeddedpg

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
)

const (
	tailLines = 20
	tailWidth = 2000
)

// tail logs the output of a process, line by line at debug, and keeps the last lines for error
// messages. There is no log file, which would need rotation.
type tail struct {
	log  *slog.Logger
	name string

	mu    sync.Mutex
	rest  []byte
	lines []string
}

func newTail(log *slog.Logger, name string) *tail { return &tail{log: log, name: name} }

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rest = append(t.rest, p...)
	for {
		line, rest, found := bytes.Cut(t.rest, []byte("\n"))
		if !found && len(t.rest) < tailWidth {
			return len(p), nil
		}
		if !found {
			line, rest = t.rest[:tailWidth], t.rest[tailWidth:]
		}
		t.add(strings.TrimSpace(string(line)))
		t.rest = append([]byte(nil), rest...)
	}
}

func (t *tail) add(line string) {
	if line == "" {
		return
	}
	t.log.Debug("output of PostgreSQL", "program", t.name, "line", line)
	t.lines = append(t.lines, line)
	if len(t.lines) > tailLines {
		t.lines = t.lines[1:]
	}
}

// String returns the last lines, each on a line of its own, to append to an error; empty without
// output.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := t.lines
	if rest := strings.TrimSpace(string(t.rest)); rest != "" {
		lines = append(lines[:len(lines):len(lines)], rest)
	}
	if len(lines) == 0 {
		return ""
	}
	return "\n  " + strings.Join(lines, "\n  ")
}
