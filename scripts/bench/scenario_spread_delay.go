package main

import "fmt"

// spreadDelay has as many events as customers: nobody is in anybody's way, but for the connections.
func spreadDelay(s size) scenario {
	all := sale{events: s.count(manyEvents), tickets: 1, customers: s.count(10_000), delay: delay}
	return scenario{
		name:      "spread-delay",
		about:     fmt.Sprintf("%s customers at once, each for another event, %g s delay, %d connections", grouped(float64(all.customers)), delay.Seconds(), connections),
		reference: rowLock{}.name(),
		entries: []entry{
			all.whole(shared{}),
			all.extrapolated(rowLock{}, 2*connections),
			all.extrapolated(optimistic{}, 2*connections),
		},
		goals: []goal{soldWithin(shared{}.name(), delay, 1.35)},
	}
}
