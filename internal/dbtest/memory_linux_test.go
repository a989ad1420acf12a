package dbtest

import (
	"os"
	"testing"
)

func TestOnlyAbandonedDirectoriesAreRemoved(t *testing.T) {
	t.Parallel()
	if !hasRoom() {
		t.Skip("there is too little memory to use it for files")
	}
	newDir := func(prefix string) string {
		dir, err := os.MkdirTemp(memoryDir, prefix)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		return dir
	}
	server := newDir(serverPrefix) // as of a process with TMPDIR=/dev/shm
	abandoned := newDir(memoryPrefix)
	var dirs []string
	for range 2 { // the first is in use when the second is made
		dir, owner, err := ownDir()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = os.RemoveAll(dir)
			_ = owner.Close()
		})
		dirs = append(dirs, dir)
	}
	for dir, want := range map[string]bool{server: true, abandoned: false, dirs[0]: true, dirs[1]: true} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s: %v, want it there: %t", dir, err, want)
		}
	}
}
