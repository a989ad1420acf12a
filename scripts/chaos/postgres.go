package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/embeddedpg"
)

// postgres is the server that everybody uses, and that comes and goes.
type postgres struct {
	options embeddedpg.Options
	// server is the last that could be started: one fault restarts it while another uses it.
	server  atomic.Pointer[embeddedpg.Server]
	refused refusals
}

// refusals counts how often the server says that a file can't grow.
type refusals struct{ atomic.Int64 }

func (r *refusals) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("could not extend file")) {
		r.Add(1)
	}
	return len(line), nil
}

// connectionsMax is little more than the processes use.
const connectionsMax = 120

func startPostgres(ctx context.Context, dir string) (*postgres, error) {
	free, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	address, err := netip.ParseAddrPort(free[0])
	if err != nil {
		return nil, err
	}
	p := &postgres{options: embeddedpg.Options{Dir: dir, Port: int(address.Port()), Settings: map[string]string{
		"max_connections": strconv.Itoa(connectionsMax),
		// A process that is killed loses nothing that the kernel has. Only a power cut would, and
		// that is not among the faults.
		"fsync": "off",
		// What it refuses, for want of space say, is looked for. It concerns nobody.
		"log_min_messages": "error",
	}}}
	p.options.Logger = slog.New(slog.NewTextHandler(&p.refused, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return p, p.start(ctx)
}

// freePorts are addresses whose ports are below those that the kernel gives to outgoing
// connections, one of which could otherwise have it when the server comes back. The proxies lead
// there, so it has to stay.
func freePorts(n int) (addresses []string, err error) {
	for range 20 * n {
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 21000+rand.IntN(9000))); err != nil {
			continue
		}
		defer l.Close() //nolint:errcheck // all are kept until the last is found
		if addresses = append(addresses, l.Addr().String()); len(addresses) == n {
			return addresses, nil
		}
	}
	return nil, err
}

func (p *postgres) start(ctx context.Context) error {
	s, err := embeddedpg.Start(ctx, p.options)
	if err != nil {
		return err
	}
	p.server.Store(s)
	return nil
}

// crash ends all its processes at once, as `pg_ctl stop -m immediate` does: what was not committed
// is gone.
func (p *postgres) crash() error {
	server := p.server.Load()
	pid, err := postmasterPID(server.DataDir())
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		return err
	}
	<-server.Done()
	_ = server.Stop() // it gives the directory back
	return nil
}

// postmasterPID is the process that the data directory of a server names.
func postmasterPID(dataDir string) (int, error) {
	text, err := os.ReadFile(filepath.Join(dataDir, "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(strings.TrimSpace(first))
}

func (p *postgres) stop() error { return p.server.Load().Stop() }

// as is the address for a user, at host:port.
func (p *postgres) as(user, at string) (string, error) {
	address, err := url.Parse(p.server.Load().URL())
	if err != nil {
		return "", err
	}
	password, _ := address.User.Password()
	address.User, address.Host = url.UserPassword(user, password), at
	return address.String(), nil
}

func connect(ctx context.Context, url string) (*pgx.Conn, error) {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	c.RuntimeParams["application_name"] = "chaos"
	return pgx.ConnectConfig(ctx, c)
}

// userOf is who a process connects as, so that its sessions can be told from the others'.
func userOf(number int) string { return fmt.Sprintf("node_%d", number) }

func (p *postgres) createUsers(ctx context.Context, n int) error {
	conn, err := connect(ctx, p.server.Load().URL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost with it
	address, err := url.Parse(p.server.Load().URL())
	if err != nil {
		return err
	}
	password, _ := address.User.Password()
	for i := range n {
		_, err := conn.Exec(ctx, fmt.Sprintf(`create role %s login superuser password '%s'`, userOf(i), password))
		if err != nil {
			return err
		}
	}
	return nil
}
