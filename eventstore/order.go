package eventstore

import (
	"context"
	"slices"
	"sync"

	"github.com/google/uuid"
)

// order has batches that share a stream append in the order in which they entered.
type order struct {
	mu   sync.Mutex
	last map[uuid.UUID]*entry // of the last batch with a stream
}

// entry is a batch in an order.
type entry struct {
	streams []uuid.UUID
	earlier []<-chan struct{} // done of those that it has to wait for
	done    chan struct{}     // closed when it and all earlier ones are done
}

func newOrder() order { return order{last: map[uuid.UUID]*entry{}} }

func (o *order) enter(streams []uuid.UUID) *entry {
	p := &entry{done: make(chan struct{})}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, id := range streams {
		last := o.last[id]
		if last == p {
			continue
		}
		if last != nil {
			p.earlier = append(p.earlier, last.done)
		}
		o.last[id] = p
		p.streams = append(p.streams, id)
	}
	return p
}

// isNext tells whether all earlier batches are done.
func (p *entry) isNext() bool {
	return !slices.ContainsFunc(p.earlier, func(done <-chan struct{}) bool { return !isClosed(done) })
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// wait waits until all earlier batches are done.
func (p *entry) wait(ctx context.Context) error {
	for _, done := range p.earlier {
		select {
		case <-done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// leaveIn leaves, in a goroutine of a group if there are earlier batches.
func (o *order) leaveIn(group *sync.WaitGroup, p *entry) {
	if p.isNext() {
		o.leave(p)
	} else {
		group.Go(func() { o.leave(p) })
	}
}

// leave waits for earlier batches first: those behind have to wait for them too.
func (o *order) leave(p *entry) {
	_ = p.wait(context.Background())
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, id := range p.streams {
		if o.last[id] == p {
			delete(o.last, id)
		}
	}
	close(p.done)
}
