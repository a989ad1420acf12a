package projections

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// listingSQL is a number that grows whenever an event is added, renamed or cancelled, or its
// organizers change.
const listingSQL = `coalesce((select listing from projection_checkpoints where name = 'events'), 0)`

// total counts the selected events, and caches the count for as long as it is valid.
func (e *Events) total(ctx context.Context, q EventQuery) (total int, err error) {
	var listing int64
	if err := e.pool.QueryRow(ctx, `select `+listingSQL).Scan(&listing); err != nil {
		return 0, err
	}
	if total, counted, known := e.totals.last(q); known && counted == listing {
		return total, nil
	}
	c := q.conditions()
	var next *time.Time
	nextSQL := "null::timestamptz"
	if q.Upcoming || q.Available {
		nextSQL = "min(starts_at)"
	}
	row := e.pool.QueryRow(ctx, `select count(*), `+nextSQL+`, `+listingSQL+` from events `+c.where(),
		append([]any{pgx.QueryExecModeCacheDescribe}, c.args...)...)
	if err := row.Scan(&total, &next, &listing); err != nil {
		return 0, err
	}
	e.totals.put(listing, q, count{total, q.Now, q.validUntil(next)})
	return total, nil
}

// availableTTL is how long a count of events that are available is used. It can change with each
// booking that sells an event out, and counting reads the index of all that are available.
const availableTTL = time.Second

// validUntil returns until when a count is valid while the listing stays the same: the next of the
// counted events begins then. Zero: for ever.
func (q EventQuery) validUntil(next *time.Time) (until time.Time) {
	if !q.Upcoming && !q.Available {
		return time.Time{}
	}
	if next != nil {
		until = *next
	}
	if soon := q.Now.Add(availableTTL); q.Available && (next == nil || soon.Before(until)) {
		until = soon
	}
	return until
}

// totals caches counts of one state of the list.
type totals struct {
	mu      sync.Mutex
	listing int64
	counts  map[EventQuery]count // by filters
}

type count struct {
	total     int
	at, until time.Time
}

func (c count) validAt(now time.Time) bool {
	return !now.Before(c.at) && (c.until.IsZero() || now.Before(c.until))
}

// maxTotals bounds how many counts are cached.
const maxTotals = 1000

// filter is the part of a query that its count depends on, apart from the time.
func (q EventQuery) filter() EventQuery {
	q.Now, q.Sort, q.Descending, q.Page, q.Limit = time.Time{}, "", false, 0, 0
	return q
}

// last returns the cached total, which changes of the listing may have made wrong, and its listing.
func (t *totals) last(q EventQuery) (total int, listing int64, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, known := t.counts[q.filter()]
	return c.total, t.listing, known && c.validAt(q.Now)
}

func (t *totals) put(listing int64, q EventQuery, c count) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if listing != t.listing || t.counts == nil || len(t.counts) >= maxTotals {
		t.listing, t.counts = listing, make(map[EventQuery]count)
	}
	t.counts[q.filter()] = c
}
