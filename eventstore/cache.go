package eventstore

import (
	"math"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// stream is a stream as it was at a version: its folded state and its tail.
type stream[S any] struct {
	Tail
	position int64 // of the last record; 0 for a stream without records
	snapshot int   // version of the newest snapshot that this process knows of; 0 for none
	state    S
}

// cache keeps the folded states of the streams that were used last, up to a number of bytes. An
// entry may be old, or of a history that the log does not have any more: it is where reading starts
// from, never a replacement for it.
type cache[S any] struct {
	mu      sync.Mutex
	limit   int // bytes
	size    int // bytes
	entries *simplelru.LRU[uuid.UUID, cached[S]]
}

type cached[S any] struct {
	stream[S]
	size    int       // bytes
	current time.Time // when it was last known to be the newest state; zero: it is part of a history
}

// overhead is what an entry takes beside its state: the struct, the list element and the map's
// slot.
const overhead = 300

func newCache[S any](limit int) *cache[S] {
	c := &cache[S]{limit: limit}
	c.entries, _ = simplelru.NewLRU(math.MaxInt, func(_ uuid.UUID, e cached[S]) { c.size -= e.size })
	return c
}

// get is the zero stream when nothing is known, from which everything is read.
func (c *cache[S]) get(id uuid.UUID) stream[S] {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, _ := c.entries.Get(id)
	return e.stream
}

// isCurrent tells whether a stream is known as it was a short time before now at most, so that little
// can be unread.
func (c *cache[S]) isCurrent(id uuid.UUID, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, _ := c.entries.Peek(id)
	return now.Sub(e.current) < currentFor
}

// currentFor bounds how much other processes can have appended to a stream that counts as current.
const currentFor = 5 * time.Second

// drop forgets a stream.
func (c *cache[S]) drop(id uuid.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries.Remove(id)
}

// put keeps a committed state of the given size in bytes, unless a newer one is known. current tells
// that it was the newest one just now.
func (c *cache[S]) put(id uuid.UUID, s stream[S], size int, current bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	size += overhead
	known, _ := c.entries.Peek(id)
	// A state beyond the limit would only drive the others out; a smaller one that is known of the
	// stream stays a start.
	if size > c.limit || s.Version == 0 || known.Version > s.Version || known.Version == s.Version && !current {
		return
	}
	entry := cached[S]{stream: s, size: size}
	if current {
		entry.current = time.Now()
	}
	c.size += size - known.size
	c.entries.Add(id, entry)
	for c.size > c.limit {
		c.entries.RemoveOldest()
	}
}
