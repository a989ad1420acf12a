package projections

import (
	"cmp"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// inHandRows bounds what is held until it is told. When there is more, it is read instead.
const inHandRows = 10_000

// inHand holds what the projection of this process has applied and Live has not told yet, page by
// page, without a gap.
type inHand struct {
	mu    sync.Mutex
	pages []inHandPage
	rows  int
}

type inHandPage struct {
	from, to int64
	hash     eventstore.Hash
	events   []engine.Changed[Event]
	bookings []BookingChange
}

func (p *inHandPage) size() int { return len(p.events) + len(p.bookings) + 1 }

func (h *inHand) add(applied engine.Applied[Event, domain.Record]) {
	page := inHandPage{from: applied.From, to: applied.To, hash: applied.Hash, events: applied.Rows}
	for i := range applied.Records {
		if change, ok := bookingChangeOf(&applied.Records[i]); ok {
			page.bookings = append(page.bookings, change)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.pages); h.rows > inHandRows || n > 0 && h.pages[n-1].to+1 != page.from {
		h.pages, h.rows = nil, 0
	}
	h.pages, h.rows = append(h.pages, page), h.rows+page.size()
}

// take gives the changes after a place as far as they are in hand, up to a position.
func (h *inHand) take(after place, upto int64) (news News, next place, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := slices.IndexFunc(h.pages, func(p inHandPage) bool { return p.from == after.position+1 })
	if first < 0 {
		return news, next, false
	}
	news, next = News{After: after.position}, after
	changes := map[uuid.UUID]EventChange{}
	told := first
	for ; told < len(h.pages) && h.pages[told].to <= upto; told++ {
		page := h.pages[told]
		news.Upto, next.position, next.hash = page.to, page.to, page.hash[:]
		news.Bookings = append(news.Bookings, page.bookings...)
		for _, c := range page.events {
			e := c.Row
			if !e.Published {
				continue
			}
			change := EventChange{e.ID, e.Remaining, e.Capacity, e.Status, e.Version, c.First, c.Last}
			if earlier, isThere := changes[e.ID]; isThere {
				change.First = earlier.First
			}
			changes[e.ID] = change
		}
	}
	for _, change := range changes {
		news.Events = append(news.Events, change)
	}
	slices.SortFunc(news.Events, func(a, b EventChange) int { return cmp.Compare(a.Last, b.Last) })
	h.pages, h.rows = slices.Clone(h.pages[told:]), 0
	for _, page := range h.pages {
		h.rows += page.size()
	}
	return news, next, told > first
}
