package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Upcoming returns the ids of the user's confirmed bookings of events that begin after now.
func (b Bookings) Upcoming(ctx context.Context, userID uuid.UUID, now time.Time) ([]uuid.UUID, error) {
	rows, _ := b.Pool.Query(ctx, `
		select b.id
		from bookings b
		join events e on e.id = b.event_id
		where b.user_id = $1 and b.status = $2 and e.starts_at > $3
		order by b.id`, userID, BookingConfirmed, now)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("upcoming bookings of user %s: %w", userID, err)
	}
	return ids, nil
}

// StillHave returns those of the users who have a booking, a hold, an offer or a place on a waiting
// list, of events that begin after now.
func (b Bookings) StillHave(ctx context.Context, users []uuid.UUID, now time.Time) ([]uuid.UUID, error) {
	rows, _ := b.Pool.Query(ctx, `
		select b.user_id
		from bookings b
		join events e on e.id = b.event_id
		where b.user_id = any($1) and b.status = '`+BookingConfirmed+`' and e.starts_at > $2
		union
		select user_id from holds where user_id = any($1) and status = '`+HoldHeld+`' and expires_at > $2
		union
		select w.user_id
		from waitlist w
		join events e on e.id = w.event_id
		where w.user_id = any($1) and w.status = '`+EntryWaiting+`' and e.starts_at > $2
			and e.status <> '`+EventCancelled+`'`, users, now)
	have, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("what %d users still have: %w", len(users), err)
	}
	return have, nil
}
