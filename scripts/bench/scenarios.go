package main

import (
	"fmt"
	"time"

	"github.com/boxoffice/boxoffice/eventstore"
)

// flash is the classic storm: everybody wants one of a few tickets, with the delay inside each
// booking.
func flash(s size) scenario {
	all := sale{events: 1, tickets: s.count(500), customers: s.count(1000), delay: delay}
	return scenario{
		name: "flash",
		about: fmt.Sprintf("%s customers at once, one event with %s tickets, %g s delay",
			grouped(float64(all.customers)), grouped(float64(all.tickets)), delay.Seconds()),
		reference: rowLock{}.name(),
		entries: []entry{
			all.whole(shared{}),
			all.extrapolated(rowLock{}, 10),
			all.whole(optimistic{}),
		},
		goals: []goal{soldWithin(shared{}.name(), delay, 1.15)},
	}
}

// spreadDelay has as many events as customers, who compete for connections only.
func spreadDelay(s size) scenario {
	all := sale{events: s.count(manyEvents), tickets: 1, customers: s.count(10_000), delay: delay}
	return scenario{
		name: "spread-delay",
		about: fmt.Sprintf("%s customers at once, each for another event, %g s delay, %d connections",
			grouped(float64(all.customers)), delay.Seconds(), connections),
		reference: rowLock{}.name(),
		entries: []entry{
			all.whole(shared{}),
			all.extrapolated(rowLock{}, 2*connections),
			all.extrapolated(optimistic{}, 2*connections),
		},
		goals: []goal{soldWithin(shared{}.name(), delay, 1.35)},
	}
}

// soldWithin is the goal that the last answer comes within so many delays.
func soldWithin(strategy string, delay time.Duration, bound float64) goal {
	return goal{
		about: "time until the last answer / delay", needs: []string{strategy}, bound: bound, atMost: true,
		ratio: func(r round) float64 { return r[strategy].seconds() / delay.Seconds() },
	}
}

// hot has no delay: what remains is how fast bookings of one event can follow each other.
func hot(s size) scenario {
	load := s.stream(1, waiting)
	return scenario{
		name: "hot", about: load.String(), reference: rowLock{}.name(),
		entries: []entry{
			load.by(shared{}, eventstore.ReservedConns),
			load.byBest(rowLock{}, 2, 4, 8, 16, connections),
			load.byBest(optimistic{}, 2, 4, 8, 16, connections),
		},
		goals: []goal{faster(shared{}.name(), rowLock{}.name(), 25)},
	}
}

// hold is hot with time to pay: each booking is two commands, and appends two records.
func hold(s size) scenario {
	load := s.stream(1, waiting)
	return scenario{
		name: "hold", about: load.String() + "; booked at once, and held and confirmed", reference: shared{}.name(),
		entries: []entry{
			load.by(shared{}, eventstore.ReservedConns),
			load.by(held{}, eventstore.ReservedConns),
		},
		goals: []goal{faster(held{}.name(), shared{}.name(), 0.4)},
	}
}

// spread is a normal busy day: many events, and no two bookings that compete.
func spread(s size) scenario {
	load := s.stream(s.count(manyEvents), waiting)
	// Each INSERT needs a connection: more customers than connections would only wait.
	rows := load
	rows.customers = 0
	return scenario{
		name: "spread", about: load.String(), reference: string(byInsert),
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

// lone is a quiet night: one customer at a time, who should not pay for what helps a thousand.
func lone(s size) scenario {
	load := s.stream(s.count(1000), 1)
	return scenario{
		name: "lone", about: load.String(), reference: string(byInsert),
		entries: []entry{
			load.by(shared{}, eventstore.ReservedConns),
			load.by(limit{byInsert}, 1),
			load.by(limit{byTx}, 1),
			load.by(rowLock{}, 1),
			load.by(optimistic{}, 1),
		},
		goals: []goal{{
			about: "p50 of shared / limit-insert", needs: []string{shared{}.name(), string(byInsert)},
			bound: 2.2, atMost: true,
			ratio: func(r round) float64 {
				return r[shared{}.name()].percentile(50) / r[string(byInsert)].percentile(50)
			},
		}},
	}
}

// Several API processes may serve one database. Each has an executor of its own, and they compete
// in PostgreSQL: for the log's head row and, on one hot event, for the next version of its stream.

func processesHot(s size) scenario { return betweenProcesses("processes-hot", s, 1, 0.4) }

func processesSpread(s size) scenario {
	return betweenProcesses("processes-spread", s, s.count(manyEvents), 0.6)
}

func betweenProcesses(name string, s size, events int, bound float64) scenario {
	const processes = 3
	load := s.stream(events, waiting)
	one, several := inProcesses(load, 1), inProcesses(load, processes)
	return scenario{
		name: name, group: "processes", reference: one.strategy,
		about:   fmt.Sprintf("%v, one process and %d", load, processes),
		entries: []entry{one, several},
		goals:   []goal{faster(several.strategy, one.strategy, bound)},
	}
}
