package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
)

func TestWhileTheDatabaseIsKnownToBeGoneNobodyRepeatsIt(t *testing.T) {
	t.Parallel()
	up := t.Context()
	gone, end := context.WithCancel(t.Context())
	end()
	unavailable := fmt.Errorf("listen: %w", io.ErrUnexpectedEOF)
	for name, c := range map[string]struct {
		alive  context.Context
		log    func(*slog.Logger)
		logged bool
	}{
		"a lost connection, while it is gone": {gone, func(l *slog.Logger) { l.Warn("lost", "error", unavailable) }, false},
		"of a part of the program": {gone, func(l *slog.Logger) {
			l.With("part", "x").WithGroup("g").Warn("lost", "n", 1, "error", unavailable)
		}, false},
		"a lost connection, while it is there": {up, func(l *slog.Logger) { l.Warn("lost", "error", unavailable) }, true},
		"another error, while it is gone": {gone, func(l *slog.Logger) {
			l.Warn("bad", "error", errors.New("disagrees"))
		}, true},
		"something else, while it is gone": {gone, func(l *slog.Logger) { l.Warn("hot") }, true},
		"an error that is no warning":      {gone, func(l *slog.Logger) { l.Error("lost", "error", unavailable) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var written bytes.Buffer
			alive := func() context.Context { return c.alive }
			c.log(slog.New(quietHandler{slog.NewJSONHandler(&written, nil), alive}))
			if got := strings.Count(written.String(), "\n") == 1; got != c.logged {
				t.Errorf("logged %q", written.String())
			}
		})
	}
}
