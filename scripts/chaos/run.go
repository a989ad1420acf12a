package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/scripts/chaos/history"
)

// report is what a run gives.
type report struct {
	requests   []history.Request
	final      history.Final
	faults     map[string]int
	starts     int
	healthy    time.Duration
	violations []history.Violation
}

func (r report) String() string {
	outcomes := map[history.Outcome]int{}
	for i := range r.requests {
		outcomes[r.requests[i].Outcome]++
	}
	injected := 0
	for _, n := range r.faults {
		injected += n
	}
	return fmt.Sprintf("requests=%d done=%d refused=%d not-done=%d unknown=%d "+
		"records=%d faults=%d starts=%d healthy-after=%.1fs violations=%d",
		len(r.requests), outcomes[history.Done], outcomes[history.Refused],
		outcomes[history.NotDone], outcomes[history.Unknown],
		len(r.final.Log), injected, r.starts, r.healthy.Seconds(), len(r.violations))
}

// execute makes a run.
func execute(ctx context.Context, o options, out io.Writer) (r report, err error) {
	faults, err := chooseFaults(o.availableFaults(), o.faults)
	if err != nil {
		return r, err
	}
	dir, err := os.MkdirTemp("", "boxoffice-chaos-")
	if err != nil {
		return r, err
	}
	defer func() {
		if isClean := err == nil && len(r.violations) == 0; isClean || o.sabotage != "" {
			err = errors.Join(err, os.RemoveAll(dir))
			return
		}
		_, _ = fmt.Fprintf(out, "what the processes have logged, and the history, are kept in %s\n", dir)
		err = errors.Join(err, r.writeHistory(filepath.Join(dir, "history.json")))
	}()
	if err := os.Chmod(dir, 0o711); err != nil { // root's PostgreSQL runs as another user, who must get through
		return r, err
	}
	h := &harness{options: o, dir: dir, recorder: &recorder{began: time.Now()}, counts: map[string]int{}}
	running, end := context.WithCancel(ctx)
	defer func() {
		end() // kills the processes
		err = errors.Join(err, h.close())
		r.requests = h.recorder.requests() // also of a run that ended early
	}()
	if err := h.open(running, faults); err != nil {
		return r, err
	}
	if err := h.runFaults(ctx, faults, out); err != nil {
		return r, err
	}
	if r.violations, err = h.finish(running, &r); err != nil {
		return r, err
	}
	r.violations = append(r.violations, h.processViolations()...)
	r.violations = append(r.violations, history.Check(h.recorder.requests(), r.final)...)
	for _, n := range h.nodes {
		r.starts += n.starts
	}
	r.faults = h.counts
	_, _ = fmt.Fprint(out, h.growth.String())
	for _, name := range slices.Sorted(maps.Keys(r.faults)) {
		_, _ = fmt.Fprintf(out, "%-17s %d\n", name, r.faults[name])
	}
	return r, nil
}

func (r report) writeHistory(path string) error {
	data, err := json.MarshalIndent(map[string]any{"requests": r.requests, "final": r.final}, "", " ")
	return errors.Join(err, os.WriteFile(path, data, 0o600))
}

// runFaults injects the faults while customers send requests, until the time is over.
func (h *harness) runFaults(ctx context.Context, faults []*fault, out io.Writer) error {
	period, end := h.faultPeriod(ctx)
	defer end()
	group, period := errgroup.WithContext(period)
	for _, c := range h.customers {
		group.Go(func() error { c.run(period); return nil })
	}
	for _, c := range h.claimants {
		group.Go(func() error { c.run(period); return nil })
	}
	group.Go(func() error { return h.signups.run(period, h.balancer.url(), h.recorder) })
	var printing sync.Mutex // faults of several targets overlap
	printLine := func(line string) {
		printing.Lock()
		defer printing.Unlock()
		_, _ = io.WriteString(out, line)
	}
	o := h.options
	if o.failover {
		group.Go(func() error { defer end(); h.injectFailovers(period, faults, printLine); return nil })
		group.Go(func() error { h.watchReadiness(period); return nil })
	}
	for t := range onLeader {
		injections := schedule(faults, t, o.seed, o.duration, o.processes)
		group.Go(func() error { h.inject(period, injections, printLine); return nil })
	}
	if len(faults) == 0 && !o.failover {
		group.Go(func() error { return h.growth.watch(period, h.nodes, o.duration) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// processViolations are what the processes did that they should not have.
func (h *harness) processViolations() (violations []history.Violation) {
	for _, text := range h.growth.leaks() {
		violations = append(violations, history.Violation{Rule: "it grows", Detail: text})
	}
	for _, n := range h.nodes {
		for _, text := range n.problems {
			violations = append(violations, history.Violation{
				Rule: "a process fails", Detail: fmt.Sprintf("process %d %s", n.number, text),
			})
		}
	}
	return violations
}
