package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/boxoffice/boxoffice/internal/executable"
)

// A program serves HTTP as a process of its own, so that its processor time and memory can be told
// from the load generator's.
type program struct {
	pid  int
	api  string // host:port
	stop func() error
}

// opener starts a program on a database.
type opener func(context.Context, *database) (*program, error)

// boxoffice builds the program of this module and serves the database with it, without the delay.
func boxoffice(settings ...string) opener {
	return func(ctx context.Context, db *database) (p *program, err error) {
		dir, err := os.MkdirTemp("", "boxoffice-bench-")
		if err != nil {
			return nil, err
		}
		remove := func() error { return os.RemoveAll(dir) } // not before the program has ended: it writes there
		defer func() {
			if err != nil {
				err = errors.Join(err, remove())
			}
		}()
		path := filepath.Join(dir, "boxoffice")
		if err := executable.Build(ctx, path); err != nil {
			return nil, err
		}
		cmd := exec.CommandContext(ctx, path, "serve")
		cmd.Dir = dir // where there is no .env
		cmd.Env = append([]string{
			"DATABASE_URL=" + db.url, "DATA_DIR=" + dir, "API_PORT=0", "WEB_PORT=0", "BOOKING_DELAY=0s", "LOG_LEVEL=warn",
			"RATE_LIMITS=off", "WS_ADDRESS_CONNECTIONS=10000", // all come from one address
			"JWT_ACCESS_SECRET=" + secrets().Access[0], "JWT_REFRESH_SECRET=" + secrets().Refresh[0],
		}, settings...)
		if p, err = start(cmd); err != nil {
			return nil, err
		}
		stop := p.stop
		p.stop = func() error { return errors.Join(stop(), remove()) }
		return p, nil
	}
}

// start waits until the program has said where its API is.
func start(cmd *exec.Cmd) (*program, error) {
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	address, err := executable.APIAddress(out)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", filepath.Base(cmd.Path), err), cmd.Wait())
	}
	go io.Copy(io.Discard, out) //nolint:errcheck // it ends with the program
	stop := func() error {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			return err
		}
		return cmd.Wait()
	}
	return &program{cmd.Process.Pid, address, stop}, nil
}

// startReference serves the database with what this program is compared with.
func startReference(ctx context.Context, db *database) (*program, error) {
	var address string
	c, err := startChild(ctx, referenceRole, db.url, &address)
	if err != nil {
		return nil, err
	}
	return &program{c.cmd.Process.Pid, address, c.stop}, nil
}
