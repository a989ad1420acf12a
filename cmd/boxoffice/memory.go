package main

import (
	"log/slog"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// limitMemory tells the collector of garbage how much memory the container has, so that it works harder before the kernel ends the
// process. A limit that is set with GOMEMLIMIT stays, and where there is no container there is none. Not all of the memory is for
// Go: the stacks of threads and what the kernel keeps for connections count too, and PostgreSQL when it runs in the same container.
func limitMemory(withDatabase bool, logger *slog.Logger) {
	share := 0.8
	if withDatabase {
		share = 0.5
	}
	limit, err := memlimit.Set(memlimit.WithRatio(share), memlimit.WithProvider(memlimit.FromCgroup))
	if err != nil {
		logger.Debug("no limit of memory is known", "reason", err)
		return
	}
	logger.Debug("memory is limited", "bytes", limit)
}
