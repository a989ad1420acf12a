//go:build unix

package embeddedpg_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/boxoffice/boxoffice/internal/embeddedpg"
)

func uidOf(t *testing.T, path string) int {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

func TestRootRunsPostgreSQLAsAnotherUser(t *testing.T) {
	t.Parallel()
	needRoot(t)
	s := start(t, options(withCluster(t)))
	if uid := uidOf(t, s.DataDir()); uid == 0 {
		t.Error("the data belongs to root")
	}
	out, err := exec.Command("ps", "-o", "uid=", "-p", strconv.Itoa(postmasterPID(s.DataDir()))).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.TrimSpace(string(out)), strconv.Itoa(uidOf(t, s.DataDir())); got != want {
		t.Errorf("the server runs as %s, want the owner of the data, %s", got, want)
	}
}

// closedDir is one that only root can reach.
func closedDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(openDir(t), "closed")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "app")
}

func TestClosedDirectoryOfRootIsRelocated(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := closedDir(t)
	o := options(dir)
	o.RelocateDir = filepath.Join(openDir(t), "var", "boxoffice")
	s := start(t, o)
	if !strings.HasPrefix(s.DataDir(), o.RelocateDir) {
		t.Fatalf("the data is in %s, want it below %s", s.DataDir(), o.RelocateDir)
	}
	query(t, s.URL(), "CREATE TABLE kept AS SELECT 'yes' AS answer")
	if got, err := embeddedpg.RunningURL(dir); err != nil || got != s.URL() {
		t.Errorf("RunningURL does not find it: %v", err)
	}
	_, err := embeddedpg.Start(t.Context(), o)
	if _, ok := errors.AsType[*embeddedpg.InUseError](err); !ok {
		t.Errorf("got %v, want an InUseError", err)
	}
	stop(t, s)

	again := start(t, o)
	if again.DataDir() != s.DataDir() {
		t.Errorf("the data is in %s now", again.DataDir())
	}
	wantKept(t, again.URL())
	stop(t, again)

	// Another place for new clusters does not make this one unfindable.
	elsewhere := o
	elsewhere.RelocateDir = filepath.Join(openDir(t), "elsewhere")
	s = start(t, elsewhere)
	wantKept(t, s.URL())
	stop(t, s)

	// Nor does the loss of the pointer file.
	if err := os.Remove(filepath.Join(dir, "postgres.location")); err != nil {
		t.Fatal(err)
	}
	s = start(t, o)
	wantKept(t, s.URL())
	stop(t, s)

	// A missing volume is not an empty one.
	if err := os.Rename(o.RelocateDir, o.RelocateDir+" unmounted"); err != nil {
		t.Fatal(err)
	}
	if _, err := embeddedpg.Start(t.Context(), o); !errors.Is(err, fs.ErrNotExist) ||
		!strings.Contains(err.Error(), "postgres.location") {
		t.Errorf("got %v, want an error that names the pointer file", err)
	}
}

// As os.MkdirTemp makes it.
func TestEmptyClosedDirectoryIsOpenedForPostgreSQLAlone(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := filepath.Join(openDir(t), "closed")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s := start(t, options(dir))
	if got, want := s.DataDir(), dataOf(dir); got != want {
		t.Errorf("the data is in %s, want %s", got, want)
	}
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o710 {
		t.Errorf("the directory has mode %o, want 710", got)
	}
}

func TestExistingDataIsNotRelocated(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := withCluster(t)
	o := options(dir)
	o.RelocateDir = filepath.Join(openDir(t), "var")
	parent := filepath.Dir(dir)
	if err := os.Chmod(parent, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := embeddedpg.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "chmod o+x "+parent) {
		t.Errorf("got %v, want what to do about %s", err, parent)
	}
	if err := os.Chmod(parent, 0o711); err != nil {
		t.Fatal(err)
	}
	wantKept(t, start(t, o).URL())
}

func TestOwnerOfTheDirectoryRunsPostgreSQL(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := openDir(t)
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	if err := errors.Join(os.Chown(dir, uid, -1), os.Chmod(dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	s := start(t, options(dir))
	for _, path := range []string{s.DataDir(), filepath.Dir(s.DataDir()), filepath.Join(dir, "postgres", "password"),
		filepath.Join(dir, "postgres", "lock")} {
		if got := uidOf(t, path); got != uid {
			t.Errorf("%s belongs to %d, and the owner of the directory could not run the program without root", path, got)
		}
	}
}

func TestOwnerWithoutANameIsPassedOver(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := openDir(t)
	const somebody = 4294900000
	if err := os.Chown(dir, somebody, somebody); err != nil {
		t.Fatal(err)
	}
	s := start(t, options(dir))
	if got := uidOf(t, s.DataDir()); got == 0 || got == somebody {
		t.Errorf("the data belongs to %d", got)
	}
}

func TestDataOfRootIsRefused(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := withCluster(t)
	if err := os.Chown(dataOf(dir), 0, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := embeddedpg.Start(t.Context(), options(dir)); err == nil || !strings.Contains(err.Error(), "chown -R") {
		t.Errorf("got %v, want what to do", err)
	}
}
