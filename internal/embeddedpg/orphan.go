package embeddedpg

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// statusReady is the status of a server that accepts connections.
const statusReady = "ready"

// errNoPID means a postmaster.pid without a number: it is being written, or was when power failed.
var errNoPID = errors.New("postmaster.pid names no process")

// postmaster is the content of a server's postmaster.pid.
type postmaster struct {
	pid     int
	started time.Time
	port    int
	status  string
}

func postmasterFile(data string) string { return filepath.Join(data, "postmaster.pid") }

func readPostmaster(data string) (postmaster, error) {
	b, err := os.ReadFile(postmasterFile(data))
	if err != nil {
		return postmaster{}, err
	}
	// process id, data directory, start time, port, socket directory, address, shared memory, status
	lines := strings.Split(string(b), "\n")
	number := func(i int) int {
		if i >= len(lines) {
			return 0
		}
		n, _ := strconv.Atoi(strings.TrimSpace(lines[i]))
		return n
	}
	pm := postmaster{pid: number(0), started: time.Unix(int64(number(2)), 0), port: number(3)}
	if pm.pid <= 0 {
		return postmaster{}, errNoPID
	}
	if len(lines) > 7 {
		pm.status = strings.TrimSpace(lines[7])
	}
	return pm, nil
}

// stopOrphan stops a server that still runs on the cluster, and removes a stale postmaster.pid. We
// hold the lock of the directory, so such a server is an orphan: its program was killed, and it got
// no signal, or is still shutting down. It is stopped rather than adopted, because a server is
// started, watched and stopped by its parent.
func (c *cluster) stopOrphan(ctx context.Context, timeout time.Duration) error {
	pm, err := c.namedProcess(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if errors.Is(err, errNoPID) {
		c.log.Info("removing an empty postmaster.pid", "data", c.data)
		return os.Remove(postmasterFile(c.data))
	}
	if err != nil {
		return err
	}
	// Before the check, so that the signal reaches the checked process even if its pid is reused in
	// between (on Linux, os.Process holds a pidfd).
	proc, err := os.FindProcess(pm.pid)
	if err != nil {
		return nil // it has ended: PostgreSQL removes its file
	}
	defer func() { _ = proc.Release() }()
	switch {
	case isPostmaster(pm, c.data):
		c.log.Warn("stopping the PostgreSQL of a program that has ended", "pid", pm.pid, "data", c.data)
		err := shutDown(ctx, proc, c.bin.Dir, timeout, c.log, func(d time.Duration) bool { return waitGone(ctx, pm.pid, d) })
		if err != nil && processAlive(pm.pid) {
			return err
		}
		return nil // killed: the new server recovers
	case processExists(pm.pid):
		// PostgreSQL would mistake any process with this pid, even a zombie, for its server, and refuse
		// to start. If sessions of a killed server still run, the new one finds their shared memory,
		// whose key depends on the data directory, and we wait: see errStillUsed.
		c.log.Info("removing a stale postmaster.pid, which names a process that is not ours", "pid", pm.pid, "data", c.data)
		if err := os.Remove(postmasterFile(c.data)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil // a dead process: PostgreSQL removes the file itself, after more checks
}

// namedProcess reads postmaster.pid. It waits up to a second for a server that is just writing it.
func (c *cluster) namedProcess(ctx context.Context) (postmaster, error) {
	deadline := time.Now().Add(time.Second)
	for {
		pm, err := readPostmaster(c.data)
		if !errors.Is(err, errNoPID) || time.Now().After(deadline) {
			return pm, err
		}
		select {
		case <-ctx.Done():
			return pm, context.Cause(ctx)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// waitGone waits for the end of a process that is not our child.
func waitGone(ctx context.Context, pid int, d time.Duration) bool {
	deadline := time.Now().Add(d)
	for processAlive(pid) {
		if time.Now().After(deadline) || ctx.Err() != nil {
			return false
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
	return true
}
