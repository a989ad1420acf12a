package projections

import (
	"context"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Events answers queries about events. Make one with [NewEvents].
type Events struct {
	pool   eventstore.Database
	totals *totals
}

// NewEvents reads through pool, which stays the caller's.
func NewEvents(pool eventstore.Database) *Events { return &Events{pool, &totals{}} }

// EventQuery selects and orders events. Zero fields do not restrict the list. Sort must be one of the
// orders, Page and Limit at least 1.
type EventQuery struct {
	// Search is some words or parts of words, each of which is in the title or the venue, without
	// regard to order, case and accents.
	Search    string
	From, To  time.Time // events that begin at From or later, and before To; zero: no bound
	Upcoming  bool      // only events that have not begun at Now
	Available bool      // only events that can be booked at Now
	Now       time.Time
	Status    string    // EventScheduled, EventCancelled or EventDraft; empty: all
	Organizer uuid.UUID // who owns the event, or has a role there; zero: anybody
	// Categories are some of [domain.Categories], separated by commas, so that queries are comparable.
	// Empty: all.
	Categories string
	// Currency selects events of one currency, and of these the ones with a price from MinPrice to
	// MaxPrice, in minor units; empty: all currencies and prices.
	Currency           string
	MinPrice, MaxPrice int64
	Free               bool // only events that cost nothing, in whatever currency
	Drafts             bool // also events that are not published

	Sort       EventSort
	Descending bool
	Page       int // not used by [Events.After]
	Limit      int
}

// EventSort is the order of a list of events.
type EventSort string

// The orders of a list of events. Events that are equal in it are ordered by id.
const (
	SortByDate  EventSort = "date"
	SortByPrice EventSort = "price"
	SortByTitle EventSort = "title"
)

// EventCursor is a place in a list of events of one order: right after an event. The zero value is
// the beginning.
type EventCursor struct {
	Key string // what the list is ordered by
	ID  uuid.UUID
}

// order is an order of a list in SQL.
type order struct {
	by   string // an expression that has an index
	key  string // its value in a cursor
	cast string // the type of that
}

// displayedPrice is the expression of the index of prices.
const displayedPrice = "displayed_price(price_minor, currency)"

// sql returns the order. Prices of different currencies compare by the number that is shown, not by
// minor units, which differ between currencies.
func (s EventSort) sql() (order, error) {
	switch s {
	case SortByDate:
		return order{
			"starts_at", `to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`, "timestamptz",
		}, nil
	case SortByPrice:
		return order{displayedPrice, displayedPrice + "::text", "numeric"}, nil
	case SortByTitle:
		return order{"sort_key", "sort_key", "text"}, nil
	}
	return order{}, fmt.Errorf("unknown order %q", string(s))
}

// Valid reports whether a cursor from a client can be one of a list of this order.
func (c EventCursor) Valid(s EventSort) bool {
	switch s {
	case SortByDate:
		_, err := time.Parse("2006-01-02T15:04:05.000000Z", c.Key)
		return err == nil
	case SortByPrice:
		return regexp.MustCompile(`^\d{1,20}(\.\d{1,20})?$`).MatchString(c.Key)
	case SortByTitle:
		_, err := hex.DecodeString(c.Key)
		return err == nil
	}
	return false
}

// List returns one page of the events, and how many there are on all pages. The total is exact, except
// for q.Available, where it can be a second old.
func (e *Events) List(ctx context.Context, q EventQuery) (page []*Event, total int, err error) {
	return e.counted(ctx, q, func(c *conditions, total int) ([]*Event, int64, error) {
		part := partOf(q, total)
		if part.rows == 0 {
			return nil, 0, nil
		}
		read := reading{
			conditions: c, sort: q.Sort, descending: q.Descending != part.backwards, limit: part.rows, skip: part.skip,
		}
		page, _, listing, err := e.read(ctx, read)
		if part.backwards {
			slices.Reverse(page)
		}
		return page, listing, err
	})
}

// After returns at most q.Limit events of a list after a cursor, the cursor of the rest, which is zero
// at the end of the list, and how many events the list has in all. Pages from cursor to cursor contain
// each event that keeps its place in the order exactly once, even if others come and go meanwhile.
func (e *Events) After(
	ctx context.Context, q EventQuery, after EventCursor,
) (page []*Event, next EventCursor, total int, err error) {
	page, total, err = e.counted(ctx, q, func(c *conditions, _ int) ([]*Event, int64, error) {
		read := reading{conditions: c, sort: q.Sort, descending: q.Descending, limit: q.Limit + 1, after: after}
		page, keys, listing, err := e.read(ctx, read)
		next = EventCursor{}
		if len(page) > q.Limit {
			next = EventCursor{keys[q.Limit-1], page[q.Limit-1].ID}
			page = page[:q.Limit]
		}
		return page, listing, err
	})
	return page, next, total, err
}

// counted reads a page and the total of its list. The total rarely changes, so the page is read on the
// assumption of the last total, and its rows tell whether that is still right.
func (e *Events) counted(
	ctx context.Context, q EventQuery, read func(c *conditions, total int) (page []*Event, listing int64, err error),
) (page []*Event, total int, err error) {
	if !utf8.ValidString(q.Search) || strings.ContainsRune(q.Search, 0) {
		return nil, 0, nil // no event matches
	}
	if counted, listing, ok := e.totals.last(q); ok {
		page, current, err := read(q.conditions(), counted)
		if err != nil {
			return nil, 0, fmt.Errorf("list events: %w", err)
		}
		if len(page) > 0 && current == listing {
			return page, counted, nil
		}
	}
	if total, err = e.total(ctx, q); err != nil {
		return nil, 0, fmt.Errorf("count events: %w", err)
	}
	if page, _, err = read(q.conditions(), total); err != nil {
		return nil, 0, fmt.Errorf("list events: %w", err)
	}
	return page, total, nil
}

func (q EventQuery) conditions() *conditions {
	c := &conditions{}
	for _, word := range searchWords(q.Search) {
		c.add("search_key like %s", containing(word))
	}
	if !q.From.IsZero() {
		c.add("starts_at >= %s", q.From)
	}
	if !q.To.IsZero() {
		c.add("starts_at < %s", q.To)
	}
	if q.Upcoming || q.Available {
		c.add("starts_at > %s", q.Now)
	}
	if q.Available {
		c.add("not sold_out and status = %s", EventScheduled)
		c.add("(sale_opens_at is null or sale_opens_at <= %s)", q.Now)
		c.add("(sale_closes_at is null or sale_closes_at > %s)", q.Now)
	}
	if !q.Drafts {
		c.add("published")
	}
	if q.Status != "" {
		c.add("status = %s", q.Status)
	}
	if q.Categories != "" {
		c.add("category = any(%s)", strings.Split(q.Categories, ","))
	}
	if q.Currency != "" {
		// The index of prices is by displayed price.
		c.add("currency = %[1]s and "+displayedPrice+
			" between displayed_price(%[2]s, %[1]s) and displayed_price(%[3]s, %[1]s)", q.Currency, q.MinPrice, q.MaxPrice)
	}
	if q.Free {
		c.add(displayedPrice + " = 0")
	}
	if q.Organizer != uuid.Nil {
		// The owner is the actor who scheduled the event: older records don't name one.
		id := q.Organizer.String()
		c.add("(id in (select stream_id from event_log where version = 1 and metadata->>'actor' = %s)"+
			" or id in (select id from events where organizers <> '{}' and organizers ? %s))", id, id)
	}
	return c
}

// reading is a part of a list: some rows after a cursor, or after some other rows.
type reading struct {
	*conditions
	sort        EventSort
	descending  bool
	after       EventCursor
	limit, skip int
}

// read reads rows, their keys for cursors, and the listing at which the database has them.
func (e *Events) read(ctx context.Context, r reading) (rows []*Event, keys []string, listing int64, err error) {
	sql, err := r.statement()
	if err != nil {
		return nil, nil, 0, err
	}
	// Each query is planned for its arguments: the best plan for a rare word is the worst for a
	// frequent one.
	found, _ := e.pool.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, r.args...)...)
	rows, err = pgx.CollectRows(found, func(row pgx.CollectableRow) (*Event, error) {
		var key string
		event, err := scanEvent(row, &key, &listing)
		keys = append(keys, key)
		return event, err
	})
	return rows, keys, listing, err
}

