package projections

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
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
}

// What can have become of an event.
const (
	EventScheduled = "SCHEDULED"
	EventCancelled = "CANCELLED"
)

func eventsTable() Projection {
	return &table[Event]{name: "events", row: eventRow, reduce: reduceEvent, load: loadEvents, save: saveEvents}
}

func eventRow(r eventstore.Record, v domain.Record) (key uuid.UUID, fresh, ok bool) {
	_, fresh = v.(domain.EventScheduled)
	return r.StreamID, fresh, true
}

func reduceEvent(row *Event, r eventstore.Record, v domain.Record) {
	switch v := v.(type) {
	case domain.EventScheduled:
		*row = Event{ID: r.StreamID, Capacity: v.Capacity, Remaining: v.Capacity, Status: EventScheduled, CreatedAt: r.RecordedAt}
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
}

const eventColumns = `id, title, description, venue, starts_at, time_zone, price_minor, currency, capacity, remaining, status, version, created_at, updated_at`

func scanEvent(row pgx.CollectableRow) (*Event, error) {
	var e Event
	err := row.Scan(e.columns()...)
	e.normalize()
	return &e, err
}

func (e *Event) columns() []any {
	return []any{&e.ID, &e.Title, &e.Description, &e.Venue, &e.StartsAt, &e.TimeZone, &e.Price.Minor, &e.Price.Currency,
		&e.Capacity, &e.Remaining, &e.Status, &e.Version, &e.CreatedAt, &e.UpdatedAt}
}

func (e *Event) normalize() {
	e.StartsAt, e.CreatedAt, e.UpdatedAt = e.StartsAt.UTC(), e.CreatedAt.UTC(), e.UpdatedAt.UTC()
}

func loadEvents(ctx context.Context, tx pgx.Tx, keys []uuid.UUID) (map[uuid.UUID]*Event, error) {
	rows, _ := tx.Query(ctx, `select `+eventColumns+` from events where id = any($1)`, keys)
	events, err := pgx.CollectRows(rows, scanEvent)
	if err != nil {
		return nil, err
	}
	found := make(map[uuid.UUID]*Event, len(events))
	for _, e := range events {
		found[e.ID] = e
	}
	return found, nil
}

func saveEvents(ctx context.Context, tx pgx.Tx, rows []*Event) error {
	_, err := tx.Exec(ctx, `
		insert into events (id, title, title_key, description, venue, starts_at, time_zone, price_minor, currency, capacity, remaining, status, version, created_at, updated_at)
		select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::bigint[], $9::text[], $10::int[], $11::int[], $12::text[], $13::int[], $14::timestamptz[], $15::timestamptz[])
		on conflict (id) do update set
			title = excluded.title, title_key = excluded.title_key, description = excluded.description, venue = excluded.venue,
			starts_at = excluded.starts_at, time_zone = excluded.time_zone, price_minor = excluded.price_minor, currency = excluded.currency,
			capacity = excluded.capacity, remaining = excluded.remaining, status = excluded.status, version = excluded.version,
			updated_at = excluded.updated_at`,
		column(rows, func(e *Event) uuid.UUID { return e.ID }),
		column(rows, func(e *Event) string { return e.Title }),
		column(rows, func(e *Event) string { return searchKey(e.Title) }),
		column(rows, func(e *Event) string { return e.Description }),
		column(rows, func(e *Event) string { return e.Venue }),
		column(rows, func(e *Event) time.Time { return e.StartsAt }),
		column(rows, func(e *Event) string { return e.TimeZone }),
		column(rows, func(e *Event) int64 { return e.Price.Minor }),
		column(rows, func(e *Event) string { return e.Price.Currency }),
		column(rows, func(e *Event) int { return e.Capacity }),
		column(rows, func(e *Event) int { return e.Remaining }),
		column(rows, func(e *Event) string { return e.Status }),
		column(rows, func(e *Event) int { return e.Version }),
		column(rows, func(e *Event) time.Time { return e.CreatedAt }),
		column(rows, func(e *Event) time.Time { return e.UpdatedAt }))
	return err
}

// column gives one value of each row, the form in which many rows travel in one statement.
func column[Row, V any](rows []*Row, value func(*Row) V) []V {
	values := make([]V, len(rows))
	for i, r := range rows {
		values[i] = value(r)
	}
	return values
}

// searchKey makes titles comparable without regard to case, the same way whatever the locale of the database.
func searchKey(title string) string {
	return cases.Fold().String(norm.NFKC.String(title))
}

// Events answers queries about events. Its pool stays the caller's.
type Events struct{ Pool *pgxpool.Pool }

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

var sortColumns = map[EventSort]string{SortByDate: "starts_at", SortByPrice: "price_minor", SortByTitle: "title_key"}

// List gives one page of the events, and how many there are on all pages.
func (e Events) List(ctx context.Context, q EventQuery) (page []*Event, total int, err error) {
	by, known := sortColumns[q.Sort]
	if !known {
		return nil, 0, fmt.Errorf("list events: unknown order %q", q.Sort)
	}
	direction := "asc"
	if q.Descending {
		direction = "desc"
	}
	where, args := "", []any{}
	if q.Search != "" {
		where, args = `where title_key like $1`, []any{"%" + likeLiteral.Replace(searchKey(q.Search)) + "%"}
	}
	both := &pgx.Batch{}
	both.Queue(`select count(*) from events `+where, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&total) })
	both.Queue(fmt.Sprintf(`select %s from events %s order by %s %s, id %s limit %d offset %d`,
		eventColumns, where, by, direction, direction, q.Limit, int64(q.Page-1)*int64(q.Limit)), args...).
		Query(func(rows pgx.Rows) error {
			page, err = pgx.CollectRows(rows, scanEvent)
			return err
		})
	if err := e.Pool.SendBatch(ctx, both).Close(); err != nil {
		return nil, 0, fmt.Errorf("list events: %w", err)
	}
	return page, total, nil
}

// In a pattern of LIKE these three are not themselves.
var likeLiteral = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Get gives one event, or [ErrNotFound].
func (e Events) Get(ctx context.Context, id uuid.UUID) (*Event, error) {
	rows, _ := e.Pool.Query(ctx, `select `+eventColumns+` from events where id = $1`, id)
	event, err := pgx.CollectExactlyOneRow(rows, scanEvent)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("event %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", id, err)
	}
	return event, nil
}
