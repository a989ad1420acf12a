package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

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
		{name: "kill", lane: onLeader, do: func(ctx context.Context, a *arena, s strike) error {
			if a.options.async {
				// The standby lags when the leader dies.
				for _, m := range a.cluster.members {
					m.replication.cut()
				}
				pause(ctx, 2*time.Second)
			}
			return a.failOver(ctx, s, func(old *member) error { return old.kill() }, func(old *member) error {
				a.cluster.mend()
				return old.start()
			})
		}},
		{name: "freeze", lane: onLeader, do: func(ctx context.Context, a *arena, s strike) error {
			return a.failOver(ctx, s, (*member).freeze, func(old *member) error { return old.signal(syscall.SIGCONT) })
		}},
		{name: "partition", lane: onLeader, do: func(ctx context.Context, a *arena, s strike) error {
			return a.partition(ctx, s, true)
		}},
		{name: "partition-servers", lane: onLeader, do: func(ctx context.Context, a *arena, s strike) error {
			return a.partition(ctx, s, false)
		}},
		{name: "switchover", lane: onLeader, do: func(ctx context.Context, a *arena, s strike) error {
			return a.failOver(ctx, s, func(old *member) error {
				return a.cluster.switchover(ctx, a.cluster.index(old.name))
			}, func(*member) error { return nil })
		}},
	}
}

func (a *arena) partition(ctx context.Context, s strike, withClients bool) error {
	return a.failOver(ctx, s, func(old *member) error {
		a.cluster.isolate(old, withClients)
		return nil
	}, func(*member) error { a.cluster.mend(); return nil })
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

// mend lets everything through again.
func (p *patroni) mend() {
	for _, m := range p.members {
		for _, g := range m.gates() {
			g.mend()
		}
	}
}

// known are the faults that there are.
func (o options) known() []*fault {
	if o.failover {
		return failovers()
	}
	return faults
}

// day is how long customers and faults go on. With failovers, the last of them ends it.
func (a *arena) day(ctx context.Context) (context.Context, context.CancelFunc) {
	if a.options.failover {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, a.options.duration)
}

func (a *arena) startFailovers(
	ctx context.Context, end func(), group *errgroup.Group, of []*fault, out func(line string),
) {
	group.Go(func() error { defer end(); a.failOvers(ctx, of, out); return nil })
	group.Go(func() error { a.watchReadiness(ctx); return nil })
}

// failOvers strikes the leader again and again until the duration has passed, and at least once
// with each fault.
func (a *arena) failOvers(ctx context.Context, faults []*fault, out func(line string)) {
	for i, s := range schedule(faults, onLeader, a.options.seed, time.Hour, 1) {
		if i >= len(faults) && a.recorder.now() > a.options.duration || !pause(ctx, s.after) {
			return
		}
		began := a.recorder.now()
		err := s.fault.do(ctx, a, s)
		if ctx.Err() != nil {
			return
		}
		ended := a.recorder.now()
		from, to := longestGap(a.recorder.requests(), began, ended)
		gap := to - from
		line := fmt.Sprintf("%6.2f–%.2f s  %s: nobody could book for %.1f s, /readyz said otherwise for %.1f s of it",
			began.Seconds(), ended.Seconds(), s.fault.name, gap.Seconds(), a.readyIn(from, to).Seconds())
		if err == nil && gap > a.options.gap {
			err = fmt.Errorf("nobody could book for %s", gap)
		}
		a.note(s.fault.name)
		out(line + because(err) + "\n")
		if err != nil {
			a.violations = append(a.violations, history.Violation{
				Rule: "the failover fails", Detail: s.fault.name + because(err),
			})
			return // the next one would fail for the same reason
		}
	}
}

// failOver strikes the leader, waits until the other member leads and bookings are confirmed, mends
// what was struck, and waits until the old leader follows the new one.
func (a *arena) failOver(ctx context.Context, s strike, strikeIt, mend func(old *member) error) error {
	p := a.cluster
	leader, err := p.waitWhole(ctx, !a.options.async)
	if err != nil {
		return err
	}
	old := p.members[leader]
	if err := strikeIt(old); err != nil {
		return err
	}
	if err := p.waitLeader(ctx, 1-leader, time.Minute); err != nil {
		return err
	}
	if err := a.waitBooked(ctx, a.recorder.now()); err != nil {
		return err
	}
	pause(ctx, s.lasts)
	if err := mend(old); err != nil {
		return err
	}
	now, err := p.waitWhole(ctx, !a.options.async)
	if err == nil && now == leader {
		err = errors.New("the old leader leads again")
	}
	return err
}

// waitBooked waits until a booking is confirmed that was asked for after a moment.
func (a *arena) waitBooked(ctx context.Context, since time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, bookedAgain)
	defer cancel()
	for {
		requests := a.recorder.requests()
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
func (a *arena) watchReadiness(ctx context.Context) {
	for pause(ctx, readinessEvery) {
		for _, n := range a.nodes {
			if n.ready(ctx) {
				a.mu.Lock()
				a.ready = append(a.ready, a.recorder.now())
				a.mu.Unlock()
			}
		}
	}
}

// readyIn is how long processes said between two moments that they can serve, on average.
func (a *arena) readyIn(from, to time.Duration) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	times := 0
	for _, at := range a.ready {
		if from < at && at < to {
			times++
		}
	}
	return time.Duration(times) * readinessEvery / time.Duration(len(a.nodes))
}
