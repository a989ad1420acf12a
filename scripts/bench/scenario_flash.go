package main

import (
	"fmt"
	"time"
)

// flash is the classic storm: everybody wants one of a few tickets, with the delay inside each booking.
func flash(s size) scenario {
	all := sale{events: 1, tickets: s.count(500), customers: s.count(1000), delay: delay}
	return scenario{
		name:      "flash",
		about:     fmt.Sprintf("%s customers at once, one event with %s tickets, %g s delay", grouped(float64(all.customers)), grouped(float64(all.tickets)), delay.Seconds()),
		reference: rowLock{}.name(),
		entries: []entry{
			all.whole(shared{}),
			all.extrapolated(rowLock{}, 10),
			all.whole(optimistic{}),
		},
		goals: []goal{soldWithin(shared{}.name(), delay, 1.15)},
	}
}

// soldWithin is the goal that the last answer comes within so many delays.
func soldWithin(strategy string, delay time.Duration, bound float64) goal {
	return goal{
		about: "time until the last answer / delay", needs: []string{strategy}, bound: bound, atMost: true,
		ratio: func(r round) float64 { return r[strategy].seconds() / delay.Seconds() },
	}
}
