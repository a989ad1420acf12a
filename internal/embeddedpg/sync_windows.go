package embeddedpg

import (
	"errors"
	"os"
)

// syncPath flushes a file, which must be open for writing. Directories cannot be flushed, and need
// not be: the file system journals names.
func syncPath(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // in the user's own directory
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func syncDir(string) error { return nil }
