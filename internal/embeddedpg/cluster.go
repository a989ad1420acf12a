package embeddedpg

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// cluster is a complete data directory with the binaries that fit it.
type cluster struct {
	home     home
	data     string
	bin      Binaries
	password string
	log      *slog.Logger
}

// openCluster makes a cluster where there is none. One that exists decides which binaries will do,
// and nothing is changed before they are found.
func openCluster(ctx context.Context, h home, o Options) (*cluster, error) {
	c := &cluster{home: h, data: h.data(), log: o.Logger}
	exists, err := h.hasData()
	if err != nil {
		return nil, err
	}
	search := finder{explicit: o.BinDir, cacheDir: o.CacheDir, account: h.account, log: o.Logger}
	if !exists {
		if err := c.vacant(); err != nil {
			return nil, err
		}
		if c.bin, err = search.find(ctx, 0); err != nil {
			return nil, err
		}
		return c, c.create(ctx, o)
	}

	version, major, err := dataVersion(c.data)
	if err != nil {
		return nil, err
	}
	c.bin, err = search.find(ctx, major)
	if missing := (*NoBinariesError)(nil); errors.As(err, &missing) {
		return nil, &VersionError{Dir: c.data, Version: version, Missing: missing}
	}
	if err != nil {
		return nil, err
	}
	c.password, err = h.read(passwordFile)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil // serve sets a new one, once it is sure that no server runs
	}
	return c, err
}

// dataVersion is the version that wrote a cluster: "15" since PostgreSQL 10, "9.6" before.
func dataVersion(data string) (version string, major int, err error) {
	b, err := os.ReadFile(filepath.Join(data, "PG_VERSION")) //nolint:gosec // in the user's own directory
	if err != nil {
		return "", 0, err
	}
	version = strings.TrimSpace(string(b))
	number, _, _ := strings.Cut(version, ".")
	if major, err = strconv.Atoi(number); err != nil {
		return "", 0, fmt.Errorf("%s: PG_VERSION says %q, which is no version", data, version)
	}
	return version, major, nil
}

// vacant refuses a data directory that has something in it which is not a cluster.
func (c *cluster) vacant() error {
	entries, err := os.ReadDir(c.data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s is not empty, and is no PostgreSQL cluster (PG_VERSION is missing): move it away", c.data)
	}
	return err
}

// create makes the cluster beside its place and moves it there when it is complete, database
// included. A program killed on the way leaves a directory which the next start removes, and no
// half of a cluster.
func (c *cluster) create(ctx context.Context, o Options) (err error) {
	if c.password, err = c.newPassword(); err != nil {
		return err
	}
	work, err := os.MkdirTemp(c.home.path, "init-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // what is left is removed by the next start
	// A file, because arguments and environment are seen by others, and standard input as a file
	// (/dev/stdin) cannot be opened again after the change of user.
	secret := filepath.Join(work, "password")
	if err := os.WriteFile(secret, []byte(c.password+"\n"), 0o600); err != nil {
		return err
	}
	if err := errors.Join(c.home.account.own(work), c.home.account.own(secret)); err != nil {
		return err
	}

	data := filepath.Join(work, dataDir)
	// --locale=C sorts by bytes, is the same on each machine and does not change with its C library,
	// which would silently break indexes; --no-sync, because everything is flushed at once below.
	if err := c.run(ctx, "", "initdb", "-D", data, "-U", role, "--pwfile="+secret, "--auth=scram-sha-256",
		"--locale-provider=libc", "--locale=C", "--encoding=UTF8", "--no-sync", "--no-instructions"); err != nil {
		return err
	}
	// The database that initdb has made anyway gets our name: another one would be 300 files more.
	if err := c.single(ctx, data, "ALTER DATABASE postgres RENAME TO "+database+";", "-F"); err != nil {
		return err
	}
	// Later checkpoints flush only what is written later. Files of today that stay as they are (most
	// of the catalog) could be lost in a power cut after bookings were stored, and the cluster with
	// them: so flush everything before the cluster gets its name. Once, for initdb and what came after
	// it, and side by side, which takes a quarter of the time that initdb takes.
	if o.durable() {
		if err := syncTree(data); err != nil {
			return err
		}
	}
	if err := os.Remove(c.data); err != nil && !errors.Is(err, fs.ErrNotExist) { // fails unless empty
		return err
	}
	if err := os.Rename(data, c.data); err != nil {
		return err
	}
	if !o.durable() {
		return nil
	}
	return errors.Join(syncDir(c.home.path), syncDir(filepath.Dir(c.home.path)))
}

// newPassword is on disk before the cluster that needs it, and is kept when making that fails.
func (c *cluster) newPassword() (string, error) {
	password, err := c.home.read(passwordFile)
	if err == nil && password != "" {
		return password, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	password = rand.Text() // letters and digits: nothing to be escaped in an address or in SQL
	return password, c.home.write(passwordFile, password)
}

// resetPassword gives the role a new one when the file is gone. Whoever may read the data needs no
// password for that, so nothing is given away. No server may be running.
func (c *cluster) resetPassword(ctx context.Context) (err error) {
	c.log.Warn("the password file is missing: setting a new password", "path", filepath.Join(c.home.path, passwordFile))
	password := rand.Text()
	if err := c.single(ctx, c.data, "ALTER ROLE "+role+" PASSWORD '"+password+"';"); err != nil {
		return err
	}
	c.password = password
	return c.home.write(passwordFile, password)
}

// single runs one statement without a server: without port, password or waiting.
func (c *cluster) single(ctx context.Context, data, statement string, args ...string) error {
	args = append([]string{"--single", "-D", data, "-c", "exit_on_error=on", "-c", "shared_buffers=16MB"}, args...)
	return c.run(ctx, statement+"\n", "postgres", append(args, "template1")...)
}

// run waits for one of the binaries to do its work.
func (c *cluster) run(ctx context.Context, input, name string, args ...string) error {
	out := newTail(c.log, name)
	cmd := c.command(ctx, name, args...)
	cmd.Stdin = strings.NewReader(input)
	cmd.Stdout, cmd.Stderr = out, out
	if err := runTool(cmd); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("%s: %w%s", name, err, out)
	}
	return nil
}
