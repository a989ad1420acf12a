package main

import (
	"fmt"
	"time"

	"github.com/prometheus/procfs"
)

// usage is processor time.
type usage struct{ server, postgres time.Duration }

// perRequest is the processor time that was used since an earlier moment, in µs, divided by so many
// requests.
func (u usage) perRequest(since usage, requests int) map[string]float64 {
	server := float64((u.server - since.server).Microseconds()) / float64(requests)
	postgres := float64((u.postgres - since.postgres).Microseconds()) / float64(requests)
	return map[string]float64{
		cpuPerRequest: server + postgres, "server_us_per_request": server, "postgres_us_per_request": postgres,
	}
}

const cpuPerRequest = "processor_us_per_request"

func cpuNote(extra map[string]float64) string {
	return fmt.Sprintf("processor time per request: server %.0f µs, PostgreSQL %.0f µs",
		extra["server_us_per_request"], extra["postgres_us_per_request"])
}

// used is what the program and all processes of the PostgreSQL server have used, those that have
// ended included.
func (p *program) used(db *database) (u usage, err error) {
	server, err := statOf(p.pid)
	if err != nil {
		return u, err
	}
	postmaster, err := db.postmaster()
	if err != nil {
		return u, err
	}
	all, err := procfs.AllProcs()
	if err != nil {
		return u, err
	}
	const perSecond = 100 // ticks, on Linux for everybody
	seconds := postmaster.CPUTime() + float64(postmaster.CUTime+postmaster.CSTime)/perSecond
	for _, proc := range all {
		if stat, err := proc.Stat(); err == nil && stat.PPID == postmaster.PID { // else it has ended
			seconds += stat.CPUTime()
		}
	}
	asDuration := func(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }
	return usage{asDuration(server.CPUTime()), asDuration(seconds)}, nil
}

func statOf(pid int) (procfs.ProcStat, error) {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return procfs.ProcStat{}, fmt.Errorf("processor time is measured on Linux only: %w", err)
	}
	return proc.Stat()
}

// postmaster is the process that all processes of the server descend from.
func (db *database) postmaster() (procfs.ProcStat, error) {
	backend, err := statOf(int(db.conn.PgConn().PID()))
	if err != nil {
		return backend, err
	}
	return statOf(backend.PPID)
}

// resident is how much memory a process occupies, in MB: now, and at most so far.
func resident(pid int) (now, most float64, err error) {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return 0, 0, fmt.Errorf("memory is measured on Linux only: %w", err)
	}
	status, err := proc.NewStatus()
	const mb = 1 << 20
	return float64(status.VmRSS) / mb, float64(status.VmHWM) / mb, err
}
