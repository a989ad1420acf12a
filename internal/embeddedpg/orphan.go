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

// errNoPID is for a postmaster.pid without a number: it is being written, or was when power failed.
var errNoPID = errors.New("postmaster.pid names no process")

// postmaster is what a server notes about itself in its data directory.
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

// settle makes sure that nothing serves the cluster and that no leftover stops a new server. We
// hold the lock of the directory, so a server that runs is an orphan: its program was killed where
// the kernel does not pass that on, or it was just told so and is on its way out. It is stopped
// rather than taken over, because a server is started, watched and stopped by its parent.
func (c *cluster) settle(ctx context.Context, timeout time.Duration) error {
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
	// Before the check, so that it is the process looked at which gets the signal also if its number
	// is given to another in between (Linux holds on to it from here).
	proc, err := os.FindProcess(pm.pid)
	if err != nil {
		return nil // it has ended: PostgreSQL clears its file away
	}
	defer func() { _ = proc.Release() }()
	switch {
	case isPostmaster(pm, c.data):
		c.log.Warn("stopping the PostgreSQL of a program that has ended", "pid", pm.pid, "data", c.data)
		err := shutDown(ctx, proc, c.bin.Dir, timeout, c.log, func(d time.Duration) bool { return waitGone(ctx, pm.pid, d) })
		if err != nil && processAlive(pm.pid) {
			return err
		}
		return nil // by force is enough: the new server recovers
	case processExists(pm.pid):
		// PostgreSQL would take any process of this number for its server, also a zombie, and refuse.
		// Should sessions of a lost server live on, the new one still finds their shared memory, whose
		// key is made from the data directory, and waits: see errStillUsed.
		c.log.Info("removing a stale postmaster.pid, which names a process that is not ours", "pid", pm.pid, "data", c.data)
		if err := os.Remove(postmasterFile(c.data)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil // a dead process: PostgreSQL clears that away itself, and checks more than we could
}

// namedProcess reads postmaster.pid, and gives a server that was just killed or started a second to
// have written it.
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

// waitGone watches a process that is not our child.
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
