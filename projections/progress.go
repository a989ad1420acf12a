package projections

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Progress knows how far the read models are, whichever process projects. It works while [Progress.Run] runs.
type Progress struct {
	pool    *pgxpool.Pool
	wire    *Wire
	alive   eventstore.Health
	logger  *slog.Logger
	reached atomic.Int64

	waiting atomic.Int64  // callers of Wait
	asked   chan struct{} // one token: somebody began to wait
	moved   *Bell         // rings when reached has grown
}

// NewProgress hears of checkpoints by wire, and reads them through pool when there is nothing to hear.
func NewProgress(pool *pgxpool.Pool, wire *Wire, alive eventstore.Health, logger *slog.Logger) *Progress {
	return &Progress{pool: pool, wire: wire, alive: alive, logger: logger, asked: make(chan struct{}, 1), moved: NewBell()}
}

// Reached is a position up to which all read models contain the log, parked streams apart. They may be further already.
func (p *Progress) Reached() int64 { return p.reached.Load() }

// Wait returns when all read models contain the log up to position, when ctx ends, or when the database is known to be gone, and gives
// the position that they are known to have reached.
func (p *Progress) Wait(ctx context.Context, position int64) (reached int64) {
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	for {
		moved := p.moved.Listen()
		if reached = p.reached.Load(); reached >= position || ctx.Err() != nil {
			return reached
		}
		select {
		case p.asked <- struct{}{}:
		default:
		}
		select {
		case <-moved:
		case <-ctx.Done():
		case <-p.alive.Down():
			return p.reached.Load()
		}
	}
}

// Run follows the checkpoints until ctx ends. It reads them when it has not heard of each, and again and again while somebody
// waits and nothing is heard.
func (p *Progress) Run(ctx context.Context) {
	names := Names()
	for ctx.Err() == nil {
		rung := p.wire.Checkpoints.Listen()
		position, known := p.wire.reached(names)
		if !known {
			if err := p.wire.readCheckpoints(ctx, p.pool, names); err != nil {
				if ctx.Err() == nil {
					p.logger.Warn("reading the checkpoints failed", "error", err)
				}
				pause(ctx, pollEvery)
			}
			continue
		}
		if p.reached.Swap(position) < position {
			p.moved.Ring()
		}
		if p.waiting.Load() > 0 {
			p.follow(ctx, names, rung)
			continue
		}
		select {
		case <-rung:
		case <-p.asked:
		case <-ctx.Done():
		}
	}
}

// follow waits for news for those who wait, and looks for itself when there are none.
func (p *Progress) follow(ctx context.Context, names []string, rung <-chan struct{}) {
	if !standBy(ctx, rung, pollEvery) {
		return
	}
	if err := p.wire.readCheckpoints(ctx, p.pool, names); err != nil && ctx.Err() == nil {
		p.logger.Warn("reading the checkpoints failed", "error", err)
	}
}
