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

// killedGrace is how long the lock of a program that was just killed may still be seen: the kernel
// frees it only while the process is being taken down.
const killedGrace = 300 * time.Millisecond

// ownerLock is held by the program that runs the server. The kernel lets go of it when the program
// ends in whatever way, so there is nothing to be cleaned up and nothing that can be stale.
type ownerLock struct {
	home  home
	flock *flock.Flock
}

// acquire waits for a program that is just ending, and fails with [InUseError] for one that is not.
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
		patience := killedGrace
		if holder.stopping {
			patience += stopTimeout + 2*forceTimeout
		}
		if time.Since(since) > patience {
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

// note tells others who we are. It is a file of its own: Windows lets nobody read a locked one.
func (l *ownerLock) note(state string) error {
	return writeFile(l.home.path, ownerFile, fmt.Sprintf("%d %s", os.Getpid(), state), false)
}

// owner is who had the lock last, and what it was doing.
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

// release keeps the files. Were the lock removed, one program could lock the old and another a new
// one; were the owner removed, one that waits would for a moment not know that it waits for a good
// reason.
func (l *ownerLock) release() {
	_ = l.flock.Unlock() // ends with the process at the latest
}
