package account

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

type networkKey struct{}

// WithNetwork says which network a request comes from. Networks whose passwords wait to be hashed
// take turns, so that one that sends many keeps nobody else waiting.
func WithNetwork(ctx context.Context, network string) context.Context {
	return context.WithValue(ctx, networkKey{}, network)
}

func networkOf(ctx context.Context) string {
	network, _ := ctx.Value(networkKey{}).(string)
	return network
}

// turns hands out a bounded number of slots by start-time fair queueing (Goyal, Vin, Cheng 1996):
// each network has as many turns as the others, and one that has not asked lately comes next.
type turns struct {
	mu      sync.Mutex
	free    int      // slots
	slots   int      // altogether
	queue   int      // how many may wait
	waiting []waiter // in the order in which they came
	// now is the turn that was handed out last, and after the turn behind the last one of each
	// network that has one after now.
	now   int
	after map[string]int
}

type waiter struct {
	network string
	turn    int
	done    chan error // nil is a slot
}

func newTurns(slots, queue int) turns {
	return turns{free: slots, slots: slots, queue: queue, after: map[string]int{}}
}

// acquire waits for a slot until ctx ends. The error is [ErrBusy] when too many wait.
func (t *turns) acquire(ctx context.Context) error {
	done, err := t.enter(networkOf(ctx))
	if done == nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		t.mu.Lock()
		defer t.mu.Unlock()
		if !t.forget(done) && <-done == nil { // the slot came in the same moment
			t.handOn()
		}
		return ctx.Err()
	}
}

// enter takes a free slot or a place in the queue; done tells what becomes of it. In a full queue
// it takes the last place of the network that has the most, unless that would have no more than its
// own: a flood fills the queue and keeps nobody out.
func (t *turns) enter(network string) (done chan error, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.free == 0 && len(t.waiting) >= t.queue && !t.displace(network) {
		return nil, ErrBusy
	}
	w := waiter{network, max(t.now, t.after[network]), make(chan error, 1)}
	t.after[network] = w.turn + 1
	if t.free > 0 {
		t.free--
		t.advance(w.turn)
		return nil, nil
	}
	t.waiting = append(t.waiting, w)
	return w.done, nil
}

// displace refuses the last request of the network that has the most in the queue, if that leaves
// it no fewer than the network that comes will have.
func (t *turns) displace(network string) bool {
	waiting := map[string]int{}
	for _, w := range t.waiting {
		waiting[w.network]++
	}
	last := -1
	for i, w := range t.waiting {
		if last < 0 || waiting[w.network] >= waiting[t.waiting[last].network] {
			last = i
		}
	}
	if last < 0 || waiting[t.waiting[last].network] <= waiting[network]+1 {
		return false
	}
	w := t.waiting[last]
	t.after[w.network] = w.turn
	w.done <- ErrBusy
	t.waiting = slices.Delete(t.waiting, last, last+1)
	return true
}

// forget removes a request from the queue; false: it is not there any more.
func (t *turns) forget(done chan error) bool {
	i := slices.IndexFunc(t.waiting, func(w waiter) bool { return w.done == done })
	if i < 0 {
		return false
	}
	t.waiting = slices.Delete(t.waiting, i, i+1)
	return true
}

func (t *turns) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.handOn()
}

// handOn gives a slot to the request whose turn is the first.
func (t *turns) handOn() {
	if len(t.waiting) == 0 {
		t.free++
		return
	}
	w := slices.MinFunc(t.waiting, func(a, b waiter) int { return cmp.Compare(a.turn, b.turn) })
	t.forget(w.done)
	t.advance(w.turn)
	w.done <- nil
}

func (t *turns) advance(turn int) {
	t.now = max(t.now, turn)
	for network, after := range t.after {
		if after <= t.now {
			delete(t.after, network)
		}
	}
}

// pending is how many have a slot or wait for one, and how many can.
func (t *turns) pending() (pending, limit int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.slots - t.free + len(t.waiting), t.slots + t.queue
}
