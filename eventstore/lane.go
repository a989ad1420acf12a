package eventstore

import (
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// call is a command on its way.
type call[S, R any] struct {
	Command[S, R]
	arrived time.Time
	stage   atomic.Int32

	span trace.Span // nil unless commands are traced

	done   chan struct{} // closed when result and err are set
	result Result[S]
	err    error
}

// A call is waiting until either a batch takes it or its caller gives up; whoever is first decides.
const (
	stageWaiting int32 = iota
	stageAboard
	stageLeft
)

func (c *call[S, R]) board() bool { return c.stage.CompareAndSwap(stageWaiting, stageAboard) }
func (c *call[S, R]) leave() bool { return c.stage.CompareAndSwap(stageWaiting, stageLeft) }

// answer lets the caller go. Only the first answer counts.
func (c *call[S, R]) answer(result Result[S], err error) {
	if c.answered() {
		return
	}
	c.result, c.err = result, err
	close(c.done)
}

func (c *call[S, R]) answered() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// lane is where commands with the same delay wait, and where their batches leave from.
type lane[S, R any] struct {
	executor *Executor[S, R]
	delay    time.Duration
	interval time.Duration // between two departures, at least
	free     chan struct{} // one token for each transaction that may be opened

	mu      sync.Mutex
	waiting []*call[S, R]
	closed  bool
	news    chan struct{} // one token: something was added to waiting, or the lane was closed
}

func (e *Executor[S, R]) open(delay time.Duration, transactions int) *lane[S, R] {
	l := &lane[S, R]{
		executor: e, delay: delay, interval: delay / time.Duration(transactions),
		free: make(chan struct{}, transactions), news: make(chan struct{}, 1),
	}
	for range transactions {
		l.free <- struct{}{}
	}
	e.done.Go(l.run)
	return l
}

func (l *lane[S, R]) join(c *call[S, R]) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return ErrClosed
	case len(l.waiting) >= l.executor.options.Queue:
		return ErrBusy
	}
	l.waiting = append(l.waiting, c)
	l.signal()
	return nil
}

func (l *lane[S, R]) length() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}

func (l *lane[S, R]) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.signal()
}

func (l *lane[S, R]) signal() {
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// run sends batches off until the lane is closed and empty.
func (l *lane[S, R]) run() {
	var left time.Time
	before := make(chan struct{})
	close(before)
	for l.someoneWaits() {
		<-l.free
		_ = sleep(l.executor.running, l.pace()-time.Since(left)) // when the executor is killed, the rest goes at once
		calls := l.boardAll()
		if len(calls) == 0 { // all have left
			l.free <- struct{}{}
			continue
		}
		left = time.Now()
		b := &batch[S, R]{lane: l, executor: l.executor, calls: calls, before: before, after: make(chan struct{})}
		before = b.after
		l.executor.done.Go(func() {
			b.run()
			l.free <- struct{}{}
		})
	}
}

// gather is how long batches that would leave at once wait for commands that are about to come. It is some times what one takes; longer,
// and fewer transactions would save little more.
const gather = 8 * time.Millisecond

// pace is how long after a departure the next one is, at least.
func (l *lane[S, R]) pace() time.Duration {
	if coming := l.executor.options.Coming; l.delay == 0 && coming != nil && coming() {
		return gather
	}
	return l.interval
}

// someoneWaits blocks until a command waits; false when the lane is closed and empty.
func (l *lane[S, R]) someoneWaits() bool {
	for {
		l.mu.Lock()
		waits, closed := len(l.waiting) > 0, l.closed
		l.mu.Unlock()
		if waits || closed {
			return waits
		}
		<-l.news
	}
}

func (l *lane[S, R]) boardAll() []*call[S, R] {
	l.mu.Lock()
	defer l.mu.Unlock()
	most := min(len(l.waiting), l.executor.options.Batch)
	calls := make([]*call[S, R], 0, most)
	at := 0
	for ; at < len(l.waiting) && len(calls) < most; at++ {
		if c := l.waiting[at]; c.board() {
			calls = append(calls, c)
		}
	}
	if at == len(l.waiting) {
		l.waiting = l.waiting[:0:0]
	} else {
		l.waiting = l.waiting[at:]
	}
	return calls
}
