//go:build unix

package embeddedpg_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/embeddedpg"
)

// helperVariable makes the test binary a program that owns a server, for tests that kill one.
const helperVariable = "EMBEDDEDPG_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperVariable); dir != "" {
		if err := helper(dir); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	removeFiles, err := dbtest.InMemory()
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		removeTemplate()
		removeFiles()
		os.Exit(code)
	}))
}

// helper does what a program does: start, say so, wait for a signal, stop.
func helper(dir string) error {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	s, err := embeddedpg.Start(ctx, options(dir))
	if err != nil {
		return err
	}
	fmt.Println("ready:", s.URL())
	select {
	case <-ctx.Done():
	case <-s.Done():
		return errors.Join(s.Err(), s.Stop())
	}
	return s.Stop()
}

// options are those of most tests: small, quick, and forgetful in a power cut.
func options(dir string) embeddedpg.Options {
	return embeddedpg.Options{
		Dir:         dir,
		CacheDir:    filepath.Join(dir, "cache"),
		RelocateDir: filepath.Join(dir, "relocated"), // as closed as dir: no test moves by accident
		Settings:    map[string]string{"fsync": "off", "shared_buffers": "16MB"},
		// Less than the minute after which PostgreSQL itself gives up a lost postmaster.pid.
		StartTimeout: 30 * time.Second,
	}
}
