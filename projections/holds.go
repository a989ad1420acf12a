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

// Hold is a row of the holds read model: tickets that are or were set aside, as a reservation or as an
// offer to somebody who waited.
type Hold struct {
	ID        uuid.UUID
	EventID   uuid.UUID
	UserID    uuid.UUID
	Status    string // HoldHeld, HoldConfirmed, HoldReleased or HoldLapsed
	Offered   bool   // the id is that of the entry on the waiting list
	Currency  string
	Lines     domain.Lines // with prices
	ExpiresAt time.Time    // from then on HoldHeld means lapsed and not recorded
	Version   int          // of the event's stream, with the last change
}

const holdsName = "holds"

// The statuses of a hold.
const (
	HoldHeld      = "HELD"
	HoldConfirmed = "CONFIRMED"
	HoldReleased  = "RELEASED" // or, of an offer, declined
	HoldLapsed    = "LAPSED"
)

func holdsTable() *engine.Table[Hold, domain.Record] {
	return &engine.Table[Hold, domain.Record]{
		ReadModel: holdsName, Fields: (*Hold).fields, Decode: decode,
		Key: holdKey, Reduce: reduceHold,
		Columns: []engine.Column{
			{Name: "id", SQLType: "uuid"},
			{Name: "event_id", SQLType: "uuid"},
			{Name: "user_id", SQLType: "uuid"},
			{Name: "status", SQLType: "text"},
			{Name: "offered", SQLType: "boolean"},
			{Name: "currency", SQLType: "text"},
			{Name: "lines", SQLType: "jsonb"},
			{Name: "expires_at", SQLType: "timestamptz"},
			{Name: "version", SQLType: "int"},
		},
	}
}

func (h *Hold) fields() []any {
	return []any{
		&h.ID, &h.EventID, &h.UserID, &h.Status, &h.Offered, &h.Currency, (*linesColumn)(&h.Lines), &h.ExpiresAt, &h.Version,
	}
}

func holdKey(r *engine.Record[domain.Record]) (key uuid.UUID, creates, ok bool) {
	switch v := r.Value.(type) {
	case domain.TicketsHeld:
		return v.HoldID, len(v.Before) == 0, true
	case domain.TicketsOffered:
		return v.EntryID, true, true
	case domain.HoldConfirmed:
		return v.HoldID, false, true
	case domain.HoldReleased:
		return v.HoldID, false, true
	case domain.HoldLapsed:
		return v.HoldID, false, true
	case domain.OfferDeclined:
		return v.EntryID, false, true
	case domain.OfferLapsed:
		return v.EntryID, false, true
	default:
		return uuid.UUID{}, false, false
	}
}

func reduceHold(row *Hold, r *engine.Record[domain.Record]) {
	switch v := r.Value.(type) {
	case domain.TicketsHeld:
		*row = Hold{
			ID: v.HoldID, EventID: r.StreamID, UserID: v.CustomerID, Status: HoldHeld, Currency: v.Currency, Lines: v.Lines,
			ExpiresAt: v.ExpiresAt,
		}
	case domain.TicketsOffered:
		*row = Hold{
			ID: v.EntryID, EventID: r.StreamID, UserID: v.CustomerID, Status: HoldHeld, Currency: v.Currency, Lines: v.Lines,
			ExpiresAt: v.ExpiresAt, Offered: true,
		}
	default:
		row.Status = holdStatusAfter(v)
	}
	row.Version = r.Version
}

// holdStatusAfter is the status of a hold after a record; empty: the record changes none.
func holdStatusAfter(r domain.Record) string {
	switch r.(type) {
	case domain.TicketsHeld, domain.TicketsOffered:
		return HoldHeld
	case domain.HoldConfirmed:
		return HoldConfirmed
	case domain.HoldReleased, domain.OfferDeclined:
		return HoldReleased
	case domain.HoldLapsed, domain.OfferLapsed:
		return HoldLapsed
	default:
		return ""
	}
}

func scanHold(row pgx.CollectableRow) (Hold, error) {
	var h Hold
	err := engine.Scan(row, h.fields()...)
	return h, err
}

// Holds answers queries about holds and offers. Its pool stays the caller's.
type Holds struct{ Pool eventstore.Database }

// OfUser returns the holds and offers of a user that have not lapsed at now, the first to lapse first.
func (h Holds) OfUser(ctx context.Context, userID uuid.UUID, now time.Time) ([]Hold, error) {
	rows, _ := h.Pool.Query(ctx, `
		select `+holdsTable().ColumnList("")+`
		from holds
		where user_id = $1 and status = '`+HoldHeld+`' and expires_at > $2
		order by expires_at, id`, userID, now)
	held, err := pgx.CollectRows(rows, scanHold)
	if err != nil {
		return nil, fmt.Errorf("holds of user %s: %w", userID, err)
	}
	return held, nil
}

// Get returns one hold or offer, or [ErrNotFound].
func (h Holds) Get(ctx context.Context, id uuid.UUID) (*Hold, error) {
	return rowOf(ctx, h.Pool, holdsTable(), "hold", id)
}

// Due is what has lapsed of one event without a record of it.
type Due struct {
	EventID uuid.UUID
	Holds   int
	Since   time.Time // when the first of them lapsed
}

// Due returns the events with holds and offers that have expired at now and whose lapse the read model
// does not show, the longest due first.
func (h Holds) Due(ctx context.Context, now time.Time) ([]Due, error) {
	rows, _ := h.Pool.Query(ctx, `
		select event_id, count(*), min(expires_at)
		from holds
		where status = '`+HoldHeld+`' and expires_at <= $1
		group by event_id
		order by min(expires_at), event_id`, now)
	due, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Due])
	if err != nil {
		return nil, fmt.Errorf("holds that are due: %w", err)
	}
	return due, nil
}

// Expiries returns the earliest expiry of the holds and offers whose end the read model does not show,
// which can be before now, and the earliest one after now; zero: there is none. It costs two look-ups
// in an index.
func (h Holds) Expiries(ctx context.Context, now time.Time) (first, next time.Time, err error) {
	rows, _ := h.Pool.Query(ctx, `
		select (select min(expires_at) from holds where status = '`+HoldHeld+`'),
			(select min(expires_at) from holds where status = '`+HoldHeld+`' and expires_at > $1)`, now)
	type expiries struct{ First, Next *time.Time }
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[expiries])
	if err != nil {
		return first, next, fmt.Errorf("the next hold that lapses: %w", err)
	}
	if found.First != nil {
		first = *found.First
	}
	if found.Next != nil {
		next = *found.Next
	}
	return first, next, nil
}

// Lacks is [Bookings.Lacks] for holds.
func (h Holds) Lacks(ctx context.Context) (bool, error) { return lacks(ctx, h.Pool, holdsName) }
