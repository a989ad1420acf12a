package dbtest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/internal/embeddedpg"
	"github.com/boxoffice/boxoffice/migrations"
)

// openDir is a directory that PostgreSQL's user can enter.
func openDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", serverPrefix)
	Must(tb, err)
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestOneClusterIsMadeAndCopied(t *testing.T) {
	t.Parallel()
	Slow(t)
	clusters := t.TempDir()
	name, err := preparedName()
	Must(t, err)
	// A process was killed while it copied.
	Must(t, os.MkdirAll(filepath.Join(clusters, name+".tmp", "data", "base"), 0o700))
	dirs := []string{openDir(t), openDir(t)}
	var both errgroup.Group
	for _, dir := range dirs {
		both.Go(func() error { return prepare(clusters, dir) })
	}
	Must(t, both.Wait())
	if found, _ := filepath.Glob(filepath.Join(clusters, "*-*")); len(found) != 1 || filepath.Base(found[0]) != name {
		t.Errorf("there are %v, want one cluster", found)
	}
	for _, dir := range dirs { // at the same time, on ports and with data of their own
		server, err := embeddedpg.Start(t.Context(), embeddedpg.Options{Dir: dir,
			Settings: map[string]string{"fsync": "off"}})
		Must(t, err)
		t.Cleanup(func() { _ = server.Stop() })
		if pending, err := migrations.Pending(t.Context(), server.URL()); pending || err != nil {
			t.Errorf("the schema is not the newest: %v", err)
		}
	}
	before, err := os.Stat(filepath.Join(clusters, name))
	Must(t, err)
	Must(t, prepare(clusters, openDir(t)))
	if after, err := os.Stat(filepath.Join(clusters, name)); err != nil || !os.SameFile(before, after) {
		t.Errorf("the cluster was made once more (%v)", err)
	}
}

func TestTheOldestClustersAreRemoved(t *testing.T) {
	t.Parallel()
	clusters := t.TempDir()
	for i := range preparedMax + 1 {
		dir := filepath.Join(clusters, fmt.Sprintf("15-%d", i))
		Must(t, os.Mkdir(dir, 0o700))
		at := time.Now().Add(-time.Duration(i) * time.Hour)
		Must(t, os.Chtimes(dir, at, at))
	}
	Must(t, removeOldest(clusters))
	for i := range preparedMax + 1 {
		_, err := os.Stat(filepath.Join(clusters, fmt.Sprintf("15-%d", i)))
		if isThere, want := err == nil, i < preparedMax-1; isThere != want {
			t.Errorf("the cluster of %d hours ago: it is there: %t, want %t", i, isThere, want)
		}
	}
}
