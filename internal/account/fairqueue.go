package account

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

type networkKey struct{}

// WithNetwork says which network a request comes from. Slots for hashing are shared fairly between
// networks, so that one that sends many requests does not keep others waiting.
func WithNetwork(ctx context.Context, network string) context.Context {
	return context.WithValue(ctx, networkKey{}, network)
}

func networkOf(ctx context.Context) string {
	network, _ := ctx.Value(networkKey{}).(string)
	return network
}

// fairQueue schedules a bounded number of slots by start-time fair queueing (Goyal, Vin, Cheng 1996):
// each network gets as many slots as the others, and one that has had none lately comes next.
type fairQueue struct {
	mu      sync.Mutex
	free    int      // slots
	slots   int      // altogether
	queue   int      // how many may wait
	waiting []waiter // in the order of arrival
	// now is the virtual time: the start tag of the newest request with a slot. finish is the finish tag
	// of the last request of each network, if it is after now.
	now    int
	finish map[string]int
}

type waiter struct {
	network string
	start   int
	done    chan error // receives nil with a slot, or ErrBusy
}

func newFairQueue(slots, queue int) fairQueue {
	return fairQueue{free: slots, slots: slots, queue: queue, finish: map[string]int{}}
}

// acquire waits for a slot until ctx ends. The error is [ErrBusy] when too many wait.
func (q *fairQueue) acquire(ctx context.Context) error {
	done, err := q.enqueue(networkOf(ctx))
	if done == nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		q.mu.Lock()
		defer q.mu.Unlock()
		if !q.remove(done) && <-done == nil { // it got the slot at the same moment
			q.handOver()
		}
		return ctx.Err()
	}
}

// enqueue takes a free slot, and returns nil, or waits in the queue; done receives the result. In a
// full queue it evicts the last request of the network that has the most, unless that would leave it
// fewer than its own: a flood fills the queue without keeping others out.
func (q *fairQueue) enqueue(network string) (done chan error, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free == 0 && len(q.waiting) >= q.queue && !q.evict(network) {
		return nil, ErrBusy
	}
	w := waiter{network, max(q.now, q.finish[network]), make(chan error, 1)}
	q.finish[network] = w.start + 1
	if q.free > 0 {
		q.free--
		q.advance(w.start)
		return nil, nil
	}
	q.waiting = append(q.waiting, w)
	return w.done, nil
}

// evict refuses the last request of the network that has the most in the queue, if that leaves it no
// fewer than the given network will have.
func (q *fairQueue) evict(network string) bool {
	waiting := map[string]int{}
	for _, w := range q.waiting {
		waiting[w.network]++
	}
	last := -1
	for i, w := range q.waiting {
		if last < 0 || waiting[w.network] >= waiting[q.waiting[last].network] {
			last = i
		}
	}
	if last < 0 || waiting[q.waiting[last].network] <= waiting[network]+1 {
		return false
	}
	w := q.waiting[last]
	q.finish[w.network] = w.start
	w.done <- ErrBusy
	q.waiting = slices.Delete(q.waiting, last, last+1)
	return true
}

// remove removes a request from the queue. It returns false if it has left the queue.
func (q *fairQueue) remove(done chan error) bool {
	i := slices.IndexFunc(q.waiting, func(w waiter) bool { return w.done == done })
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return true
}

func (q *fairQueue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.handOver()
}

// handOver gives a slot to the waiting request with the earliest start tag.
func (q *fairQueue) handOver() {
	if len(q.waiting) == 0 {
		q.free++
		return
	}
	w := slices.MinFunc(q.waiting, func(a, b waiter) int { return cmp.Compare(a.start, b.start) })
	q.remove(w.done)
	q.advance(w.start)
	w.done <- nil
}

func (q *fairQueue) advance(start int) {
	q.now = max(q.now, start)
	for network, finish := range q.finish {
		if finish <= q.now {
			delete(q.finish, network)
		}
	}
}

// pending is how many have a slot or wait for one, and how many can.
func (q *fairQueue) pending() (pending, limit int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.slots - q.free + len(q.waiting), q.slots + q.queue
}
