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
	"github.com/prometheus/procfs"
)

// patroni is two PostgreSQL servers that follow each other, each looked after by a Patroni, and the etcd in which the Patronis
// agree on the leader.
type patroni struct {
	etcd    *daemon
	members []*member
}

// member is a PostgreSQL with its Patroni. Everything that reaches it from outside takes a gate, except for the control of the run.
type member struct {
	name     string
	dir      string
	sql, api string // its own addresses, past the gates
	account  *syscall.Credential
	patroni  *daemon
	// What a partition cuts: the program's connections, the replication of the other member, the API that the other member asks
	// for its health, and the way to etcd.
	clients, replication, health, agreement *gate
}

const (
	superuser     = "postgres"
	ownerRole     = "boxoffice"  // who the program connects as, without any privilege but its database
	localPassword = "a-password" // of servers that listen on 127.0.0.1 only, and live as long as the run
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

// postgresBin is the directory with the programs of PostgreSQL, those in the PATH before those of Debian; or empty.
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

// unprivileged is the user that PostgreSQL runs as when we are root, which it refuses to be. Nil is the user we are.
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

func startEtcd(dir, clients, peers string) (*daemon, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	return startDaemon(dir, nil, "etcd", "--name=etcd", "--data-dir="+filepath.Join(dir, "data"), "--log-level=warn",
		"--listen-client-urls=http://"+clients, "--advertise-client-urls=http://"+clients,
		"--listen-peer-urls=http://"+peers, "--initial-advertise-peer-urls=http://"+peers, "--initial-cluster=etcd=http://"+peers)
}

// configure writes the file that Patroni reads; JSON is YAML too. The lease is in seconds: a leader that is gone is replaced
// when it has run out.
func (m *member) configure(lease int, isSynchronous bool) error {
	if err := os.Mkdir(m.dir, 0o700); err != nil {
		return err
	}
	type object = map[string]any
	data, err := json.Marshal(object{
		"scope": "boxoffice", "name": m.name,
		"restapi": object{"listen": m.api, "connect_address": m.health.address},
		// As proxies, or Patroni would ask etcd for its address, and go round the gate.
		"etcd3": object{"hosts": []string{m.agreement.address}, "use_proxies": true},
		"bootstrap": object{
			"dcs": object{
				"ttl": lease, "loop_wait": lease / 10, "retry_timeout": (lease - lease/10) / 2, "synchronous_mode": isSynchronous,
				"maximum_lag_on_failover": 1 << 30,
				"postgresql": object{"use_pg_rewind": true, "use_slots": true, "parameters": object{
					"max_connections": connectionsMax, "wal_keep_size": "256MB",
					"wal_receiver_timeout": "5s", "wal_sender_timeout": "5s",
					"fsync": "off", // nobody cuts the power
				}},
			},
			"initdb": []any{object{"encoding": "UTF8"}, object{"locale": "C.UTF-8"}},
		},
		"postgresql": object{
			"listen": m.sql, "connect_address": m.replication.address,
			"bin_dir": postgresBin(), "data_dir": m.data(), "pgpass": filepath.Join(m.dir, "pgpass"),
			"authentication": object{
				"superuser":   object{"username": superuser, "password": localPassword},
				"replication": object{"username": "replicator", "password": localPassword},
			},
			"pg_hba":     []string{"host all all 127.0.0.1/32 scram-sha-256", "host replication replicator 127.0.0.1/32 scram-sha-256"},
			"parameters": object{"unix_socket_directories": m.dir},
			"basebackup": object{"checkpoint": "fast"},
			"remove_data_directory_on_diverged_timelines": true,
		},
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(m.configuration(), data, 0o644); err != nil {
		return err
	}
	if m.account == nil {
		return nil
	}
	return os.Chown(m.dir, int(m.account.Uid), int(m.account.Gid))
}

func (m *member) configuration() string { return filepath.Join(m.dir, "patroni.yaml") }
func (m *member) data() string          { return filepath.Join(m.dir, "data") }

func (m *member) gates() []*gate { return []*gate{m.clients, m.replication, m.health, m.agreement} }

// start starts the Patroni, which starts its PostgreSQL.
func (m *member) start() (err error) {
	m.patroni, err = startDaemon(m.dir, m.account, "patroni", m.configuration())
	return err
}

// processes are Patroni, PostgreSQL, and their children, parents first.
func (m *member) processes() ([]int, error) {
	var roots []int
	if !m.patroni.ended {
		roots = append(roots, m.patroni.cmd.Process.Pid)
	}
	if pid, err := m.postmaster(); err == nil {
		roots = append(roots, pid)
	}
	all, err := procfs.AllProcs()
	if err != nil {
		return nil, fmt.Errorf("processes are found on Linux only: %w", err)
	}
	pids := roots
	for _, one := range all {
		stat, err := one.Stat()
		if err == nil && slices.Contains(roots, stat.PPID) && !slices.Contains(roots, stat.PID) {
			pids = append(pids, stat.PID)
		}
	}
	return pids, nil
}

// postmaster is the process of PostgreSQL. An error says that none runs: a killed one leaves its file behind, and its number may be
// another's by now.
func (m *member) postmaster() (int, error) {
	text, err := os.ReadFile(filepath.Join(m.data(), "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		return 0, err
	}
	process, err := procfs.NewProc(pid)
	if err != nil {
		return 0, err
	}
	dir, err := process.Cwd()
	if err == nil && dir != m.data() {
		err = fmt.Errorf("process %d is not a PostgreSQL of %s", pid, m.name)
	}
	return pid, err
}

// signal reaches Patroni, PostgreSQL, and their children.
func (m *member) signal(s syscall.Signal) error {
	pids, err := m.processes()
	for _, pid := range pids {
		_ = syscall.Kill(pid, s) // it may have ended
	}
	return err
}

// freeze stops all processes at once. Parents come first, so that the second round finds the children of the last moment.
func (m *member) freeze() error {
	return errors.Join(m.signal(syscall.SIGSTOP), m.signal(syscall.SIGSTOP))
}

// kill ends all processes at once.
func (m *member) kill() error {
	err := errors.Join(m.freeze(), m.signal(syscall.SIGKILL))
	m.patroni.wait()
	return err
}

// stop ends Patroni, and has PostgreSQL give back its shared memory.
func (m *member) stop() error {
	if m.patroni == nil {
		return nil
	}
	m.patroni.kill()
	_ = m.signal(syscall.SIGCONT)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		pid, err := m.postmaster() // it removes the file when it ends in order
		if err != nil || syscall.Kill(pid, syscall.SIGQUIT) != nil {
			return nil
		}
		if !pause(ctx, 50*time.Millisecond) {
			return errors.Join(fmt.Errorf("the PostgreSQL of %s did not stop", m.name), m.kill())
		}
	}
}

// status is what a Patroni says of one member.
type status struct{ Name, Role, State string }

func (s status) isLeader() bool { return s.Role == "leader" }

func (s status) follows(isSynchronous bool) bool {
	role := "replica"
	if isSynchronous {
		role = "sync_standby"
	}
	return s.Role == role && (s.State == "running" || s.State == "streaming")
}

// cluster asks one member's Patroni for the state of all.
func (m *member) cluster(ctx context.Context) ([]status, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.api+"/cluster", nil)
	if err != nil {
		return nil, err
	}
	response, err := direct.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	var cluster struct{ Members []status }
	return cluster.Members, json.NewDecoder(response.Body).Decode(&cluster)
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
			return 0, fmt.Errorf("the standby does not follow its leader after %s: %+v %v", wholeWithin, members, err)
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
			return fmt.Errorf("%s does not lead after %s: %+v %v", m.name, within, members, err)
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
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+from.api+"/switchover", bytes.NewReader(body))
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
		err = fmt.Errorf("Patroni answered %d %s", response.StatusCode, said)
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

// daemon is a program that runs in the background, and logs to a file in its directory.
type daemon struct {
	cmd   *exec.Cmd
	log   *os.File
	ended bool
}

func startDaemon(dir string, as *syscall.Credential, name string, args ...string) (*daemon, error) {
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	// A group of its own: Ctrl-C reaches only us, who end it in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: as}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return &daemon{cmd: cmd, log: log}, nil
}

// kill ends the program and waits for it.
func (d *daemon) kill() {
	_ = d.cmd.Process.Kill() // it may have ended
	d.wait()
}

func (d *daemon) wait() {
	_ = d.cmd.Wait() // we have killed it, or do so a second time
	_ = d.log.Close()
	d.ended = true
}
