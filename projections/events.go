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
	"github.com/boxoffice/boxoffice/projections/engine"
)

// ErrNotFound means that a read model has no such row.
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

// The statuses of an event.
const (
	EventScheduled = "SCHEDULED"
	EventCancelled = "CANCELLED"
)

func eventsTable() *engine.Table[Event, domain.Record] {
	return &engine.Table[Event, domain.Record]{
		ReadModel: eventsName, Fields: (*Event).fields, Decode: decode,
		Key: eventKey, Reduce: reduceEvent, InvalidatesCount: invalidatesCount,
		Columns: []engine.Column{
			{Name: "id", SQLType: "uuid"},
			{Name: "title", SQLType: "text"},
			{Name: "title_key", SQLType: "text"},
			{Name: "description", SQLType: "text"},
			{Name: "venue", SQLType: "text"},
			{Name: "starts_at", SQLType: "timestamptz"},
			{Name: "time_zone", SQLType: "text"},
			{Name: "price_minor", SQLType: "bigint"},
			{Name: "currency", SQLType: "text"},
			{Name: "capacity", SQLType: "int"},
			{Name: "remaining", SQLType: "int"},
			{Name: "status", SQLType: "text"},
			{Name: "version", SQLType: "int"},
			{Name: "created_at", SQLType: "timestamptz"},
			{Name: "updated_at", SQLType: "timestamptz"},
		},
	}
}

func (e *Event) fields() []any {
	return []any{
		&e.ID, &e.Title, &e.titleKey, &e.Description, &e.Venue, &e.StartsAt, &e.TimeZone, &e.Price.Minor, &e.Price.Currency,
		&e.Capacity, &e.Remaining, &e.Status, &e.Version, &e.CreatedAt, &e.UpdatedAt,
	}
}

func eventKey(r *engine.Record[domain.Record]) (key uuid.UUID, creates, ok bool) {
	_, creates = r.Value.(domain.EventScheduled)
	return r.StreamID, creates, r.Value != nil
}

func reduceEvent(row *Event, r *engine.Record[domain.Record]) {
	switch v := r.Value.(type) {
	case domain.EventScheduled:
		*row = Event{
			ID: r.StreamID, Capacity: v.Capacity, Remaining: v.Capacity, Status: EventScheduled, CreatedAt: r.RecordedAt,
		}
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
	row.Version, row.UpdatedAt = r.Version, r.RecordedAt
}

func (e *Event) setDetails(d domain.Details) {
	e.Title, e.Description, e.Venue = d.Title, d.Description, d.Venue
	e.StartsAt, e.TimeZone, e.Price = d.StartsAt, d.TimeZone, d.Price
	e.titleKey = searchKey(d.Title)
}

func invalidatesCount(v domain.Record) bool {
	switch v.(type) {
	case domain.EventScheduled, domain.DetailsChanged:
		return true
	case domain.CapacityChanged, domain.EventCancelled, domain.TicketBooked, domain.BookingCancelled:
	}
	return false
}

func scanEvent(row pgx.CollectableRow, more ...any) (*Event, error) {
	var e Event
	err := engine.Scan(row, append(e.fields(), more...)...)
	return &e, err
}

// searchKey makes titles comparable without regard to case, the same way in every locale of the
// database. An index limits the size of its entries, and some characters unfold to many: the rest
// of a longer key is not searched.
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

// EventQuery selects and orders events. Values must be valid: Page and Limit at least 1.
type EventQuery struct {
	Search     string // part of the title, without regard to case; empty: all
	Sort       EventSort
	Descending bool
	Page       int
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

// column returns an expression that has an index. Prices of different currencies compare by the
// number that is shown, not by minor units, which differ between currencies.
func (s EventSort) column() (string, error) {
	switch s {
	case SortByDate:
		return "starts_at", nil
	case SortByPrice:
		return "displayed_price(price_minor, currency)", nil
	case SortByTitle:
		return "title_key", nil
	}
	return "", fmt.Errorf("unknown order %q", string(s))
}

// List returns one page of the events, and how many there are on all pages, which is exact.
func (e *Events) List(ctx context.Context, q EventQuery) (page []*Event, total int, err error) {
	by, err := q.Sort.column()
	if err != nil {
		return nil, 0, fmt.Errorf("list events: %w", err)
	}
	if !utf8.ValidString(q.Search) || strings.ContainsRune(q.Search, 0) {
		return nil, 0, nil // no title has that
	}
	where, args := "", []any{}
	if q.Search != "" {
		// In a pattern of LIKE these three are not themselves.
		literal := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(searchKey(q.Search))
		where, args = `where title_key like $1`, []any{"%" + literal + "%"}
	}
	// The total hardly ever changes. So the page is read for the total that was counted last, and
	// its rows tell whether that is still right.
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

// page reads a page of a list of total events, and the listing at which the database has it.
func (e *Events) page(
	ctx context.Context, q EventQuery, by, where string, args []any, total int,
) (page []*Event, listing int64, err error) {
	part := partOf(q, total)
	if part.rows == 0 {
		return nil, 0, nil
	}
	direction := "asc"
	if q.Descending != part.backwards {
		direction = "desc"
	}
	order := fmt.Sprintf("order by %s %s, id %s", by, direction, direction)
	// The inner query reads an index alone, however far from the start; the outer one reads the
	// rows of the page.
	sql := fmt.Sprintf(`
		select %s, %s
		from events
		join (select id from events %s %s limit %d offset %d) page using (id)
		%s`, eventsTable().ColumnList(""), listingSQL, where, order, part.rows, part.skip, order)
	// Each query is planned for its arguments: what is best for a rare word is the worst for a
	// frequent one.
	rows, _ := e.pool.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
	page, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (*Event, error) { return scanEvent(row, &listing) })
	if part.backwards {
		slices.Reverse(page)
	}
	return page, listing, err
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

// listingSQL is a number that grows whenever an event is added or renamed.
const listingSQL = `coalesce((select listing from projection_checkpoints where name = 'events'), 0)`

// total counts the events that are asked for, or remembers the count for as long as no event was
// added or renamed.
func (e *Events) total(ctx context.Context, where string, args []any) (total int, err error) {
	var current int64
	if err := e.pool.QueryRow(ctx, `select `+listingSQL).Scan(&current); err != nil {
		return 0, err
	}
	key := fmt.Sprint(args...)
	if total, known := e.totals.get(current, key); known {
		return total, nil
	}
	row := e.pool.QueryRow(ctx, `select count(*), `+listingSQL+` from events `+where,
		append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
	err = row.Scan(&total, &current)
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

// Get returns one event, or [ErrNotFound].
func (e *Events) Get(ctx context.Context, id uuid.UUID) (*Event, error) {
	rows, _ := e.pool.Query(ctx, `select `+eventsTable().ColumnList("")+` from events where id = $1`, id)
	event, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (*Event, error) { return scanEvent(row) })
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("event %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", id, err)
	}
	return event, nil
}
