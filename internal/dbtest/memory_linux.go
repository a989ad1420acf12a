package dbtest

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const (
	memoryDir = "/dev/shm"
	// Not serverPrefix: with TMPDIR=/dev/shm servers are here too, and nobody locks their directories.
	memoryPrefix = "boxoffice-memory-"
	// enough memory must be free: several packages are tested at once, and the log of changes of each
	// server may grow to 1 GB.
	enough = 4 << 30
)

// InMemory puts the temporary directories of this process, and of those that it starts, into
// memory, where there is enough. A database is 300 files: to make and to remove them takes ten
// times as long on a disk. TMPDIR chooses another place. Call remove in the end.
func InMemory() (remove func(), err error) {
	if os.Getenv("TMPDIR") != "" || !hasRoom() {
		return func() {}, nil
	}
	dir, owner, err := ownDir()
	if err != nil {
		return nil, fmt.Errorf("use memory for temporary files: %w", err)
	}
	return func() {
		_ = os.RemoveAll(dir)
		_ = owner.Close()
	}, os.Setenv("TMPDIR", dir)
}

func hasRoom() bool {
	var fs syscall.Statfs_t
	return syscall.Statfs(memoryDir, &fs) == nil && fs.Bavail*uint64(fs.Bsize) > enough //nolint:gosec // not negative
}

// ownDir makes a directory that is locked for as long as this process lives, and removes those of
// processes that were killed. They take turns, so that none is removed before it is locked.
func ownDir() (dir string, owner *os.File, err error) {
	turn, err := lock(memoryDir, syscall.LOCK_EX)
	if err != nil {
		return "", nil, err
	}
	defer turn.Close() //nolint:errcheck // nothing was written
	abandoned, _ := filepath.Glob(filepath.Join(memoryDir, memoryPrefix+"*"))
	for _, dir := range abandoned {
		if owner, err := lock(dir, syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			_ = os.RemoveAll(dir)
			_ = owner.Close()
		}
	}
	if dir, err = os.MkdirTemp(memoryDir, memoryPrefix); err != nil {
		return "", nil, err
	}
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // PostgreSQL, as another user, has to get to its own
		return "", nil, err
	}
	owner, err = lock(dir, syscall.LOCK_EX)
	return dir, owner, err
}

func lock(dir string, how int) (*os.File, error) {
	f, err := os.Open(dir) //nolint:gosec // one of ours
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
