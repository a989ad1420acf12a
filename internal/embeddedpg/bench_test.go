//go:build unix

package embeddedpg_test

import (
	"path/filepath"
	"strconv"
	"testing"

	"github.com/boxoffice/boxoffice/internal/embeddedpg"
)

// BenchmarkColdStart makes a durable cluster in an empty directory and starts it.
func BenchmarkColdStart(b *testing.B) {
	dir := openDir(b)
	for i := 0; b.Loop(); i++ {
		s := start(b, embeddedpg.Options{Dir: filepath.Join(dir, strconv.Itoa(i))})
		b.StopTimer()
		stop(b, s)
		b.StartTimer()
	}
}

// BenchmarkRestart starts a cluster that exists.
func BenchmarkRestart(b *testing.B) {
	o := embeddedpg.Options{Dir: withCluster(b)}
	for b.Loop() {
		s := start(b, o)
		b.StopTimer()
		stop(b, s)
		b.StartTimer()
	}
}
