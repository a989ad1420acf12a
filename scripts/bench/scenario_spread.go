package main

import (
	"time"

	"github.com/boxoffice/boxoffice/eventstore"
)

// spread is a normal busy day: many events, no two bookings in each other's way.
func spread(s size) scenario {
	load := stream{events: s.count(manyEvents), customers: waiting, warmUp: s.duration(time.Second), measured: s.duration(4 * time.Second)}
	// A row on its way needs a connection: more customers than connections would only wait.
	rows := load
	rows.customers = 0
	return scenario{
		name:      "spread",
		about:     load.String(),
		reference: string(byInsert),
		entries: []entry{
			load.by(shared{}, eventstore.ReservedConns),
			load.byBest(rowLock{}, 8, 16, 32, connections),
			load.byBest(optimistic{}, 8, 16, 32, connections),
			rows.byBest(limit{byInsert}, 8, 16, 32, connections, 128, 256),
			rows.byBest(limit{byCopy}, 1, 2, 4),
		},
		goals: []goal{faster(shared{}.name(), string(byInsert), 2)},
	}
}
