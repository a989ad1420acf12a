package projections

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
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
	StartsAt    time.Time  // UTC
	EndsAt      *time.Time // UTC; nil: unknown
	TimeZone    string     // IANA name of the venue's
	Category    string     // one of [domain.Categories], or empty
	Image       string     // id of a picture, or empty
	Organizer   string     // as the event names them, or empty
	Price       domain.Money
	Capacity    int
	Remaining   int
	Status      string // EventScheduled, EventCancelled or EventDraft
	Version     int    // of the stream
	CreatedAt   time.Time
	UpdatedAt   time.Time

	RequireProofOfWork bool

	MaxPerCustomer int        // tickets
	SaleOpensAt    *time.Time // UTC; nil: the event is on sale from the beginning
	SaleClosesAt   *time.Time // UTC; nil: until it begins
	Published      bool       // false: customers don't see it, also when it is cancelled

	Organizers Organizers // never changed in place

	types typesColumn
	taken takenColumn // never changed in place

	// What it is searched and sorted by, and the version of the row that this was computed for. See
	// [RefreshEvents].
	titleKey, searchKey, sortKey string
	keysVersion                  int
}

const eventsName = "events"

// The statuses of an event.
const (
	EventScheduled = "SCHEDULED"
	EventCancelled = "CANCELLED"
	EventDraft     = "DRAFT"
)

func eventsTable() *engine.Table[Event, domain.Record] {
	return &engine.Table[Event, domain.Record]{
		ReadModel: eventsName, Fields: (*Event).fields, Decode: decode,
		Key: eventKey, Reduce: reduceEvent, InvalidatesCount: invalidatesCount, Refresh: refreshEvents,
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
			{Name: "search_key", SQLType: "text"},
			{Name: "sort_key", SQLType: "text"},
			{Name: "keys_version", SQLType: "int"},
			{Name: "category", SQLType: "text"},
			{Name: "ends_at", SQLType: "timestamptz"},
			{Name: "image", SQLType: "text"},
			{Name: "organizer_name", SQLType: "text"},
			{Name: "require_proof_of_work", SQLType: "boolean"},
			{Name: "ticket_types", SQLType: "jsonb"},
			{Name: "taken", SQLType: "jsonb"},
			{Name: "max_per_customer", SQLType: "int"},
			{Name: "sale_opens_at", SQLType: "timestamptz"},
			{Name: "sale_closes_at", SQLType: "timestamptz"},
			{Name: "published", SQLType: "boolean"},
			{Name: "organizers", SQLType: "jsonb"},
		},
	}
}

func (e *Event) fields() []any {
	return []any{
		&e.ID, &e.Title, &e.titleKey, &e.Description, &e.Venue, &e.StartsAt, &e.TimeZone, &e.Price.Minor, &e.Price.Currency,
		&e.Capacity, &e.Remaining, &e.Status, &e.Version, &e.CreatedAt, &e.UpdatedAt,
		&e.searchKey, &e.sortKey, &e.keysVersion,
		&e.Category, &e.EndsAt, &e.Image, &e.Organizer, &e.RequireProofOfWork,
		&e.types, &e.taken, &e.MaxPerCustomer, &e.SaleOpensAt, &e.SaleClosesAt, &e.Published,
		&e.Organizers,
	}
}

func eventKey(r *engine.Record[domain.Record]) (key uuid.UUID, creates, ok bool) {
	_, creates = r.Value.(domain.EventScheduled)
	return r.StreamID, creates, r.Value != nil
}

