package eventstore

import (
	"container/list"
	"sync"

	"github.com/google/uuid"
)

// stream is a stream as it was at a version: its folded state and its end.
type stream[S any] struct {
	tail
	position int64 // of the last record; 0 for a stream without records
	snapshot int   // version of the newest snapshot that this process knows of; 0 for none
	state    S
}

// cache keeps the folded states of the streams that were used last, up to a number of bytes. An entry may be old, or of a history
// that the log does not have any more: it is where reading starts from, never a replacement for it.
type cache[S any] struct {
	mu      sync.Mutex
	limit   int
	size    int
	recent  *list.List // of *cached[S], most recently used first
	entries map[uuid.UUID]*list.Element
}

type cached[S any] struct {
	id     uuid.UUID
	stream stream[S]
	size   int
}

// overhead is what an entry takes beside its state: the struct, the list element and the map's slot.
const overhead = 300

func newCache[S any](limit int) *cache[S] {
	return &cache[S]{limit: limit, recent: list.New(), entries: map[uuid.UUID]*list.Element{}}
}

// get is the zero stream when nothing is known, from which everything is read.
func (c *cache[S]) get(id uuid.UUID) stream[S] {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[id]
	if !ok {
		return stream[S]{}
	}
	c.recent.MoveToFront(e)
	return e.Value.(*cached[S]).stream
}

// drop forgets a stream.
func (c *cache[S]) drop(id uuid.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[id]; ok {
		c.size -= c.recent.Remove(e).(*cached[S]).size
		delete(c.entries, id)
	}
}

// put keeps a committed state of the given size in bytes, unless a newer one is known.
func (c *cache[S]) put(id uuid.UUID, s stream[S], size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	size += overhead
	if size > c.limit { // it would only drive the others out; a smaller state that is known of the stream stays a start
		return
	}
	if e, ok := c.entries[id]; ok {
		known := e.Value.(*cached[S])
		if known.stream.version >= s.version {
			return
		}
		c.size += size - known.size
		known.stream, known.size = s, size
		c.recent.MoveToFront(e)
	} else {
		c.size += size
		c.entries[id] = c.recent.PushFront(&cached[S]{id, s, size})
	}
	for c.size > c.limit {
		e := c.recent.Back()
		oldest := c.recent.Remove(e).(*cached[S])
		delete(c.entries, oldest.id)
		c.size -= oldest.size
	}
}
