package embeddedpg

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// These look inside: what a search finds depends on the machine, so its places are given.

func testFinder(t *testing.T, places ...place) finder {
	t.Helper()
	a, err := accountFor("")
	if err != nil {
		t.Fatal(err)
	}
	return finder{account: a, places: places, cacheDir: filepath.Join(reachable(t), "cache"),
		log: slog.New(slog.DiscardHandler)}
}

func reachable(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

func at(name string, dirs ...string) place {
	return place{name, func(context.Context, int) ([]string, error) { return dirs, nil }}
}

// fakePostgres is a directory with programs that only know their version.
func fakePostgres(t *testing.T, version string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	dir := reachable(t)
	for _, name := range []string{"postgres", "initdb"} {
		script(t, filepath.Join(dir, name), "echo '"+name+" (PostgreSQL) "+version+" (Fake)'")
	}
	return dir
}

// script is written by another process: while we have a program open for writing, a child that some
// parallel test has just forked has it too, and then it cannot be run.
func script(t *testing.T, path, content string) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", `cat >"$0" && /bin/chmod 755 "$0"`, path)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	cmd.Stdin = strings.NewReader("#!/bin/sh\n" + content + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func TestBinariesOfTheFirstPlaceAndThereTheNewest(t *testing.T) {
	t.Parallel()
	old, v15, v162, v1610, v18 := fakePostgres(t, "14.9"), fakePostgres(t, "15.1"), fakePostgres(t, "16.2"),
		fakePostgres(t, "16.10"), fakePostgres(t, "18beta1")
	f := testFinder(t, at("first", old), at("second", v162, v1610, v15), at("third", v18))
	for _, c := range []struct {
		major int
		want  Binaries
	}{
		{0, Binaries{Dir: v1610, Major: 16, Version: "16.10", Source: "second"}},
		{15, Binaries{Dir: v15, Major: 15, Version: "15.1", Source: "second"}},
		{18, Binaries{Dir: v18, Major: 18, Version: "18beta1", Source: "third"}},
	} {
		got, err := f.find(t.Context(), c.major)
		if err != nil {
			t.Fatal(err)
		}
		if got != c.want {
			t.Errorf("major %d: got %+v, want %+v", c.major, got, c.want)
		}
	}
	_, err := f.find(t.Context(), 14)
	if _, ok := errors.AsType[*NoBinariesError](err); !ok {
		t.Errorf("major 14 is too old, got %v", err)
	}
}

