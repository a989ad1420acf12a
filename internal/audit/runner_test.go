package audit_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// process is a process with a runner.
type process struct {
	*audit.Runner
	stop func()
}

func (b *box) verifier(verify audit.VerifyOptions) process {
	b.Helper()
	verify.Pool, verify.Keys = b.pool, b.keys
	r := audit.NewRunner(audit.RunnerOptions{Pool: b.pool, Verify: verify, Lease: 500 * time.Millisecond})
	ctx, cancel := context.WithCancel(b.ctx)
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	stop := func() { cancel(); running.Wait() }
	b.Cleanup(stop)
	return process{r, stop}
}

// ended waits for the end of a verification.
func (b *box) ended(r process, id uuid.UUID) (run audit.Run) {
	b.Helper()
	b.until(func() bool {
		var err error
		run, err = r.Get(b.ctx, id)
		dbtest.Must(b, err)
		return run.State != audit.Running
	})
	return run
}

func TestVerificationsRunOneAtATimeInAllProcesses(t *testing.T) {
	b := open(t)
	one, _ := b.sample()
	lock, err := b.pool.Begin(b.ctx) // holds the first one up
	dbtest.Must(t, err)
	_, err = lock.Exec(b.ctx, `lock table audit_checkpoints in access exclusive mode`)
	dbtest.Must(t, err)
	here, there := b.verifier(audit.VerifyOptions{}), b.verifier(audit.VerifyOptions{})
	if _, err := here.Last(b.ctx); !errors.Is(err, audit.ErrNoVerification) {
		t.Errorf("before anything was started: %v", err)
	}
	first, err := here.Start(b.ctx, uuid.Nil, id('u', 1), time.Now())
	dbtest.Must(t, err)
	if second, err := there.Start(b.ctx, one, id('u', 2), time.Now()); err != nil || second.ID != first.ID ||
		second.State != audit.Running {
		t.Errorf("got %+v, %v, want the one that runs already", second, err)
	}
	dbtest.Must(t, lock.Rollback(b.ctx))
	if run := b.ended(there, first.ID); run.State != audit.Passed || run.Report.Records != 28 ||
		run.FinishedAt == nil || run.StartedBy != id('u', 1) || run.Progress.Done != 28 || run.Progress.Total != 28 {
		t.Errorf("got %+v", run)
	}
	b.tamper(`update event_log set data = '7' where position = 28`)
	second, err := there.Start(b.ctx, one, id('u', 2), time.Now())
	dbtest.Must(t, err)
	if run := b.ended(here, second.ID); run.State != audit.Passed || run.StreamID != one || run.Report.Records != 14 {
		t.Errorf("got %+v", run)
	}
	third, err := there.Start(b.ctx, uuid.Nil, id('u', 2), time.Now())
	dbtest.Must(t, err)
	if run := b.ended(here, third.ID); run.State != audit.Failed || run.Report.Findings[0].Position != 28 {
		t.Errorf("got %+v", run)
	}
	list, err := here.List(b.ctx, uuid.Nil, 2)
	if err != nil || len(list) != 2 || list[0].ID != third.ID || list[1].ID != second.ID {
		t.Errorf("got %+v, %v", list, err)
	}
	if list, err := here.List(b.ctx, second.ID, 2); err != nil || len(list) != 1 || list[0].ID != first.ID {
		t.Errorf("got %+v, %v", list, err)
	}
}

func TestAVerificationThatCanNotBeCarriedOutIsToldWithoutTheReason(t *testing.T) {
	b := open(t)
	b.sample()
	b.sign()
	_, err := b.pool.Exec(b.ctx, `alter table audit_checkpoints rename column note to kept`)
	dbtest.Must(t, err)
	r := b.verifier(audit.VerifyOptions{})
	run, err := r.Start(b.ctx, uuid.Nil, id('u', 1), time.Now())
	dbtest.Must(t, err)
	if run := b.ended(r, run.ID); run.State != audit.Broken || run.Error != "The log of the server has the reason." {
		t.Errorf("got %+v", run)
	}
}

// A process ends in the midst of a verification, and another one goes on: not from the beginning,
// and with the same report.
func TestAVerificationSurvivesItsProcess(t *testing.T) {
	b := open(t)
	for n := range 40 {
		b.sell(id('e', n+1), 9)
	}
	b.readModels()
	b.sign()
	b.tamper(`update event_log set data = '7' where stream_id = $1 and version = 13`, id('e', 1))
	b.tamper(`update event_log set data = '7' where stream_id = $1 and version = 13`, id('e', 40))
	want := b.verify()
	if len(want.Findings) < 4 {
		t.Fatalf("got %v", want.Findings)
	}

	reached, release := make(chan struct{}), make(chan struct{})
	saves := 0
	first := b.verifier(audit.VerifyOptions{SaveEvery: 1, Save: func([]byte) {
		if saves++; saves == 20 {
			close(reached)
			<-release
		}
	}})
	run, err := first.Start(b.ctx, uuid.Nil, id('u', 1), time.Now())
	dbtest.Must(t, err)
	<-reached
	b.happen(id('e', 2), domain.CapacityChanged{Capacity: 30}) // is not part of what was asked for
	b.until(func() bool {                                      // the progress is kept
		now, err := first.Get(b.ctx, run.ID)
		dbtest.Must(t, err)
		return now.Progress.Done > 0 && now.Progress.Total == want.Records
	})
	stopped := make(chan struct{})
	go func() { first.stop(); close(stopped) }()
	close(release)
	<-stopped

	streams := 0
	second := b.verifier(audit.VerifyOptions{SaveEvery: 1, Save: func([]byte) { streams++ }})
	got := b.ended(second, run.ID)
	second.stop()
	if got.Report == nil {
		t.Fatalf("got %+v", got)
	}
	if streams > 25 {
		t.Errorf("%d streams were checked by the second process, of 40", streams)
	}
	report := *got.Report
	if report.Records != want.Records || report.Streams != want.Streams || report.Head != want.Head ||
		report.Root != want.Root || report.Checkpoints != want.Checkpoints || len(report.Findings) != len(want.Findings) ||
		report.ReadModels[0].Rows != want.ReadModels[0].Rows || report.ReadModels[1].Rows != want.ReadModels[1].Rows {
		t.Errorf("got %+v\nwant %+v", report, want)
	}
	for i := range want.Findings {
		if report.Findings[i] != want.Findings[i] {
			t.Errorf("finding %d is %v, want %v", i, report.Findings[i], want.Findings[i])
		}
	}
}

// A process that is killed says nothing; its lease ends.
func TestAVerificationOfAKilledProcessGoesOn(t *testing.T) {
	b := open(t)
	b.sample()
	_, err := b.pool.Exec(b.ctx, `
		insert into audit_verifications (id, started_by, started_at, holder, lease_until)
		values ($1, $2, now(), gen_random_uuid(), now() + interval '300 ms')`, id('v', 1), id('u', 1))
	dbtest.Must(t, err)
	r := b.verifier(audit.VerifyOptions{})
	if run := b.ended(r, id('v', 1)); run.State != audit.Passed {
		t.Errorf("got %+v", run)
	}
	_, err = b.pool.Exec(b.ctx, `
		insert into audit_verifications (id, started_by, started_at, attempts) values ($1, $2, now(), 50)`,
		id('v', 2), id('u', 1))
	dbtest.Must(t, err)
	if run := b.ended(r, id('v', 2)); run.State != audit.Broken {
		t.Errorf("one that ends its processes: %+v", run)
	}
}
