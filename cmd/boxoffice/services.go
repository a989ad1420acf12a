package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// service is a part of a process. The services of a list are opened in order and stopped in the
// opposite one.
type service struct {
	name string
	// open makes what the services after this one need; nil: nothing. When it fails, stop is called too.
	open func(context.Context) error
	// run works until its context ends; nil: there is nothing to do. When it returns an error
	// before, the process stops.
	run func(context.Context) error
	// stop ends the work in good order before the context of run ends, or lets go of what open
	// made; nil: neither.
	stop func(context.Context) error
}

// stopAtLeast is how long each service may take to stop even if those before it have used up the time.
const stopAtLeast = 10 * time.Second

// runServices opens the services, calls work, and stops them within a time. The context of work
// ends with ctx, and when a service fails. After an error halfway those that were opened are
// stopped too: nothing is left when it returns.
func runServices(
	ctx context.Context, within time.Duration, services []service, work func(context.Context) error,
) (err error) {
	working, cancel := context.WithCancel(ctx)
	defer cancel()
	var started []*running
	defer func() {
		deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
		defer cancel()
		for _, s := range slices.Backward(started) {
			err = errors.Join(err, s.end(deadline))
		}
	}()
	for _, s := range services {
		r := &running{service: s, ended: make(chan error, 1)}
		started = append(started, r)
		if s.open != nil {
			if err := s.open(ctx); err != nil {
				return err
			}
		}
		r.start(context.WithoutCancel(ctx), cancel)
	}
	return work(working)
}

// untilStopped is the work of a process that only serves.
func untilStopped(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// running is a service that was opened.
type running struct {
	service
	cancel context.CancelFunc // nil: it does not run
	ended  chan error
}

func (r *running) start(ctx context.Context, failed func()) {
	if r.run == nil {
		return
	}
	ctx, r.cancel = context.WithCancel(ctx)
	go func() {
		err := r.run(ctx)
		if err != nil {
			failed()
		}
		r.ended <- err
	}()
}

// end stops the service. What does not end in time is given up, so that the others can stop.
func (r *running) end(deadline context.Context) error {
	var errs []error
	limit, cancel := context.WithTimeout(context.WithoutCancel(deadline), r.remaining(deadline))
	defer cancel()
	if r.stop != nil {
		stopped := make(chan error, 1)
		go func() { stopped <- r.stop(deadline) }()
		errs = append(errs, r.await(limit, stopped))
	}
	if r.cancel != nil {
		r.cancel()
		errs = append(errs, r.await(limit, r.ended))
	}
	return errors.Join(errs...)
}

func (r *running) remaining(deadline context.Context) time.Duration {
	at, _ := deadline.Deadline()
	return max(time.Until(at), stopAtLeast)
}

func (r *running) await(limit context.Context, done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-limit.Done():
		return fmt.Errorf("%s did not stop in time", r.name)
	}
}
