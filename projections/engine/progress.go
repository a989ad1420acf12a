package engine

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Progress knows how far the read models are, whichever process projects. It works while
// [Progress.Run] runs.
type Progress struct {
	// Crowded tells whether many wait for an answer; nil: they never do. While it is true no answer is
	// early, so that reads, which are many too, need not wait for a page. Set it before others use the
	// Progress.
	Crowded func() bool

	pool     *pgxpool.Pool
	notifier *Notifier
	health   eventstore.Health
	logger   *slog.Logger
	reached  atomic.Int64

	mu       sync.Mutex
	answered answered

	began    chan struct{} // one token: somebody began to wait
	advanced *Signal       // reached has grown
}

// NewProgress hears of checkpoints by the notifier, and reads them through pool when it hears
// nothing.
func NewProgress(
	pool *pgxpool.Pool, notifier *Notifier, health eventstore.Health, logger *slog.Logger,
) *Progress {
	return &Progress{
		pool: pool, notifier: notifier, health: health, logger: logger, began: make(chan struct{}, 1), advanced: NewSignal(),
	}
}

// Reached is a position up to which all read models contain the log, parked streams apart. They may
// be further already.
func (p *Progress) Reached() int64 { return p.reached.Load() }

// Lag is how many positions an answer from read models at reached may be behind the one that was
// asked for (0: none was). It is behind also while a read model stands before a record that nobody
// knows who could project it, or while the stream that it is about is parked; for [uuid.Nil], while
// any is.
func (p *Progress) Lag(reached, asked int64, stream uuid.UUID) int64 {
	lacks := reached + 1
	if parked := p.notifier.parkedAt(stream); parked > 0 {
		lacks = min(lacks, parked)
	}
	end := max(reached, asked)
	if len(p.notifier.Unknown()) > 0 {
		end = max(end, p.notifier.logEnd())
	}
	return end - lacks + 1
}

// answered is what AnswerEarly has let through since a restart.
type answered struct {
	restarts int64
	position int64     // the highest
	at       time.Time // of the newest
	// One of them, to see whether the read models keep up: the next is noted when they have reached it.
	noted   int64
	notedAt time.Time
}

const (
	// keptUp and fewRecords are how far behind read models may be for answers to be early. Those that
	// keep up are behind by unwatchedPageEvery or manyRecords, and by a page.
	keptUp     = 500 * time.Millisecond
	fewRecords = 250
	// awaitedFor is for how long reads wait for what was answered early.
	awaitedFor = 2 * time.Second
)

// AnswerEarly tells whether an answer may name a position before the read models contain it: only
// this process answers reads, which wait for [Progress.Answered], the read models keep up, and there
// is no crowd. If it is false, the answer has to wait.
func (p *Progress) AnswerEarly(position int64) bool {
	if !p.notifier.IsAlone() || p.Crowded != nil && p.Crowded() {
		return false
	}
	restarts, reached, now := p.Restarts(), p.Reached(), time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := &p.answered; a.restarts != restarts {
		*a = answered{restarts: restarts}
	}
	switch a := &p.answered; {
	case position-reached > fewRecords:
		return false
	case a.noted <= reached:
		a.noted, a.notedAt = position, now
	case now.Sub(a.notedAt) > keptUp:
		return false
	}
	p.answered.position, p.answered.at = max(p.answered.position, position), now
	return true
}

// Answered is the position that a read has to contain, so that whoever got an answer finds what it
// was about. A process that has just begun to listen may not have been noticed by the others yet:
// until it must have been, or has found that there are none, that is the end of the log.
func (p *Progress) Answered(ctx context.Context) (position int64) {
	if !p.notifier.IsNoticed() && !p.notifier.IsAlone() {
		whileUp, stop := p.health.Guard(ctx)
		head, err := eventstore.NewLog(p.pool).Head(whileUp)
		stop()
		if err == nil { // or else the read itself will fail
			return head
		}
	}
	restarts := p.Restarts()
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := &p.answered; a.restarts == restarts && time.Since(a.at) < awaitedFor {
		position = a.position
	}
	return position
}

// Restarts counts the times after which positions that were remembered are wrong; see
// [Notifier.Restarts].
func (p *Progress) Restarts() int64 { return p.notifier.Restarts() }

// Wait returns when all read models contain the log up to position, when ctx ends, or when the
// database is known to be gone. It returns the position that they are known to have reached.
func (p *Progress) Wait(ctx context.Context, position int64) (reached int64) {
	if p.Reached() < position {
		defer p.notifier.await()()
	}
	for {
		advanced := p.advanced.Listen()
		if reached = p.reached.Load(); reached >= position || ctx.Err() != nil {
			return reached
		}
		offer(p.began)
		select {
		case <-advanced:
		case <-ctx.Done():
		case <-p.health.Down():
			return p.reached.Load()
		}
	}
}

// Run follows the checkpoints until ctx ends. It reads them while one is unknown, and again and
// again while somebody waits and no notification comes.
func (p *Progress) Run(ctx context.Context) {
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() { p.watch(ctx) })
	for ctx.Err() == nil {
		changed := p.notifier.Checkpoints.Listen()
		position, known := p.notifier.Reached(p.notifier.names...)
		if !known {
			if !p.read(ctx) {
				Await(ctx, nil, pollEvery)
			}
			continue
		}
		if p.reached.Swap(position) < position {
			p.advanced.Broadcast()
		}
		if p.notifier.isAwaited() {
			late := Await(ctx, changed, pollEvery)
			if late && p.notifier.isAwaited() { // not only those who were about to go
				p.read(ctx)
			}
			continue
		}
		select {
		case <-changed:
		case <-p.began:
		case <-ctx.Done():
		}
	}
}

func (p *Progress) read(ctx context.Context) (ok bool) {
	err := p.notifier.ReadCheckpoints(ctx, p.pool)
	if err != nil && ctx.Err() == nil {
		p.logger.Warn("reading the checkpoints failed", "error", err)
	}
	return err == nil
}

// watch follows the end of the log, at most once a second, while a read model stands before a record
// that is not known. It asks the database only then.
func (p *Progress) watch(ctx context.Context) {
	for appended := p.notifier.Log.Listen(); ; appended = p.notifier.Log.Listen() {
		select {
		case <-appended:
		case <-ctx.Done():
			return
		}
		// By then a read model has come to the new record.
		if !Await(ctx, nil, time.Second) {
			return
		}
		if len(p.notifier.Unknown()) > 0 {
			p.notifier.reread()
		}
	}
}
