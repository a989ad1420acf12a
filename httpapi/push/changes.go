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

// liveEvent is what is remembered of an event that has changed lately.
type liveEvent struct {
	projections.EventChange // its newest state; First is that of the first change that was not sent yet

	element *list.Element
	frame   *eventFrame // what was sent last
	sentAt  time.Time
	pending bool
}

// eventFrame is one change as it is sent to all subscribers of the event.
type eventFrame struct {
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
	for _, change := range n.Events {
		e := p.events[change.ID]
		switch {
		case e == nil:
			e = &liveEvent{EventChange: change}
			e.element = p.byAge.PushBack(e)
			p.events[change.ID] = e
		case change.Version <= e.Version: // its row was ahead when it was read before, and was told as it is
			e.Last = change.Last
			p.byAge.MoveToBack(e.element)
			continue
		default:
			first := change.First
			if e.pending {
				first = e.First
			}
			e.EventChange, e.First = change, first
			p.byAge.MoveToBack(e.element)
		}
		e.pending = true
		p.pending[e] = struct{}{}
	}
	p.position = n.Upto
	p.begin()
	for oldest := p.byAge.Front(); p.byAge.Len() > p.Remember; oldest = p.byAge.Front() {
		e := oldest.Value.(*liveEvent)
		if e.pending {
			break
		}
		p.floor = max(p.floor, e.Last)
		p.byAge.Remove(oldest)
		delete(p.events, e.ID)
	}
}

// reset forgets everything, because the log has another history now, and tells all clients.
func (p *Push) reset(position int64) {
	p.position, p.floor = position, position
	p.sent.Store(position)
	clear(p.events)
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
	var due []*liveEvent
	held := p.position + 1 // the first change that has to wait
	for e := range p.pending {
		if wait := pushEvery - now.Sub(e.sentAt); wait > 0 {
			next, held = min(next, wait), min(held, e.First)
			continue
		}
		due = append(due, e)
	}
	slices.SortFunc(due, func(a, b *liveEvent) int { return cmp.Compare(a.First, b.First) })
	for i, e := range due {
		unsent := held
		if i+1 < len(due) {
			unsent = min(unsent, due[i+1].First)
		}
		e.pending, e.sentAt = false, now
		delete(p.pending, e)
		p.sequence++
		e.frame = &eventFrame{e.encode(unsent - 1), p.sequence}
		for s := range p.watchers[e.ID] {
			s.offer(e.ID, e.frame)
		}
		for s := range p.all {
			s.offer(e.ID, e.frame)
		}
	}
	p.sent.Store(held - 1)
	return next
}

func (e *liveEvent) encode(position int64) []byte {
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
