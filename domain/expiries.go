package domain

import (
	"bytes"

	"github.com/google/uuid"
)

// expiries is an immutable priority queue of the times at which holds lapse: push and pop return
// another one, in O(log n), that shares nodes with the old one. It is a leftist heap (Crane, 1972).
// The nil queue is empty.
type expiries struct {
	at          int64 // microseconds since 1970
	customer    uuid.UUID
	left, right *expiries
	rank        int // of the shortest way to a missing child
}

func (q *expiries) push(at int64, customer uuid.UUID) *expiries {
	return q.merge(&expiries{at: at, customer: customer, rank: 1})
}

func (q *expiries) pop() *expiries { return q.left.merge(q.right) }

func (q *expiries) merge(other *expiries) *expiries {
	switch {
	case q == nil:
		return other
	case other == nil:
		return q
	case other.before(q):
		q, other = other, q
	}
	merged := *q
	merged.right = q.right.merge(other)
	if merged.left.depth() < merged.right.depth() {
		merged.left, merged.right = merged.right, merged.left
	}
	merged.rank = merged.right.depth() + 1
	return &merged
}

// before makes the order the same in every process: equal times go by the id.
func (q *expiries) before(other *expiries) bool {
	return q.at < other.at || q.at == other.at && bytes.Compare(q.customer[:], other.customer[:]) < 0
}

func (q *expiries) depth() int {
	if q == nil {
		return 0
	}
	return q.rank
}
