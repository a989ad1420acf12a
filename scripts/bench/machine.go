package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
)

// machine is where the numbers come from.
type machine struct {
	CPU      string            `json:"cpu"`
	CPUs     int               `json:"cpus"`
	System   string            `json:"system"`
	Go       string            `json:"go"`
	Postgres string            `json:"postgres"`
	Settings map[string]string `json:"settings"` // of PostgreSQL, those that matter here
}

// reportedSettings decide what a commit costs.
func reportedSettings() []string {
	return []string{
		"fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "commit_delay",
		"shared_buffers", "max_wal_size", "max_connections",
	}
}

func (s *server) describe(ctx context.Context) (machine, error) {
	m := machine{
		CPU: cpuName(), CPUs: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
		Settings: map[string]string{},
	}
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return m, err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost with it
	if err := conn.QueryRow(ctx, "show server_version").Scan(&m.Postgres); err != nil {
		return m, err
	}
	for _, name := range reportedSettings() {
		var value string
		if err := conn.QueryRow(ctx, "select current_setting($1)", name).Scan(&value); err != nil {
			return m, err
		}
		m.Settings[name] = value
	}
	return m, nil
}

func (m machine) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d × %s, %s, %s, PostgreSQL %s\n", m.CPUs, m.CPU, m.System, m.Go, m.Postgres)
	for i, name := range reportedSettings() {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name + "=" + m.Settings[name])
	}
	if m.Settings["fsync"] != "on" || m.Settings["synchronous_commit"] == "off" {
		b.WriteString("\nWARNING: commits of this server are not durable. " +
			"The numbers say nothing about one whose commits are.")
	}
	return b.String()
}

// cpuName is what Linux calls the processor. Elsewhere only its kind is known.
func cpuName() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	if _, rest, found := strings.Cut(string(text), "model name"); found {
		name, _, _ := strings.Cut(rest, "\n")
		return strings.Trim(name, "\t :")
	}
	return runtime.GOARCH
}
