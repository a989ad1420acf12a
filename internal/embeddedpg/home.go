package embeddedpg

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// The files in the home of a cluster. The home is Dir/postgres, or the directory that the file
// Dir/postgres.location names.
const (
	dataDir      = "data"     // the cluster, PostgreSQL's own
	passwordFile = "password" // of the role, mode 0600
	portFile     = "port"     // the last one, so that the address stays the same
	lockFile     = "lock"     // locked by the program that runs the server
	ownerFile    = "owner"    // the process id of the present or last holder, for error messages
	// init-*/ is a cluster being created, and *.tmp-* a file being written.
)

// home is the directory of one cluster and its small files.
type home struct {
	path      string
	relocated bool
	account   *account // who runs PostgreSQL; nil: the present user
}

func (h home) data() string { return filepath.Join(h.path, dataDir) }

// hasData reports whether the cluster is complete. An incomplete one has another name.
func (h home) hasData() (bool, error) {
	_, err := os.Stat(filepath.Join(h.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func pointer(dir string) string { return filepath.Join(dir, "postgres.location") }

// locate follows the pointer file, and changes nothing. A dangling pointer is an error and no
// reason to create a cluster: the volume with the data may not be mounted.
func locate(dir string) (home, error) {
	b, err := os.ReadFile(pointer(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return home{path: filepath.Join(dir, "postgres")}, nil
	}
	if err != nil {
		return home{}, err
	}
	path := strings.TrimSpace(string(b))
	if _, err := os.Stat(path); err != nil { //nolint:gosec // the pointer is as trusted as the data
		return home{}, fmt.Errorf("%s says that the data is kept in %s: %w "+
			"(bring it back, or delete the file to begin with an empty database)", pointer(dir), path, err)
	}
	return home{path: path, relocated: true}, nil
}

// openHome finds or creates the home of dir, and decides which user runs PostgreSQL there.
func openHome(dir, relocateDir string, log *slog.Logger) (home, error) {
	dir, err := makeDir(dir)
	if err != nil {
		return home{}, err
	}
	h, err := locate(dir)
	if err != nil {
		return home{}, err
	}
	if !privileged() {
		return h, os.MkdirAll(h.path, 0o700)
	}

	exists, err := h.hasData()
	if err != nil {
		return home{}, err
	}
	if !exists && !h.relocated {
		if h.account, err = accountFor(dir); err != nil {
			return home{}, err
		}
		if err := h.account.allowEntry(dir); err != nil {
			return home{}, err
		}
		if closed := inaccessibleDir(dir, h.account); closed != "" {
			if h, err = relocate(dir, relocateDir); err != nil {
				return home{}, err
			}
			log.Warn("PostgreSQL may not run as root and its user cannot reach the directory, so its data is kept elsewhere",
				"user", h.account.name, "closed", closed, "data", h.data(), "named_in", pointer(dir))
		}
	}
	return h, h.open(dir)
}

// open creates the home when we are root. Its owner is that of dir, so that the program can run
// without root the next time; PostgreSQL's user owns the cluster, and may enter the home.
func (h *home) open(dir string) error {
	if err := mkdirAll(h.path, 0o711); err != nil {
		return err
	}
	if !h.relocated {
		if err := matchOwner(h.path, dir); err != nil {
			return err
		}
	}
	exists, err := h.hasData()
	if err != nil {
		return err
	}
	if exists {
		// PostgreSQL runs only as the owner of its data.
		h.account, err = ownerAccount(h.data())
	} else {
		h.account, err = accountFor(dir)
	}
	if err != nil {
		return err
	}
	if closed := inaccessibleDir(h.path, h.account); closed != "" {
		return fmt.Errorf("PostgreSQL may not run as root, and user %s, which it runs as here, cannot reach %s "+
			"(chmod o+x %s)", h.account.name, h.path, closed)
	}
	return nil
}

// relocate gives dir a home that every user can enter. Its name is a hash of the path, so that
// concurrent starts, and starts after one that was killed before it wrote the pointer, use the
// same.
func relocate(dir, below string) (home, error) {
	below, err := filepath.Abs(below)
	if err != nil {
		return home{}, err
	}
	sum := sha256.Sum256([]byte(dir))
	h := home{path: filepath.Join(below, hex.EncodeToString(sum[:8])), relocated: true}
	if h.account, err = accountFor(dir); err != nil {
		return home{}, err
	}
	if err := mkdirAll(h.path, 0o711); err != nil {
		return home{}, fmt.Errorf("user %s cannot reach %s, and there is no other place for its data: %w", h.account.name,
			dir, err)
	}
	return h, writeFile(dir, filepath.Base(pointer(dir)), h.path, true)
}

// makeDir creates the program's directory, and returns its real path: PostgreSQL and the process
// list show real paths, and a symbolic link must not lead to a second cluster.
func makeDir(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	mode := fs.FileMode(0o700)
	if privileged() {
		mode = 0o711 // PostgreSQL's user has to enter it
	}
	if err := mkdirAll(dir, mode); err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// mkdirAll is [os.MkdirAll], regardless of the umask.
func mkdirAll(dir string, mode fs.FileMode) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := mkdirAll(parent, mode); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, mode); err != nil {
		if errors.Is(err, fs.ErrExist) { // another program created it, or it is a file
			return os.MkdirAll(dir, mode)
		}
		return err
	}
	return os.Chmod(dir, mode)
}

// clean removes temporary files of programs that were killed. The caller holds the lock. A failure
// is harmless: the names are never used again.
func (h home) clean(log *slog.Logger) {
	temporary := regexp.MustCompile(`^(init-[0-9]+|[a-z]+\.tmp-[0-9]+)$`)
	entries, err := os.ReadDir(h.path)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !temporary.MatchString(e.Name()) {
			continue
		}
		path := filepath.Join(h.path, e.Name())
		if err := os.RemoveAll(path); err != nil {
			log.Warn("temporary files of an interrupted start could not be removed", "path", path, "error", err)
			continue
		}
		log.Info("removed temporary files of an interrupted start", "path", path)
	}
}

func (h home) read(name string) (string, error) {
	b, err := os.ReadFile(filepath.Join(h.path, name)) //nolint:gosec // names are constants
	return strings.TrimSpace(string(b)), err
}

func (h home) write(name, content string) error { return writeFile(h.path, name, content, true) }

// writeFile replaces a file atomically, readable by its owner only. The owner is that of the
// directory, even when root writes. A durable write survives a power failure.
func writeFile(dir, name, content string, durable bool) (err error) {
	f, err := os.CreateTemp(dir, name+".tmp-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	if _, err := f.WriteString(content + "\n"); err != nil {
		return err
	}
	if durable {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if err := matchOwner(f.Name(), dir); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil || !durable {
		return err
	}
	return syncDir(dir)
}
