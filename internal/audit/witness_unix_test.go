//go:build unix

package audit_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// Nothing waits for what a pipe might give.
func TestAWitnessThatCanOnlyBeWrittenIsNotRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	dbtest.Must(t, syscall.Mkfifo(path, 0o600))
	if newest, err := witnessesAt(t, path).Newest(nil); err != nil || len(newest) != 0 {
		t.Errorf("got %v, %v", newest, err)
	}
}
