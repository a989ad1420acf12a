package audit

import (
	"sync"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// cachedState is the state of a stream as of a version.
type cachedState struct {
	version int
	state   domain.State
	hash    eventstore.Hash // of the record at the version
	unknown bool
}

// cacheEvery is how many versions lie between cached states. They are cheap: states share what did
// not change.
const cacheEvery = 1_000

// cachedStream has the cached states of one stream.
type cachedStream struct {
	byVersion map[int]cachedState
	size      int // estimate, in bytes
	used      int64
}

// stateCache is an LRU cache of states, by stream.
type stateCache struct {
	mu      sync.Mutex
	streams map[uuid.UUID]*cachedStream
	size    int
	clock   int64
}

// maxCacheBytes bounds the memory of the cache.
const maxCacheBytes = 64 << 20

// before returns the last cached state up to a version; the zero value if there is none.
func (c *stateCache) before(streamID uuid.UUID, version int) cachedState {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[streamID]
	if s == nil {
		return cachedState{}
	}
	c.clock++
	s.used = c.clock
	for v := version - version%cacheEvery; v > 0; v -= cacheEvery {
		if m, kept := s.byVersion[v]; kept {
			return m
		}
	}
	return cachedState{}
}

func (c *stateCache) add(streamID uuid.UUID, m cachedState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[streamID]
	if s == nil {
		s = &cachedStream{byVersion: map[int]cachedState{}}
		c.streams[streamID] = s
	}
	c.clock++
	s.used = c.clock
	s.byVersion[m.version] = m
	// The states share most of their memory: estimate all of them as twice the newest.
	size := max(s.size, 2*m.state.Size())
	c.size += size - s.size
	s.size = size
	for c.size > maxCacheBytes {
		oldest := streamID
		for id, other := range c.streams {
			if other.used < c.streams[oldest].used {
				oldest = id
			}
		}
		c.size -= c.streams[oldest].size
		delete(c.streams, oldest)
		if oldest == streamID {
			return
		}
	}
}