func reduceEvent(row *Event, r *engine.Record[domain.Record]) {
	hasKeys := row.keysVersion == row.Version
	switch v := r.Value.(type) {
	case domain.EventScheduled:
		*row = Event{
			ID: r.StreamID, Capacity: v.Capacity, Remaining: v.Capacity, Status: EventScheduled, CreatedAt: r.RecordedAt,
			Published: !v.Draft,
		}
		if v.Draft {
			row.Status = EventDraft
		}
		row.setDetails(v.Details)
		hasKeys = false
	case domain.DetailsChanged:
		row.setDetails(v.Details)
		hasKeys = false
	case domain.CapacityChanged:
		row.Remaining += v.Capacity - row.Capacity
		row.Capacity = v.Capacity
	case domain.EventCancelled:
		row.Status = EventCancelled
	case domain.EventPublished:
		row.Status, row.Published = EventScheduled, true
	case domain.OrganizerAdded:
		row.Organizers = row.Organizers.with(v.UserID, v.Role)
	case domain.OrganizerRemoved:
		row.Organizers = row.Organizers.with(v.UserID, "")
	default:
		row.takeFor(v)
	}
	if !hasKeys { // also when an older version of the program wrote the row
		row.setKeys()
	}
	row.Version, row.keysVersion, row.UpdatedAt = r.Version, r.Version, r.RecordedAt
}

// takeFor changes what remains by a record about tickets.
func (e *Event) takeFor(r domain.Record) {
	switch v := r.(type) {
	case domain.TicketBooked:
		e.take(v.Lines, +1)
	case domain.BookingCancelled:
		e.take(v.Lines, -1)
	case domain.TicketsHeld:
		if len(v.Before) > 0 {
			e.take(v.Before, -1)
		}
		e.take(v.Lines, +1)
	case domain.TicketsOffered:
		e.take(v.Lines, +1)
	case domain.HoldReleased:
		e.take(v.Lines, -1)
	case domain.HoldLapsed:
		e.take(v.Lines, -1)
	case domain.OfferDeclined:
		e.take(v.Lines, -1)
	case domain.OfferLapsed:
		e.take(v.Lines, -1)
	default: // a hold that is confirmed had its tickets already
	}
}

// setDetails sets the columns that come from the details of an event, but for the keys.
func (e *Event) setDetails(d domain.Details) {
	e.Title, e.Description, e.Venue = d.Title, d.Description, d.Venue
	e.StartsAt, e.TimeZone, e.Price = d.StartsAt, d.TimeZone, d.Price()
	e.Category, e.Image, e.Organizer = d.Category, d.Image, d.OrganizerName
	e.RequireProofOfWork = d.RequireProofOfWork
	e.types, e.MaxPerCustomer = typesOf(d), max(1, d.MaxPerCustomer)
	e.EndsAt, e.SaleOpensAt, e.SaleClosesAt = unlessZero(d.EndsAt), unlessZero(d.SaleOpensAt), unlessZero(d.SaleClosesAt)
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// EventOf makes the row of an event from the state of its stream, without the times of its records.
func EventOf(id uuid.UUID, version int, s domain.State) Event {
	e := Event{
		ID: id, Capacity: s.Capacity(), Remaining: s.Remaining(), Status: EventScheduled, Version: version,
		Published: s.Published(),
	}
	switch {
	case s.Cancelled():
		e.Status = EventCancelled
	case s.Draft():
		e.Status = EventDraft
	}
	e.taken, e.Organizers = takenOf(s), s.Organizers()
	e.setDetails(s.Details())
	return e
}

func invalidatesCount(v domain.Record) bool {
	switch v.(type) {
	case domain.EventScheduled, domain.DetailsChanged, domain.EventCancelled, domain.EventPublished,
		domain.OrganizerAdded, domain.OrganizerRemoved: // whose lists have the event
		return true
	default:
		return false
	}
}

func scanEvent(row pgx.CollectableRow, more ...any) (*Event, error) {
	var e Event
	err := engine.Scan(row, append(e.fields(), more...)...)
	return &e, err
}

// Get returns one event, or [ErrNotFound].
func (e *Events) Get(ctx context.Context, id uuid.UUID) (*Event, error) {
	return rowOf(ctx, e.pool, eventsTable(), "event", id)
}
