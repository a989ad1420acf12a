//go:build unix

package embeddedpg

import (
	"errors"
	"os"
	"syscall"
)

func executable(name string) string { return name }

// attributes put a child into a process group of its own, so that Ctrl-C in a terminal reaches only
// the program, which then shuts PostgreSQL down.
func attributes(a *account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if a != nil {
		// Without root's supplementary groups, which would grant more access.
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attr
}

// sendStop sends the signal of the postmaster for each kind of shutdown.
func sendStop(proc *os.Process, mode stopMode, _ string) error {
	return proc.Signal(map[stopMode]os.Signal{
		stopFast: syscall.SIGINT, stopImmediate: syscall.SIGQUIT, stopKill: syscall.SIGKILL,
	}[mode])
}

// endGroup ends a tool and the servers that it has started. They free their shared memory on
// SIGTERM but not when they are killed.
func endGroup(proc *os.Process) error { return syscall.Kill(-proc.Pid, syscall.SIGTERM) }

// processExists is true for zombies too, as it is for PostgreSQL.
func processExists(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

func processAlive(pid int) bool { return processExists(pid) && !zombie(pid) }
