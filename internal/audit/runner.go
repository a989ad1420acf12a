package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
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
	StreamID   uuid.UUID // zero: the whole log
	StartedBy  uuid.UUID
	StartedAt  time.Time
	FinishedAt *time.Time
	Progress   VerifyProgress
	Report     *Report // when passed or failed
	Error      string  // when broken; for people
}

// Runner runs verifications in the background: one at a time of all processes of a database. They
// are kept in it, so that another process goes on when one ends.
type Runner struct {
	RunnerOptions
	id    uuid.UUID
	awake chan struct{}
}

// RunnerOptions configure a [Runner].
type RunnerOptions struct {
	// Pool is of the database that is verified. The verifications are kept in it.
	Pool *pgxpool.Pool
	// Verify are the options of each verification. Its pool has [VerifyConnections] connections.
	Verify VerifyOptions
	Logger *slog.Logger
	// Lease is how long a process that died keeps others from going on. Default 10 s.
	Lease time.Duration
}

// NewRunner returns a runner; the caller calls [Runner.Run].
func NewRunner(o RunnerOptions) *Runner {
	if o.Lease == 0 {
		o.Lease = 10 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Runner{o, uuid.New(), make(chan struct{}, 1)}
}

// mostAttempts bounds how often a verification is begun or resumed that ends again and again, for
// example because the processes that run it do.
const mostAttempts = 50

// ErrNoVerification means that there is no verification with this id, or none at all.
var ErrNoVerification = errors.New("there is no such verification")

const runColumns = `
	id, state, coalesce(stream_id, '00000000-0000-0000-0000-000000000000'), started_by, started_at, finished_at,
	phase, done, total, report, coalesce(error, '')`

func scanRun(row pgx.CollectableRow) (r Run, err error) {
	var report []byte
	err = row.Scan((*[16]byte)(&r.ID), &r.State, (*[16]byte)(&r.StreamID), (*[16]byte)(&r.StartedBy), &r.StartedAt,
		&r.FinishedAt, &r.Progress.Phase, &r.Progress.Done, &r.Progress.Total, &report, &r.Error)
	if err != nil {
		return r, err
	}
	r.StartedAt = r.StartedAt.UTC()
	if r.FinishedAt != nil {
		*r.FinishedAt = r.FinishedAt.UTC()
	}
	if report != nil {
		err = json.Unmarshal(report, &r.Report)
	}
	return r, err
}

func (r *Runner) one(ctx context.Context, sql string, args ...any) (Run, error) {
	rows, _ := r.Pool.Query(ctx, sql, args...)
	run, err := pgx.CollectExactlyOneRow(rows, scanRun)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Run{}, ErrNoVerification
	case err != nil:
		return Run{}, fmt.Errorf("read a verification: %w", err)
	}
	return run, nil
}

// Start starts a verification of one stream, or of the whole log. If one is already running, it
// returns that one.
func (r *Runner) Start(ctx context.Context, stream, by uuid.UUID, now time.Time) (Run, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Run{}, err
	}
	var only any
	if stream != uuid.Nil {
		only = [16]byte(stream)
	}
	for {
		run, err := r.one(ctx, `
			insert into audit_verifications (id, stream_id, started_by, started_at)
			values ($1, $2, $3, $4)
			on conflict (state) where state = 'running' do nothing
			returning `+runColumns, [16]byte(id), only, [16]byte(by), now)
		if !errors.Is(err, ErrNoVerification) {
			r.wake()
			return run, err
		}
		run, err = r.one(ctx, `select `+runColumns+` from audit_verifications where state = 'running'`)
		if !errors.Is(err, ErrNoVerification) { // otherwise it has just ended
			return run, err
		}
	}
}

// Get returns one verification, or [ErrNoVerification].
func (r *Runner) Get(ctx context.Context, id uuid.UUID) (Run, error) {
	return r.one(ctx, `select `+runColumns+` from audit_verifications where id = $1`, [16]byte(id))
}

// Last returns the verification that was started last, or [ErrNoVerification].
func (r *Runner) Last(ctx context.Context) (Run, error) {
	return r.one(ctx, `select `+runColumns+` from audit_verifications order by id desc limit 1`)
}

// List returns the verifications that were started before another one, newest first. The zero id
// stands for none.
func (r *Runner) List(ctx context.Context, before uuid.UUID, limit int) ([]Run, error) {
	if before == uuid.Nil {
		before = uuid.Max
	}
	rows, _ := r.Pool.Query(ctx, `
		select `+runColumns+`
		from audit_verifications
		where id < $1
		order by id desc
		limit $2`, [16]byte(before), limit)
	return collect(rows, scanRun, "list verifications")
}

func (r *Runner) wake() {
	select {
	case r.awake <- struct{}{}:
	default:
	}
}

