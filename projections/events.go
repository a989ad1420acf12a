package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// ErrNotFound says that a read model has no such row.
var ErrNotFound = errors.New("not found")

// Event is a row of the events read model.
type Event struct {
	ID          uuid.UUID
	Title       string
	Description string
	Venue       string
	StartsAt    time.Time // UTC
	TimeZone    string    // IANA name of the venue's
	Price       domain.Money
	Capacity    int
	Remaining   int
	Status      string // EventScheduled or EventCancelled
	Version     int    // of the stream
	CreatedAt   time.Time
	UpdatedAt   time.Time

	titleKey string // the title as it is searched and sorted
}

const eventsName = "events"

// What can have become of an event.
const (
	EventScheduled = "SCHEDULED"
	EventCancelled = "CANCELLED"
)

func eventsTable() Projection {
	return &table[Event]{
		name: eventsName, columns: eventColumns, row: eventRow, reduce: reduceEvent, fields: (*Event).fields, relists: relistsEvent,
	}
}

func eventRow(f *fact) (key uuid.UUID, fresh, ok bool) {
	_, fresh = f.Value.(domain.EventScheduled)
	return f.StreamID, fresh, true
}

func reduceEvent(row *Event, f *fact) {
	switch v := f.Value.(type) {
	case domain.EventScheduled:
		*row = Event{ID: f.StreamID, Capacity: v.Capacity, Remaining: v.Capacity, Status: EventScheduled, CreatedAt: f.RecordedAt}
		row.setDetails(v.Details)
	case domain.DetailsChanged:
		row.setDetails(v.Details)
	case domain.CapacityChanged:
		row.Remaining += v.Capacity - row.Capacity
		row.Capacity = v.Capacity
	case domain.EventCancelled:
		row.Status = EventCancelled
	case domain.TicketBooked:
		row.Remaining--
	case domain.BookingCancelled:
		row.Remaining++
	}
	row.Version, row.UpdatedAt = f.Version, f.RecordedAt
}

func (e *Event) setDetails(d domain.Details) {
	e.Title, e.Description, e.Venue = d.Title, d.Description, d.Venue
	e.StartsAt, e.TimeZone, e.Price = d.StartsAt, d.TimeZone, d.Price
	e.titleKey = searchKey(d.Title)
}

func relistsEvent(v domain.Record) bool {
	switch v.(type) {
	case domain.EventScheduled, domain.DetailsChanged:
		return true
	case domain.CapacityChanged, domain.EventCancelled, domain.TicketBooked, domain.BookingCancelled:
	}
	return false
}

var eventColumns = []column{
	{"id", "uuid"},
	{"title", "text"},
	{"title_key", "text"},
	{"description", "text"},
	{"venue", "text"},
	{"starts_at", "timestamptz"},
	{"time_zone", "text"},
	{"price_minor", "bigint"},
	{"currency", "text"},
	{"capacity", "int"},
	{"remaining", "int"},
	{"status", "text"},
	{"version", "int"},
	{"created_at", "timestamptz"},
	{"updated_at", "timestamptz"},
}

func (e *Event) fields() []any {
	return []any{
		&e.ID, &e.Title, &e.titleKey, &e.Description, &e.Venue, &e.StartsAt, &e.TimeZone, &e.Price.Minor, &e.Price.Currency,
		&e.Capacity, &e.Remaining, &e.Status, &e.Version, &e.CreatedAt, &e.UpdatedAt,
	}
}

func scanEvent(row pgx.CollectableRow, more ...any) (*Event, error) {
	var e Event
	fields := e.fields()
	err := row.Scan(append(fields, more...)...)
	utc(fields)
	return &e, err
}

// searchKey makes titles comparable without regard to case, the same way whatever the locale of the database. An entry of an index
// has its limits, and some characters unfold to many: what is beyond them is not searched.
func searchKey(title string) string {
	key := cases.Fold().String(norm.NFKC.String(title))
	if len(key) > maxSearchKey {
		key = strings.ToValidUTF8(key[:maxSearchKey], "")
	}
	return key
}

const maxSearchKey = 1000 // bytes; more than any 200 letters take

// Events answers queries about events. Make one with [NewEvents].
type Events struct {
	pool   eventstore.Database
	totals *totals
}

// NewEvents reads through pool, which stays the caller's.
func NewEvents(pool eventstore.Database) *Events { return &Events{pool, &totals{}} }

// EventQuery says which events, in which order. Values must be valid: Page and Limit at least 1.
type EventQuery struct {
	Search     string // part of the title, without regard to case; empty: all
	Sort       EventSort
	Descending bool
	Page       int
	Limit      int
}

// EventSort is what a list of events is ordered by.
type EventSort string

// The orders of a list of events. Equal ones are ordered by id.
const (
	SortByDate  EventSort = "date"
	SortByPrice EventSort = "price"
	SortByTitle EventSort = "title"
)

