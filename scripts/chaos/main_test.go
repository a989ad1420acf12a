package main

import (
	"context"
	"flag"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/executable"
)

// The servers of a run keep their files in memory: a standby that rejoins waits for the disk most
// of the time.
func TestMain(m *testing.M) {
	// A failover mostly waits, and takes as long as all the other runs.
	if err := flag.Set("test.parallel", "2"); err != nil {
		panic(err)
	}
	dbtest.Main(m)
}

var builtProgram = sync.OnceValues(func() (string, error) {
	dir, err := dbtest.Dir("boxoffice-chaos-program-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "boxoffice")
	return path, executable.Build(context.Background(), path)
})

// program is what the runs of the tests share.
func program(t *testing.T) string {
	t.Helper()
	path, err := builtProgram()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// short parses the arguments of a run with few customers, because many would only keep the processors
// busy. It may take long until all is well, since other tests run beside it; a system that does not
// recover never does.
func short(t *testing.T, args string) options {
	t.Helper()
	o, err := parse(strings.Fields("-customers 8 "+args), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o.program, o.healthy = program(t), 3*time.Minute
	return o
}
