package main

import (
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/executable"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// The scenarios that need more than the stand-in can do run against the program itself.
func TestHoldsAndTheWaitingListOfAServer(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	api := startServer(t)
	for scenario, reason := range map[string]string{
		"hold":     "4 of 10 users hold one of 4 tickets each, and the stream is intact",
		"waitlist": "5 tickets, 10 offers in the order of joining, 1 still wait, and the stream is intact",
	} {
		args := []string{"-scenario", scenario, "-users", "10", "-tickets", "4", "-lag", "10s"}
		if scenario == "waitlist" {
			args = []string{"-scenario", scenario, "-users", "16", "-tickets", "5", "-lag", "10s"}
		}
		attempt(t, api, args...).mustEnd(t, 0, reason)
	}
}

// startServer builds the program and serves a seeded database until the test ends. It returns the
// address of the API.
func startServer(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "boxoffice")
	if err := executable.Build(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "serve", "--seed")
	cmd.Dir = dir // where there is no .env
	cmd.Env = []string{
		"DATABASE_URL=" + dbtest.URL(t), "DATA_DIR=" + dir, "API_PORT=0", "WEB_PORT=0", "BOOKING_DELAY=0s",
		"LOG_LEVEL=warn", "RATE_LIMITS=off", "HOLD_TIME=5s", "JWT_ACCESS_SECRET=an access secret for tests",
		"JWT_REFRESH_SECRET=a refresh secret for tests",
	}
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	address, err := executable.APIAddress(out)
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + address
}
