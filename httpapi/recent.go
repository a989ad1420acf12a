package httpapi

import (
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// recentFor bounds how long what was read stands for what would be read. Read models can change while their position does not, when
	// a parked stream is taken up again or another process says late how far it is.
	recentFor = time.Second
	// A page takes 1 MB at most, when it has 50 events and all descriptions are as long as can be.
	recentKept = 32
)

// recent remembers what was read of a read model while that stays where it is. Before a sale thousands look at the same page again and
// again, and when it opens, an answer of PostgreSQL waits behind all that arrives.
type recent[K comparable, V any] struct {
	kept *lru.Cache[K, reading[V]]
}

type reading[V any] struct {
	value    V // not to be changed
	position int64
	began    time.Time
}

func newRecent[K comparable, V any]() *recent[K, V] {
	kept, err := lru.New[K, reading[V]](recentKept)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &recent[K, V]{kept}
}

// get gives what was read of key, or reads it from where the log is contained up to position. Errors are not remembered.
func (r *recent[K, V]) get(key K, position int64, anew bool, read func() (V, error)) (V, error) {
	now := time.Now()
	if last, ok := r.kept.Get(key); ok && !anew && last.position == position && now.Sub(last.began) < recentFor {
		return last.value, nil
	}
	value, err := read()
	if err == nil {
		r.kept.Add(key, reading[V]{value, position, now})
	}
	return value, err
}

// Revalidating are the inputs of operations whose answers may be those of a moment ago.
type Revalidating struct {
	CacheControl string `header:"Cache-Control" doc:"With no-cache (RFC 9111, section 5.2.1.4) the read models are asked each time; otherwise when the log has moved, or once a second"`
}

func (in Revalidating) anew() bool {
	for directive := range strings.SplitSeq(in.CacheControl, ",") {
		if strings.EqualFold(strings.TrimSpace(directive), "no-cache") {
			return true
		}
	}
	return false
}
