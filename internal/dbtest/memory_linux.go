package dbtest

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const (
	memoryDir = "/dev/shm"
	// Not serverPrefix: with TMPDIR=/dev/shm servers are here too, and their directories are not
	// locked.
	memoryPrefix = "boxoffice-memory-"
	// enough is the free memory required: several packages are tested at once, and the WAL of each
	// server may grow to 1 GB.
	enough = 4 << 30
)

// InMemory puts the temporary directories of this process and its children into memory, if enough
// is free. A database has 300 files, which take ten times as long to create and remove on a disk.
// TMPDIR overrides the directory. Call remove at the end.
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

// ownDir creates a directory that is locked until this process ends, and removes those of processes
// that were killed. It holds a lock on the parent, so that no directory is removed before it is
// locked.
func ownDir() (dir string, owner *os.File, err error) {
	parent, err := lock(memoryDir, syscall.LOCK_EX)
	if err != nil {
		return "", nil, err
	}
	defer parent.Close() //nolint:errcheck // nothing was written
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
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // PostgreSQL runs as another user
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
