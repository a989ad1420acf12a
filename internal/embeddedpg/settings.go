package embeddedpg

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

// defaults suit one program on a shared machine. They are passed on the command line, so that they
// apply to old clusters too. [Options.Settings] overrides them.
func defaults() map[string]string {
	return map[string]string{
		"fsync":              "on",
		"synchronous_commit": "on",
		"full_page_writes":   "on",

		"max_connections": "200",
		"shared_buffers":  "256MB",

		// Checkpoints by time and not by volume: each one makes the next change of every page more
		// expensive.
		"max_wal_size":       "2GB",
		"checkpoint_timeout": "15min",

		// For short queries on few rows, compiling costs more than it saves.
		"jit": "off",

		"timezone":     "UTC",
		"log_timezone": "UTC",
		// We parse messages in English.
		"lc_messages": "C",
		// "log" is above "error": the client gets the errors of its statements anyway, and they can
		// contain personal data (DETAIL: Key (email)=…).
		"log_min_messages":            "log",
		"log_checkpoints":             "off",
		"log_autovacuum_min_duration": "-1",
		"log_line_prefix":             "",
	}
}

// fixed can't be overridden: the address and the log depend on them.
func fixed(port int) map[string]string {
	return map[string]string{
		"port":             strconv.Itoa(port),
		"listen_addresses": host,
		// No socket file: its path is limited to 107 bytes, and TCP works on every system.
		"unix_socket_directories": "",
		"logging_collector":       "off",
		"log_destination":         "stderr",
	}
}

// checkSettings returns the names in lower case; PostgreSQL ignores case.
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

// serverArgs are sorted, so that the command line is always the same.
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

// durable is false only if the caller has switched fsync off.
func (o Options) durable() bool {
	switch strings.ToLower(o.Settings["fsync"]) {
	case "off", "false", "no", "0":
		return false
	}
	return true
}

// environment returns the variables of a child. It lists what to keep rather than what to drop: PG*
// would change what PostgreSQL does, LC_* and LANG its messages, and others are secrets.
func environment() []string {
	env := []string{"LC_ALL=C"}
	for _, name := range []string{
		"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
		"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP",
	} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
