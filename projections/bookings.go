package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
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

// What can have become of a booking.
const (
	BookingConfirmed = "CONFIRMED"
	BookingCancelled = "CANCELLED"
)

func bookingsTable() Projection {
	return &table[Booking]{name: "bookings", row: bookingRow, reduce: reduceBooking, load: loadBookings, save: saveBookings}
}

func bookingRow(_ eventstore.Record, v domain.Record) (key uuid.UUID, fresh, ok bool) {
	switch v := v.(type) {
	case domain.TicketBooked:
		return v.BookingID, true, true
	case domain.BookingCancelled:
		return v.BookingID, false, true
	case domain.EventScheduled, domain.DetailsChanged, domain.CapacityChanged, domain.EventCancelled:
	}
	return uuid.UUID{}, false, false
}

func reduceBooking(row *Booking, r eventstore.Record, v domain.Record) {
	switch v := v.(type) {
	case domain.TicketBooked:
		*row = Booking{ID: v.BookingID, EventID: r.StreamID, UserID: v.CustomerID, Status: BookingConfirmed, CreatedAt: r.RecordedAt}
	case domain.BookingCancelled:
		row.Status, row.CancelledAt = BookingCancelled, &r.RecordedAt
	case domain.EventScheduled, domain.DetailsChanged, domain.CapacityChanged, domain.EventCancelled:
	}
	row.Version = r.Version
}

const bookingColumns = `id, event_id, user_id, status, created_at, cancelled_at, version`

func scanBooking(row pgx.CollectableRow) (*Booking, error) {
	var b Booking
	err := row.Scan(b.columns()...)
	b.normalize()
	return &b, err
}

func (b *Booking) columns() []any {
	return []any{&b.ID, &b.EventID, &b.UserID, &b.Status, &b.CreatedAt, &b.CancelledAt, &b.Version}
}

func (b *Booking) normalize() {
	b.CreatedAt = b.CreatedAt.UTC()
	if b.CancelledAt != nil {
		*b.CancelledAt = b.CancelledAt.UTC()
	}
}

func loadBookings(ctx context.Context, tx pgx.Tx, keys []uuid.UUID) (map[uuid.UUID]*Booking, error) {
	rows, _ := tx.Query(ctx, `select `+bookingColumns+` from bookings where id = any($1)`, keys)
	bookings, err := pgx.CollectRows(rows, scanBooking)
	if err != nil {
		return nil, err
	}
	found := make(map[uuid.UUID]*Booking, len(bookings))
	for _, b := range bookings {
		found[b.ID] = b
	}
	return found, nil
}

func saveBookings(ctx context.Context, tx pgx.Tx, rows []*Booking) error {
	_, err := tx.Exec(ctx, `
		insert into bookings (id, event_id, user_id, status, created_at, cancelled_at, version)
		select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::int[])
		on conflict (id) do update set status = excluded.status, cancelled_at = excluded.cancelled_at, version = excluded.version`,
		column(rows, func(b *Booking) uuid.UUID { return b.ID }),
		column(rows, func(b *Booking) uuid.UUID { return b.EventID }),
		column(rows, func(b *Booking) uuid.UUID { return b.UserID }),
		column(rows, func(b *Booking) string { return b.Status }),
		column(rows, func(b *Booking) time.Time { return b.CreatedAt }),
		column(rows, func(b *Booking) *time.Time { return b.CancelledAt }),
		column(rows, func(b *Booking) int { return b.Version }))
	return err
}

// Bookings answers queries about bookings. Its pool stays the caller's.
type Bookings struct{ Pool *pgxpool.Pool }

// BookingWithEvent is a booking and the event that it is for.
type BookingWithEvent struct {
	Booking
	Event Event
}

// OfUser gives all bookings of a user, newest first.
func (b Bookings) OfUser(ctx context.Context, userID uuid.UUID) ([]BookingWithEvent, error) {
	rows, _ := b.Pool.Query(ctx, `
		select b.id, b.event_id, b.user_id, b.status, b.created_at, b.cancelled_at, b.version,
			e.id, e.title, e.description, e.venue, e.starts_at, e.time_zone, e.price_minor, e.currency, e.capacity, e.remaining, e.status, e.version, e.created_at, e.updated_at
		from bookings b
		join events e on e.id = b.event_id
		where b.user_id = $1
		order by b.created_at desc, b.id`, userID)
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (BookingWithEvent, error) {
		var b BookingWithEvent
		err := row.Scan(append(b.columns(), b.Event.columns()...)...)
		b.normalize()
		b.Event.normalize()
		return b, err
	})
	if err != nil {
		return nil, fmt.Errorf("bookings of user %s: %w", userID, err)
	}
	return found, nil
}

// Get gives one booking, or [ErrNotFound].
func (b Bookings) Get(ctx context.Context, id uuid.UUID) (*Booking, error) {
	rows, _ := b.Pool.Query(ctx, `select `+bookingColumns+` from bookings where id = $1`, id)
	booking, err := pgx.CollectExactlyOneRow(rows, scanBooking)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("booking %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("booking %s: %w", id, err)
	}
	return booking, nil
}
