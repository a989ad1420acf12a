package eventstore

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// loader reads streams into the cache before commands on them enter a batch, so that a batch reads
// little and commands on other streams don't wait. However many commands want a stream, it is read
// once. A load begins in a group of many, where short streams are done with one statement; long ones
// then go on alone, from their snapshot, and let others go ahead from time to time.
type loader[S, R any] struct {
	*store[S, R]
	pool    *pgxpool.Pool
	health  Health
	timeout time.Duration // of a statement
	// loadTimeout bounds a load, from the request on: many others can be before it.
	loadTimeout time.Duration
	running     context.Context
	stop        context.CancelFunc
	answered    *atomic.Pointer[time.Time] // of the executor's batches
	done        sync.WaitGroup

	mu      sync.Mutex
	loads   map[uuid.UUID]*load[S, R]
	groups  []*load[S, R] // that have not begun
	long    []*load[S, R] // that have begun
	workers int           // at most loadWorkers
}

// load is a stream on its way into the cache.
type load[S, R any] struct {
	id        uuid.UUID
	requested time.Time
	queues    []*queue[S, R] // whose commands wait for it; under loader.mu

	stream    stream[S] // as far as it is read
	begun     bool
	restored  bool  // its snapshot was looked for
	abandoned bool  // all who waited for it have given up
	err       error // for which it is given up
}

const (
	// loadWorkers is how many connections loads use at most. They bound the memory that loads take,
	// and leave the processors to commands on streams that are known.
	loadWorkers = 2
	// loadGroup is how many streams begin with one statement.
	loadGroup = 250
	// longLoads is how many long streams are loaded in rotation. It bounds the memory of loads, too.
	longLoads = 8
	// loadAttempts is how many connections a load tries for one statement.
	loadAttempts = 3
)

func newLoader[S, R any](e *shared[S, R]) *loader[S, R] {
	l := &loader[S, R]{
		store: &e.store, pool: e.pool, health: e.options.Health, timeout: e.options.messageTimeout(),
		loadTimeout: 3 * e.options.Timeout, answered: &e.answered, loads: map[uuid.UUID]*load[S, R]{},
	}
	l.running, l.stop = context.WithCancel(e.running) //nolint:gosec // close calls stop
	return l
}

// close ends the loads that nobody waits for any more.
func (l *loader[S, R]) close() {
	l.stop()
	l.done.Wait()
}

// load has a stream delivered to a queue.
func (l *loader[S, R]) load(id uuid.UUID, to *queue[S, R]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.loads[id]
	if w == nil {
		w = &load[S, R]{id: id, requested: time.Now(), stream: l.cache.get(id)}
		l.loads[id] = w
		l.loading.Add(1)
		l.groups = append(l.groups, w)
	}
	w.queues = append(w.queues, to)
	if l.workers < loadWorkers {
		l.workers++
		l.done.Go(l.work)
	}
}

// work processes loads until there are none.
func (l *loader[S, R]) work() {
	for preferLong := false; ; preferLong = !preferLong {
		group := l.next(preferLong)
		if len(group) == 0 {
			return
		}
		wanted, abandoned := l.splitAbandoned(group)
		l.deliver(abandoned)
		if len(wanted) > 0 {
			ended, unfinished := l.process(wanted)
			l.deliver(ended)
			l.putBack(unfinished)
		}
	}
}

// next takes a group of loads, or a long one. There is none when the worker is to end.
func (l *loader[S, R]) next(preferLong bool) (group []*load[S, R]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.long) > 0 && (preferLong || len(l.groups) == 0) {
		group, l.long = l.long[:1:1], l.long[1:]
		return group
	}
	n := min(len(l.groups), loadGroup)
	group, l.groups = l.groups[:n:n], l.groups[n:]
	if n == 0 {
		l.workers--
		l.groups, l.long = nil, nil // and their memory
	}
	return group
}

// splitAbandoned tells the loads that a command waits for from those that all have given up. What was
// read of these is in the cache, and the next command goes on from there.
func (l *loader[S, R]) splitAbandoned(group []*load[S, R]) (wanted, abandoned []*load[S, R]) {
	for _, w := range group {
		l.mu.Lock()
		queues := w.queues
		l.mu.Unlock()
		w.abandoned = !slices.ContainsFunc(queues, func(q *queue[S, R]) bool { return q.awaits(w.id) })
		if w.abandoned {
			abandoned = append(abandoned, w)
		} else {
			wanted = append(wanted, w)
		}
	}
	return wanted, abandoned
}

// putBack has loads wait to be read on. Those that were read on alone go before others that were not,
// so that few are half read at a time.
func (l *loader[S, R]) putBack(unfinished []*load[S, R]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range unfinished {
		at := len(l.long)
		if w.restored {
			at = min(at, longLoads)
		}
		l.long = slices.Insert(l.long, at, w)
	}
}

