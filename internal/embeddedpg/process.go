package embeddedpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	// readyPoll is how often the server's own status line is read while it starts. Reading it costs
	// microseconds; starting takes 60 ms.
	readyPoll = 3 * time.Millisecond
	// slowStart is when a start is worth a line in the log: it is recovering.
	slowStart = 3 * time.Second
	// forceTimeout is how long an immediate shutdown, and then a kill, may take. PostgreSQL itself
	// kills sessions that do not follow an immediate shutdown after five seconds, so it is longer.
	forceTimeout = 8 * time.Second
	// pipeGrace bounds the wait for the output of sessions that outlive a killed server.
	pipeGrace = time.Second
)

var (
	errNoSocket  = errors.New("PostgreSQL could not listen")
	errStillUsed = errors.New("an earlier PostgreSQL still uses the data")
)

// process is a postgres of ours. err may be read when done is closed.
type process struct {
	cmd  *exec.Cmd
	out  *tail
	done chan struct{}
	err  error
}

// command prepares one of the binaries, to run as the right user and with nothing of our
// environment. It is started in the directory of the binaries, because ours may be closed to that
// user.
func (c *cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin.Dir, executable(name)), args...) //nolint:gosec // the binaries that were found
	cmd.Dir = c.bin.Dir
	cmd.Env = environment()
	cmd.SysProcAttr = toolAttributes(c.home.account)
	return cmd
}

// runTool runs a command to its end, or ends it with all its children when its context ends. The
// thread is locked because Linux takes the end of the thread that started a child for that of the
// program.
func runTool(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.Cancel = func() error { return endGroup(cmd.Process) }
	cmd.WaitDelay = pipeGrace
	return cmd.Run()
}

// launch starts the server and returns when it accepts connections. On an error nothing is left
// running.
func (c *cluster) launch(ctx context.Context, port int, o Options) (*process, error) {
	// Not ctx, which ends before the server does.
	cmd := c.command(context.Background(), "postgres", serverArgs(c.data, port, o.Settings)...)
	cmd.SysProcAttr = serverAttributes(c.home.account)
	cmd.WaitDelay = pipeGrace
	p := &process{cmd: cmd, out: newTail(c.log, "postgres"), done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	if err := p.start(); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	err := p.waitReady(ctx, c.data, c.log)
	if err == nil {
		return p, nil
	}
	select {
	case <-p.done:
	default:
		err = errors.Join(err, p.stop(c.bin.Dir, o.StopTimeout, c.log))
	}
	return nil, err
}

// start runs and reaps the process on one thread of its own: where the kernel tells PostgreSQL of
// our end (see serverAttributes), it is the end of that thread which counts, and Go may end idle
// ones.
func (p *process) start() error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return <-started
}

// waitReady watches the status that the server keeps in postmaster.pid. Unlike a connection it
// needs no password, cannot reach a stranger on the port, and leaves no refused attempts in the
// log.
func (p *process) waitReady(ctx context.Context, data string, log *slog.Logger) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	slow := time.After(slowStart)
	for {
		pm, err := readPostmaster(data)
		if err == nil && pm.pid == p.cmd.Process.Pid && pm.status == statusReady {
			return nil
		}
		select {
		case <-p.done:
			return p.failure()
		case <-ctx.Done():
			return fmt.Errorf("%w%s", context.Cause(ctx), p.out)
		case <-slow:
			log.Info("PostgreSQL is still starting, probably recovering from a crash", "data", data)
		case <-tick.C:
		}
	}
}

// failure says why a process that is done has ended, with its last words.
func (p *process) failure() error {
	kind := errors.New("postgres")
	words := p.out.String()
	switch {
	case strings.Contains(words, "could not create any TCP/IP sockets"):
		kind = errNoSocket
	case strings.Contains(words, "is still in use"), strings.Contains(words, `lock file "postmaster.pid" already exists`):
		kind = errStillUsed
	}
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	return fmt.Errorf("%w: %s%s", kind, how, words)
}

func (p *process) stop(binDir string, timeout time.Duration, log *slog.Logger) error {
	return shutDown(context.Background(), p.cmd.Process, binDir, timeout, log, func(d time.Duration) bool {
		select {
		case <-p.done:
			return true
		case <-time.After(d):
			return false
		}
	})
}

// stopMode is PostgreSQL's own scale of haste.
type stopMode string

const (
	stopFast      stopMode = "fast"      // cut sessions off, write everything down
	stopImmediate stopMode = "immediate" // end at once, recover at the next start
	stopKill      stopMode = "kill"
)

// shutDown ends a postmaster, with more force each time it does not follow. When ctx ends it is let
// be: that we do not want to wait is no reason for force.
func shutDown(ctx context.Context, proc *os.Process, binDir string, timeout time.Duration, log *slog.Logger,
	gone func(time.Duration) bool) error {
	steps := []struct {
		mode     stopMode
		patience time.Duration
	}{{stopFast, timeout}, {stopImmediate, forceTimeout}, {stopKill, forceTimeout}}
	for i, step := range steps {
		if i > 0 {
			log.Warn("PostgreSQL does not stop, trying harder", "pid", proc.Pid, "mode", step.mode)
		}
		err := sendStop(proc, step.mode, binDir)
		if err != nil && !errors.Is(err, os.ErrProcessDone) {
			log.Warn("PostgreSQL could not be told to stop", "pid", proc.Pid, "mode", step.mode, "error", err)
		}
		if !gone(step.patience) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			continue
		}
		if i > 0 {
			return fmt.Errorf("PostgreSQL had to be stopped by force (%s): it did not end within %s", step.mode, timeout)
		}
		return nil
	}
	return fmt.Errorf("PostgreSQL (process id %d) cannot be stopped", proc.Pid)
}
