package embeddedpg

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// serverAttributes make the kernel send a fast shutdown when the program ends in any way, kill -9
// included. Linux clears the parent death signal when a process changes its user, so it must be set
// afterwards, as Go's fork does. A security module that changes the profile on exec may clear it:
// then the server runs until the next start finds it.
func serverAttributes(a *account) *syscall.SysProcAttr {
	attr := attributes(a)
	attr.Pdeathsig = syscall.SIGINT
	return attr
}

// toolAttributes end initdb when the program ends. It then removes its files.
func toolAttributes(a *account) *syscall.SysProcAttr {
	attr := attributes(a)
	attr.Pdeathsig = syscall.SIGTERM
	return attr
}

// isPostmaster reports whether the process is the server of this cluster. The working directory of
// a server is its data directory, even after a rename; root in a container may not be able to read
// it, and then the command line decides. Sessions differ from the server in their command line.
func isPostmaster(pm postmaster, data string) bool {
	proc := "/proc/" + strconv.Itoa(pm.pid)
	name, err := os.ReadFile(proc + "/comm") //nolint:gosec // only a number
	if err != nil || !bytes.Contains(name, []byte("postgres")) || zombie(pm.pid) {
		return false
	}
	if sameFile(proc+"/cwd", data) {
		return true
	}
	line, err := os.ReadFile(proc + "/cmdline") //nolint:gosec // only a number
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
