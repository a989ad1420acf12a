//go:build unix

package embeddedpg

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncPath flushes a file or directory. It calls fsync and not [os.File.Sync], which on macOS also
// flushes the cache of the drive; for a thousand files, syncDir does that once.
func syncPath(path string) error {
	return flush(path, func(f *os.File) error { return unix.Fsync(int(f.Fd())) })
}

// syncDir makes the names in a directory durable, and flushes the cache of the drive.
func syncDir(dir string) error {
	return flush(dir, (*os.File).Sync)
}

func flush(path string, sync func(*os.File) error) error {
	f, err := os.Open(path) //nolint:gosec // in the user's own directory
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // nothing was written through it
	err = sync(f)
	if info, statErr := f.Stat(); statErr == nil && info.IsDir() &&
		(errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EBADF)) {
		return nil // the file system can't flush directories; PostgreSQL ignores that too
	}
	if err != nil {
		return &os.PathError{Op: "fsync", Path: path, Err: err}
	}
	return nil
}
