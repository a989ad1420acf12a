package embeddedpg

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

func executable(name string) string { return name + ".exe" }

// serverAttributes start a process group, which Ctrl-C in the console does not reach.
func serverAttributes(*account) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

func toolAttributes(a *account) *syscall.SysProcAttr { return serverAttributes(a) }

// sendStop uses pg_ctl, which knows the named pipe that replaces signals on Windows.
func sendStop(proc *os.Process, mode stopMode, binDir string) error {
	name := map[stopMode]string{stopFast: "INT", stopImmediate: "QUIT"}[mode]
	if name == "" {
		return proc.Kill()
	}
	ctx, cancel := context.WithTimeout(context.Background(), forceTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(binDir, "pg_ctl.exe"), //nolint:gosec // was found
		"kill", name, strconv.Itoa(proc.Pid))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("pg_ctl kill %s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// endGroup leaves the children alone: they end when their connection to the parent breaks.
func endGroup(proc *os.Process) error { return proc.Kill() }

const stillActive = 259

func open(pid int) (windows.Handle, error) {
	return windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid)) //nolint:gosec // a pid
}

func processAlive(pid int) bool {
	h, err := open(pid)
	if err != nil {
		return false
	}
	defer func() { _ = windows.CloseHandle(h) }()
	var code uint32
	return windows.GetExitCodeProcess(h, &code) == nil && code == stillActive
}

func processExists(pid int) bool { return processAlive(pid) }

// isPostmaster compares program and start time: command lines of other processes cannot be read.
func isPostmaster(pm postmaster, _ string) bool {
	h, err := open(pm.pid)
	if err != nil {
		return false
	}
	defer func() { _ = windows.CloseHandle(h) }()
	var path [windows.MAX_LONG_PATH]uint16
	size := uint32(len(path))
	if err := windows.QueryFullProcessImageName(h, 0, &path[0], &size); err != nil {
		return false
	}
	if !strings.EqualFold(filepath.Base(windows.UTF16ToString(path[:size])), "postgres.exe") {
		return false
	}
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(h, &created, &exited, &kernel, &user); err != nil {
		return false
	}
	return time.Unix(0, created.Nanoseconds()).Sub(pm.started).Abs() < 10*time.Second
}
