package push

import (
	"cmp"
	"container/list"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/projections"
)

// pushEvery is the time between two frames about one event: a little more than a tenth of a second,
// so that a second never sees more than 10, whatever the network does to the distance between them
// and even when a client has just caught up.
const pushEvery = 115 * time.Millisecond

// change is the newest state of an event or of a booking. First is the position of its first record
// that was not sent yet.
type change struct {
	id          uuid.UUID
	owner       uuid.UUID // of the booking, who alone is told; uuid.Nil for an event
	version     int
	first, last int64
	encode      func(position int64) []byte
}

// remembered is what is kept of an event or a booking that has changed lately.
type remembered struct {
	change

	element *list.Element
	frame   *frame // what was sent last
	sentAt  time.Time
	pending bool
}

// frame is one change as it is sent to everybody who is told of it.
type frame struct {
	text     []byte
	sequence int64
}

// observe takes changes in.
func (p *Push) observe(n projections.News) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n.Reset {
		p.reset(n.After)
	}
	if p.position != n.After {
		p.floor = n.After // these are the first news
	}
	for _, c := range changesOf(n) {
		p.remember(c)
	}
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
func changesOf(n projections.News) []change {
	all := make([]change, 0, len(n.Events)+len(n.Bookings))
	for _, e := range n.Events {
		all = append(all, change{
			id: e.ID, version: e.Version, first: e.First, last: e.Last,
			encode: func(position int64) []byte { return encodeEvent(e, position) },
		})
	}
	for _, b := range n.Bookings {
		all = append(all, change{
			id: b.ID, owner: b.UserID, version: b.Version, first: b.Position, last: b.Position,
			encode: func(position int64) []byte { return encodeBooking(b, position) },
		})
	}
	slices.SortStableFunc(all, func(a, b change) int { return cmp.Compare(a.last, b.last) })
	return all
}

func (p *Push) remember(c change) {
	r := p.changed[c.id]
	switch {
	case r == nil:
		r = &remembered{change: c}
		r.element = p.byAge.PushBack(r)
		p.changed[c.id] = r
		if c.owner != uuid.Nil {
			add(p.owned, c.owner, r)
		}
	case c.version <= r.version: // its row was ahead when it was read before, and was told as it is
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
	delete(p.changed, r.id)
	remove(p.owned, r.owner, r)
}

// reset forgets everything, because the log has another history now, and tells all clients.
func (p *Push) reset(position int64) {
	p.position, p.floor = position, position
	p.sent.Store(position)
	clear(p.changed)
	clear(p.owned)
	clear(p.pending)
	p.byAge.Init()
	for s := range p.sockets {
		if s.following {
			s.since = position
			s.reset(position)
		}
	}
}

// flush hands over what is due, and tells when the next is.
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
	// Bookings go first, so that most clients, who are not told of them, get the newest positions.
	slices.SortFunc(due, func(a, b *remembered) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.first, b.first))
	})
	positions, unsent := make([]int64, len(due)), held
	for i, r := range slices.Backward(due) {
		positions[i], unsent = unsent-1, min(unsent, r.first)
	}
	for i, r := range due {
		r.pending, r.sentAt = false, now
		delete(p.pending, r)
		p.sequence++
		r.frame = &frame{r.encode(positions[i]), p.sequence}
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

// offer hands a frame to everybody who is told of the change.
func (p *Push) offer(r *remembered) {
	if r.owner != uuid.Nil {
		for s := range p.owners[r.owner] {
			s.offer(r.id, r.frame)
		}
		return
	}
	for s := range p.watchers[r.id] {
		s.offer(r.id, r.frame)
	}
	for s := range p.all {
		s.offer(r.id, r.frame)
	}
}

func encodeEvent(e projections.EventChange, position int64) []byte {
	text, _ := json.Marshal(struct { // of such values it does not fail
		Type      string    `json:"type"`
		EventID   uuid.UUID `json:"eventId"`
		Remaining int       `json:"remainingTickets"`
		Total     int       `json:"totalTickets"`
		Status    string    `json:"status"`
		Version   int       `json:"version"`
		Position  int64     `json:"position"`
	}{"event", e.ID, e.Remaining, e.Capacity, e.Status, e.Version, position})
	return text
}

func encodeBooking(b projections.BookingChange, position int64) []byte {
	text, _ := json.Marshal(struct {
		Type        string    `json:"type"`
		BookingID   uuid.UUID `json:"bookingId"`
		EventID     uuid.UUID `json:"eventId"`
		Status      string    `json:"status"`
		Version     int       `json:"version"`
		LogPosition int64     `json:"logPosition"`
		Position    int64     `json:"position"`
	}{"booking", b.ID, b.EventID, b.Status, b.Version, b.Position, position})
	return text
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
