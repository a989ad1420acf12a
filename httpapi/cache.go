package httpapi

import (
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// cacheTTL bounds the age of cached answers. A read model can change while its known position does
	// not: when a parked stream is retried, or when another process reports its checkpoint late.
	cacheTTL = time.Second
	// A page takes 1 MB at most, when it has 50 events and all descriptions are as long as can be.
	cacheSize = 32
)

// readCache is a read-through cache of a read model. An entry is valid while the read model stays at
// its position, for a second at most. Before a sale thousands read the same page, and when it opens,
// a query to PostgreSQL waits behind all bookings.
type readCache[K comparable, V any] struct {
	entries *lru.Cache[K, cached[V]]
}

type cached[V any] struct {
	value    V // not to be changed
	position int64
	readAt   time.Time
}

func newReadCache[K comparable, V any]() *readCache[K, V] {
	entries, err := lru.New[K, cached[V]](cacheSize)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &readCache[K, V]{entries}
}

// get returns the entry of key, or reads it from a read model that contains the log up to position;
// with noCache it always reads. Errors are not kept.
func (c *readCache[K, V]) get(key K, position int64, noCache bool, read func() (V, error)) (V, error) {
	now := time.Now()
	if e, ok := c.entries.Get(key); ok && !noCache && e.position == position && now.Sub(e.readAt) < cacheTTL {
		return e.value, nil
	}
	value, err := read()
	if err == nil {
		c.entries.Add(key, cached[V]{value, position, now})
	}
	return value, err
}

// Cacheable is embedded in the inputs of operations that may answer from the cache.
type Cacheable struct {
	CacheControl string `header:"Cache-Control" doc:"With no-cache (RFC 9111, section 5.2.1.4) the read models are read for each request; otherwise when the log has grown, or once a second"`
}

func (in Cacheable) noCache() bool {
	for directive := range strings.SplitSeq(in.CacheControl, ",") {
		if strings.EqualFold(strings.TrimSpace(directive), "no-cache") {
			return true
		}
	}
	return false
}
