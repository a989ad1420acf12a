package embeddedpg

import (
	"errors"
	"io/fs"
	"path/filepath"
	"sync"
)

// syncers flush concurrently: many flushes at once take a disk hardly longer than one.
const syncers = 16

// syncTree makes all files and names below root durable.
func syncTree(root string) error {
	paths := make(chan string)
	var errs [syncers]error // one for each, so that they share nothing
	var wg sync.WaitGroup
	for i := range syncers {
		wg.Go(func() {
			for path := range paths {
				if err := syncPath(path); err != nil && errs[i] == nil {
					errs[i] = err
				}
			}
		})
	}
	walk := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			paths <- path
		}
		return err
	})
	close(paths)
	wg.Wait()
	return errors.Join(walk, errors.Join(errs[:]...), syncDir(root))
}
