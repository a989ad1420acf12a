package embeddedpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// killedGrace is how long a killed program may still hold the lock: the kernel releases it while it
// tears down the process.
const killedGrace = 300 * time.Millisecond

// ownerLock is held by the program that runs the server. The kernel releases it when the program
// ends in any way, so it never becomes stale.
type ownerLock struct {
	home  home
	flock *flock.Flock
}

// acquire waits for a program that is ending, and fails with an [*InUseError] if it is not.
func (h home) acquire(ctx context.Context, stopTimeout time.Duration) (*ownerLock, error) {
	l := &ownerLock{home: h, flock: flock.New(filepath.Join(h.path, lockFile), flock.SetPermissions(0o600))}
	var holder owner
	var since time.Time
	for {
		ok, err := l.flock.TryLock()
		if errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("%s belongs to another user: run the program as that user, or choose another directory: %w",
				h.path, err)
		}
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", h.path, err)
		}
		if ok {
			break
		}
		if seen := h.owner(); seen != holder || since.IsZero() {
			holder, since = seen, time.Now()
		}
		timeout := killedGrace
		if holder.stopping {
			timeout += stopTimeout + 2*forceTimeout
		}
		if time.Since(since) > timeout {
			return nil, &InUseError{Dir: h.path, PID: holder.pid}
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(10 * time.Millisecond):
		}
	}
	if err := errors.Join(matchOwner(l.flock.Path(), h.path), l.note("running")); err != nil {
		l.release()
		return nil, err
	}
	return l, nil
}

// note writes who holds the lock. It uses a file of its own, because Windows does not let others
// read a locked one.
func (l *ownerLock) note(state string) error {
	return writeFile(l.home.path, ownerFile, fmt.Sprintf("%d %s", os.Getpid(), state), false)
}

// owner is the last holder of the lock.
type owner struct {
	pid      int // 0 when unknown
	stopping bool
}

func (h home) owner() owner {
	text, err := h.read(ownerFile)
	if err != nil {
		return owner{}
	}
	number, state, _ := strings.Cut(text, " ")
	pid, _ := strconv.Atoi(number)
	return owner{pid: pid, stopping: state == "stopping"}
}

// release keeps the files. If the lock file were removed, two programs could lock different files;
// if the owner file were removed, a waiting program could miss that the holder is stopping.
func (l *ownerLock) release() {
	_ = l.flock.Unlock() // ends with the process at the latest
}
