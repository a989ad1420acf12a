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

// openCluster creates a cluster if there is none. An existing one determines the version of the
// binaries, and is not changed before they are found.
func openCluster(ctx context.Context, h home, o Options) (*cluster, error) {
	c := &cluster{home: h, data: h.data(), log: o.Logger}
	exists, err := h.hasData()
	if err != nil {
		return nil, err
	}
	search := finder{explicit: o.BinDir, cacheDir: o.CacheDir, account: h.account, log: o.Logger}
	if !exists {
		if err := c.checkEmpty(); err != nil {
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

// checkEmpty refuses a data directory with other files in it.
func (c *cluster) checkEmpty() error {
	entries, err := os.ReadDir(c.data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s is not empty, and is no PostgreSQL cluster (PG_VERSION is missing): move it away", c.data)
	}
	return err
}

// InitArgs are the arguments of initdb that decide what a new cluster is like. --locale=C sorts by
// bytes, is the same on each machine and does not change with its C library, which would silently
// break indexes; --no-sync, because everything is flushed at once after it.
const InitArgs = "--username=" + role + " --auth=scram-sha-256 --locale-provider=libc --locale=C --encoding=UTF8 " +
	"--no-sync --no-instructions"

// create builds the cluster in a temporary directory and renames it when it is complete, database
// included. If the program is killed, the next start removes the directory; there is never half a
// cluster.
func (c *cluster) create(ctx context.Context, o Options) (err error) {
	if c.password, err = c.newPassword(); err != nil {
		return err
	}
	work, err := os.MkdirTemp(c.home.path, "init-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // the next start removes what remains
	// A file, because other users can see arguments and environment, and /dev/stdin cannot be opened
	// again after the change of user.
	secret := filepath.Join(work, "password")
	if err := os.WriteFile(secret, []byte(c.password+"\n"), 0o600); err != nil {
		return err
	}
	if err := errors.Join(c.home.account.own(work), c.home.account.own(secret)); err != nil {
		return err
	}

	data := filepath.Join(work, dataDir)
	args := append([]string{"-D", data, "--pwfile=" + secret}, strings.Fields(InitArgs)...)
	if err := c.run(ctx, "", "initdb", args...); err != nil {
		return err
	}
	// Rename the database that initdb has created; another one would be 300 more files.
	if err := c.single(ctx, data, "ALTER DATABASE postgres RENAME TO "+Database+";", "-F"); err != nil {
		return err
	}
	// Later checkpoints flush only files that change later. A power failure could destroy the others
	// (most of the catalog), and with them the cluster, so flush everything before the rename.
	// Flushing concurrently here takes a quarter of the time that initdb would take.
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

// newPassword stores a password before the cluster is created with it. It survives a failed
// creation.
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

// resetPassword sets a new password when the file is missing. That reveals nothing, because it
// needs access to the data files. No server may be running.
func (c *cluster) resetPassword(ctx context.Context) (err error) {
	c.log.Warn("the password file is missing: setting a new password", "path", filepath.Join(c.home.path, passwordFile))
	password := rand.Text()
	if err := c.single(ctx, c.data, "ALTER ROLE "+role+" PASSWORD '"+password+"';"); err != nil {
		return err
	}
	c.password = password
	return c.home.write(passwordFile, password)
}

// single runs one statement in single-user mode: without server, port or password.
func (c *cluster) single(ctx context.Context, data, statement string, args ...string) error {
	args = append([]string{"--single", "-D", data, "-c", "exit_on_error=on", "-c", "shared_buffers=16MB"}, args...)
	return c.run(ctx, statement+"\n", "postgres", append(args, "template1")...)
}

// run runs one of the binaries to its end.
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
