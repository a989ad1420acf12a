// Package embeddedpg runs a private PostgreSQL server beside the program, so that one binary and
// one directory are all that is needed to begin. It finds PostgreSQL's binaries, makes a cluster,
// sees to it that only one program owns it, starts and stops the server, and hands out its address.
//
// It knows nothing of what is stored: no schema, no migrations, no pool. It never deletes or makes
// anew a cluster that exists; what it cannot run it leaves as it is, and says why.
//
// Start reading at [Start]; then home.go (what lies where), cluster.go (how one is made), orphan.go
// (what a killed program leaves behind) and binaries.go (where PostgreSQL comes from).
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

// The role, its database and the only address are fixed: the server serves nobody but its program,
// and [RunningURL] must be able to name them without asking.
const (
	role     = "boxoffice"
	database = "boxoffice"
	host     = "127.0.0.1"
)

// Options say where the cluster lives and how it is run. Only Dir is required.
type Options struct {
	// Dir is the data directory of the program, created if absent. The cluster lives in a folder
	// below.
	Dir string
	// BinDir is a directory with initdb and postgres, and the only one that is tried. Empty: search.
	BinDir string
	// CacheDir is where downloaded binaries are kept. Empty: the user's cache directory.
	CacheDir string
	// RelocateDir takes the clusters that cannot lie below Dir; this happens only when the program is
	// root and Dir is closed to the user PostgreSQL then runs as. Empty: /var/lib/boxoffice.
	RelocateDir string
	// Port to listen on. 0: the last port of this directory if it is free, otherwise any that is.
	Port int
	// Settings are given to the server on its command line, over our own. fsync=off also leaves out
	// the flushing of a new cluster to disk: for data that may be lost, such as that of tests.
	Settings map[string]string
	// Logger gets what PostgreSQL writes (at debug) and what happened to it. Nil: nothing is logged.
	Logger *slog.Logger
	// StartTimeout bounds the way from launch to ready. 0: five minutes, because recovery after a
	// power cut may have to replay max_wal_size of log, and breaking it off would only repeat it.
	StartTimeout time.Duration
	// StopTimeout is how long a fast shutdown may take before it is forced. 0: fifteen seconds.
	StopTimeout time.Duration
}

// Start makes the cluster if there is none, runs the server and returns when it accepts
// connections. The directory then belongs to this program until [Server.Stop]. ctx bounds the start
// only; when it ends first, nothing is left running.
//
// Errors to tell apart: [ErrInUse] (with [InUseError]), [ErrPortTaken] for an explicit port,
// [ErrNoBinaries] (with [NoBinariesError]) and [ErrVersion] (with [VersionError]).
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

// HasData tells whether there is a cluster in this directory, and changes nothing.
func HasData(dir string) (bool, error) {
	home, err := locate(dir)
	if err != nil {
		return false, err
	}
	return home.hasData()
}

// RunningURL is the address of the server that some program runs on this directory, for commands
// that work beside it. [ErrNotRunning] when there is none, or none that accepts connections yet.
func RunningURL(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if resolved, err := filepath.EvalSymlinks(dir); err == nil { // as Start does, where the directory exists
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
