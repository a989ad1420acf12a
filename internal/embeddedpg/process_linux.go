package embeddedpg

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// serverAttributes have the kernel send a fast shutdown when the program ends in any way, kill -9
// included. Linux forgets the wish when a process changes its user, so it must be made afterwards,
// which is the order of Go's fork. A security module that changes the profile on exec may still
// drop it: then the server lives on until the next start finds it.
func serverAttributes(a *account) *syscall.SysProcAttr {
	attr := attributes(a)
	attr.Pdeathsig = syscall.SIGINT
	return attr
}

// toolAttributes let no initdb work on when nobody waits for it. It then removes what it has made.
func toolAttributes(a *account) *syscall.SysProcAttr {
	attr := attributes(a)
	attr.Pdeathsig = syscall.SIGTERM
	return attr
}

// isPostmaster asks whether this process is the server of this cluster. A server works in its data
// directory, which holds even if that was renamed; but root in a container may not see it, and then
// the command line decides. Sessions are told apart by theirs, which is a title.
func isPostmaster(pm postmaster, data string) bool {
	proc := "/proc/" + strconv.Itoa(pm.pid)
	name, err := os.ReadFile(proc + "/comm") //nolint:gosec // of a number
	if err != nil || !bytes.Contains(name, []byte("postgres")) || zombie(pm.pid) {
		return false
	}
	if sameFile(proc+"/cwd", data) {
		return true
	}
	line, err := os.ReadFile(proc + "/cmdline") //nolint:gosec // of a number
	if err != nil {
		return false
	}
	args := strings.Split(string(line), "\x00")
	for i, arg := range args[:len(args)-1] {
		if arg == "-D" && sameFile(args[i+1], data) {
			return true
		}
	}
	return false
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a) //nolint:gosec // only compared
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

func zombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	// pid (name) state …, and the name may contain anything.
	_, rest, found := strings.Cut(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " ")
	return found && (strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X"))
}