// deliver hands loads that have ended over to the queues that wait for them.
func (l *loader[S, R]) deliver(ended []*load[S, R]) {
	var queues []*queue[S, R]
	l.mu.Lock()
	for _, w := range ended {
		delete(l.loads, w.id)
		l.loading.Add(-1)
		for _, q := range w.queues {
			if !slices.Contains(queues, q) {
				queues = append(queues, q)
			}
		}
	}
	l.mu.Unlock()
	for _, q := range queues {
		q.deliver(ended)
	}
	for _, w := range ended { // the slices that it was in may last until all loads have ended
		w.stream = stream[S]{}
	}
}

// process reads on in some streams, and divides the loads into those that have ended and those that
// have more to read.
func (l *loader[S, R]) process(group []*load[S, R]) (ended, unfinished []*load[S, R]) {
	defer func() {
		if r := recover(); r != nil { // a defect of this package, or of the caller's model
			l.logger.Error("loading streams panicked", "panic", r, "stack", string(debug.Stack()))
			for _, w := range group {
				w.err = fmt.Errorf("%w: panic: %v", ErrUnavailable, r)
			}
			ended, unfinished = group, nil
		}
	}()
	ctx, stop := l.health.Guard(l.running)
	defer stop()
	more, err := l.read(ctx, group)
	for _, w := range group {
		switch isUnfinished := slices.Contains(more, w.id); {
		case err != nil:
			w.err = giveUp(err, false)
		case isUnfinished && time.Since(w.requested) > l.loadTimeout:
			w.err = giveUp(errLoadTooLong, false)
		case isUnfinished:
			unfinished = append(unfinished, w)
			continue
		}
		ended = append(ended, w)
	}
	return ended, unfinished
}

var errLoadTooLong = errors.New("its stream could not be read in time")

// read reads the streams of loads that begin, or on in a long one, with one statement. What was read
// is kept, whatever happens. more are the streams that have further records.
func (l *loader[S, R]) read(ctx context.Context, group []*load[S, R]) (more []uuid.UUID, err error) {
	u := unread[S, R]{store: l.store, streams: make(map[uuid.UUID]*stream[S], len(group))}
	for _, w := range group {
		u.streams[w.id] = &w.stream
		more = append(more, w.id)
	}
	limit, isLong := unreadLimit, group[0].begun
	if isLong {
		limit = longLimit
		err = l.restore(ctx, group[0])
	}
	if ids := more; err == nil {
		err = l.try(ctx, func(q *pgx.Batch) { u.queue(q, ids, limit, &more) })
	}
	for _, w := range group {
		w.begun = true
		switch isBroken := u.broken[w.id] != nil; {
		case isBroken && !isLong: // its snapshot may stand for what can't be read
			more = append(more, w.id)
		case !isBroken:
			l.keep(w.id, &w.stream, err == nil && !slices.Contains(more, w.id))
		}
	}
	return more, err
}

// restore starts a long stream from its snapshot, if that is newer than what is known. One that
// can't be used is passed over: the log has everything.
func (l *loader[S, R]) restore(ctx context.Context, w *load[S, R]) error {
	if w.restored {
		return nil
	}
	if w.restored = l.model.Restore == nil; w.restored {
		return nil
	}
	err := l.try(ctx, func(q *pgx.Batch) {
		q.Queue(snapshotSQL, [16]byte(w.id), w.stream.Version).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				restored, refused, err := l.snapshots.scanSnapshot(rows)
				switch {
				case err != nil:
					return err
				case refused != nil:
					l.logger.Warn("a snapshot was not used", "stream", w.id, "version", restored.Version, "error", refused)
				default:
					w.stream = restored
				}
			}
			return rows.Err()
		})
	})
	if w.restored = err == nil; w.restored {
		l.keep(w.id, &w.stream, false)
	}
	return err
}

// try sends a statement, and again on another connection while the database can't do its work.
func (l *loader[S, R]) try(ctx context.Context, queue func(*pgx.Batch)) error {
	for attempt := 1; ; attempt++ {
		q := &pgx.Batch{}
		queue(q)
		err := l.send(ctx, q)
		if err == nil || attempt == loadAttempts || ctx.Err() != nil || !IsUnavailable(err) {
			return err
		}
	}
}

func (l *loader[S, R]) send(ctx context.Context, q *pgx.Batch) error {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	err := l.pool.SendBatch(ctx, q).Close()
	if err == nil { // the batch that comes next need not read what was just read
		now := time.Now()
		l.answered.Store(&now)
	}
	return err
}
