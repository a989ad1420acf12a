package main

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestOnlyFaultsThatCameAboutAreCounted(t *testing.T) {
	t.Parallel()
	a := &arena{recorder: &recorder{began: time.Now()}, times: map[string]int{}}
	strikes := []strike{
		{fault: &fault{name: "struck", do: func(context.Context, *arena, strike) error { return nil }}},
		{fault: &fault{name: "missed", do: func(context.Context, *arena, strike) error {
			return errors.New("nobody\nthere")
		}}},
	}
	var lines []string
	a.breakThings(t.Context(), strikes, func(line string) { lines = append(lines, line) })
	if len(a.times) != 1 || a.times["struck"] != 1 {
		t.Errorf("counted %v", a.times)
	}
	if len(lines) != 2 || !strings.HasSuffix(lines[1], ": nobody there\n") {
		t.Errorf("told %q", lines)
	}
}

// Faults that can't do anything say so, and a server that could not be started again is still there
// to be asked, and stopped.
func TestFaultsThatFindNothingToBreak(t *testing.T) {
	dbtest.Slow(t)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	p, err := startPostgres(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Error(err)
		}
	})
	a := &arena{postgres: p, url: p.server.Load().URL()}
	strikeWith := func(ctx context.Context, name string) error {
		of, err := chosen(faults, name)
		if err != nil {
			t.Fatal(err)
		}
		return of[0].do(ctx, a, strike{fault: of[0]})
	}
	if err := strikeWith(t.Context(), "backend-kill"); err == nil {
		t.Error("a session was killed, and there is none")
	}
	conn, err := connect(t.Context(), p.server.Load().URL())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `create table event_log ()`); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := strikeWith(short, "commit-terminate"); err == nil {
		t.Error("a commit was struck, and there was none")
	}

	restarted := make(chan struct{})
	var lanes sync.WaitGroup
	lanes.Go(func() { // the other lane
		for open := true; open; {
			select {
			case <-restarted:
				open = false // and once more
			default:
			}
			if _, err := p.as("node_0", "localhost:1"); err != nil {
				t.Error(err)
			}
			if conn, err := connect(t.Context(), p.server.Load().URL()); err == nil {
				_ = conn.Close(t.Context())
			}
		}
	})
	if err := strikeWith(t.Context(), "restart"); err != nil {
		t.Error(err)
	}
	close(restarted)
	lanes.Wait()

	if err := p.crash(); err != nil {
		t.Fatal(err)
	}
	if err := strikeWith(t.Context(), "exhaust"); err == nil {
		t.Error("connections were taken from a server that does not run")
	}
	taken, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p.options.Port)))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.start(t.Context()); err == nil {
		t.Error("a server was started on a port that is taken")
	}
	if err := taken.Close(); err != nil {
		t.Error(err)
	}
	if _, err := connect(t.Context(), p.server.Load().URL()); err == nil {
		t.Error("a server that does not run has answered")
	}
}
