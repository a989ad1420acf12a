package engine

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Progress knows how far the read models are, whichever process projects. It works while
// [Progress.Run] runs.
type Progress struct {
	pool     *pgxpool.Pool
	notifier *Notifier
	health   eventstore.Health
	logger   *slog.Logger
	reached  atomic.Int64

	waiting  atomic.Int64  // callers of Wait
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

// Wait returns when all read models contain the log up to position, when ctx ends, or when the
// database is known to be gone. It returns the position that they are known to have reached.
func (p *Progress) Wait(ctx context.Context, position int64) (reached int64) {
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
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
		if p.waiting.Load() > 0 {
			if late := Await(ctx, changed, pollEvery); late {
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
