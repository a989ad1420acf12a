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

// chosen are those of the faults that the flag names.
func chosen(of []*fault, names string) ([]*fault, error) {
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

// schedule draws strikes of one lane, more than the duration has room for. All faults come once
// before one comes again, so that a short run has most of them.
func schedule(of []*fault, l lane, seed uint64, duration time.Duration, nodes int) (all []strike) {
	of = slices.DeleteFunc(slices.Clone(of), func(f *fault) bool { return f.lane != l })
	if len(of) == 0 {
		return nil
	}
	random := rand.New(rand.NewPCG(seed, uint64(l)))
	for at := time.Duration(0); at < duration; {
		random.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
		for _, f := range of {
			s := strike{
				fault: f,
				after: 200*time.Millisecond + time.Duration(random.Int64N(int64(1500*time.Millisecond))),
				node:  random.IntN(nodes),
				lasts: 100*time.Millisecond + time.Duration(random.Int64N(int64(3*time.Second))),
				dice:  random.IntN(1000),
			}
			all = append(all, s)
			at += s.after
		}
	}
	return all
}

// breakThings executes the strikes of one lane until ctx ends. What a strike broke is mended also
// then. One that did not come about is no error: its line says why, and it is not counted.
func (a *arena) breakThings(ctx context.Context, strikes []strike, out func(line string)) {
	for _, s := range strikes {
		if !pause(ctx, s.after) {
			return
		}
		enter, leave := a.breaking.RLock, a.breaking.RUnlock
		if s.fault.alone {
			enter, leave = a.breaking.Lock, a.breaking.Unlock
		}
		enter()
		began := a.recorder.now()
		err := s.fault.do(ctx, a, s)
		leave()
		if err == nil {
			a.note(s.fault.name)
		}
		out(fmt.Sprintf("%6.2f–%.2f s  %s (process %d, %.1f s)%s\n",
			began.Seconds(), a.recorder.now().Seconds(), s.fault.name, s.node, s.lasts.Seconds(), because(err)))
	}
}

// because explains why a fault did not come about. Two lanes break things at once: the one's target
// may be gone through the other.
func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + strings.Join(strings.Fields(err.Error()), " ")
}