// Run works on what is started, in this process or in another one, until ctx ends. Then another
// process goes on with it.
func (r *Runner) Run(ctx context.Context) {
	const lookEvery = 5 * time.Second
	look := time.NewTicker(min(lookEvery, r.Lease))
	defer look.Stop()
	for ctx.Err() == nil {
		worked, err := r.work(ctx)
		if err != nil && ctx.Err() == nil {
			r.Logger.Warn("a verification was interrupted", "error", err)
		}
		if worked && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-look.C:
		case <-r.awake:
		}
	}
}

// work does what is to be done, and reports whether there was something.
func (r *Runner) work(ctx context.Context) (bool, error) {
	job := &job{Runner: r}
	var stream *[16]byte
	var attempts int
	err := r.Pool.QueryRow(ctx, `
		update audit_verifications
		set holder = $1, lease_until = now() + $2, attempts = attempts + 1
		where state = 'running' and (lease_until is null or lease_until < now())
		returning id, stream_id, saved, attempts`, [16]byte(r.id), r.Lease).
		Scan((*[16]byte)(&job.id), &stream, &job.saved, &attempts)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if stream != nil {
		job.stream = *stream
	}
	if attempts > mostAttempts {
		return true, job.finish(ctx, Broken, nil)
	}
	return true, job.run(ctx)
}

// job is a verification that this process works on.
type job struct {
	*Runner
	id, stream uuid.UUID

	mu       sync.Mutex
	saved    []byte
	progress VerifyProgress
}

var errLeaseLost = errors.New("another process goes on with it")

func (j *job) run(ctx context.Context) error {
	o := j.Verify
	o.Stream, o.Resume, o.SaveEvery = j.stream, j.saved, cmp.Or(o.SaveEvery, j.Lease/10)
	o.Observe = func(p VerifyProgress) { j.mu.Lock(); defer j.mu.Unlock(); j.progress = p }
	o.Save = func(state []byte) {
		j.mu.Lock()
		j.saved = state
		j.mu.Unlock()
		if j.Verify.Save != nil {
			j.Verify.Save(state)
		}
	}
	working, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var beating sync.WaitGroup
	beating.Go(func() { j.keepLease(working, cancel) })
	report, err := Verify(working, o)
	if lost := context.Cause(working); err != nil && lost != nil {
		err = lost
	}
	cancel(nil)
	beating.Wait()
	switch {
	case err == nil && report.OK():
		return j.finish(ctx, Passed, report)
	case err == nil:
		return j.finish(ctx, Failed, report)
	case errors.Is(err, errLeaseLost):
		return err
	case ctx.Err() != nil || eventstore.IsUnavailable(err):
		return errors.Join(err, j.release(ctx))
	}
	j.Logger.Error("a verification could not be carried out", "error", err, "verification", j.id)
	return j.finish(ctx, Broken, nil)
}

// keepLease stores the progress, and so keeps the lease.
func (j *job) keepLease(ctx context.Context, lost context.CancelCauseFunc) {
	beat := time.NewTicker(min(time.Second, j.Lease/5))
	defer beat.Stop()
	for kept := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		mine, err := j.store(ctx, j.Lease)
		switch {
		case err == nil && !mine, err != nil && time.Since(kept) > j.Lease:
			lost(errLeaseLost)
			return
		case err == nil:
			kept = time.Now()
		}
	}
}

// store stores how far the job is, and reports whether it is still this process's.
func (j *job) store(ctx context.Context, lease time.Duration) (mine bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, j.Lease/2)
	defer cancel()
	j.mu.Lock()
	saved, p := j.saved, j.progress
	j.mu.Unlock()
	tag, err := j.Pool.Exec(ctx, `
		update audit_verifications
		set saved = $3, phase = $4, done = $5, total = $6, lease_until = now() + $7
		where id = $1 and holder = $2 and state = 'running'`,
		[16]byte(j.id), [16]byte(j.Runner.id), saved, cmp.Or(p.Phase, "records"), p.Done, p.Total, lease)
	return tag.RowsAffected() == 1, err
}

// release lets another process go on at once.
func (j *job) release(ctx context.Context) error {
	_, err := j.store(context.WithoutCancel(ctx), 0)
	return err
}

func (j *job) finish(ctx context.Context, state string, report *Report) error {
	var stored []byte
	var text *string
	if report != nil {
		var err error
		if stored, err = json.Marshal(report); err != nil {
			return err
		}
	}
	if state == Broken {
		reason := "The log of the server has the reason."
		text = &reason
	}
	_, err := j.Pool.Exec(ctx, `
		update audit_verifications
		set state = $3, report = $4, error = $5, finished_at = now(), phase = $6, done = $7, total = $8,
			saved = null, holder = null, lease_until = null
		where id = $1 and holder = $2 and state = 'running'`,
		[16]byte(j.id), [16]byte(j.Runner.id), state, stored, text, cmp.Or(j.progress.Phase, "records"), j.progress.Done,
		j.progress.Total)
	return err
}
