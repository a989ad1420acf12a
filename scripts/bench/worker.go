package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/eventstore"
)

// A worker is this program once more, as another process that sells. They talk in JSON values over the worker's standard input and
// output: the program says what to do, the worker that it is ready, the program when to begin, the worker how it went.

const workerArg = "worker"

type workerJob struct {
	URL       string
	Events    int
	First     int // number of the first customer
	Customers int
}

type workerReady struct{ PID int }

type workerAnswer struct {
	Sold, Refused, Counted int
	Latencies              []time.Duration
	Extra                  map[string]float64
}

// work is what a worker does.
func work(ctx context.Context, in io.Reader, out io.Writer) (err error) {
	read, write := json.NewDecoder(in), json.NewEncoder(out)
	var job workerJob
	if err := read.Decode(&job); err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	seller, err := openShared(ctx, job.URL, 0, eventstore.ReservedConns)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, seller.close(ctx)) }()
	events, customers := eventIDs(job.Events), newCustomers(job.First, job.Customers, 1024)

	var times [2]time.Time
	if err := write.Encode(workerReady{os.Getpid()}); err != nil {
		return err
	}
	if err := read.Decode(&times); err != nil {
		return fmt.Errorf("read when to begin: %w", err)
	}
	w := window{times[0], times[1]}
	if err := loop(ctx, customers, w, book(seller, events)); err != nil {
		return err
	}
	m := gather(customers, w.until.Sub(w.from))
	return write.Encode(workerAnswer{sold(customers), refusals(customers), m.count, m.latencies, seller.extra()})
}

type worker struct {
	cmd   *exec.Cmd
	read  *json.Decoder
	write *json.Encoder
}

// runWorkers divides the customers of a load among n workers and returns how they fared.
func runWorkers(ctx context.Context, load stream, url string, n int) ([]workerAnswer, error) {
	ctx, cancel := context.WithCancel(ctx) // ends the workers that are left after an error
	defer cancel()
	workers := make([]*worker, n)
	for i := range workers {
		w, err := startWorker(ctx, workerArg)
		if err != nil {
			return nil, err
		}
		first, next := load.customers*i/n, load.customers*(i+1)/n
		if err := w.write.Encode(workerJob{url, load.events, first, next - first}); err != nil {
			return nil, err
		}
		workers[i] = w
	}
	for _, w := range workers {
		if err := w.read.Decode(new(workerReady)); err != nil {
			return nil, w.failed("did not get ready", err)
		}
	}
	answers := make([]workerAnswer, n)
	window := windowAfter(load.warmUp, load.measured)
	var group errgroup.Group
	for i, w := range workers {
		group.Go(func() error {
			if err := w.write.Encode([2]time.Time{window.from, window.until}); err != nil {
				return w.failed("did not listen", err)
			}
			if err := w.read.Decode(&answers[i]); err != nil {
				return w.failed("did not answer", err)
			}
			return w.cmd.Wait()
		})
	}
	return answers, group.Wait()
}

// failed waits for the worker's end, which tells more than a pipe that broke: how it exited, or the signal that killed it.
func (w *worker) failed(how string, err error) error {
	return errors.Join(fmt.Errorf("a worker %s: %w", how, err), w.cmd.Wait())
}

func startWorker(ctx context.Context, arg string) (*worker, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, arg)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &worker{cmd, json.NewDecoder(out), json.NewEncoder(in)}, nil
}
