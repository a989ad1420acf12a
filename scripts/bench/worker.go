package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/eventstore"
)

// workerJob is answered when the worker is ready; the window that follows is answered with how it
// went.
type workerJob struct {
	URL              string
	Events           int
	First, Customers int // number of the first customer, and how many there are
}

type workerAnswer struct {
	Sold, Refused, Counted int
	Latencies              *hdrhistogram.Snapshot
	Extra                  map[string]float64
}

// runWorker is what a worker does.
func runWorker(ctx context.Context, read *json.Decoder, write *json.Encoder) (err error) {
	var job workerJob
	if err := read.Decode(&job); err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	seller, err := (shared{}).open(ctx, job.URL, 0, eventstore.ReservedConns)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, seller.close(ctx)) }()
	if err := write.Encode(true); err != nil {
		return err
	}
	var w window
	if err := read.Decode(&w); err != nil {
		return fmt.Errorf("read when to begin: %w", err)
	}
	t, err := loop(ctx, newCustomers(job.First, job.Customers), w, book(seller, eventIDs(job.Events)))
	if err != nil {
		return err
	}
	return write.Encode(workerAnswer{t.sold, t.refused, t.counted, t.latencies.Export(), seller.extra()})
}

// inProcesses runs a stream with the shared strategy, its customers divided among n processes.
func inProcesses(load stream, n int) entry {
	name := "shared-1-process"
	if n > 1 {
		name = fmt.Sprintf("shared-%d-processes", n)
	}
	return entry{name, func(ctx context.Context, db *database) (m measurement, err error) {
		if err := load.prepare(ctx, shared{}, db); err != nil {
			return m, err
		}
		answers, err := runWorkers(ctx, load, db.url, n)
		if err != nil {
			return m, err
		}
		all, extra := newTally(), map[string]float64{"processes": float64(n)}
		for _, a := range answers {
			all.sold, all.refused, all.counted = all.sold+a.Sold, all.refused+a.Refused, all.counted+a.Counted
			all.latencies.Merge(hdrhistogram.Import(a.Latencies))
			for name, value := range a.Extra {
				extra[name] += value
			}
		}
		extra["commands_per_batch"] /= float64(n)
		m = all.measurement(load.measured)
		m.extra = extra
		return m, checkStream(ctx, shared{}, db, all.sold, all.refused)
	}}
}

// runWorkers divides the customers of a load among n workers.
func runWorkers(ctx context.Context, load stream, url string, n int) ([]workerAnswer, error) {
	ctx, cancel := context.WithCancel(ctx) // ends the workers that are left after an error
	defer cancel()
	workers, answers := make([]*child, n), make([]workerAnswer, n)
	for i := range workers {
		first, next := load.customers*i/n, load.customers*(i+1)/n
		var err error
		workers[i], err = startChild(ctx, workerRole, workerJob{url, load.events, first, next - first}, new(bool))
		if err != nil {
			return nil, err
		}
	}
	w := windowAfter(load.warmUp, load.measured)
	var group errgroup.Group
	for i, c := range workers {
		group.Go(func() error {
			if err := c.ask(w, &answers[i]); err != nil {
				return err
			}
			return c.stop()
		})
	}
	return answers, group.Wait()
}