func (r reading) statement() (string, error) {
	o, err := r.sort.sql()
	if err != nil {
		return "", err
	}
	direction, beyond := "asc", ">"
	if r.descending {
		direction, beyond = "desc", "<"
	}
	if r.after.ID != uuid.Nil {
		r.add("("+o.by+", id) "+beyond+" (%s::"+o.cast+", %s)", r.after.Key, r.after.ID)
	}
	orderBy := fmt.Sprintf("order by %s %s, id %[2]s", o.by, direction)
	// The inner query reads an index alone, however far from the start; the outer one reads the
	// rows of the page.
	return fmt.Sprintf(`
		select %s, %s, %s
		from events
		join (select id from events %s %s limit %d offset %d) page using (id)
		%s`, eventsTable().ColumnList(""), o.key, listingSQL, r.where(), orderBy, r.limit, r.skip, orderBy), nil
}

// part is the section of a list that a page shows, counted from the end that is nearer.
type part struct {
	rows, skip int
	backwards  bool
}

func partOf(q EventQuery, total int) part {
	before := int64(q.Page-1) * int64(q.Limit)
	if before >= int64(total) {
		return part{}
	}
	rows := min(q.Limit, total-int(before))
	if after := total - int(before) - rows; after < int(before) {
		return part{rows, after, true}
	}
	return part{rows, int(before), false}
}
