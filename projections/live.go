package projections

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	First, Last int64 // the positions of its oldest and its newest record in these Changes
}

// Changes are all changes of a range of the log, except those of drafts: events ordered by Last, the
// others by Position.
type Changes struct {
	After, Upto int64
	Events      []EventChange
	OwnedChanges
	// Reset says that earlier Changes are void: the database has lost commits or was restored.
	// Positions and versions may be lower than before.
	Reset bool
}

// Live reports changes of events and bookings as soon as the read model of events has them, whichever
// process projects.
type Live struct {
	pool     *pgxpool.Pool
	notifier *engine.Notifier
	logger   *slog.Logger

	backlog backlog // of the projection in this process, if there is one

	watching *engine.Signal
}

// NewLive is woken by the notifier, and reads changes through pool.
func NewLive(pool *pgxpool.Pool, notifier *engine.Notifier, logger *slog.Logger) *Live {
	return &Live{pool: pool, notifier: notifier, logger: logger, watching: engine.NewSignal()}
}

const (
	// changesEvery is the least time between two Changes, so that many commits cost a bounded number
	// of queries.
	changesEvery = 10 * time.Millisecond
	// unwatchedEvery is the same while nobody watches: the receiver remembers the latest changes.
	unwatchedEvery = time.Second
	// retryEvery is the pause after an error.
	retryEvery = 250 * time.Millisecond
	// MaxRange is how many positions of the log Changes cover at most, and how far back the first ones
	// reach.
	MaxRange = 10_000
)

// Projections are [All], and pass to l what they apply.
func (l *Live) Projections() []engine.Projection {
	events := eventsTable()
	events.Applied = l.backlog.add
	return []engine.Projection{events, bookingsTable(), holdsTable(), waitlistTable()}
}

// Watch sets whether somebody waits for changes. While nobody does, they come about once a second.
func (l *Live) Watch(watched bool) {
	if l.notifier.Watch(watched) {
		l.watching.Broadcast()
	}
}

// cursor is the position after which the next Changes begin. The hash is that of the record there, by
// which another history is noticed; nil: there is no record.
type cursor struct {
	position int64
	hash     []byte
	restarts int64
}

// Run calls tell with all changes until ctx ends, one range of the log after the other without a
// gap. The first range ends at the start, so that the receiver knows the latest changes. When the
// database turns out to have another history, it begins again, with a reset.
func (l *Live) Run(ctx context.Context, tell func(Changes)) {
	var at cursor
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
		restarts := l.notifier.RestartsOf(eventsName) // other projections notice a restore at other moments
		if hasBegun && (reached < at.position || restarts != at.restarts) {
			hasBegun, isReset = false, true
		}
		if !hasBegun {
			at = cursor{position: max(0, reached-MaxRange)}
		}
		if hasBegun && reached == at.position {
			isLate = l.wait(ctx, advanced, watching)
			continue
		}
		at.restarts = restarts
		changes, next, err := l.next(ctx, at, min(reached, at.position+MaxRange), !hasBegun)
		switch {
		case errors.Is(err, errOtherHistory):
			hasBegun, isReset = false, true
		case err == nil && isReset && next.hash == nil && next.position > 0:
			isLate = true // the known checkpoint is of the other history: this log ends before it
			engine.Await(ctx, nil, changesEvery)
		case err != nil:
			l.failed(ctx, err)
		default:
			changes.Reset = isReset
			at, hasBegun, isReset = next, true, false
			tell(changes)
			l.linger(ctx, watching)
		}
	}
}

// next returns the changes after a cursor: from the backlog if it has them, else from the database.
func (l *Live) next(ctx context.Context, at cursor, upto int64, isFirst bool) (Changes, cursor, error) {
	if !isFirst {
		if changes, next, ok := l.backlog.take(at, upto); ok {
			return changes, next, nil
		}
	}
	return l.read(ctx, at, upto, isFirst)
}

// linger waits, so that more changes come together.
func (l *Live) linger(ctx context.Context, watching <-chan struct{}) {
	if l.notifier.IsWatched() {
		engine.Await(ctx, nil, changesEvery)
		return
	}
	engine.Await(ctx, watching, unwatchedEvery)
}

// wait waits for changes. It returns true after a timeout while somebody watches: a notification can
// be lost.
func (l *Live) wait(ctx context.Context, advanced, watching <-chan struct{}) (late bool) {
	return engine.AwaitEither(ctx, advanced, watching, unwatchedEvery) && l.notifier.IsWatched()
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
func (l *Live) read(ctx context.Context, at cursor, upto int64, isFirst bool) (Changes, cursor, error) {
	changes, next := Changes{After: at.position, Upto: upto}, cursor{position: upto, restarts: at.restarts}
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
		changes.Events, err = pgx.CollectRows(rows, pgx.RowToStructByPos[EventChange])
		return err
	})
	b.Queue(`
		select position, stream_id, version, type, schema_version, data
		from event_log
		where position > $1 and position <= $2 and type = any($3)
		order by position`, at.position, upto, ownedTypes(),
	).Query(func(rows pgx.Rows) error { return changes.collect(rows) })
	if err := l.pool.SendBatch(ctx, b).Close(); err != nil {
		return changes, next, fmt.Errorf("changes after position %d: %w", at.position, err)
	}
	return changes, next, nil
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
