package embeddedpg

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
)

func TestTailKeepsTheLastLinesAndLogsAll(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	out := newTail(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), "postgres")
	for i := range 100 {
		say(t, out, fmt.Sprintf("line %d\r", i)) // in pieces, and with the line ends of Windows
		say(t, out, "\n")
	}
	say(t, out, "unfinished")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != tailLines+1 || lines[0] != "line 80" || strings.TrimSpace(lines[tailLines]) != "unfinished" {
		t.Errorf("kept are %q", lines)
	}
	if got := strings.Count(log.String(), "program=postgres"); got != 100 {
		t.Errorf("%d lines were logged, want 100", got)
	}
}

func TestTailOfAnEndlessLineIsBounded(t *testing.T) {
	t.Parallel()
	out := newTail(slog.New(slog.DiscardHandler), "postgres")
	for range 100 {
		say(t, out, strings.Repeat("x", tailWidth))
	}
	if got, most := len(out.String()), (tailLines+1)*(tailWidth+3); got > most {
		t.Errorf("%d bytes are kept, want at most %d", got, most)
	}
}

func say(t *testing.T, out io.Writer, text string) {
	t.Helper()
	if n, err := io.WriteString(out, text); n != len(text) || err != nil {
		t.Fatalf("wrote %d bytes of %d: %v", n, len(text), err)
	}
}
