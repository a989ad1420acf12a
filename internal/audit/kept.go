package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// loadKept reads the checkpoint that an earlier process has kept, once. One that can't be verified
// stops the signing: it may be what shows that the database was changed.
func (c *Checkpoints) loadKept() error {
	if c.loaded {
		return nil
	}
	kept, err := ReadKept(c.options.KeptAt, c.keys)
	if err != nil {
		return err
	}
	c.loaded = true
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = kept
	return nil
}

// ReadKept returns the checkpoint in a file that a server keeps outside of the database; its size is
// 0 when there is none.
func ReadKept(path string, keys *Keys) (Checkpoint, error) {
	if path == "" {
		return Checkpoint{}, nil
	}
	text, err := os.ReadFile(path) //nolint:gosec // in the data directory of the configuration
	if errors.Is(err, fs.ErrNotExist) {
		return Checkpoint{}, nil
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read the checkpoint that is kept outside of the database: %w", err)
	}
	s, err := keys.Open(string(text))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%s: %w", path, err)
	}
	return Checkpoint{Size: s.Size, Root: s.Root, Note: string(text)}, nil
}

// keep replaces the file. Without it, a restart believes the database.
func (c *Checkpoints) keep(s Checkpoint) {
	if c.options.KeptAt == "" {
		return
	}
	err := replaceFile(c.options.KeptAt, s.Note)
	told := c.unkept
	c.unkept = err != nil
	if err != nil && !told {
		c.options.Logger.Warn("the checkpoint is not kept outside of the database", "error", err)
	}
}

// replaceFile writes a file of which a reader, or a crash, sees the old content or the new one.
func replaceFile(path, text string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(dir, ".checkpoint-*")
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name()) //nolint:errcheck // it was renamed, or an unused file stays
	_, err = draft.WriteString(text)
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	return os.Rename(draft.Name(), path)
}
