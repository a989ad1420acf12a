package main

import (
	"time"

	"github.com/boxoffice/boxoffice/eventstore"
)

// lone is a quiet night: one customer at a time, who should not pay for what helps a thousand.
func lone(s size) scenario {
	load := stream{events: s.count(1000), customers: 1, warmUp: s.duration(time.Second), measured: s.duration(3 * time.Second)}
	return scenario{
		name:      "lone",
		about:     load.String(),
		reference: string(byInsert),
		entries: []entry{
			load.by(shared{}, eventstore.ReservedConns),
			load.by(limit{byInsert}, 1),
			load.by(limit{byTx}, 1),
			load.by(rowLock{}, 1),
			load.by(optimistic{}, 1),
		},
		goals: []goal{{
			about: "p50 of shared / limit-insert", needs: []string{shared{}.name(), string(byInsert)}, bound: 2.5, atMost: true,
			ratio: func(r round) float64 { return r[shared{}.name()].percentile(50) / r[string(byInsert)].percentile(50) },
		}},
	}
}
