package projections

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/projections/engine"
)

// AttendeeQuery selects bookings of an event. Limit must be at least 1.
type AttendeeQuery struct {
	EventID   uuid.UUID
	Status    string // BookingConfirmed or BookingCancelled; empty: both
	Type      int    // only bookings with tickets of this type; 0: all
	CheckedIn *bool  // only bookings with or without a ticket that is checked in; nil: both
	// Search is some words, each of which is in the name or the e-mail address, without regard to case
	// and accents. Deleted accounts have neither.
	Search string
	Limit  int
	After  BookingCursor
}

// Attendee is a booking with the present name and address of its customer.
type Attendee struct {
	Booking
	Name, Email string // empty: the account was deleted
}

func (q AttendeeQuery) conditions() *conditions {
	c := &conditions{}
	c.add("b.event_id = %s", q.EventID)
	if q.Status != "" {
		c.add("b.status = %s", q.Status)
	}
	if q.Type != 0 {
		c.add("b.lines @> jsonb_build_array(jsonb_build_object('type', %s::int))", q.Type)
	}
	if q.CheckedIn != nil {
		c.add("(b.check_ins <> '[]') = %s", *q.CheckedIn)
	}
	for _, word := range searchWords(q.Search) {
		// The expression of the index users_by_words.
		c.add("folded(u.name || ' ' || u.email) like %s", containing(word))
	}
	return c
}

// Attendees returns bookings of an event, oldest first, and the cursor of the rest, which is zero at
// the end of the list.
func (b Bookings) Attendees(ctx context.Context, q AttendeeQuery) (page []Attendee, next BookingCursor, err error) {
	c := q.conditions()
	if q.After.ID != uuid.Nil {
		c.add("(b.created_at, b.id) > (%s, %s)", q.After.CreatedAt, q.After.ID)
	}
	// The plan depends on how rare a word is.
	args := append([]any{pgx.QueryExecModeCacheDescribe}, c.args...)
	rows, _ := b.Pool.Query(ctx, fmt.Sprintf(`
		select %s, coalesce(u.name, ''), coalesce(u.email, '')
		from bookings b
		left join users u on u.id = b.user_id
		%s
		order by b.created_at, b.id
		limit %d`, bookingsTable().ColumnList("b."), c.where(), q.Limit+1), args...)
	page, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a Attendee, err error) {
		err = engine.Scan(row, append(a.fields(), &a.Name, &a.Email)...)
		return a, err
	})
	if err != nil {
		return nil, next, fmt.Errorf("attendees of event %s: %w", q.EventID, err)
	}
	if len(page) > q.Limit {
		page = page[:q.Limit]
		last := page[q.Limit-1]
		next = BookingCursor{last.CreatedAt, last.ID}
	}
	return page, next, nil
}

// CountTickets returns how many tickets the selected bookings have, on all pages.
func (b Bookings) CountTickets(ctx context.Context, q AttendeeQuery) (tickets int, err error) {
	c := q.conditions()
	err = b.Pool.QueryRow(ctx, `
		select coalesce(sum((select sum((line->>'quantity')::int) from jsonb_array_elements(b.lines) line)), 0)
		from bookings b
		left join users u on u.id = b.user_id
		`+c.where(), append([]any{pgx.QueryExecModeCacheDescribe}, c.args...)...).Scan(&tickets)
	if err != nil {
		return 0, fmt.Errorf("count the tickets of event %s: %w", q.EventID, err)
	}
	return tickets, nil
}
