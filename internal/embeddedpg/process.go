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
	// readyPoll is how often the status line of the server is read during the start, which takes 60
	// ms. A read takes microseconds.
	readyPoll = 3 * time.Millisecond
	// slowStart is when a start is logged as slow: the server is recovering.
	slowStart = 3 * time.Second
	// forceTimeout bounds an immediate shutdown, and then a kill. It is longer than the five seconds
	// after which PostgreSQL kills sessions that ignore an immediate shutdown.
	forceTimeout = 8 * time.Second
	// pipeGrace bounds the wait for output of sessions that outlive a killed server.
	pipeGrace = time.Second
)

var (
	errNoSocket  = errors.New("PostgreSQL could not listen")
	errStillUsed = errors.New("an earlier PostgreSQL still uses the data")
)

// process is a postgres that we started. err may be read when done is closed.
type process struct {
	cmd  *exec.Cmd
	out  *tail
	done chan struct{}
	err  error
}

// command prepares one of the binaries, to run as the right user and without our environment. Its
// working directory is that of the binaries, because the user may not be allowed to enter ours.
func (c *cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin.Dir, executable(name)), args...) //nolint:gosec // was found
	cmd.Dir = c.bin.Dir
	cmd.Env = environment()
	cmd.SysProcAttr = toolAttributes(c.home.account)
	return cmd
}

// runTool runs a command, and ends it with all its children when its context ends. It locks the
// thread, because for Linux's parent death signal the parent is the thread that started the child.
func runTool(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.Cancel = func() error { return endGroup(cmd.Process) }
	cmd.WaitDelay = pipeGrace
	return cmd.Run()
}

// launch starts the server and returns when it accepts connections. On an error no process is left.
func (c *cluster) launch(ctx context.Context, port int, o Options) (*process, error) {
	// Not ctx, which bounds the start only.
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

// start starts and reaps the process on a thread of its own. The parent death signal (see
// serverAttributes) is sent when that thread ends, and Go may end idle threads.
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

// waitReady polls the status in postmaster.pid. Unlike a connection, that needs no password, cannot
// reach another server on the port, and leaves no refused attempts in the log.
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

// failure returns why the process has ended, with its last output.
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
	stopFast      stopMode = "fast"      // abort sessions, write a checkpoint
	stopImmediate stopMode = "immediate" // end at once, recover at the next start
	stopKill      stopMode = "kill"
)

// shutDown ends a postmaster, with more force after each timeout. It gives up when ctx ends: that
// the caller stops waiting is no reason for force.
func shutDown(ctx context.Context, proc *os.Process, binDir string, timeout time.Duration, log *slog.Logger,
	gone func(time.Duration) bool) error {
	steps := []struct {
		mode    stopMode
		timeout time.Duration
	}{{stopFast, timeout}, {stopImmediate, forceTimeout}, {stopKill, forceTimeout}}
	for i, step := range steps {
		if i > 0 {
			log.Warn("PostgreSQL does not stop, using force", "pid", proc.Pid, "mode", step.mode)
		}
		err := sendStop(proc, step.mode, binDir)
		if err != nil && !errors.Is(err, os.ErrProcessDone) {
			log.Warn("PostgreSQL could not be signalled", "pid", proc.Pid, "mode", step.mode, "error", err)
		}
		if !gone(step.timeout) {
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
