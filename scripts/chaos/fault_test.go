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
	h := &harness{recorder: &recorder{began: time.Now()}, counts: map[string]int{}}
	injections := []injection{
		{fault: &fault{name: "injected", do: func(context.Context, *harness, injection) error { return nil }}},
		{fault: &fault{name: "missed", do: func(context.Context, *harness, injection) error {
			return errors.New("nobody\nthere")
		}}},
	}
	var lines []string
	h.inject(t.Context(), injections, func(line string) { lines = append(lines, line) })
	if len(h.counts) != 1 || h.counts["injected"] != 1 {
		t.Errorf("counted %v", h.counts)
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
	h := &harness{postgres: p, url: p.server.Load().URL()}
	injectNamed := func(ctx context.Context, name string) error {
		of, err := chooseFaults(faults, name)
		if err != nil {
			t.Fatal(err)
		}
		return of[0].do(ctx, h, injection{fault: of[0]})
	}
	if err := injectNamed(t.Context(), "backend-kill"); err == nil {
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
	if err := injectNamed(short, "commit-terminate"); err == nil {
		t.Error("a commit was broken, and there was none")
	}

	restarted := make(chan struct{})
	var users sync.WaitGroup
	users.Go(func() { // faults of another target
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
	if err := injectNamed(t.Context(), "restart"); err != nil {
		t.Error(err)
	}
	close(restarted)
	users.Wait()

	if err := p.crash(); err != nil {
		t.Fatal(err)
	}
	if err := injectNamed(t.Context(), "exhaust"); err == nil {
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
