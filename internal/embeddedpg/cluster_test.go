//go:build unix

package embeddedpg_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/boxoffice/boxoffice/internal/embeddedpg"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

func TestDataOfAnotherVersionIsNeverTouched(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"99", "14", "9.6"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			dir := openDir(t)
			fill(t, dataOf(dir), map[string]string{"PG_VERSION": version + "\n", "base/1/112": "rows", "postmaster.pid": "1\n",
				"postgresql.conf": "port = 1\n"})
			before := picture(t, dataOf(dir))
			_, err := embeddedpg.Start(t.Context(), options(dir))
			var mismatch *embeddedpg.VersionError
			var missing *embeddedpg.NoBinariesError
			if !errors.As(err, &mismatch) || !errors.As(err, &missing) {
				t.Fatalf("got %v, want a VersionError", err)
			}
			for _, want := range []string{"PostgreSQL " + version, "PostgreSQL " + binaries(t).Version, "left untouched",
				dataOf(dir)} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q:\n%v", want, err)
				}
			}
			if after := picture(t, dataOf(dir)); after != before {
				t.Errorf("the data has changed:\n%s\nwas:\n%s", after, before)
			}
		})
	}
}

func TestWhatIsNoClusterIsNeverTouched(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"other files":   {"holiday.jpg": "sea"},
		"odd version":   {"PG_VERSION": "holiday\n"},
		"empty version": {"PG_VERSION": "", "base/1": "rows"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := openDir(t)
			fill(t, dataOf(dir), files)
			before := picture(t, dataOf(dir))
			if _, err := embeddedpg.Start(t.Context(), options(dir)); err == nil ||
				!strings.Contains(err.Error(), "PG_VERSION") {
				t.Errorf("got %v, want an error that names PG_VERSION", err)
			}
			if after := picture(t, dataOf(dir)); after != before {
				t.Errorf("the data has changed:\n%s\nwas:\n%s", after, before)
			}
		})
	}
}

func TestAnEmptyDataDirectoryIsFilled(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	if err := os.MkdirAll(dataOf(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := query(t, start(t, options(dir)).URL(), "SELECT 'yes'"); got != "yes" {
		t.Errorf("got %q", got)
	}
}

// fill makes files as the user who would run PostgreSQL.
func fill(t *testing.T, data string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(data, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() != 0 {
		return
	}
	err := filepath.WalkDir(data, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, 65534, 65534))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// picture tells every change of a tree: names, modes, owners, times, contents.
func picture(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		var sum [32]byte
		if d.Type().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			sum = sha256.Sum256(content)
		}
		stat := info.Sys().(*syscall.Stat_t)
		fmt.Fprintf(&b, "%s %v %d %v %x\n", path, info.Mode(), stat.Uid, info.ModTime(), sum[:4])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestALostPasswordIsReplaced(t *testing.T) {
	t.Parallel()
	o := options(withCluster(t))
	path := filepath.Join(o.Dir, "postgres", "password")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	s := start(t, o)
	wantKept(t, s.URL())
	if strings.Contains(s.URL(), strings.TrimSpace(string(before))) {
		t.Error("the password is the old one")
	}
	stop(t, s)
	wantKept(t, start(t, o).URL())
}

func TestKilledDuringInitdbThenStartWorks(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	p := startProgram(t, dir)
	waittest.For(t, "initdb is at work", func() bool { return initialising(dir) != "" })
	p.kill()
	if _, err := os.Stat(dataOf(dir)); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("half a cluster has its final name: %v", err)
	}
	// Beside it lies what looks like ours and is not.
	notOurs := filepath.Join(dir, "postgres", "init-scripts")
	if err := os.Mkdir(notOurs, 0o700); err != nil {
		t.Fatal(err)
	}
	s := start(t, options(dir))
	if got := query(t, s.URL(), "SELECT 'yes'"); got != "yes" {
		t.Errorf("got %q", got)
	}
	stop(t, s)
	stop(t, start(t, options(dir)))
	left, err := filepath.Glob(filepath.Join(dir, "postgres", "init-*"))
	if err != nil || len(left) != 1 || left[0] != notOurs {
		t.Errorf("left are %v, want only %s", left, notOurs)
	}
}
