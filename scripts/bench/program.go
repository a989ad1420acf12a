package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/account"
)

// A program serves HTTP as a process of its own, so that its processor time and memory can be told from the load generator's.
type program struct {
	cmd *exec.Cmd
	api string // host:port
	in  io.Closer
}

// secrets are what programs and tokens are signed with here.
var secrets = account.Secrets{Access: []string{"an access secret for benchmarks"}, Refresh: []string{"a refresh secret for benchmarks"}}

// startBoxoffice builds the program of this module and serves the database with it, without the delay.
func startBoxoffice(ctx context.Context, db *database) (*program, error) {
	return startBoxofficeWith(ctx, db)
}

// startBoxofficeWith sets more of its environment.
func startBoxofficeWith(ctx context.Context, db *database, env ...string) (_ *program, err error) {
	dir, err := os.MkdirTemp("", "boxoffice-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }() // a program that runs needs its file no longer
	path := filepath.Join(dir, "boxoffice")
	build := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/boxoffice/boxoffice/cmd/boxoffice")
	if said, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the program: %w: %s", err, said)
	}
	cmd := exec.CommandContext(ctx, path, "serve")
	cmd.Dir = dir       // where there is no .env
	cmd.Env = []string{ // and nothing that is set for this program
		"DATABASE_URL=" + db.url, "DATA_DIR=" + dir, "API_PORT=0", "WEB_PORT=0", "BOOKING_DELAY=0s", "LOG_LEVEL=warn",
		"JWT_ACCESS_SECRET=" + secrets.Access[0], "JWT_REFRESH_SECRET=" + secrets.Refresh[0],
	}
	cmd.Env = append(cmd.Env, env...)
	return start(cmd)
}

// startReference serves the database with what this program is compared with.
func startReference(ctx context.Context, db *database) (*program, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, referenceArg)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p, err := start(cmd, func() error { return json.NewEncoder(in).Encode(db.url) })
	if p != nil {
		p.in = in
	}
	return p, err
}

// start waits until the program has said where its API is.
func start(cmd *exec.Cmd, tell ...func() error) (*program, error) {
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for _, t := range tell {
		if err := t(); err != nil {
			return nil, errors.Join(err, cmd.Wait())
		}
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if name, address, _ := strings.Cut(strings.TrimSpace(lines.Text()), " "); name == "API" {
			address = strings.Replace(strings.TrimPrefix(strings.TrimSpace(address), "http://"), "localhost", "127.0.0.1", 1)
			go io.Copy(io.Discard, out) //nolint:errcheck // it ends with the program
			return &program{cmd: cmd, api: address}, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("%s did not say where its API is", filepath.Base(cmd.Path)), cmd.Wait())
}

func (p *program) stop() error {
	if p.in != nil {
		_ = p.in.Close()
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return p.cmd.Wait()
}

// processorTime is what a process has used, of all its threads; with children, also of those that it has waited for.
func processorTime(pid int, children bool) (time.Duration, error) {
	fields, err := statOf(pid)
	if err != nil {
		return 0, err
	}
	counters := fields[11:13] // in user and kernel mode
	if children {
		counters = fields[11:15]
	}
	ticks := 0
	for _, counter := range counters {
		n, err := strconv.Atoi(counter)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil // Linux counts in hundredths of a second for everybody
}

// statOf are the fields of /proc/PID/stat from the state on: the name before it can hold anything.
func statOf(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, fmt.Errorf("processor time is measured on Linux only: %w", err)
	}
	return strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:])), nil
}

// postmaster is the process that all processes of the server descend from.
func (db *database) postmaster(ctx context.Context) (int, error) {
	conn, err := pgx.Connect(ctx, db.url)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost with it
	var pid int
	if err := conn.QueryRow(ctx, `select pg_backend_pid()`).Scan(&pid); err != nil {
		return 0, err
	}
	fields, err := statOf(pid)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(fields[1])
}

// serverTime is the processor time of PostgreSQL, of all its processes, those that have ended included.
func serverTime(postmaster int) (time.Duration, error) {
	total, err := processorTime(postmaster, true)
	if err != nil {
		return 0, err
	}
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, path := range all {
		pid, err := strconv.Atoi(filepath.Base(path))
		if err != nil {
			continue
		}
		fields, err := statOf(pid)
		if err != nil || fields[1] != strconv.Itoa(postmaster) {
			continue // it has ended, or is another's
		}
		used, err := processorTime(pid, false)
		if err == nil {
			total += used
		}
	}
	return total, nil
}

// resident is how much memory a process occupies, in bytes: now, and at most so far.
func resident(pid int) (now, most float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, fmt.Errorf("memory is measured on Linux only: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		kb, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		switch name {
		case "VmRSS":
			now = kb * 1024
		case "VmHWM":
			most = kb * 1024
		}
	}
	return now, most, nil
}
