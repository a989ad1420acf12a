package main

import (
	"context"
	"fmt"
	"time"
)

// Several API processes may serve one database. Each has an executor of its own; they meet only in PostgreSQL, where they are in
// each other's way: for the log's head row and, on one hot event, for the next version of its stream.

const processes = 3

func processesHot(s size) scenario {
	return betweenProcesses("processes-hot", s, 1, 0.4)
}

func processesSpread(s size) scenario {
	return betweenProcesses("processes-spread", s, s.count(manyEvents), 0.6)
}

func betweenProcesses(name string, s size, events int, bound float64) scenario {
	load := stream{events: events, customers: waiting, warmUp: s.duration(time.Second), measured: s.duration(4 * time.Second)}
	one, several := inProcesses(load, 1), inProcesses(load, processes)
	return scenario{
		name: name, group: "processes", about: fmt.Sprintf("%v, one process and %d", load, processes), reference: one.strategy,
		entries: []entry{one, several},
		goals:   []goal{faster(several.strategy, one.strategy, bound)},
	}
}

// inProcesses runs a stream with the shared strategy, its customers divided among n processes.
func inProcesses(load stream, n int) entry {
	name := "shared-1-process"
	if n > 1 {
		name = fmt.Sprintf("shared-%d-processes", n)
	}
	return entry{name, func(ctx context.Context, db *database) (m measurement, err error) {
		if err := (shared{}).prepare(ctx, db, eventIDs(load.events), plenty); err != nil {
			return m, fmt.Errorf("prepare: %w", err)
		}
		if err := db.settle(ctx); err != nil {
			return m, err
		}
		answers, err := runWorkers(ctx, load, db.url, n)
		if err != nil {
			return m, err
		}
		m = measurement{wall: load.measured, extra: map[string]float64{"processes": float64(n)}}
		told := 0
		for _, a := range answers {
			if a.Refused > 0 {
				return m, fmt.Errorf("%d customers were refused, and no event was sold out", a.Refused)
			}
			told += a.Sold
			m.count += a.Counted
			m.latencies = append(m.latencies, a.Latencies...)
			for name, value := range a.Extra {
				m.extra[name] += value
			}
		}
		m.extra["commands_per_batch"] /= float64(n)
		return m, audited(ctx, shared{}, db, plenty, told)
	}}
}
