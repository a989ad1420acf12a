package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

// member is a PostgreSQL with its Patroni. Everything that reaches it from outside takes a gate,
// except for the control of the run.
type member struct {
	name     string
	dir      string
	sql, api string // its own addresses, past the gates
	account  *syscall.Credential
	patroni  *daemon
	// What a partition cuts: the program's connections, the replication of the other member, the
	// API that the other member asks for its health, and the way to etcd.
	clients, replication, health, agreement *gate
}

// configure writes the file that Patroni reads; JSON is YAML too. The lease is in seconds: a leader
// that is gone is replaced when it has run out.
func (m *member) configure(lease int, isSynchronous bool) error {
	if err := os.Mkdir(m.dir, 0o700); err != nil {
		return err
	}
	type object = map[string]any
	data, err := json.Marshal(object{
		"scope": "boxoffice", "name": m.name,
		"restapi": object{"listen": m.api, "connect_address": m.health.address},
		// Not etcd3: there, Patroni 3.0 writes the leader's key without comparing. A leader that was
		// frozen meanwhile takes the lead back when it wakes up, and what the new one confirmed is
		// lost.
		// As proxies, or Patroni would ask etcd for its address, and go round the gate.
		"etcd": object{"hosts": []string{m.agreement.address}, "use_proxies": true},
		"bootstrap": object{
			"dcs": object{
				"ttl": lease, "loop_wait": lease / 10, "retry_timeout": (lease - lease/10) / 2,
				"synchronous_mode": isSynchronous, "maximum_lag_on_failover": 1 << 30,
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
			"pg_hba": []string{
				"host all all 127.0.0.1/32 scram-sha-256", "host replication replicator 127.0.0.1/32 scram-sha-256",
			},
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

// postmaster is the process of PostgreSQL. An error says that none runs: a killed one leaves its
// file behind, and its number may be another's by now.
func (m *member) postmaster() (int, error) {
	pid, err := postmasterPID(m.data())
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

// freeze stops all processes at once. Parents come first, so that the second round finds the
// children of the last moment.
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
	response, err := direct().Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	var cluster struct{ Members []status }
	return cluster.Members, json.NewDecoder(response.Body).Decode(&cluster)
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
