package projections

import (
	"context"
	"errors"
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
}

// The statuses of a booking.
const (
	BookingConfirmed = "CONFIRMED"
	BookingCancelled = "CANCELLED"
)

func bookingsTable() *engine.Table[Booking, domain.Record] {
	return &engine.Table[Booking, domain.Record]{
		ReadModel: "bookings", Fields: (*Booking).fields, Decode: decode,
		Key: bookingKey, Reduce: reduceBooking,
		Columns: []engine.Column{
			{Name: "id", SQLType: "uuid"},
			{Name: "event_id", SQLType: "uuid"},
			{Name: "user_id", SQLType: "uuid"},
			{Name: "status", SQLType: "text"},
			{Name: "created_at", SQLType: "timestamptz"},
			{Name: "cancelled_at", SQLType: "timestamptz"},
			{Name: "version", SQLType: "int"},
		},
	}
}

func (b *Booking) fields() []any {
	return []any{&b.ID, &b.EventID, &b.UserID, &b.Status, &b.CreatedAt, &b.CancelledAt, &b.Version}
}

func bookingKey(r *engine.Record[domain.Record]) (key uuid.UUID, creates, ok bool) {
	switch v := r.Value.(type) {
	case domain.TicketBooked:
		return v.BookingID, true, true
	case domain.BookingCancelled:
		return v.BookingID, false, true
	case domain.EventScheduled, domain.DetailsChanged, domain.CapacityChanged, domain.EventCancelled:
	}
	return uuid.UUID{}, false, false
}

func reduceBooking(row *Booking, r *engine.Record[domain.Record]) {
	switch v := r.Value.(type) {
	case domain.TicketBooked:
		*row = Booking{
			ID: v.BookingID, EventID: r.StreamID, UserID: v.CustomerID, Status: BookingConfirmed, CreatedAt: r.RecordedAt,
		}
	case domain.BookingCancelled:
		at := r.RecordedAt // a pointer into r would keep the whole page in memory
		row.Status, row.CancelledAt = BookingCancelled, &at
	case domain.EventScheduled, domain.DetailsChanged, domain.CapacityChanged, domain.EventCancelled:
	}
	row.Version = r.Version
}

func scanBooking(row pgx.CollectableRow) (*Booking, error) {
	var b Booking
	err := engine.Scan(row, b.fields()...)
	return &b, err
}

// Bookings answers queries about bookings. Its pool stays the caller's.
type Bookings struct{ Pool eventstore.Database }

// BookingWithEvent is a booking and the event that it is for.
type BookingWithEvent struct {
	Booking
	Event Event
}

// OfUser returns all bookings of a user, newest first.
func (b Bookings) OfUser(ctx context.Context, userID uuid.UUID) ([]BookingWithEvent, error) {
	rows, _ := b.Pool.Query(ctx, `
		select `+bookingsTable().ColumnList("b.")+`, `+eventsTable().ColumnList("e.")+`
		from bookings b
		join events e on e.id = b.event_id
		where b.user_id = $1
		order by b.created_at desc, b.id`, userID)
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (BookingWithEvent, error) {
		var b BookingWithEvent
		err := engine.Scan(row, append(b.fields(), b.Event.fields()...)...)
		return b, err
	})
	if err != nil {
		return nil, fmt.Errorf("bookings of user %s: %w", userID, err)
	}
	return found, nil
}

// Get returns one booking, or [ErrNotFound].
func (b Bookings) Get(ctx context.Context, id uuid.UUID) (*Booking, error) {
	rows, _ := b.Pool.Query(ctx, `select `+bookingsTable().ColumnList("")+` from bookings where id = $1`, id)
	booking, err := pgx.CollectExactlyOneRow(rows, scanBooking)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("booking %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("booking %s: %w", id, err)
	}
	return booking, nil
}
