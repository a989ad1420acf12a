package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/boxoffice/boxoffice/scripts/chaos/history"
)

// bookedWithin is how long nobody may be able to book when the leader is lost: the lease of the old
// one, and some seconds for the standby to take over and for the program to find it.
const bookedWithin = 30 * time.Second

// bookedAgain is how long after another member leads somebody must have booked, on any machine.
const bookedAgain = time.Minute

// failovers are the ways in which the database gets another leader.
func failovers() []*fault {
	return []*fault{
		{name: "kill", target: onLeader, do: func(ctx context.Context, h *harness, in injection) error {
			if h.options.async {
				// The standby lags when the leader dies.
				for _, m := range h.cluster.members {
					m.replication.cut()
				}
				pause(ctx, 2*time.Second)
			}
			return h.failOver(ctx, in, func(old *member) error { return old.kill() }, func(old *member) error {
				h.cluster.heal()
				return old.start()
			})
		}},
		{name: "freeze", target: onLeader, do: func(ctx context.Context, h *harness, in injection) error {
			return h.failOver(ctx, in, (*member).freeze, func(old *member) error { return old.signal(syscall.SIGCONT) })
		}},
		{name: "partition", target: onLeader, do: func(ctx context.Context, h *harness, in injection) error {
			return h.partition(ctx, in, true)
		}},
		{name: "partition-servers", target: onLeader, do: func(ctx context.Context, h *harness, in injection) error {
			return h.partition(ctx, in, false)
		}},
		{name: "switchover", target: onLeader, do: func(ctx context.Context, h *harness, in injection) error {
			return h.failOver(ctx, in, func(old *member) error {
				return h.cluster.switchover(ctx, h.cluster.index(old.name))
			}, func(*member) error { return nil })
		}},
	}
}

func (h *harness) partition(ctx context.Context, in injection, withClients bool) error {
	return h.failOver(ctx, in, func(old *member) error {
		h.cluster.isolate(old, withClients)
		return nil
	}, func(*member) error { h.cluster.heal(); return nil })
}

// isolate cuts a member off from etcd and from the other member, and from the program or not. If
// not, the program's connections still lead to a leader that is about to be replaced.
func (p *patroni) isolate(m *member, withClients bool) {
	other := p.members[1-p.index(m.name)]
	// The gates to the other member are used by this one only.
	gates := []*gate{m.agreement, m.replication, m.health, other.replication, other.health}
	if withClients {
		gates = append(gates, m.clients)
	}
	for _, g := range gates {
		g.cut()
	}
}

// heal lets everything through again.
func (p *patroni) heal() {
	for _, m := range p.members {
		for _, g := range m.gates() {
			g.heal()
		}
	}
}

// availableFaults are those that a run of these options can have.
func (o options) availableFaults() []*fault {
	if o.failover {
		return failovers()
	}
	return faults
}

// faultPeriod is how long customers and faults go on. With failovers, the last of them ends it.
func (h *harness) faultPeriod(ctx context.Context) (context.Context, context.CancelFunc) {
	if h.options.failover {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, h.options.duration)
}

// injectFailovers breaks the leader again and again until the duration has passed, and at least once
// with each fault.
func (h *harness) injectFailovers(ctx context.Context, faults []*fault, out func(line string)) {
	for i, in := range schedule(faults, onLeader, h.options.seed, time.Hour, 1) {
		if i >= len(faults) && h.recorder.now() > h.options.duration || !pause(ctx, in.after) {
			return
		}
		began := h.recorder.now()
		err := in.fault.do(ctx, h, in)
		if ctx.Err() != nil {
			return
		}
		ended := h.recorder.now()
		from, to := longestGap(h.recorder.requests(), began, ended)
		gap := to - from
		line := fmt.Sprintf("%6.2f–%.2f s  %s: nobody could book for %.1f s, /readyz said otherwise for %.1f s of it",
			began.Seconds(), ended.Seconds(), in.fault.name, gap.Seconds(), h.readyIn(from, to).Seconds())
		if err == nil && gap > h.options.gap {
			err = fmt.Errorf("nobody could book for %s", gap)
		}
		h.countFault(in.fault.name)
		out(line + reasonOf(err) + "\n")
		if err != nil {
			h.addViolation("the failover fails", in.fault.name+reasonOf(err))
			return // the next one would fail for the same reason
		}
	}
}

// failOver breaks the leader, waits until the other member leads and bookings are confirmed, repairs
// the old leader, and waits until it follows the new one.
func (h *harness) failOver(ctx context.Context, in injection, breakIt, repair func(old *member) error) error {
	p := h.cluster
	leader, err := p.waitWhole(ctx, !h.options.async)
	if err != nil {
		return err
	}
	old := p.members[leader]
	if err := breakIt(old); err != nil {
		return err
	}
	if err := p.waitLeader(ctx, 1-leader, time.Minute); err != nil {
		return err
	}
	if err := h.waitBooked(ctx, h.recorder.now()); err != nil {
		return err
	}
	pause(ctx, in.lasts)
	if err := repair(old); err != nil {
		return err
	}
	now, err := p.waitWhole(ctx, !h.options.async)
	if err == nil && now == leader {
		err = errors.New("the old leader leads again")
	}
	return err
}

// waitBooked waits until a booking is confirmed that was asked for after a moment.
func (h *harness) waitBooked(ctx context.Context, since time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, bookedAgain)
	defer cancel()
	for {
		requests := h.recorder.requests()
		slices.Reverse(requests)
		if slices.ContainsFunc(requests, func(q history.Request) bool {
			return q.Invoked > since && isNewBooking(&q)
		}) {
			return nil
		}
		if !pause(ctx, 100*time.Millisecond) {
			return errors.New("nobody could book for a minute after the other member led")
		}
	}
}

func isNewBooking(q *history.Request) bool {
	return q.Kind == history.Book && q.Outcome == history.Done && !q.Answer.Replayed
}

// longestGap is the longest time between two confirmations of bookings, from the last one before a
// moment until another moment.
func longestGap(requests []history.Request, from, to time.Duration) (start, end time.Duration) {
	last := time.Duration(0)
	answered := []time.Duration{to}
	for i := range requests {
		switch at := requests[i].Answered; {
		case !isNewBooking(&requests[i]) || at > to:
		case at < from:
			last = max(last, at)
		default:
			answered = append(answered, at)
		}
	}
	slices.Sort(answered)
	for _, at := range answered {
		if at-last > end-start {
			start, end = last, at
		}
		last = at
	}
	return start, end
}

const readinessEvery = 200 * time.Millisecond

// watchReadiness notes when processes say that they can serve.
func (h *harness) watchReadiness(ctx context.Context) {
	for pause(ctx, readinessEvery) {
		for _, n := range h.nodes {
			if n.ready(ctx) {
				h.mu.Lock()
				h.ready = append(h.ready, h.recorder.now())
				h.mu.Unlock()
			}
		}
	}
}

// readyIn is how long processes said between two moments that they can serve, on average.
func (h *harness) readyIn(from, to time.Duration) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	times := 0
	for _, at := range h.ready {
		if from < at && at < to {
			times++
		}
	}
	return time.Duration(times) * readinessEvery / time.Duration(len(h.nodes))
}
