package audit

import (
	"sync"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// mark is a state on the way.
type mark struct {
	version int
	state   domain.State
	hash    eventstore.Hash // of the record at the version
	unknown bool
}

// markEvery is how many versions lie between marks. States share what did not change, so that marks
// are cheap.
const markEvery = 1_000

// marks are those of one stream.
type marks struct {
	byVersion map[int]mark
	size      int // estimate, in bytes
	used      int64
}

// markCache keeps the marks of the streams that were asked for last.
type markCache struct {
	mu      sync.Mutex
	streams map[uuid.UUID]*marks
	size    int
	clock   int64
}

// maxMarks bounds the memory of the cache, in bytes.
const maxMarks = 64 << 20

// before gives the last mark that is not after a version; the zero mark if there is none.
func (c *markCache) before(streamID uuid.UUID, version int) mark {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[streamID]
	if s == nil {
		return mark{}
	}
	c.clock++
	s.used = c.clock
	for v := version - version%markEvery; v > 0; v -= markEvery {
		if m, kept := s.byVersion[v]; kept {
			return m
		}
	}
	return mark{}
}

func (c *markCache) add(streamID uuid.UUID, m mark) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[streamID]
	if s == nil {
		s = &marks{byVersion: map[int]mark{}}
		c.streams[streamID] = s
	}
	c.clock++
	s.used = c.clock
	s.byVersion[m.version] = m
	// The newest state holds nearly everything, and each mark some more of its own.
	size := max(s.size, 2*m.state.Size())
	c.size += size - s.size
	s.size = size
	for c.size > maxMarks {
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
