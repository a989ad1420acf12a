package audit

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
)

// The states of a verification.
const (
	Running = "running"
	Passed  = "passed" // no findings
	Failed  = "failed" // the report has findings
	Broken  = "broken" // it could not be completed
)

// Run is one verification in the background.
type Run struct {
	ID         uuid.UUID
	State      string
	StreamID   uuid.UUID
	StartedBy  uuid.UUID
	StartedAt  time.Time
	FinishedAt *time.Time
	Progress   VerifyProgress
	Report     *Report // when passed or failed
	Error      error   // when broken
}

// Runner runs verifications in the background, one at a time.
type Runner struct {
	options VerifyOptions
	mu      sync.Mutex
	last    *Run
	stop    context.CancelFunc
	stopped sync.WaitGroup
	closed  bool
}

// NewRunner returns a runner that verifies with these options.
func NewRunner(o VerifyOptions) *Runner { return &Runner{options: o} }

// Start starts a verification of one stream, or of the whole log. If one is already running, it
// returns that one.
func (r *Runner) Start(stream, by uuid.UUID, now time.Time) Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.last != nil && r.last.State == Running {
		if r.last == nil {
			return Run{State: Broken, Error: context.Canceled}
		}
		return *r.last
	}
	run := &Run{ID: uuid.New(), State: Running, StreamID: stream, StartedBy: by, StartedAt: now.UTC(),
		Progress: VerifyProgress{Phase: "records"}}
	ctx, stop := context.WithCancel(context.Background())
	r.last, r.stop = run, stop
	o := r.options
	o.Stream = stream
	o.Observe = func(p VerifyProgress) {
		r.mu.Lock()
		defer r.mu.Unlock()
		run.Progress = p
	}
	r.stopped.Go(func() {
		defer stop()
		report, err := Verify(ctx, o)
		r.mu.Lock()
		defer r.mu.Unlock()
		finished := time.Now().UTC()
		run.FinishedAt, run.Report, run.Error = &finished, report, err
		switch {
		case err != nil:
			run.State = Broken
		case report.OK():
			run.State = Passed
		default:
			run.State = Failed
		}
	})
	return *run
}

// Last returns the verification that was started last; ok is false if there was none.
func (r *Runner) Last() (run Run, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		return Run{}, false
	}
	return *r.last, true
}

// Close cancels a running verification and waits for its end.
func (r *Runner) Close() {
	r.mu.Lock()
	r.closed = true
	if r.stop != nil {
		r.stop()
	}
	r.mu.Unlock()
	r.stopped.Wait()
}
