package eventstore

import (
	"context"
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

	order     order
	departure sync.Mutex // held by the worker that makes the next batch
	departed  time.Time  // of the last batch; under departure

	mu      sync.Mutex
	waiting []*call[S, R]
	closed  bool
	changed chan struct{} // one token: something was added to waiting, or the queue was closed
}

func newQueue[S, R any](running context.Context, delay time.Duration, workers int, o *Options) *queue[S, R] {
	return &queue[S, R]{
		delay: delay, workers: workers, options: o, running: running,
		order: newOrder(), changed: make(chan struct{}, 1),
	}
}

func (q *queue[S, R]) enqueue(c *call[S, R]) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return ErrClosed
	case len(q.waiting) >= q.options.Queue:
		return ErrBusy
	}
	q.waiting = append(q.waiting, c)
	q.signal()
	return nil
}

func (q *queue[S, R]) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
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
	q.departure.Lock()
	defer q.departure.Unlock()
	for q.awaitCommand() {
		_ = sleep(q.running, q.pace()-time.Since(q.departed)) // a killed executor doesn't wait
		calls := q.takeBatch()
		if len(calls) == 0 { // all were withdrawn
			continue
		}
		q.departed = time.Now()
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
		waits, closed := len(q.waiting) > 0, q.closed
		q.mu.Unlock()
		if waits || closed {
			return waits
		}
		<-q.changed
	}
}

func (q *queue[S, R]) takeBatch() []*call[S, R] {
	q.mu.Lock()
	defer q.mu.Unlock()
	most := min(len(q.waiting), q.options.Batch)
	calls := make([]*call[S, R], 0, most)
	at := 0
	for ; at < len(q.waiting) && len(calls) < most; at++ {
		if c := q.waiting[at]; c.take() {
			calls = append(calls, c)
		}
	}
	q.waiting = q.waiting[at:]
	if len(q.waiting) == 0 {
		q.waiting = nil
	}
	return calls
}
