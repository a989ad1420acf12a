package domain

import (
	"math/bits"
	"slices"

	"github.com/google/uuid"
)

// idMap is an immutable map from ids: set and remove return another map that shares all but one
// path with the old one, in O(log n). A state of a million bookings can so be evolved, kept and
// thrown away by several batches at once, without a copy and without a lock. It is a trie over the
// id's half-bytes, last one first, because there the bits of every kind of UUID are random; each
// node holds only the children it has (Bagwell, "Ideal Hash Trees", 2001). The zero idMap is empty.
type idMap[V any] struct {
	root  *idNode[V]
	count int
}

type idNode[V any] struct {
	present uint16 // bit i: there is a child for half-byte i
	builder *builder
	kids    []idKid[V]
}

// builder marks the nodes of a map that is being filled and that nobody else has seen: they are
// changed in place, which is some times faster. Whoever fills a map drops the builder at the end,
// and from then on nothing changes any more.
type builder struct{ _ byte }

// idKid is either an entry or a deeper node.
type idKid[V any] struct {
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
		if e := n.kids[at].entry; e != nil {
			if e.key == key {
				return e.value, true
			}
			break
		}
		n = n.kids[at].node
	}
	var none V
	return none, false
}

// set gives the map with a value; this one stays as it is. With a builder, nodes that it has made
// are changed in place: nobody else may have a map with them.
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

// each calls yield for every entry, in an order that depends on the keys alone.
func (m idMap[V]) each(yield func(uuid.UUID, V) bool) { m.root.each(yield) }

func (n *idNode[V]) find(key uuid.UUID, depth int) (at int, has bool) {
	bit := uint16(1) << halfByte(key, depth)
	return bits.OnesCount16(n.present & (bit - 1)), n.present&bit != 0
}

func (n *idNode[V]) set(e *idEntry[V], depth int, by *builder) (*idNode[V], bool) {
	if n == nil {
		return &idNode[V]{1 << halfByte(e.key, depth), by, []idKid[V]{{entry: e}}}, true
	}
	at, has := n.find(e.key, depth)
	if !has {
		return n.insert(at, halfByte(e.key, depth), idKid[V]{entry: e}, by), true
	}
	kid, added := n.kids[at], false
	switch {
	case kid.entry == nil:
		kid.node, added = kid.node.set(e, depth+1, by)
	case kid.entry.key == e.key:
		kid.entry = e
	default: // two keys share the path so far: push the older one down and go on
		deeper, _ := (*idNode[V])(nil).set(kid.entry, depth+1, by)
		deeper, added = deeper.set(e, depth+1, by)
		kid = idKid[V]{node: deeper}
	}
	return n.replace(at, kid, by), added
}

func (n *idNode[V]) remove(key uuid.UUID, depth int) (*idNode[V], bool) {
	if n == nil {
		return nil, false
	}
	at, has := n.find(key, depth)
	if !has {
		return n, false
	}
	kid := n.kids[at]
	if kid.entry != nil {
		if kid.entry.key != key {
			return n, false
		}
		return n.without(at, halfByte(key, depth)), true
	}
	// A node below the root holds two entries or more: removals must not leave chains of nodes that
	// lead to a single one.
	node, removed := kid.node.remove(key, depth+1)
	switch {
	case !removed:
		return n, false
	case len(node.kids) == 1 && node.kids[0].entry != nil:
		return n.replace(at, node.kids[0], nil), true
	}
	return n.replace(at, idKid[V]{node: node}, nil), true
}

func (n *idNode[V]) insert(at int, half byte, kid idKid[V], by *builder) *idNode[V] {
	if by != nil && n.builder == by {
		n.present, n.kids = n.present|1<<half, slices.Insert(n.kids, at, kid)
		return n
	}
	kids := make([]idKid[V], len(n.kids)+1)
	copy(kids, n.kids[:at])
	kids[at] = kid
	copy(kids[at+1:], n.kids[at:])
	return &idNode[V]{n.present | 1<<half, by, kids}
}

func (n *idNode[V]) replace(at int, kid idKid[V], by *builder) *idNode[V] {
	if by != nil && n.builder == by {
		n.kids[at] = kid
		return n
	}
	kids := make([]idKid[V], len(n.kids))
	copy(kids, n.kids)
	kids[at] = kid
	return &idNode[V]{n.present, by, kids}
}

func (n *idNode[V]) without(at int, half byte) *idNode[V] {
	if len(n.kids) == 1 {
		return nil
	}
	kids := make([]idKid[V], 0, len(n.kids)-1)
	kids = append(append(kids, n.kids[:at]...), n.kids[at+1:]...)
	return &idNode[V]{n.present &^ (1 << half), nil, kids}
}

func (n *idNode[V]) each(yield func(uuid.UUID, V) bool) bool {
	if n == nil {
		return true
	}
	for _, kid := range n.kids {
		if kid.entry != nil && !yield(kid.entry.key, kid.entry.value) || kid.node != nil && !kid.node.each(yield) {
			return false
		}
	}
	return true
}

func halfByte(key uuid.UUID, depth int) byte {
	b := key[len(key)-1-depth/2]
	if depth%2 == 0 {
		return b & 15
	}
	return b >> 4
}