func TestExplicitDirectoryIsTheOnlyOneTried(t *testing.T) {
	t.Parallel()
	f := testFinder(t, at("elsewhere", fakePostgres(t, "17.1")))
	f.explicit = t.TempDir()
	_, err := f.find(t.Context(), 0)
	if _, ok := errors.AsType[*NoBinariesError](err); !ok || !strings.Contains(err.Error(), f.explicit) {
		t.Errorf("got %v, want an error that names %s", err, f.explicit)
	}
	f.explicit = fakePostgres(t, "16.3")
	if got, err := f.find(t.Context(), 0); err != nil || got.Version != "16.3" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestNothingFoundListsWhatWasTried(t *testing.T) {
	t.Setenv("PATH", "")
	alone := fakePostgres(t, "17.2")
	if err := os.Remove(filepath.Join(alone, "initdb")); err != nil {
		t.Fatal(err)
	}
	broken := fakePostgres(t, "17.3")
	script(t, filepath.Join(broken, "postgres"), "echo libfoo is missing >&2; exit 127")
	f := testFinder(t, place{"PATH", onPath}, place{"pg_config --bindir", fromConfig}, at("/opt/*/bin"),
		at("old", fakePostgres(t, "13.4")), at("alone", alone), at("broken", broken))
	f.places = append(f.places, f.npm())
	_, err := f.find(t.Context(), 0)
	var missing *NoBinariesError
	if !errors.As(err, &missing) {
		t.Fatalf("got %v, want a NoBinariesError", err)
	}
	for _, want := range []string{
		"PostgreSQL 15 or later was not found", "PATH: no postgres there", "pg_config --bindir: no pg_config on PATH",
		"/opt/*/bin: nothing there",
		"has PostgreSQL 13.4", "has postgres but no initdb", "libfoo is missing", "npm is not on PATH",
		"apt install postgresql", "brew install",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if len(missing.Found) != 1 || missing.Found[0].Version != "13.4" {
		t.Errorf("found: %+v", missing.Found)
	}
}

func TestSearchIsCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := testFinder(t, at("here", fakePostgres(t, "17.1"))).find(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestLinksOfAPackageAreMade(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	lib := filepath.Join(root, "native", "lib")
	if err := os.MkdirAll(lib, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(lib, "libicuuc.so.60.2"), "library")
	write(t, filepath.Join(root, "native", "pg-symlinks.json"), `[
		{"source":"native/lib/libicuuc.so.60.2","target":"native/lib/libicuuc.so"},
		{"source":"native/lib/libicuuc.so.60.2","target":"native/lib/libicuuc.so.60"}]`)
	for range 2 { // the second time they are there
		if err := hydrate(root); err != nil {
			t.Fatal(err)
		}
	}
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(root, moved); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"libicuuc.so", "libicuuc.so.60"} {
		b, err := os.ReadFile(filepath.Join(moved, "native", "lib", name))
		if err != nil || string(b) != "library" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if err := os.MkdirAll(root, 0o755); err != nil { // t.TempDir wants to remove it
		t.Fatal(err)
	}
}

func TestLinksOutOfAPackageAreRefused(t *testing.T) {
	t.Parallel()
	for _, links := range []string{
		`[{"source":"../../etc/passwd","target":"native/lib/x"}]`,
		`[{"source":"native/lib/x","target":"../x"}]`,
		`[{"source":"/etc/passwd","target":"native/lib/x"}]`,
		`{}`,
	} {
		root := t.TempDir()
		if err := os.MkdirAll(filepath.Join(root, "native", "lib"), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(root, "native", "pg-symlinks.json"), links)
		if err := hydrate(root); err == nil || !strings.Contains(err.Error(), "pg-symlinks.json") {
			t.Errorf("%s: got %v", links, err)
		}
	}
}

// The real npm is slow and needs the network: this one makes the package itself.
func TestNPMFillsTheCacheOnce(t *testing.T) {
	name, integrity := npmPackage(runtime.GOOS + "/" + runtime.GOARCH)
	if name == "" || runtime.GOOS == "windows" {
		t.Skip("no package for this platform, or no shell for the script")
	}
	tools, fake := t.TempDir(), fakePostgres(t, "17.10")
	calls := filepath.Join(t.TempDir(), "calls")
	script(t, filepath.Join(tools, "npm"), `echo "$@" >>'`+calls+`'
cp package-lock.json '`+calls+`.lock'
umask 077
mkdir -p 'node_modules/`+name+`/native/bin' && cp '`+fake+`'/* 'node_modules/`+name+`/native/bin/'`)
	t.Setenv("PATH", tools+string(os.PathListSeparator)+os.Getenv("PATH"))
	f := testFinder(t)
	f.places = []place{f.npm()}
	for range 2 {
		got, err := f.find(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if got.Version != "17.10" || got.Source != "npm" || !strings.HasPrefix(got.Dir, f.cacheDir) {
			t.Errorf("got %+v", got)
		}
	}
	called, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(called), "\n") != 1 || !strings.Contains(string(called), "--ignore-scripts") {
		t.Errorf("npm was called with:\n%s", called)
	}
	var lock struct {
		Packages map[string]struct{ Version, Integrity string }
	}
	b, err := os.ReadFile(calls + ".lock")
	if err == nil {
		err = json.Unmarshal(b, &lock)
	}
	if err != nil {
		t.Fatal(err)
	}
	if entry := lock.Packages["node_modules/"+name]; entry.Version != npmVersion || entry.Integrity != integrity {
		t.Errorf("the lock file pins %+v", entry)
	}
	if _, err := f.find(t.Context(), 15); err == nil || !strings.Contains(err.Error(), "only used in version 17") {
		t.Errorf("another version: got %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(f.cacheDir, "download-*"))
	if len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

func TestDownloadThatFailsSaysWhy(t *testing.T) {
	if name, _ := npmPackage(runtime.GOOS + "/" + runtime.GOARCH); name == "" || runtime.GOOS == "windows" {
		t.Skip("no package for this platform, or no shell for the script")
	}
	tools := t.TempDir()
	script(t, filepath.Join(tools, "npm"), "echo 'npm error code ENOTFOUND' >&2; exit 1")
	t.Setenv("PATH", tools)
	f := testFinder(t)
	f.places = []place{f.npm()}
	_, err := f.find(t.Context(), 0)
	if _, ok := errors.AsType[*NoBinariesError](err); !ok || !strings.Contains(err.Error(), "ENOTFOUND") {
		t.Errorf("got %v, want what npm said", err)
	}
	if left, _ := os.ReadDir(f.cacheDir); len(left) != 1 { // the lock
		t.Errorf("left are %v", left)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
