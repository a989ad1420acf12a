package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// patroni is two PostgreSQL servers that follow each other, each looked after by a Patroni, and the
// etcd in which both agree on the leader.
type patroni struct {
	etcd    *daemon
	members []*member
}

const (
	superuser = "postgres"
	// ownerRole is who the program connects as, without any privilege but its database.
	ownerRole = "boxoffice"
	// localPassword is of servers that listen on 127.0.0.1 only, and live as long as the run.
	localPassword = "a-password"
	wholeWithin   = 2 * time.Minute
)

// missingPrograms names what a failover needs and is not installed.
func missingPrograms() (names []string) {
	for _, name := range []string{"etcd", "patroni"} {
		if _, err := exec.LookPath(name); err != nil {
			names = append(names, name)
		}
	}
	if postgresBin() == "" {
		names = append(names, "initdb")
	}
	return names
}

// postgresBin is the directory with the programs of PostgreSQL, those in the PATH before those of
// Debian. It is empty when there are none.
func postgresBin() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path)
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/[0-9]*/bin/initdb") // in the order of the versions
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

// startPatroni starts everything, and returns when the leader has a synchronous standby.
func startPatroni(ctx context.Context, dir string, lease int, isSynchronous bool) (p *patroni, err error) {
	if missing := missingPrograms(); len(missing) > 0 {
		return nil, fmt.Errorf("a failover needs programs that are not installed: %s", strings.Join(missing, ", "))
	}
	account, err := unprivileged()
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(6)
	if err != nil {
		return nil, err
	}
	p = &patroni{}
	defer func() {
		if err != nil {
			p, err = nil, errors.Join(err, p.stop())
		}
	}()
	if p.etcd, err = startEtcd(filepath.Join(dir, "etcd"), ports[0], ports[1]); err != nil {
		return p, err
	}
	for i := range 2 {
		m := &member{
			name: fmt.Sprintf("node-%d", i), dir: filepath.Join(dir, fmt.Sprintf("node-%d", i)),
			sql: ports[2+2*i], api: ports[3+2*i], account: account,
		}
		p.members = append(p.members, m)
		for gate, server := range map[**gate]string{
			&m.clients: m.sql, &m.replication: m.sql, &m.health: m.api, &m.agreement: ports[0],
		} {
			if *gate, err = newGate(server); err != nil {
				return p, err
			}
		}
		if err := m.configure(lease, isSynchronous); err != nil {
			return p, err
		}
		if err := m.start(); err != nil {
			return p, err
		}
	}
	if _, err := p.waitWhole(ctx, isSynchronous); err != nil {
		return p, err
	}
	return p, p.createDatabase(ctx)
}

// unprivileged is the user that PostgreSQL runs as when we are root, which it refuses to be. Nil is
// the user we are.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL may not run as root: %w", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
}

// ownerOf is the user that a file or a process belongs to, for running something else as that user.
// It is nil when we are not root, which alone can.
func ownerOf(info os.FileInfo) *syscall.Credential {
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	return &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}
}

func startEtcd(dir, clients, peers string) (*daemon, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	return startDaemon(dir, nil, "etcd",
		"--name=etcd", "--data-dir="+filepath.Join(dir, "data"), "--log-level=warn", "--enable-v2",
		"--listen-client-urls=http://"+clients, "--advertise-client-urls=http://"+clients,
		"--listen-peer-urls=http://"+peers, "--initial-advertise-peer-urls=http://"+peers,
		"--initial-cluster=etcd=http://"+peers)
}

// waitWhole waits until both members are there, one follows the other, and gives the leader.
func (p *patroni) waitWhole(ctx context.Context, isSynchronous bool) (leader int, err error) {
	ctx, cancel := context.WithTimeout(ctx, wholeWithin)
	defer cancel()
	for {
		members, err := p.members[0].cluster(ctx)
		leader := slices.IndexFunc(members, status.isLeader)
		if leader >= 0 && len(members) == 2 && members[1-leader].follows(isSynchronous) {
			return p.index(members[leader].Name), nil
		}
		if !pause(ctx, 100*time.Millisecond) {
			return 0, errors.Join(
				fmt.Errorf("the standby does not follow its leader after %s: %+v", wholeWithin, members), err)
		}
	}
}

func (p *patroni) index(name string) int {
	return slices.IndexFunc(p.members, func(m *member) bool { return m.name == name })
}

// waitLeader waits until a member says of itself that it leads.
func (p *patroni) waitLeader(ctx context.Context, member int, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	m := p.members[member]
	for {
		members, err := m.cluster(ctx)
		if slices.ContainsFunc(members, func(s status) bool { return s.isLeader() && s.Name == m.name }) {
			return nil
		}
		if !pause(ctx, 50*time.Millisecond) {
			return errors.Join(fmt.Errorf("%s does not lead after %s: %+v", m.name, within, members), err)
		}
	}
}

// switchover asks the leader to hand over.
func (p *patroni) switchover(ctx context.Context, leader int) error {
	from, to := p.members[leader], p.members[1-leader]
	body, err := json.Marshal(map[string]string{"leader": from.name, "candidate": to.name})
	if err != nil {
		return err
	}
	at := "http://" + from.api + "/switchover"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, at, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := (&http.Client{Timeout: time.Minute}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	said, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("the switchover was answered with %d %s", response.StatusCode, said)
	}
	return err
}

// createDatabase makes the role of the program and its database.
func (p *patroni) createDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, p.url(superuser, "postgres", func(m *member) string { return m.sql }))
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost with it
	for _, statement := range []string{
		"set synchronous_commit = remote_apply", // so that both hosts know the database when the program asks them
		"create role " + ownerRole + " login password '" + localPassword + "'",
		"create database " + ownerRole + " owner " + ownerRole,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// url names both members and leads to the one that can be written.
func (p *patroni) url(role, database string, at func(*member) string) string {
	hosts := make([]string, len(p.members))
	for i, m := range p.members {
		hosts[i] = at(m)
	}
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword(role, localPassword), Host: strings.Join(hosts, ","), Path: database,
		RawQuery: "sslmode=disable&target_session_attrs=read-write",
	}).String()
}

// clientURL is the address for the program, through the gates.
func (p *patroni) clientURL() string {
	return p.url(ownerRole, ownerRole, func(m *member) string { return m.clients.address })
}

// controlURL is the address for the run itself, past the gates.
func (p *patroni) controlURL() string {
	return p.url(superuser, ownerRole, func(m *member) string { return m.sql })
}

func (p *patroni) stop() (err error) {
	for _, m := range p.members {
		err = errors.Join(err, m.stop())
		for _, g := range m.gates() {
			if g != nil {
				g.close()
			}
		}
	}
	if p.etcd != nil {
		p.etcd.kill()
	}
	return err
}
