package domain

import (
	"math/bits"
	"slices"

	"github.com/google/uuid"
)

// queue is an immutable queue of customers in the order of their numbers: add and remove return
// another one, in O(log n), that shares nodes with the old one. It is a radix tree over the nibbles
// of the number, which takes about 22 bytes for a customer. The zero queue is empty.
type queue struct {
	root   *queueNode
	height int // nibbles of the numbers that fit in
	count  int
}

// queueNode has children or, at the bottom, ids.
type queueNode struct {
	present  uint16 // bit i is set if there is something for nibble i
	children []*queueNode
	ids      []uuid.UUID
}

func (q queue) add(number uint32, id uuid.UUID) queue {
	for q.height == 0 || q.height < 8 && number>>(4*q.height) != 0 {
		if q.root != nil {
			q.root = &queueNode{present: 1, children: []*queueNode{q.root}}
		}
		q.height++
	}
	root, added := q.root.add(number, id, q.height-1)
	q.root = root
	if added {
		q.count++
	}
	return q
}

func (q queue) remove(number uint32) queue {
	if q.height < 8 && number>>(4*q.height) != 0 {
		return q
	}
	if root, removed := q.root.remove(number, q.height-1); removed {
		q.root = root
		q.count--
	}
	return q
}

// first is the customer with the lowest number.
func (q queue) first() (number uint32, id uuid.UUID, ok bool) {
	for n := q.root; n != nil; n = n.children[0] {
		number = number<<4 | uint32(bits.TrailingZeros16(n.present)) //nolint:gosec // below 16
		if n.ids != nil {
			return number, n.ids[0], true
		}
	}
	return 0, id, false
}

func (q queue) each(yield func(number uint32, id uuid.UUID) bool) { q.root.each(0, yield) }

func (n *queueNode) place(number uint32, level int) (bit uint16, at int, has bool) {
	bit = 1 << (number >> (4 * level) & 15)
	return bit, bits.OnesCount16(n.present & (bit - 1)), n.present&bit != 0
}

func (n *queueNode) add(number uint32, id uuid.UUID, level int) (*queueNode, bool) {
	if n == nil {
		n = &queueNode{}
	}
	bit, at, has := n.place(number, level)
	made := queueNode{present: n.present | bit}
	if level == 0 {
		made.ids = slices.Concat(n.ids[:at], []uuid.UUID{id}, n.ids[at+count(has):])
		return &made, !has
	}
	var child *queueNode
	if has {
		child = n.children[at]
	}
	child, added := child.add(number, id, level-1)
	made.children = slices.Concat(n.children[:at], []*queueNode{child}, n.children[at+count(has):])
	return &made, added
}

func count(has bool) int {
	if has {
		return 1
	}
	return 0
}

func (n *queueNode) remove(number uint32, level int) (*queueNode, bool) {
	if n == nil {
		return nil, false
	}
	bit, at, has := n.place(number, level)
	if !has {
		return n, false
	}
	made := queueNode{present: n.present &^ bit}
	if level == 0 {
		made.ids = slices.Concat(n.ids[:at], n.ids[at+1:])
	} else {
		child, removed := n.children[at].remove(number, level-1)
		if !removed {
			return n, false
		}
		if child != nil {
			made.present = n.present
			made.children = slices.Concat(n.children[:at], []*queueNode{child}, n.children[at+1:])
		} else {
			made.children = slices.Concat(n.children[:at], n.children[at+1:])
		}
	}
	if made.present == 0 {
		return nil, true
	}
	return &made, true
}

func (n *queueNode) each(number uint32, yield func(uint32, uuid.UUID) bool) bool {
	if n == nil {
		return true
	}
	at := 0
	for nibble := range uint32(16) {
		if n.present>>nibble&1 == 0 {
			continue
		}
		below := number<<4 | nibble
		if n.ids != nil {
			if !yield(below, n.ids[at]) {
				return false
			}
		} else if !n.children[at].each(below, yield) {
			return false
		}
		at++
	}
	return true
}
