//go:build unix

package audit_test

import (
	"log/slog"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/boxoffice/boxoffice/internal/audit"
)

// Nothing waits for what a pipe might give.
func TestAWitnessThatCanOnlyBeWrittenIsNotRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	must(t, syscall.Mkfifo(path, 0o600))
	file, err := audit.ParseWitness(path)
	must(t, err)
	witnesses, err := audit.NewWitnesses(slog.New(slog.DiscardHandler), prometheus.NewRegistry(), file)
	must(t, err)
	if newest, err := witnesses.Newest(nil); err != nil || len(newest) != 0 {
		t.Errorf("got %v, %v", newest, err)
	}
}
