// Package embeddedpg runs a private PostgreSQL server as a child of the program, so that one binary
// and one directory are enough to start. It finds PostgreSQL's binaries, creates a cluster, makes
// sure that only one program owns it, starts and stops the server, and returns its address.
//
// Schema, migrations and connection pools are up to the caller. An existing cluster is never
// deleted or replaced: if it can't be run, it stays untouched, and the error says why.
//
// Start reading at [Start]; then home.go (files and directories), cluster.go (creation), orphan.go
// (servers that outlived their program) and binaries.go (where PostgreSQL comes from).
package embeddedpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"
)

// Database is that of the program. Role and address are fixed too: the server has one client, and
// [RunningURL] needs to know them.
const Database = "boxoffice"

const (
	role = "boxoffice"
	host = "127.0.0.1"
)

// Options configure [Start]. Only Dir is required.
type Options struct {
	// Dir is the data directory of the program, created if absent. The cluster is in a folder below.
	Dir string
	// BinDir is the directory with initdb and postgres. Empty: search for it.
	BinDir string
	// CacheDir is where downloaded binaries are kept. Empty: the user's cache directory.
	CacheDir string
	// RelocateDir holds clusters that cannot be below Dir: the program is root, and the user that
	// PostgreSQL then runs as may not enter Dir. Empty: /var/lib/boxoffice.
	RelocateDir string
	// Port to listen on. 0: the last port of this directory if it is free, otherwise any free one.
	Port int
	// Settings are passed to the server on its command line, and override the defaults. fsync=off also
	// skips flushing a new cluster to disk: for data that may be lost, as in tests.
	Settings map[string]string
	// Logger receives the output of PostgreSQL (at debug) and its starts and stops. Nil: no log.
	Logger *slog.Logger
	// StartTimeout bounds the time from launch to ready. 0: five minutes, because recovery after a
	// power failure may replay max_wal_size of log, and would start over if it were aborted.
	StartTimeout time.Duration
	// StopTimeout bounds a fast shutdown; then it is forced. 0: fifteen seconds.
	StopTimeout time.Duration
}

// Start creates the cluster if there is none, starts the server and returns when it accepts
// connections. The directory is locked until [Server.Stop]. ctx bounds the start only; when it ends
// first, no process is left running.
//
// Errors that callers can distinguish: [*InUseError], [*NoBinariesError] and [*VersionError].
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	o, err = o.withDefaults()
	if err != nil {
		return nil, err
	}
	home, err := openHome(o.Dir, o.RelocateDir, o.Logger)
	if err != nil {
		return nil, fmt.Errorf("prepare %s for PostgreSQL: %w", o.Dir, err)
	}
	lock, err := home.acquire(ctx, o.StopTimeout)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			lock.release()
		}
	}()
	home.clean(o.Logger)

	c, err := openCluster(ctx, home, o)
	if err != nil {
		return nil, err
	}
	limit := fmt.Errorf("PostgreSQL in %s was not ready within %s", c.data, o.StartTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, o.StartTimeout, limit)
	defer cancel()
	return c.serve(ctx, o, lock)
}

// HasData reports whether there is a cluster in this directory. It changes nothing.
func HasData(dir string) (bool, error) {
	home, err := locate(dir)
	if err != nil {
		return false, err
	}
	return home.hasData()
}

// RunningURL returns the address of the server that another program runs on this directory, for
// commands beside it. The error is [ErrNotRunning] if there is none, or it does not accept
// connections yet.
func RunningURL(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if resolved, err := filepath.EvalSymlinks(dir); err == nil { // like Start
		dir = resolved
	}
	home, err := locate(dir)
	if err != nil {
		return "", err
	}
	pm, err := readPostmaster(home.data())
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNoPID):
		return "", fmt.Errorf("%s: %w", dir, ErrNotRunning)
	case err != nil:
		return "", err
	case !processAlive(pm.pid) || !isPostmaster(pm, home.data()):
		return "", fmt.Errorf("%s: %w", dir, ErrNotRunning)
	case pm.status != statusReady:
		return "", fmt.Errorf("%s: PostgreSQL is %s: %w", dir, pm.status, ErrNotRunning)
	}
	password, err := home.read(passwordFile)
	if err != nil {
		return "", err
	}
	return url(password, pm.port), nil
}

func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" {
		return o, errors.New("embeddedpg: no directory given")
	}
	var err error
	if o.Settings, err = checkSettings(o.Settings); err != nil {
		return o, err
	}
	if o.RelocateDir == "" {
		o.RelocateDir = "/var/lib/boxoffice"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = 5 * time.Minute
	}
	if o.StopTimeout == 0 {
		o.StopTimeout = 15 * time.Second
	}
	return o, nil
}
