package projections

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/projections/engine"
)

// EventChange is the state of an event that has changed. The numbers are the newest ones, and may
// be newer than Last.
type EventChange struct {
	ID          uuid.UUID
	Remaining   int
	Capacity    int
	Status      string
	Version     int
	First, Last int64 // the positions of its oldest and its newest record in this News
}

// News holds all changes of a range of the log, but for those of drafts: events ordered by Last, the
// others by Position.
type News struct {
	After, Upto int64
	Events      []EventChange
	OwnedChanges
	// Reset says that what was told before is void: the database has lost commits or was restored.
	// Positions may be lower than before, and versions too.
	Reset bool
}

// Live tells of changes of events and bookings as soon as the read model of events has them, whichever
// process projects.
type Live struct {
	pool     *pgxpool.Pool
	notifier *engine.Notifier
	logger   *slog.Logger

	inHand inHand // of the projection in this process, if there is one

	watched  atomic.Bool
	watching *engine.Signal
}

// NewLive hears of changes by the notifier, and reads them through pool.
func NewLive(pool *pgxpool.Pool, notifier *engine.Notifier, logger *slog.Logger) *Live {
	return &Live{pool: pool, notifier: notifier, logger: logger, watching: engine.NewSignal()}
}

const (
	// newsEvery is the least time between two News, so that a storm of commits costs a bounded
	// number of queries.
	newsEvery = 10 * time.Millisecond
	// unwatchedEvery is the same while nobody watches: the receiver remembers what happened last.
	unwatchedEvery = time.Second
	// retryEvery is the pause after an error.
	retryEvery = 250 * time.Millisecond
	// NewsStretch is how many positions of the log one News covers at most, and how far back the
	// first one reaches.
	NewsStretch = 10_000
)

// Projections are [All], and hand over to l what they apply.
func (l *Live) Projections() []engine.Projection {
	events := eventsTable()
	events.Applied = l.inHand.add
	return []engine.Projection{events, bookingsTable(), holdsTable(), waitlistTable()}
}

// Watch tells whether somebody waits for changes. While nobody does, they come about once a second.
func (l *Live) Watch(watched bool) {
	if l.watched.Swap(watched) != watched {
		l.watching.Broadcast()
	}
}

// place is where in the log the next News begin. The hash is that of the record there, so that
// another history is noticed; nil: there is none.
type place struct {
	position int64
	hash     []byte
	restarts int64
}

// Run calls tell with all changes until ctx ends, one range of the log after the other without a
// gap. The first range lies before the start, so that the receiver knows what happened last. When
// the database turns out to have another history, it begins again, with a reset.
func (l *Live) Run(ctx context.Context, tell func(News)) {
	var at place
	hasBegun, isLate, isReset := false, false, false
	for ctx.Err() == nil {
		advanced, watching := l.notifier.Checkpoints.Listen(), l.watching.Listen()
		reached, known := l.notifier.Reached(eventsName)
		if !known || isLate {
			if err := l.notifier.ReadCheckpoints(ctx, l.pool); err != nil {
				l.failed(ctx, err)
				continue
			}
			isLate = false
			continue
		}
		restarts := l.notifier.RestartsOf(eventsName) // the others find a restore at other moments
		if hasBegun && (reached < at.position || restarts != at.restarts) {
			hasBegun, isReset = false, true
		}
		if !hasBegun {
			at = place{position: max(0, reached-NewsStretch)}
		}
		if hasBegun && reached == at.position {
			isLate = l.wait(ctx, advanced, watching)
			continue
		}
		at.restarts = restarts
		news, next, err := l.next(ctx, at, min(reached, at.position+NewsStretch), !hasBegun)
		switch {
		case errors.Is(err, errOtherHistory):
			hasBegun, isReset = false, true
		case err == nil && isReset && next.hash == nil && next.position > 0:
			isLate = true // the log ends before: the checkpoint that is known is of the other history
			engine.Await(ctx, nil, newsEvery)
		case err != nil:
			l.failed(ctx, err)
		default:
			news.Reset = isReset
			at, hasBegun, isReset = next, true, false
			tell(news)
			l.linger(ctx, watching)
		}
	}
}

// next gives the changes after a place that the projection of this process has in hand, or reads
// them.
func (l *Live) next(ctx context.Context, at place, upto int64, isFirst bool) (news News, next place, err error) {
	if !isFirst {
		if news, next, ok := l.inHand.take(at, upto); ok {
			return news, next, nil
		}
	}
	return l.read(ctx, at, upto, isFirst)
}

// linger lets changes come together.
func (l *Live) linger(ctx context.Context, watching <-chan struct{}) {
	if l.watched.Load() {
		engine.Await(ctx, nil, newsEvery)
		return
	}
	engine.Await(ctx, watching, unwatchedEvery)
}

// wait waits for changes. A notification can be lost, so it is late after a while.
func (l *Live) wait(ctx context.Context, advanced, watching <-chan struct{}) (late bool) {
	timer := time.NewTimer(unwatchedEvery)
	defer timer.Stop()
	select {
	case <-advanced:
	case <-watching:
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
	engine.Await(ctx, nil, retryEvery)
}

var errOtherHistory = errors.New("the log has another history than before")

// read looks each event up by its id, however many there are and however old the statistics of the
// tables: "offset 0" keeps the planner from reading the whole read model for a join.
func (l *Live) read(ctx context.Context, at place, upto int64, isFirst bool) (news News, next place, err error) {
	news, next = News{After: at.position, Upto: upto}, place{position: upto, restarts: at.restarts}
	b := &pgx.Batch{}
	b.Queue(`
		select (select hash from event_log where position = $1), (select hash from event_log where position = $2)`,
		at.position, upto).QueryRow(func(row pgx.Row) error {
		var hash []byte
		err := row.Scan(&hash, &next.hash)
		if err == nil && !isFirst && !bytes.Equal(hash, at.hash) {
			err = errOtherHistory
		}
		return err
	})
	b.Queue(`
		select changed.id, e.remaining, e.capacity, e.status, e.version, changed.first, changed.last
		from (
			select stream_id as id, min(position) as first, max(position) as last
			from event_log
			where position > $1 and position <= $2
			group by stream_id
		) changed
		cross join lateral (
			select remaining, capacity, status, version from events where id = changed.id and published offset 0
		) e
		order by changed.last`, at.position, upto).Query(func(rows pgx.Rows) (err error) {
		news.Events, err = pgx.CollectRows(rows, pgx.RowToStructByPos[EventChange])
		return err
	})
	b.Queue(`
		select position, stream_id, version, type, schema_version, data
		from event_log
		where position > $1 and position <= $2 and type = any($3)
		order by position`, at.position, upto, ownedTypes(),
	).Query(func(rows pgx.Rows) error { return news.collect(rows) })
	if err := l.pool.SendBatch(ctx, b).Close(); err != nil {
		return news, next, fmt.Errorf("changes after position %d: %w", at.position, err)
	}
	return news, next, nil
}

// End is the position of the log's last record.
func (l *Live) End(ctx context.Context) (end int64, err error) {
	if err := l.pool.QueryRow(ctx, `select position from log_head`).Scan(&end); err != nil {
		return 0, fmt.Errorf("the end of the log: %w", err)
	}
	return end, nil
}

// Places is [Waitlist.Places].
func (l *Live) Places(ctx context.Context, events, users, newcomers []uuid.UUID) ([]Place, int64, error) {
	return Waitlist{Pool: l.pool}.Places(ctx, events, users, newcomers)
}
