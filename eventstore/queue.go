package eventstore

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// queue is where commands with the same delay wait for a worker to make the next batch of them.
type queue[S, R any] struct {
	delay   time.Duration
	workers int // one for each transaction that may be open
	options *Options
	running context.Context // ends when the executor is killed
	loader  *loader[S, R]

	order     order
	batching  sync.Mutex // held by the worker that makes the next batch
	lastBatch time.Time  // when the last one was made; under batching

	mu      sync.Mutex
	waiting []*call[S, R]
	loading map[uuid.UUID][]*call[S, R] // those whose stream is being loaded
	held    int                         // calls in loading
	closed  bool
	changed chan struct{} // one token: waiting or loading has changed, or the queue was closed
}

func newQueue[S, R any](
	running context.Context, l *loader[S, R], delay time.Duration, workers int, o *Options,
) *queue[S, R] {
	return &queue[S, R]{
		delay: delay, workers: workers, options: o, running: running, loader: l,
		order: newOrder(), changed: make(chan struct{}, 1), loading: map[uuid.UUID][]*call[S, R]{},
	}
}

func (q *queue[S, R]) enqueue(c *call[S, R]) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return ErrClosed
	case len(q.waiting)+q.held >= q.options.Queue:
		return ErrBusy
	}
	q.waiting = append(q.waiting, c)
	q.signal()
	return nil
}

func (q *queue[S, R]) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting) + q.held
}

func (q *queue[S, R]) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.signal()
}

func (q *queue[S, R]) signal() {
	select {
	case q.changed <- struct{}{}:
	default:
	}
}

// next waits for commands and takes the next batch of them. There are none when the queue is closed
// and empty. The batch has an entry in the order until it leaves that.
func (q *queue[S, R]) next() ([]*call[S, R], *entry) {
	q.batching.Lock()
	defer q.batching.Unlock()
	for q.awaitCommand() {
		_ = sleep(q.running, q.pace()-time.Since(q.lastBatch)) // a killed executor doesn't wait
		calls := q.takeBatch()
		if len(calls) == 0 { // all were withdrawn
			continue
		}
		q.lastBatch = time.Now()
		streams := make([]uuid.UUID, len(calls))
		for i, c := range calls {
			streams[i] = c.StreamID
		}
		return calls, q.order.enter(streams)
	}
	return nil, nil
}

// linger is how long batches without a delay wait for commands that are about to come. It is
// several times what a batch takes; longer, and fewer transactions would save little more.
const linger = 8 * time.Millisecond

// pace is how long after a batch the next one is made, at least.
func (q *queue[S, R]) pace() time.Duration {
	if q.delay == 0 && q.options.ExpectMore != nil && q.options.ExpectMore() {
		return linger
	}
	return q.delay / time.Duration(q.workers)
}

// awaitCommand blocks until a command waits; false when the queue is closed and empty.
func (q *queue[S, R]) awaitCommand() bool {
	for {
		q.mu.Lock()
		waits, closed := len(q.waiting) > 0, q.closed && q.held == 0
		q.mu.Unlock()
		if waits || closed {
			return waits
		}
		<-q.changed
	}
}

// takeBatch takes the calls whose streams are known. The others wait until theirs are loaded.
func (q *queue[S, R]) takeBatch() []*call[S, R] {
	q.mu.Lock()
	defer q.mu.Unlock()
	most, now := min(len(q.waiting), q.options.Batch), time.Now()
	calls := make([]*call[S, R], 0, most)
	at := 0
	for ; at < len(q.waiting) && len(calls) < most; at++ {
		if c := q.waiting[at]; !q.hold(c, now) && c.take() {
			calls = append(calls, c)
		}
	}
	clear(q.waiting[:at]) // their states need not last as long as the queue
	q.waiting = q.waiting[at:]
	if len(q.waiting) == 0 {
		q.waiting = nil
	}
	return calls
}

// hold keeps a call back, and those to the same stream behind it, if the stream has to be loaded
// first. A stream without records has nothing that could be cached, but is loaded all the same.
func (q *queue[S, R]) hold(c *call[S, R], now time.Time) bool {
	calls, isLoading := q.loading[c.StreamID]
	switch {
	case isLoading:
	case c.loaded != nil || q.loader.cache.isCurrent(c.StreamID, now) || c.stage.Load() == stageWithdrawn:
		return false
	default:
		q.loader.load(c.StreamID, q)
	}
	q.loading[c.StreamID] = append(calls, c)
	q.held++
	return true
}

// awaits tells whether somebody still waits for a stream that is being loaded.
func (q *queue[S, R]) awaits(id uuid.UUID) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.ContainsFunc(q.loading[id], func(c *call[S, R]) bool { return c.stage.Load() != stageWithdrawn })
}

// deliver puts the calls whose streams are loaded before those that came later, and answers those
// whose streams could not be. Calls that came just when a load was abandoned have it begin again.
func (q *queue[S, R]) deliver(loads []*load[S, R]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var loaded []*call[S, R]
	for _, w := range loads {
		calls, s := q.loading[w.id], w.stream
		delete(q.loading, w.id)
		q.held -= len(calls)
		for _, c := range calls {
			switch {
			case w.abandoned:
				loaded = append(loaded, c)
			case w.err == nil:
				c.loaded = &s
				loaded = append(loaded, c)
			case c.take():
				c.answer(Result[S]{}, w.err)
			}
		}
	}
	slices.SortStableFunc(loaded, func(a, b *call[S, R]) int { return a.arrived.Compare(b.arrived) })
	q.waiting = append(loaded, q.waiting...)
	q.signal()
}
