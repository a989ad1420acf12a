package projections

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// EventChange is what has become of an event. The numbers are the newest ones, and may be newer than Last.
type EventChange struct {
	ID          uuid.UUID
	Remaining   int
	Capacity    int
	Status      string
	Version     int
	First, Last int64 // the positions of its oldest and its newest record in this piece of news
}

// News are all changes of a stretch of the log, ordered by Last.
type News struct {
	After, Upto int64
	Events      []EventChange
}

// Live tells of changes of events as soon as the read model has them, whichever process projects.
type Live struct {
	pool   *pgxpool.Pool
	wire   *Wire
	logger *slog.Logger

	watched atomic.Bool
	called  *Bell
}

// NewLive hears of news by wire, and reads them through pool.
func NewLive(pool *pgxpool.Pool, wire *Wire, logger *slog.Logger) *Live {
	return &Live{pool: pool, wire: wire, logger: logger, called: NewBell()}
}

const (
	// newsEvery is how long news are gathered, so that a storm of commits costs a bounded number of queries. The first is told at once.
	newsEvery = 10 * time.Millisecond
	// unwatchedEvery is the same while nobody is there to be told, but for the memory of what happened last.
	unwatchedEvery = time.Second
	// NewsStretch is the longest stretch of the log that one piece of news covers, and how far back the first one reaches.
	NewsStretch = 10_000
)

// Watch says whether somebody waits for news. While nobody does, they come about once a second.
func (l *Live) Watch(watched bool) {
	if l.watched.Swap(watched) != watched {
		l.called.Ring()
	}
}

// Run tells of all changes until ctx ends, one stretch of the log after the other without a gap. The first stretch lies before the
// start, so that there is a memory of what happened last.
func (l *Live) Run(ctx context.Context, tell func(News)) {
	var at int64
	hasBegun, isLate := false, false
	for ctx.Err() == nil {
		rung, called := l.wire.Checkpoints.Listen(), l.called.Listen()
		reached, known := l.wire.reached([]string{eventsName})
		if !known || isLate {
			var err error
			if reached, err = l.look(ctx); err != nil {
				l.failed(ctx, err)
				continue
			}
			isLate = false
		}
		if !hasBegun {
			at = max(0, reached-NewsStretch)
		}
		if !hasBegun || reached > at {
			news, err := l.read(ctx, at, min(reached, at+NewsStretch))
			if err != nil {
				l.failed(ctx, err)
				continue
			}
			at, hasBegun = news.Upto, true
			tell(news)
			l.gather(ctx, called)
			continue
		}
		isLate = l.wait(ctx, rung, called)
	}
}

// gather lets news come together.
func (l *Live) gather(ctx context.Context, called <-chan struct{}) {
	if l.watched.Load() {
		pause(ctx, newsEvery)
		return
	}
	standBy(ctx, called, unwatchedEvery)
}

// wait waits for news. A notification can be lost, so after a while it is time to look.
func (l *Live) wait(ctx context.Context, rung, called <-chan struct{}) (late bool) {
	timer := time.NewTimer(unwatchedEvery)
	defer timer.Stop()
	select {
	case <-rung:
	case <-called:
	case <-timer.C:
		return l.watched.Load()
	case <-ctx.Done():
	}
	return false
}

func (l *Live) failed(ctx context.Context, err error) {
	if ctx.Err() == nil {
		l.logger.Warn("reading what has changed failed", "error", err)
	}
	pause(ctx, pollEvery)
}

func (l *Live) look(ctx context.Context) (position int64, err error) {
	err = l.pool.QueryRow(ctx, `select coalesce((select position from projection_checkpoints where name = $1), 0)`, eventsName).Scan(&position)
	if err == nil {
		l.wire.learn(eventsName, position)
	}
	return position, err
}

// read looks each event up by its id, in whatever number of them and however old the statistics of the tables: "offset 0" keeps
// the planner from reading the whole read model for a join.
func (l *Live) read(ctx context.Context, after, upto int64) (News, error) {
	rows, _ := l.pool.Query(ctx, `
		select changed.id, e.remaining, e.capacity, e.status, e.version, changed.first, changed.last
		from (
			select stream_id as id, min(position) as first, max(position) as last
			from event_log
			where position > $1 and position <= $2
			group by stream_id
		) changed
		cross join lateral (
			select remaining, capacity, status, version from events where id = changed.id offset 0
		) e
		order by changed.last`, after, upto)
	events, err := pgx.CollectRows(rows, pgx.RowToStructByPos[EventChange])
	if err != nil {
		return News{}, fmt.Errorf("changes after position %d: %w", after, err)
	}
	return News{after, upto, events}, nil
}
