package embeddedpg

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

// defaults suit one program with a database of its own on a machine it shares. They are given on
// the command line, so that they hold for clusters of every age; [Options.Settings] goes over them.
func defaults() map[string]string {
	return map[string]string{
		"fsync":              "on",
		"synchronous_commit": "on",
		"full_page_writes":   "on",

		"max_connections": "200",
		"shared_buffers":  "256MB",

		// Checkpoints by time and not by volume: each one makes the next change of a page costlier.
		"max_wal_size":       "2GB",
		"checkpoint_timeout": "15min",

		// Short queries on few rows lose more by compiling than they win.
		"jit": "off",

		"timezone":     "UTC",
		"log_timezone": "UTC",
		// Our reading of the log relies on English.
		"lc_messages": "C",
		// "log" is above "error": refused statements reach their client anyway, and they carry the data
		// of people (DETAIL: Key (email)=…), which has no place in a log.
		"log_min_messages":            "log",
		"log_checkpoints":             "off",
		"log_autovacuum_min_duration": "-1",
		"log_line_prefix":             "",
	}
}

// fixed are ours alone: the address would be wrong or the log unseen without them.
func fixed(port int) map[string]string {
	return map[string]string{
		"port":             strconv.Itoa(port),
		"listen_addresses": host,
		// No socket file: its path may be 107 bytes long at most, and TCP does on every system.
		"unix_socket_directories": "",
		"logging_collector":       "off",
		"log_destination":         "stderr",
	}
}

// checkSettings gives the names in one spelling, as PostgreSQL does not tell FSYNC from fsync.
func checkSettings(settings map[string]string) (map[string]string, error) {
	checked := make(map[string]string, len(settings))
	for name, value := range settings {
		name = strings.ToLower(name)
		if _, ours := fixed(0)[name]; ours || name == "data_directory" {
			return nil, fmt.Errorf("embeddedpg: the setting %s cannot be chosen", name)
		}
		checked[name] = value
	}
	return checked, nil
}

// serverArgs are sorted, so that a process list reads the same each time.
func serverArgs(data string, port int, extra map[string]string) []string {
	all := defaults()
	maps.Copy(all, extra)
	maps.Copy(all, fixed(port))
	args := []string{"-D", data}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		args = append(args, "-c", name+"="+all[name])
	}
	return args
}

// durable is false only if the caller has given up safety by name.
func (o Options) durable() bool {
	switch strings.ToLower(o.Settings["fsync"]) {
	case "off", "false", "no", "0":
		return false
	}
	return true
}

// kept are the variables a child gets. A list of what to keep rather than of what to drop: PG*
// would change what PostgreSQL does, LC_* and LANG what it says, and the rest holds the program's
// secrets.
var kept = []string{
	"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
	"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP",
}

func environment() []string {
	env := []string{"LC_ALL=C"}
	for _, name := range kept {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
