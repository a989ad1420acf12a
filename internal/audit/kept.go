package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// loadKept reads, once, the checkpoints that earlier processes have left outside of the database, and
// takes the largest for the last one. The log must be an extension of the others too. One that can't
// be verified stops the signing: it may be what shows that the database was changed.
func (c *Checkpoints) loadKept(ctx context.Context) error {
	if c.loaded {
		return nil
	}
	kept, err := ReadKept(c.options.KeptAt, c.keys)
	if err != nil {
		return err
	}
	all := []Checkpoint{kept}
	if c.options.Witnessed != nil {
		witnessed, err := c.options.Witnessed(c.keys)
		if err != nil {
			return err
		}
		all = append(all, witnessed...)
	}
	last := slices.MaxFunc(all, func(a, b Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	c.mu.Lock()
	c.last = last
	c.mu.Unlock()
	origin, err := originOf(ctx, c.pool)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Size == 0 || s.Note == last.Note {
			continue
		}
		if err := c.checkKept(ctx, s.Note, origin); err != nil {
			return err
		}
	}
	c.loaded = true
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

// writeKept replaces the file. Without it, a restart believes the database.
func (c *Checkpoints) writeKept(s Checkpoint) {
	if c.options.KeptAt == "" {
		return
	}
	err := replaceFile(c.options.KeptAt, s.Note)
	logged := c.unkept
	c.unkept = err != nil
	if err != nil && !logged {
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