// Each has an index. Prices of different currencies compare by the number that is shown, not by
// minor units, of which currencies have different ones.
var sortColumns = map[EventSort]string{
	SortByDate: "starts_at", SortByPrice: "displayed_price(price_minor, currency)", SortByTitle: "title_key",
}

// List gives one page of the events, and how many there are on all pages, which is exact.
func (e *Events) List(ctx context.Context, q EventQuery) (page []*Event, total int, err error) {
	by, known := sortColumns[q.Sort]
	if !known {
		return nil, 0, fmt.Errorf("list events: unknown order %q", q.Sort)
	}
	if !utf8.ValidString(q.Search) || strings.ContainsRune(q.Search, 0) {
		return nil, 0, nil // no title has that
	}
	where, args := "", []any{}
	if q.Search != "" {
		where, args = `where title_key like $1`, []any{"%" + likeLiteral.Replace(searchKey(q.Search)) + "%"}
	}
	// The total hardly ever changes, so the page is read as if it had not, and tells whether that is so.
	if counted, listing, ok := e.totals.last(fmt.Sprint(args...)); ok {
		page, current, err := e.page(ctx, q, by, where, args, counted)
		if err != nil {
			return nil, 0, fmt.Errorf("list events: %w", err)
		}
		if len(page) > 0 && current == listing {
			return page, counted, nil
		}
	}
	if total, err = e.total(ctx, where, args); err != nil {
		return nil, 0, fmt.Errorf("count events: %w", err)
	}
	if page, _, err = e.page(ctx, q, by, where, args, total); err != nil {
		return nil, 0, fmt.Errorf("list events: %w", err)
	}
	return page, total, nil
}

// page reads a page of a list of total events, and for which listing of the events that is.
func (e *Events) page(ctx context.Context, q EventQuery, by, where string, args []any, total int) (page []*Event, listing int64, err error) {
	part := partOf(q, total)
	if part.rows == 0 {
		return nil, 0, nil
	}
	direction := "asc"
	if q.Descending != part.backwards {
		direction = "desc"
	}
	order := fmt.Sprintf("order by %s %s, id %s", by, direction, direction)
	// The inner query reads an index alone, however far from the start; the outer one reads the rows of the page.
	sql := fmt.Sprintf(`
		select %s, %s
		from events
		join (select id from events %s %s limit %d offset %d) page using (id)
		%s`, columnList(eventColumns, ""), listingSQL, where, order, part.rows, part.skip, order)
	// Each query is planned for its arguments: what is best for a rare word is the worst for a frequent one.
	rows, _ := e.pool.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
	page, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (*Event, error) { return scanEvent(row, &listing) })
	if part.backwards {
		slices.Reverse(page)
	}
	return page, listing, err
}

// part is the stretch of a list that a page shows, counted from the end that is nearer.
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

// listingSQL grows whenever an event was added or renamed.
const listingSQL = `coalesce((select listing from projection_checkpoints where name = 'events'), 0)`

// total counts the events that are asked for, or remembers the count for as long as no event was added or renamed.
func (e *Events) total(ctx context.Context, where string, args []any) (total int, err error) {
	var current int64
	if err := e.pool.QueryRow(ctx, `select `+listingSQL).Scan(&current); err != nil {
		return 0, err
	}
	key := fmt.Sprint(args...)
	if total, known := e.totals.get(current, key); known {
		return total, nil
	}
	err = e.pool.QueryRow(ctx, `select count(*), `+listingSQL+` from events `+where, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...).Scan(&total, &current)
	if err == nil {
		e.totals.put(current, key, total)
	}
	return total, err
}

// totals remembers counts of one state of the list.
type totals struct {
	mu      sync.Mutex
	listing int64
	counts  map[string]int
}

// maxTotals bounds how many searches are remembered.
const maxTotals = 1000

func (t *totals) get(listing int64, key string) (total int, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if listing != t.listing {
		return 0, false
	}
	total, known = t.counts[key]
	return total, known
}

// last is the total that was counted last, and for which listing that was.
func (t *totals) last(key string) (total int, listing int64, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	total, known = t.counts[key]
	return total, t.listing, known
}

func (t *totals) put(listing int64, key string, total int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if listing != t.listing || t.counts == nil || len(t.counts) >= maxTotals {
		t.listing, t.counts = listing, make(map[string]int)
	}
	t.counts[key] = total
}

// In a pattern of LIKE these three are not themselves.
var likeLiteral = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Get gives one event, or [ErrNotFound].
func (e *Events) Get(ctx context.Context, id uuid.UUID) (*Event, error) {
	rows, _ := e.pool.Query(ctx, `select `+columnList(eventColumns, "")+` from events where id = $1`, id)
	event, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (*Event, error) { return scanEvent(row) })
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("event %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", id, err)
	}
	return event, nil
}
