//go:build unix && !linux

package embeddedpg

import (
	"context"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Without Linux's parent death signal, a server outlives a program that is killed with -9, until
// the next start on its directory stops it.
func serverAttributes(a *account) *syscall.SysProcAttr { return attributes(a) }
func toolAttributes(a *account) *syscall.SysProcAttr   { return attributes(a) }

// isPostmaster compares the command line: the server was started as "postgres -D <data> …".
func isPostmaster(pm postmaster, data string) bool {
	line := ps(pm.pid, "command")
	return !zombie(pm.pid) && strings.Contains(line, "postgres") && strings.Contains(line+" ", " -D "+data+" ")
}

func zombie(pid int) bool { return strings.HasPrefix(ps(pid, "stat"), "Z") }

func ps(pid int, column string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ps", "-ww", "-o", column+"=", //nolint:gosec // a constant and a number
		"-p", strconv.Itoa(pid))
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
