package dbtest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/embeddedpg"
	"github.com/boxoffice/boxoffice/migrations"
)

const (
	// preparedMax limits the clusters that are kept. A change of a migration makes another one.
	preparedMax = 4
	// preparedTemplate is a copy of the migrated database: nobody may be connected to what is cloned.
	preparedTemplate = "migrated"
)

// Prepare puts a stopped cluster into dir, for [embeddedpg.Start], and for programs whose data
// directory it is. Its database is migrated. The cluster is a copy of one in the user's cache
// directory, because initdb and migrations take twenty times as long as copying.
func Prepare(dir string) error {
	cache, err := os.UserCacheDir()
	if err != nil { // there is no HOME
		cache = os.TempDir()
	}
	return prepare(filepath.Join(cache, "boxoffice", "test-clusters"), dir)
}

// prepare copies from a directory of clusters. A lock on it lets one process make a cluster while the
// others wait, and none remove one that is copied.
func prepare(clusters, dir string) error {
	if err := os.MkdirAll(clusters, 0o700); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(clusters, "lock"))
	if err := lock.Lock(); err != nil {
		return err
	}
	defer lock.Unlock() //nolint:errcheck // ends with the process at the latest
	name, err := preparedName()
	if err != nil {
		return err
	}
	cluster := filepath.Join(clusters, name)
	if _, err := os.Stat(cluster); errors.Is(err, fs.ErrNotExist) {
		if err := makeCluster(cluster); err != nil {
			return fmt.Errorf("prepare a cluster for tests: %w", err)
		}
	}
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // PostgreSQL may run as another user
		return err
	}
	return copyTree(cluster, filepath.Join(dir, "postgres"))
}

// preparedName differs when a cluster would.
func preparedName() (string, error) {
	binaries, err := embeddedpg.FindBinaries(context.Background())
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	sum.Write(fmt.Appendln(nil, binaries.Version, embeddedpg.InitArgs, preparedTemplate))
	err = fs.WalkDir(migrations.Files, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		content, err := migrations.Files.ReadFile(path)
		sum.Write(fmt.Appendln(nil, path, len(content)))
		sum.Write(content)
		return err
	})
	return fmt.Sprintf("%d-%x", binaries.Major, sum.Sum(nil)[:8]), err
}

// makeCluster renames the cluster when it is complete.
func makeCluster(cluster string) (err error) {
	if err := removeOldest(filepath.Dir(cluster)); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", serverPrefix) // the user of PostgreSQL can't enter the cache
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	server, err := embeddedpg.Start(context.Background(), embeddedpg.Options{Dir: dir,
		Settings: map[string]string{"fsync": "off"}})
	if err != nil {
		return err
	}
	err = fillCluster(server.URL())
	if err := errors.Join(err, server.Stop()); err != nil {
		return err
	}
	home := filepath.Join(dir, "postgres")
	for _, name := range []string{"port", "lock", "owner"} { // of this server
		if err := os.Remove(filepath.Join(home, name)); err != nil {
			return err
		}
	}
	incomplete := cluster + ".tmp"
	if err := errors.Join(os.RemoveAll(incomplete), copyTree(home, incomplete)); err != nil {
		return err
	}
	return os.Rename(incomplete, cluster)
}

func fillCluster(url string) error {
	ctx := context.Background()
	if _, err := migrations.Up(ctx, url); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, withDatabase(url, "template1"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, fmt.Sprintf("create database %s template %s strategy file_copy", preparedTemplate,
		embeddedpg.Database))
	return errors.Join(err, conn.Close(ctx))
}

// removeOldest makes room for one more.
func removeOldest(clusters string) error {
	paths, err := filepath.Glob(filepath.Join(clusters, "*-*"))
	if err != nil || len(paths) < preparedMax {
		return err
	}
	made := func(path string) (at int64) {
		if info, err := os.Stat(path); err == nil {
			at = info.ModTime().UnixNano()
		}
		return at
	}
	slices.SortFunc(paths, func(a, b string) int { return cmp.Compare(made(a), made(b)) })
	for _, path := range paths[:len(paths)-preparedMax+1] {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}

// copyTree keeps modes and owners, which PostgreSQL checks where systems have them.
func copyTree(from, to string) error {
	if runtime.GOOS == "windows" {
		return os.CopyFS(to, os.DirFS(from))
	}
	//nolint:gosec,noctx // the paths are ours
	if out, err := exec.Command("cp", "-Rp", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("copy %s: %w: %s", from, err, out)
	}
	return nil
}
