package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/procfs"

	"github.com/boxoffice/boxoffice/internal/embeddedpg"
)

// standby is a streaming replica that the COMMITs of the server wait for.
type standby struct {
	url string
	cmd *exec.Cmd
}

// startStandby copies a server and starts the copy, below dir.
func startStandby(ctx context.Context, server *embeddedpg.Server, dir string, isSynchronous bool) (*standby, error) {
	bin := server.BinDir()
	info, err := os.Stat(server.DataDir())
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	owner := ownerOf(info)
	if owner != nil {
		if err := os.Chown(dir, int(owner.Uid), int(owner.Gid)); err != nil {
			return nil, err
		}
	}
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(bin, name), args...)
		cmd.Dir, cmd.SysProcAttr = bin, &syscall.SysProcAttr{Credential: owner}
		return cmd
	}
	data := filepath.Join(dir, "data")
	if out, err := command("pg_basebackup", "-d", server.URL(), "-D", data, "-R", "-X", "stream", "-c", "fast",
		"--no-sync").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("copy the server: %w: %s", err, out)
	}
	free, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	address, err := url.Parse(server.URL())
	if err != nil {
		return nil, err
	}
	address.Host = free[0]
	_, port, _ := net.SplitHostPort(free[0])
	s := &standby{url: address.String(), cmd: command("postgres", "-D", data, "-c", "port="+port,
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off",
		"-c", fmt.Sprintf("max_connections=%d", connectionsMax), "-c", "wal_retrieve_retry_interval=100ms")}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if !waitUntil(ctx, time.Minute, func() bool { _, err := s.receiver(ctx); return err == nil }) {
		s.stop()
		return nil, errors.New("the standby does not follow")
	}
	if isSynchronous {
		err = s.makeSynchronous(ctx, server)
	}
	return s, err
}

func (s *standby) makeSynchronous(ctx context.Context, server *embeddedpg.Server) error {
	conn, err := connect(ctx, server.URL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost with it
	for _, sql := range []string{`alter system set synchronous_standby_names = '*'`, `select pg_reload_conf()`} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if !waitUntil(ctx, time.Minute, func() bool { return isSynchronous(ctx, conn) }) {
		return errors.New("the standby did not become synchronous")
	}
	return nil
}

func isSynchronous(ctx context.Context, conn *pgx.Conn) (is bool) {
	_ = conn.QueryRow(ctx, `select exists (select from pg_stat_replication where sync_state = 'sync')`).Scan(&is)
	return is
}

// receiver is the process that receives what the primary sends.
func (s *standby) receiver(ctx context.Context) (pid int, err error) {
	conn, err := connect(ctx, s.url)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost with it
	err = conn.QueryRow(ctx, `select pid from pg_stat_wal_receiver where status = 'streaming'`).Scan(&pid)
	return pid, err
}

func (s *standby) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGQUIT)
	_ = s.cmd.Wait() // it ends with an error then
}

// freezeProcess stops a process, and returns when it stands still.
func freezeProcess(ctx context.Context, pid int) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return err
	}
	if !waitUntil(ctx, time.Second, func() bool {
		p, err := procfs.NewProc(pid)
		if err != nil {
			return true // not on Linux: stopping takes no time to speak of
		}
		stat, err := p.Stat()
		return err != nil || stat.State == "T"
	}) {
		return errors.New("it does not stand still")
	}
	return nil
}

// freezeStandby lets the standby receive nothing for some time. Nothing may be confirmed meanwhile.
func (h *harness) freezeStandby(ctx context.Context, in injection) error {
	pid, err := h.standby.receiver(ctx)
	if err != nil {
		return err
	}
	if err := h.withConn(ctx, func(conn *pgx.Conn) error {
		if !waitUntil(ctx, 5*time.Second, func() bool { return h.options.async || isSynchronous(ctx, conn) }) {
			return errors.New("no standby is synchronous")
		}
		return nil
	}); err != nil {
		return err
	}
	defer syscall.Kill(pid, syscall.SIGCONT) //nolint:errcheck // it may have ended
	if err := freezeProcess(ctx, pid); err != nil {
		return err
	}
	from := h.recorder.now()
	pause(ctx, in.lasts+4*time.Second) // longer than a process waits for a COMMIT, at times
	h.addSpan(&h.spans.Frozen, from)
	return nil
}
