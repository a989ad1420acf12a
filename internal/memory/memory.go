// Package memory sets how the programs of this repository use memory.
package memory

import (
	"log/slog"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// garbage is how much of it there may be before it is collected, in percent of what is in use; Go's default is 100. While the
// collector works, for some tens of milliseconds of a processor, whoever is waiting for an answer waits for it too. Under load that was
// every second and is every four now, and readers see commits in half the time (BenchmarkLag of projections).
const garbage = 400

// Tune lets garbage be collected less often, as long as there is memory: from share of what the container or the machine has on,
// the collector works as hard as it must. Not all memory is for Go: the stacks of threads and what the kernel keeps for connections
// count too. A GOGC other than 100, and GOMEMLIMIT, of the environment have the last word.
func Tune(share float64, logger *slog.Logger) {
	const unset = 100
	if before := debug.SetGCPercent(garbage); before != unset {
		debug.SetGCPercent(before)
	}
	limit, err := memlimit.Set(memlimit.WithRatio(share), memlimit.WithProvider(memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)))
	if err != nil {
		logger.Warn("no limit of memory is known", "reason", err)
		return
	}
	logger.Debug("memory is limited", "bytes", limit)
}
