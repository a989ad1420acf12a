package main

import (
	"time"

	"github.com/boxoffice/boxoffice/eventstore"
)

// hot has no delay: what remains is how fast bookings of one event can follow each other.
func hot(s size) scenario {
	load := stream{events: 1, customers: waiting, warmUp: s.duration(time.Second), measured: s.duration(4 * time.Second)}
	return scenario{
		name:      "hot",
		about:     load.String(),
		reference: rowLock{}.name(),
		entries: []entry{
			load.by(shared{}, eventstore.ReservedConns),
			load.byBest(rowLock{}, 2, 4, 8, 16, connections),
			load.byBest(optimistic{}, 2, 4, 8, 16, connections),
		},
		goals: []goal{faster(shared{}.name(), rowLock{}.name(), 25)},
	}
}
