package projections

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Progress knows how far the read models are, whichever process projects. It works while [Progress.Run] runs.
type Progress struct {
	pool    *pgxpool.Pool
	wire    *Wire
	logger  *slog.Logger
	reached atomic.Int64

	waiting atomic.Int64  // callers of Wait
	asked   chan struct{} // one token: somebody began to wait
	moved   *Bell         // rings when reached has grown
}

// NewProgress reads the checkpoints through pool, and looks again when wire rings for them.
func NewProgress(pool *pgxpool.Pool, wire *Wire, logger *slog.Logger) *Progress {
	return &Progress{pool: pool, wire: wire, logger: logger, asked: make(chan struct{}, 1), moved: NewBell()}
}

// Wait returns when all read models contain the log up to position, or when ctx ends, and gives the position that they are known
// to have reached.
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
		}
	}
}

// Run looks at the checkpoints until ctx ends, once for all who wait, and not at all while nobody does.
func (p *Progress) Run(ctx context.Context) {
	for ctx.Err() == nil {
		rung := p.wire.Checkpoints.Listen()
		if p.waiting.Load() == 0 {
			select {
			case <-p.asked:
			case <-ctx.Done():
			}
			continue
		}
		if err := p.look(ctx); err != nil && ctx.Err() == nil {
			p.logger.Warn("reading the checkpoints failed", "error", err)
		}
		standBy(ctx, rung, pollEvery)
	}
}

func (p *Progress) look(ctx context.Context) error {
	var position int64
	err := p.pool.QueryRow(ctx, `
		select min(coalesce(c.position, 0))
		from unnest($1::text[]) as wanted (name)
		left join projection_checkpoints c using (name)`, names()).Scan(&position)
	if err == nil && position > p.reached.Load() {
		p.reached.Store(position)
		p.moved.Ring()
	}
	return err
}
