package account

import (
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

// turns hands out a bounded number of slots. Requests that wait for one get it network by network,
// and those of a network in the order in which they came.
type turns struct {
	mu      sync.Mutex
	free    int      // slots
	slots   int      // altogether
	queue   int      // how many may wait
	waiting int      // how many do
	next    []*queue // those that wait, by network, the next one first
}

// queue are the requests of one network that wait, the first one first. Nil on the channel is a
// slot.
type queue struct {
	network string
	waiters []chan error
}

// acquire waits for a slot until ctx ends. The error is [ErrBusy] when too many wait.
func (t *turns) acquire(ctx context.Context) error {
	turn, err := t.enter(networkOf(ctx))
	if turn == nil {
		return err
	}
	select {
	case err := <-turn:
		return err
	case <-ctx.Done():
		t.mu.Lock()
		defer t.mu.Unlock()
		if !t.forget(turn) && <-turn == nil { // the slot came in the same moment
			t.handOn()
		}
		return ctx.Err()
	}
}

// enter takes a free slot or a place in the queue, of which turn tells. In a full queue it takes
// the last place of the network that has the most, unless that is its own: a flood fills the queue
// and keeps nobody out.
func (t *turns) enter(network string) (turn chan error, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.free > 0 {
		t.free--
		return nil, nil
	}
	i := slices.IndexFunc(t.next, func(q *queue) bool { return q.network == network })
	own := &queue{network: network}
	if i >= 0 {
		own = t.next[i]
	}
	if t.waiting >= t.queue && !t.displace(len(own.waiters)+1) {
		return nil, ErrBusy
	}
	if i < 0 {
		t.next = append(t.next, own)
	}
	turn = make(chan error, 1)
	own.waiters = append(own.waiters, turn)
	t.waiting++
	return turn, nil
}

// displace refuses the last request of the network that has the most in the queue, if it has more
// than so many.
func (t *turns) displace(than int) bool {
	if len(t.next) == 0 {
		return false
	}
	most := slices.MaxFunc(t.next, func(a, b *queue) int { return len(a.waiters) - len(b.waiters) })
	if len(most.waiters) <= than {
		return false
	}
	last := len(most.waiters) - 1
	most.waiters[last] <- ErrBusy
	most.waiters = most.waiters[:last]
	t.waiting--
	return true
}

// forget removes a request from the queue; false: it is not there any more.
func (t *turns) forget(turn chan error) bool {
	for i, q := range t.next {
		if j := slices.Index(q.waiters, turn); j >= 0 {
			t.remove(i, j)
			return true
		}
	}
	return false
}

func (t *turns) remove(i, j int) {
	q := t.next[i]
	q.waiters = slices.Delete(q.waiters, j, j+1)
	t.waiting--
	if len(q.waiters) == 0 {
		t.next = slices.Delete(t.next, i, i+1)
	}
}

func (t *turns) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.handOn()
}

// handOn gives a slot to the next network, which then waits behind the others.
func (t *turns) handOn() {
	if len(t.next) == 0 {
		t.free++
		return
	}
	first := t.next[0]
	first.waiters[0] <- nil
	t.remove(0, 0)
	if len(first.waiters) > 0 {
		t.next = append(t.next[1:], first)
	}
}

// pending is how many have a slot or wait for one, and how many can.
func (t *turns) pending() (pending, limit int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.slots - t.free + t.waiting, t.slots + t.queue
}
