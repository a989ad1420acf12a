package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// Booking is a row of the bookings read model.
type Booking struct {
	ID          uuid.UUID
	EventID     uuid.UUID
	UserID      uuid.UUID
	Status      string // BookingConfirmed or BookingCancelled
	CreatedAt   time.Time
	CancelledAt *time.Time // nil while it is confirmed
	Version     int        // of the event's stream, with the last change
	Lines       domain.Lines
	Currency    string    // of the prices of Lines; empty: they are not known
	CheckIns    []CheckIn // never changed in place
	// CancelReason is why an organizer has cancelled it. Empty: the customer has, or nobody.
	CancelReason string
}

const bookingsName = "bookings"

// The statuses of a booking.
const (
	BookingConfirmed = "CONFIRMED"
	BookingCancelled = "CANCELLED"
)

func bookingsTable() *engine.Table[Booking, domain.Record] {
	return &engine.Table[Booking, domain.Record]{
		ReadModel: bookingsName, Fields: (*Booking).fields, Decode: decode,
		Key: bookingKey, Reduce: reduceBooking,
		Columns: []engine.Column{
			{Name: "id", SQLType: "uuid"},
			{Name: "event_id", SQLType: "uuid"},
			{Name: "user_id", SQLType: "uuid"},
			{Name: "status", SQLType: "text"},
			{Name: "created_at", SQLType: "timestamptz"},
			{Name: "cancelled_at", SQLType: "timestamptz"},
			{Name: "version", SQLType: "int"},
			{Name: "lines", SQLType: "jsonb"},
			{Name: "currency", SQLType: "text"},
			{Name: "check_ins", SQLType: "jsonb"},
			{Name: "cancel_reason", SQLType: "text"},
		},
	}
}

func (b *Booking) fields() []any {
	return []any{
		&b.ID, &b.EventID, &b.UserID, &b.Status, &b.CreatedAt, &b.CancelledAt, &b.Version,
		(*linesColumn)(&b.Lines), &b.Currency, (*checkInsColumn)(&b.CheckIns), &b.CancelReason,
	}
}

func bookingKey(r *engine.Record[domain.Record]) (key uuid.UUID, creates, ok bool) {
	switch v := r.Value.(type) {
	case domain.TicketBooked:
		return v.BookingID, true, true
	case domain.HoldConfirmed:
		return v.HoldID, true, true
	case domain.BookingCancelled:
		return v.BookingID, false, true
	case domain.TicketCheckedIn:
		return v.BookingID, false, true
	case domain.CheckInUndone:
		return v.BookingID, false, true
	default:
		return uuid.UUID{}, false, false
	}
}

func reduceBooking(row *Booking, r *engine.Record[domain.Record]) {
	switch v := r.Value.(type) {
	case domain.TicketBooked:
		*row = Booking{ID: v.BookingID, UserID: v.CustomerID, Lines: v.Lines.All(), Currency: v.Currency}
		row.confirm(r)
	case domain.HoldConfirmed:
		*row = Booking{ID: v.HoldID, UserID: v.CustomerID, Lines: v.Lines.All(), Currency: v.Currency}
		row.confirm(r)
	case domain.BookingCancelled:
		at := r.RecordedAt // a copy: a pointer into r would keep the whole page in memory
		row.Status, row.CancelledAt, row.CancelReason = BookingCancelled, &at, v.Reason
	case domain.TicketCheckedIn:
		row.checkIn(v)
	case domain.CheckInUndone:
		row.undoCheckIn(v)
	default: // it changes no booking
	}
	row.Version = r.Version
}

func (b *Booking) confirm(r *engine.Record[domain.Record]) {
	b.EventID, b.Status, b.CreatedAt = r.StreamID, BookingConfirmed, r.RecordedAt
}

// Bookings answers queries about bookings. Its pool stays the caller's.
type Bookings struct{ Pool eventstore.Database }

// BookingWithEvent is a booking and the event that it is for.
type BookingWithEvent struct {
	Booking
	Event Event
}

// BookingQuery selects bookings of a user. Limit must be at least 1.
type BookingQuery struct {
	UserID uuid.UUID
	Status string // BookingConfirmed or BookingCancelled; empty: both
	// BeginsAfter leaves out bookings of events that have begun at that time; zero: none.
	BeginsAfter time.Time
	Limit       int
	After       BookingCursor
}

// BookingCursor is a place in a list of bookings: right after one. The zero value is the beginning.
type BookingCursor struct {
	CreatedAt time.Time
	ID        uuid.UUID
}

// OfUser returns bookings of a user, newest first, and the cursor of the rest, which is zero at the
// end of the list.
func (b Bookings) OfUser(ctx context.Context, q BookingQuery) (page []BookingWithEvent, next BookingCursor, err error) {
	c := &conditions{}
	c.add("b.user_id = %s", q.UserID)
	if q.Status != "" {
		c.add("b.status = %s", q.Status)
	}
	if !q.BeginsAfter.IsZero() {
		c.add("e.starts_at > %s", q.BeginsAfter)
	}
	if q.After.ID != uuid.Nil {
		c.add("(b.created_at, b.id) < (%s, %s)", q.After.CreatedAt, q.After.ID)
	}
	rows, _ := b.Pool.Query(ctx, fmt.Sprintf(`
		select %s, %s
		from bookings b
		join events e on e.id = b.event_id
		%s
		order by b.created_at desc, b.id desc
		limit %d`, bookingsTable().ColumnList("b."), eventsTable().ColumnList("e."), c.where(), q.Limit+1), c.args...)
	page, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (BookingWithEvent, error) {
		var b BookingWithEvent
		err := engine.Scan(row, append(b.fields(), b.Event.fields()...)...)
		return b, err
	})
	if err != nil {
		return nil, next, fmt.Errorf("bookings of user %s: %w", q.UserID, err)
	}
	if len(page) > q.Limit {
		page = page[:q.Limit]
		last := page[q.Limit-1]
		next = BookingCursor{last.CreatedAt, last.ID}
	}
	return page, next, nil
}

// Get returns one booking, or [ErrNotFound].
func (b Bookings) Get(ctx context.Context, id uuid.UUID) (*Booking, error) {
	return rowOf(ctx, b.Pool, bookingsTable(), "booking", id)
}
