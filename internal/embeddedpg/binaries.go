package embeddedpg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// minMajor is the oldest PostgreSQL that is supported.
const minMajor = 15

// Binaries are an installed PostgreSQL.
type Binaries struct {
	Dir     string // holds initdb and postgres
	Major   int
	Version string // "15.18"
	Source  string // where it was found, for messages
}

// finder searches for binaries that the account may run.
type finder struct {
	explicit string
	cacheDir string
	account  *account
	log      *slog.Logger

	places []place // nil: the default places of this system
}

// place names directories that may hold binaries.
type place struct {
	name string
	dirs func(ctx context.Context, major int) ([]string, error)
}

// FindBinaries finds those that a new cluster would use with no [Options].
func FindBinaries(ctx context.Context) (Binaries, error) {
	a, err := accountFor("")
	if err != nil {
		return Binaries{}, err
	}
	return finder{account: a, log: slog.New(slog.DiscardHandler)}.find(ctx, 0)
}

// find returns the newest of the first place that has the major version; 0 is any from 15 on. The
// error is a [*NoBinariesError].
func (f finder) find(ctx context.Context, major int) (Binaries, error) {
	places := f.places
	switch {
	case f.explicit != "":
		places = []place{{"the directory given",
			func(context.Context, int) ([]string, error) { return []string{f.explicit}, nil }}}
	case places == nil:
		places = append(localPlaces(), f.npm())
	}
	missing := &NoBinariesError{Major: major}
	seen := map[string]bool{}
	for _, p := range places {
		dirs, err := p.dirs(ctx, major)
		if ctx.Err() != nil {
			return Binaries{}, context.Cause(ctx)
		}
		if err != nil {
			missing.Tried = append(missing.Tried, fmt.Sprintf("%s: %v", p.name, err))
		}
		var fit []Binaries
		for _, dir := range dirs {
			b, err := f.inspect(ctx, dir)
			if err != nil {
				missing.Tried = append(missing.Tried, fmt.Sprintf("%s: %s: %v", p.name, dir, err))
				continue
			}
			b.Source = p.name
			if b.Major >= minMajor && (major == 0 || b.Major == major) {
				fit = append(fit, b)
				continue
			}
			missing.Tried = append(missing.Tried, fmt.Sprintf("%s: %s has PostgreSQL %s", p.name, b.Dir, b.Version))
			if !seen[b.Dir] {
				seen[b.Dir] = true
				missing.Found = append(missing.Found, b)
			}
		}
		if len(fit) > 0 {
			return slices.MaxFunc(fit, byVersion), nil
		}
		if len(dirs) == 0 && err == nil {
			missing.Tried = append(missing.Tried, p.name+": nothing there")
		}
	}
	if ctx.Err() != nil {
		return Binaries{}, context.Cause(ctx)
	}
	return Binaries{}, missing
}

// inspect runs postgres --version as the user who will run the server. That also shows that the
// file is for this machine, finds its libraries, and is accessible to that user.
func (f finder) inspect(ctx context.Context, dir string) (Binaries, error) {
	// Resolve links: /usr/bin and pg_config can point to directories that several versions share.
	postgres, err := filepath.EvalSymlinks(filepath.Join(dir, executable("postgres")))
	if err == nil {
		postgres, err = filepath.Abs(postgres)
	}
	if err != nil {
		return Binaries{}, plain(err)
	}
	dir = filepath.Dir(postgres)
	if _, err := os.Stat(filepath.Join(dir, executable("initdb"))); err != nil {
		return Binaries{}, fmt.Errorf("has postgres but no initdb: %w", plain(err))
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out := newTail(f.log, "postgres --version")
	c := cluster{home: home{account: f.account}, bin: Binaries{Dir: dir}}
	cmd := c.command(ctx, "postgres", "--version")
	cmd.Stdout, cmd.Stderr = out, out
	if err := runTool(cmd); err != nil {
		if f.account != nil && errors.Is(err, os.ErrPermission) {
			return Binaries{}, fmt.Errorf("user %s, which PostgreSQL would run as, may not run it: %w", f.account.name,
				plain(err))
		}
		return Binaries{}, fmt.Errorf("postgres --version: %w%s", err, strings.ReplaceAll(out.String(), "\n", ""))
	}
	m := regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`).FindStringSubmatch(out.String())
	if m == nil {
		return Binaries{}, fmt.Errorf("postgres --version is not understood:%s", strings.ReplaceAll(out.String(), "\n", ""))
	}
	major, err := strconv.Atoi(m[2])
	return Binaries{Dir: dir, Major: major, Version: m[1]}, err
}

// plain drops operation and path of a file error, where the message has the path already.
func plain(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

func byVersion(a, b Binaries) int {
	minor := func(v Binaries) int {
		_, after, _ := strings.Cut(v.Version, ".")
		n, _ := strconv.Atoi(after)
		return n
	}
	return cmp.Or(cmp.Compare(a.Major, b.Major), cmp.Compare(minor(a), minor(b)))
}

// localPlaces are the usual directories of PostgreSQL. Debian's is not on PATH.
func localPlaces() []place {
	places := []place{{"PATH", onPath}, {"pg_config --bindir", fromConfig}}
	patterns := []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"}
	switch runtime.GOOS {
	case "darwin":
		patterns = []string{
			"/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
			"/Applications/Postgres.app/Contents/Versions/*/bin",
		}
	case "linux":
		patterns = append(patterns, "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin")
	case "windows":
		patterns = []string{filepath.Join(os.Getenv("ProgramFiles"), "PostgreSQL", "*", "bin")}
	}
	for _, pattern := range patterns {
		places = append(places, place{pattern, func(context.Context, int) ([]string, error) {
			return filepath.Glob(pattern)
		}})
	}
	return places
}

func onPath(context.Context, int) ([]string, error) {
	path, err := exec.LookPath("postgres")
	if err != nil {
		return nil, errors.New("no postgres there")
	}
	return []string{filepath.Dir(path)}, nil
}

func fromConfig(ctx context.Context, _ int) ([]string, error) {
	path, err := exec.LookPath("pg_config")
	if err != nil {
		return nil, errors.New("no pg_config on PATH")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--bindir").Output() //nolint:gosec // from the user's PATH
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(string(failed.Stderr)))
	}
	if err != nil {
		return nil, err
	}
	return []string{strings.TrimSpace(string(out))}, nil
}
