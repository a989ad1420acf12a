// Package tune sets how the programs of this repository use memory and processors.
package tune

import (
	"log/slog"
	"runtime"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// gcPercent is how much garbage there may be before it is collected, in percent of what is in use; Go's
// default is 100. A collection takes some tens of milliseconds of a processor, and who waits for an
// answer waits for it too. Under load there was one every second and is one every four now, and
// readers see commits in half the time (the scenario lag of scripts/bench).
const gcPercent = 400

// Memory lets garbage be collected less often, as long as there is memory: from share of what the
// container or the machine has on, the collector works as hard as it must. Not all memory is for
// Go: the stacks of threads and the kernel's buffers for connections count too. A GOGC other than
// 100, and GOMEMLIMIT, of the environment have the last word.
func Memory(share float64, logger *slog.Logger) {
	const unset = 100
	if before := debug.SetGCPercent(gcPercent); before != unset {
		debug.SetGCPercent(before)
	}
	limit, err := memlimit.Set(memlimit.WithRatio(share),
		memlimit.WithProvider(memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)))
	if err != nil {
		logger.Warn("no limit of memory is known", "reason", err)
		return
	}
	logger.Debug("memory is limited", "bytes", limit)
}

// Processors tells how many processors there are, and lets Go use two threads more, so that one
// always has time to poll the network: when all are busy, Go polls every 10 ms, for 128
// connections. Call it once.
func Processors() int {
	processors := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(processors + 2)
	return processors
}
