package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

func faultNames(of []*fault) string {
	names := make([]string, len(of))
	for i, f := range of {
		names[i] = f.name
	}
	return strings.Join(names, ", ")
}

// chooseFaults returns those of the faults that the flag names.
func chooseFaults(of []*fault, names string) ([]*fault, error) {
	switch names {
	case "all":
		return of, nil
	case "none":
		return nil, nil
	}
	var some []*fault
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(of, func(f *fault) bool { return f.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no fault %q; there are %s", name, faultNames(of))
		}
		some = append(some, of[i])
	}
	return some, nil
}

// schedule draws the injections of one target, more than the duration has room for. All faults come once
// before one comes again, so that a short run has most of them.
func schedule(of []*fault, l target, seed uint64, duration time.Duration, nodes int) (all []injection) {
	of = slices.DeleteFunc(slices.Clone(of), func(f *fault) bool { return f.target != l })
	if len(of) == 0 {
		return nil
	}
	random := rand.New(rand.NewPCG(seed, uint64(l)))
	for at := time.Duration(0); at < duration; {
		random.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
		for _, f := range of {
			in := injection{
				fault: f,
				after: 200*time.Millisecond + time.Duration(random.Int64N(int64(1500*time.Millisecond))),
				node:  random.IntN(nodes),
				lasts: 100*time.Millisecond + time.Duration(random.Int64N(int64(3*time.Second))),
				dice:  random.IntN(1000),
			}
			all = append(all, in)
			at += in.after
		}
	}
	return all
}

// inject executes the injections of one target until ctx ends. What they broke is repaired also
// then. One that did not come about is no error: its line says why, and it is not counted.
func (h *harness) inject(ctx context.Context, injections []injection, out func(line string)) {
	for _, in := range injections {
		if !pause(ctx, in.after) {
			return
		}
		enter, leave := h.exclusive.RLock, h.exclusive.RUnlock
		if in.fault.alone {
			enter, leave = h.exclusive.Lock, h.exclusive.Unlock
		}
		enter()
		began := h.recorder.now()
		err := in.fault.do(ctx, h, in)
		leave()
		if err == nil {
			h.countFault(in.fault.name)
		}
		out(fmt.Sprintf("%6.2f–%.2f s  %s (process %d, %.1f s)%s\n",
			began.Seconds(), h.recorder.now().Seconds(), in.fault.name, in.node, in.lasts.Seconds(), reasonOf(err)))
	}
}

// reasonOf explains why a fault did not come about. Faults of two targets overlap: one may already
// have broken what the other needs.
func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	return ": " + strings.Join(strings.Fields(err.Error()), " ")
}
