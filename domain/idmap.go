package domain

import (
	"math/bits"
	"slices"

	"github.com/google/uuid"
)

// idMap is an immutable map with ids as keys: set and remove return another map, in O(log n), that
// shares all nodes but those on one path with the old one. Several batches can therefore use and
// evolve a state of a million bookings at once, without copies or locks. It is a hash array mapped
// trie (Bagwell, "Ideal Hash Trees", 2001) over the nibbles of the id, last one first, because the
// last bits of every kind of UUID are random. The zero idMap is empty.
type idMap[V any] struct {
	root  *idNode[V]
	count int
}

type idNode[V any] struct {
	present  uint16 // bit i is set if there is a child for nibble i
	builder  *builder
	children []idChild[V]
}

// builder owns the nodes of a map under construction. Nodes are changed in place by their builder,
// which is several times as fast as copying them. Once the builder is dropped, they are immutable.
type builder struct{ _ byte }

// idChild is either an entry or a deeper node.
type idChild[V any] struct {
	entry *idEntry[V]
	node  *idNode[V]
}

type idEntry[V any] struct {
	key   uuid.UUID
	value V
}

func (m idMap[V]) len() int { return m.count }

func (m idMap[V]) get(key uuid.UUID) (V, bool) {
	for n, depth := m.root, 0; n != nil; depth++ {
		at, has := n.find(key, depth)
		if !has {
			break
		}
		if e := n.children[at].entry; e != nil {
			if e.key == key {
				return e.value, true
			}
			break
		}
		n = n.children[at].node
	}
	var none V
	return none, false
}

// set returns a map with the value. With a builder, nodes that it owns are changed in place, and so
// no other map may share them.
func (m idMap[V]) set(key uuid.UUID, value V, by *builder) idMap[V] {
	root, added := m.root.set(&idEntry[V]{key, value}, 0, by)
	if added {
		m.count++
	}
	m.root = root
	return m
}

func (m idMap[V]) remove(key uuid.UUID) idMap[V] {
	if root, removed := m.root.remove(key, 0); removed {
		m.root = root
		m.count--
	}
	return m
}

// each calls yield for every entry, in an order that depends on the keys only.
func (m idMap[V]) each(yield func(uuid.UUID, V) bool) { m.root.each(yield) }

func (n *idNode[V]) find(key uuid.UUID, depth int) (at int, has bool) {
	bit := uint16(1) << nibble(key, depth)
	return bits.OnesCount16(n.present & (bit - 1)), n.present&bit != 0
}

func (n *idNode[V]) set(e *idEntry[V], depth int, by *builder) (*idNode[V], bool) {
	if n == nil {
		return &idNode[V]{1 << nibble(e.key, depth), by, []idChild[V]{{entry: e}}}, true
	}
	at, has := n.find(e.key, depth)
	if !has {
		return n.insert(at, nibble(e.key, depth), idChild[V]{entry: e}, by), true
	}
	child, added := n.children[at], false
	switch {
	case child.entry == nil:
		child.node, added = child.node.set(e, depth+1, by)
	case child.entry.key == e.key:
		child.entry = e
	default: // two keys share the path so far: move the older one down
		deeper, _ := (*idNode[V])(nil).set(child.entry, depth+1, by)
		deeper, added = deeper.set(e, depth+1, by)
		child = idChild[V]{node: deeper}
	}
	return n.replace(at, child, by), added
}

func (n *idNode[V]) remove(key uuid.UUID, depth int) (*idNode[V], bool) {
	if n == nil {
		return nil, false
	}
	at, has := n.find(key, depth)
	if !has {
		return n, false
	}
	child := n.children[at]
	if child.entry != nil {
		if child.entry.key != key {
			return n, false
		}
		return n.without(at, nibble(key, depth)), true
	}
	// A node below the root holds at least two entries: a removal must not leave a chain of nodes that
	// leads to a single one.
	node, removed := child.node.remove(key, depth+1)
	switch {
	case !removed:
		return n, false
	case len(node.children) == 1 && node.children[0].entry != nil:
		return n.replace(at, node.children[0], nil), true
	}
	return n.replace(at, idChild[V]{node: node}, nil), true
}

func (n *idNode[V]) insert(at int, nib byte, child idChild[V], by *builder) *idNode[V] {
	if by != nil && n.builder == by {
		n.present, n.children = n.present|1<<nib, slices.Insert(n.children, at, child)
		return n
	}
	children := make([]idChild[V], len(n.children)+1)
	copy(children, n.children[:at])
	children[at] = child
	copy(children[at+1:], n.children[at:])
	return &idNode[V]{n.present | 1<<nib, by, children}
}

func (n *idNode[V]) replace(at int, child idChild[V], by *builder) *idNode[V] {
	if by != nil && n.builder == by {
		n.children[at] = child
		return n
	}
	children := make([]idChild[V], len(n.children))
	copy(children, n.children)
	children[at] = child
	return &idNode[V]{n.present, by, children}
}

func (n *idNode[V]) without(at int, nib byte) *idNode[V] {
	if len(n.children) == 1 {
		return nil
	}
	children := make([]idChild[V], 0, len(n.children)-1)
	children = append(append(children, n.children[:at]...), n.children[at+1:]...)
	return &idNode[V]{n.present &^ (1 << nib), nil, children}
}

func (n *idNode[V]) each(yield func(uuid.UUID, V) bool) bool {
	if n == nil {
		return true
	}
	for _, child := range n.children {
		if child.entry != nil && !yield(child.entry.key, child.entry.value) || child.node != nil && !child.node.each(yield) {
			return false
		}
	}
	return true
}

func nibble(key uuid.UUID, depth int) byte {
	b := key[len(key)-1-depth/2]
	if depth%2 == 0 {
		return b & 15
	}
	return b >> 4
}
