//go:build unix

package embeddedpg

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user that PostgreSQL runs as when we are root, which it refuses to run as. Nil:
// the present user.
type account struct {
	name     string
	uid, gid uint32
}

func privileged() bool { return os.Geteuid() == 0 }

// accountFor picks the user for a new cluster: the owner of the directory, so that the data stays
// usable without root after sudo or on a mounted volume; otherwise a system user. An owner without
// a name is skipped, because initdb requires a name.
func accountFor(dir string) (*account, error) {
	if !privileged() {
		return nil, nil // the present user
	}
	if dir != "" {
		if uid, gid, err := ownerOf(dir); err == nil && uid != 0 {
			if a, known := lookupAccount(uid, gid); known {
				return a, nil
			}
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		return &account{name: name, uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL may not run as root, and this system has neither a user postgres nor nobody")
}

// ownerAccount returns the owner of a cluster, the only user that may run it.
func ownerAccount(data string) (*account, error) {
	uid, gid, err := ownerOf(data)
	if err != nil {
		return nil, err
	}
	if uid == 0 {
		return nil, fmt.Errorf("%s belongs to root, which PostgreSQL refuses to run as: "+
			"give it to another user (chown -R postgres %s)", data, data)
	}
	a, _ := lookupAccount(uid, gid)
	return a, nil
}

func lookupAccount(uid, gid uint32) (a *account, known bool) {
	a = &account{name: strconv.FormatUint(uint64(uid), 10), uid: uid, gid: gid}
	if u, err := user.LookupId(a.name); err == nil {
		a.name, known = u.Username, true
	}
	return a, known
}

func ownerOf(path string) (uid, gid uint32, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, fmt.Errorf("%s: the owner is unknown", path)
	}
	return stat.Uid, stat.Gid, nil
}

// own changes the owner of a file to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Lchown(path, int(a.uid), int(a.gid))
}

// matchOwner changes the owner of a file that root created to that of another path.
func matchOwner(path, like string) error {
	if !privileged() {
		return nil
	}
	uid, gid, err := ownerOf(like)
	if err != nil {
		return err
	}
	return os.Lchown(path, int(uid), int(gid))
}

// allowEntry lets the account's group enter dir if dir is empty, ours, and closed to all others, as
// temporary directories are. Such a directory was created for us; data elsewhere would remain when
// it is removed.
func (a *account) allowEntry(dir string) error {
	if a == nil || inaccessibleDir(dir, a) != dir {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	uid, _, err := ownerOf(dir)
	if err != nil || uid != 0 || info.Mode().Perm()&0o077 != 0 {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		return err
	}
	return errors.Join(os.Chown(dir, -1, int(a.gid)), os.Chmod(dir, info.Mode()|0o010))
}

// inaccessibleDir returns the topmost directory of the path that the account may not enter, or "". It
// checks mode bits only; with access control lists, initdb reports the error.
func inaccessibleDir(path string, a *account) string {
	if a == nil {
		return ""
	}
	if parent := filepath.Dir(path); parent != path {
		if closed := inaccessibleDir(parent, a); closed != "" {
			return closed
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return path
	}
	uid, gid, err := ownerOf(path)
	if err != nil {
		return path
	}
	bit := os.FileMode(0o001)
	switch {
	case uid == a.uid:
		bit = 0o100
	case gid == a.gid:
		bit = 0o010
	}
	if info.Mode()&bit == 0 {
		return path
	}
	return ""
}
