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

// backlogRows bounds the backlog. When there is more, it is dropped, and Live reads the database.
const backlogRows = 10_000

// backlog holds what the projection of this process has applied and Live has not reported yet, page
// by page, without a gap.
type backlog struct {
	mu    sync.Mutex
	pages []backlogPage
	rows  int
}

type backlogPage struct {
	from, to int64
	hash     eventstore.Hash
	events   []engine.Changed[Event]
	owned    OwnedChanges
}

func (p *backlogPage) size() int { return len(p.events) + p.owned.size() + 1 }

func (b *backlog) add(applied engine.Applied[Event, domain.Record]) {
	page := backlogPage{from: applied.From, to: applied.To, hash: applied.Hash, events: applied.Rows}
	for i := range applied.Records {
		page.owned.add(&applied.Records[i])
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.pages); b.rows > backlogRows || n > 0 && b.pages[n-1].to+1 != page.from {
		b.pages, b.rows = nil, 0
	}
	b.pages, b.rows = append(b.pages, page), b.rows+page.size()
}

// take removes and returns the changes after a cursor, up to a position.
func (b *backlog) take(after cursor, upto int64) (changes Changes, next cursor, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := slices.IndexFunc(b.pages, func(p backlogPage) bool { return p.from == after.position+1 })
	if first < 0 {
		return changes, next, false
	}
	changes, next = Changes{After: after.position}, after
	byEvent := map[uuid.UUID]EventChange{}
	told := first
	for ; told < len(b.pages) && b.pages[told].to <= upto; told++ {
		page := b.pages[told]
		changes.Upto, next.position, next.hash = page.to, page.to, page.hash[:]
		changes.append(page.owned)
		for _, c := range page.events {
			e := c.Row
			if !e.Published {
				continue
			}
			change := EventChange{e.ID, e.Remaining, e.Capacity, e.Status, e.Version, c.First, c.Last}
			if earlier, isThere := byEvent[e.ID]; isThere {
				change.First = earlier.First
			}
			byEvent[e.ID] = change
		}
	}
	for _, change := range byEvent {
		changes.Events = append(changes.Events, change)
	}
	slices.SortFunc(changes.Events, func(a, b EventChange) int { return cmp.Compare(a.Last, b.Last) })
	b.pages, b.rows = slices.Clone(b.pages[told:]), 0
	for _, page := range b.pages {
		b.rows += page.size()
	}
	return changes, next, told > first
}
