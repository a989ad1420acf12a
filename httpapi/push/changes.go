package push

import (
	"cmp"
	"container/list"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/projections"
)

// pushEvery is the time between two frames about one event: a little more than a tenth of a second, so
// that a client gets at most 10 a second, even with jitter of the network and right after it has caught
// up.
const pushEvery = 115 * time.Millisecond

// subject is what a frame is about. A booking, the hold that it was and the entry on the waiting list
// have the same id.
type subject struct {
	kind kind
	id   uuid.UUID
}

type kind uint8

const (
	ofEvent kind = iota
	ofBooking
	ofHold
	ofEntry
	ofPlace // of an entry: see [Push.tellPlaces]
)

// change is the newest state of a subject. First is the position of its first record that was not sent
// yet.
type change struct {
	subject
	owner       uuid.UUID // who alone is told; uuid.Nil for an event
	version     int
	first, last int64
	encode      func(position int64) []byte
}

// remembered is the newest state of a subject that has changed lately.
type remembered struct {
	change

	element  *list.Element
	pending  bool
	sentAt   time.Time
	position int64  // that its last frame carries
	sequence int64  // of that frame
	made     *frame // that frame; nil while nobody has received it
}

// frame makes the last frame of a change when somebody receives it: most owners are not connected.
func (r *remembered) frame() *frame {
	if r.made == nil {
		r.made = &frame{r.encode(r.position), r.sequence}
	}
	return r.made
}

// frame is one change as it is sent to all clients that receive it.
type frame struct {
	text     []byte
	sequence int64
}

// observe remembers changes.
func (p *Push) observe(n projections.Changes) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n.Reset {
		p.reset(n.After)
	}
	if p.position != n.After {
		p.floor = n.After // these are the first changes
	}
	for _, c := range changesOf(n) {
		p.remember(c)
	}
	p.notePlaces(n.Entries)
	p.position = n.Upto
	p.begin()
	for oldest := p.byAge.Front(); p.byAge.Len() > p.Remember; oldest = p.byAge.Front() {
		r := oldest.Value.(*remembered)
		if r.pending {
			break
		}
		p.floor = max(p.floor, r.last)
		p.forget(r)
	}
}

// changesOf are all changes, in the order of the log.
func changesOf(n projections.Changes) []change {
	all := make([]change, 0, len(n.Events)+len(n.Bookings)+len(n.Holds)+len(n.Entries))
	for _, e := range n.Events {
		all = append(all, change{
			subject: subject{ofEvent, e.ID}, version: e.Version, first: e.First, last: e.Last,
			encode: func(position int64) []byte { return encodeEvent(e, position) },
		})
	}
	owned := func(kind kind, id, owner uuid.UUID, version int, at int64, encode func(position int64) []byte) {
		all = append(all, change{subject{kind, id}, owner, version, at, at, encode})
	}
	for _, b := range n.Bookings {
		owned(ofBooking, b.ID, b.UserID, b.Version, b.Position,
			func(position int64) []byte { return encodeBooking(b, position) })
	}
	for _, h := range n.Holds {
		owned(ofHold, h.ID, h.UserID, h.Version, h.Position,
			func(position int64) []byte { return encodeHold(h, position) })
	}
	for _, e := range n.Entries {
		owned(ofEntry, e.ID, e.UserID, e.Version, e.Position,
			func(position int64) []byte { return encodeEntry(e, position) })
	}
	slices.SortStableFunc(all, func(a, b change) int { return cmp.Compare(a.last, b.last) })
	return all
}

func (p *Push) remember(c change) {
	r := p.changed[c.subject]
	switch {
	case r == nil:
		r = &remembered{change: c}
		r.element = p.byAge.PushBack(r)
		p.changed[c.subject] = r
		if c.owner != uuid.Nil {
			p.owned[c.owner] = append(p.owned[c.owner], r)
		}
	case c.version <= r.version: // the row was ahead when it was read before
		r.last = c.last
		p.byAge.MoveToBack(r.element)
		return
	default:
		if r.pending {
			c.first = r.first
		}
		r.change = c
		p.byAge.MoveToBack(r.element)
	}
	r.pending = true
	p.pending[r] = struct{}{}
}

func (p *Push) forget(r *remembered) {
	p.byAge.Remove(r.element)
	delete(p.changed, r.subject)
	left := slices.DeleteFunc(p.owned[r.owner], func(other *remembered) bool { return other == r })
	if p.owned[r.owner] = left; len(left) == 0 {
		delete(p.owned, r.owner)
	}
}

// reset forgets everything, because the log has another history, and tells all clients.
func (p *Push) reset(position int64) {
	p.position, p.floor = position, position
	p.sent.Store(position)
	clear(p.changed)
	clear(p.owned)
	clear(p.pending)
	clear(p.placing.moved)
	p.byAge.Init()
	for s := range p.sockets {
		if s.following {
			s.since = position
			s.reset(position)
			p.placeAnew(s)
		}
	}
}

// flush offers the frames that are due, and returns when the next one is.
func (p *Push) flush() (next time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	next = time.Hour
	var due []*remembered
	held := p.position + 1 // the first change that has to wait
	for r := range p.pending {
		if wait := pushEvery - now.Sub(r.sentAt); wait > 0 {
			next, held = min(next, wait), min(held, r.first)
			continue
		}
		due = append(due, r)
	}
	// Changes with an owner go first, so that other clients, which don't receive them, get the newest positions.
	slices.SortFunc(due, func(a, b *remembered) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.first, b.first), cmp.Compare(a.kind, b.kind))
	})
	positions, unsent := make([]int64, len(due)), held
	for i, r := range slices.Backward(due) {
		positions[i], unsent = unsent-1, min(unsent, r.first)
	}
	for i, r := range due {
		r.pending, r.sentAt = false, now
		delete(p.pending, r)
		p.sequence++
		r.position, r.sequence, r.made = positions[i], p.sequence, nil
		p.offer(r)
	}
	p.sent.Store(held - 1)
	return next
}

func rank(r *remembered) int {
	if r.owner != uuid.Nil {
		return 0
	}
	return 1
}

// offer passes a frame to all connections that receive the change.
func (p *Push) offer(r *remembered) {
	if r.owner != uuid.Nil {
		for s := range p.owners[r.owner] {
			if s.isToldOf(r.kind) {
				s.offer(r.subject, r.frame())
			}
		}
		return
	}
	for s := range p.watchers[r.id] {
		s.offer(r.subject, r.frame())
	}
	for s := range p.all {
		s.offer(r.subject, r.frame())
	}
}

// add and remove keep an index of sets without empty ones.
func add[K, V comparable](index map[K]map[V]struct{}, key K, value V) {
	if index[key] == nil {
		index[key] = make(map[V]struct{})
	}
	index[key][value] = struct{}{}
}

func remove[K, V comparable](index map[K]map[V]struct{}, key K, value V) {
	delete(index[key], value)
	if len(index[key]) == 0 {
		delete(index, key)
	}
}
