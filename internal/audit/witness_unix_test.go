//go:build unix

package audit_test

import (
	"path/filepath"
	"syscall"
	"testing"
)

// Nothing waits for what a pipe might give.
func TestAWitnessThatCanOnlyBeWrittenIsNotRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	must(t, syscall.Mkfifo(path, 0o600))
	if newest, err := witnessesAt(t, path).Newest(nil); err != nil || len(newest) != 0 {
		t.Errorf("got %v, %v", newest, err)
	}
}
