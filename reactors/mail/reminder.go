package mail

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/boxoffice/boxoffice/projections/engine"
)

const (
	// remindBefore is how long before an event its holders are reminded.
	remindBefore = 24 * time.Hour
	// remindEvery is how often events that begin soon are looked for.
	remindEvery = 5 * time.Minute
	// remindersKept is how long after the beginning of an event its reminder stays on record.
	remindersKept = 30 * 24 * time.Hour
)

// ReminderOptions configure [Remind].
type ReminderOptions struct {
	Pool     *pgxpool.Pool
	Notifier *engine.Notifier
	Logger   *slog.Logger
	Holder   string // names this process to people
	Now      func() time.Time
}

// Remind queues, until ctx ends, a letter for everybody who has tickets of an event that begins
// within a day. One process does so at a time. A booking that is made later needs no reminder.
func Remind(ctx context.Context, o ReminderOptions) {
	engine.RunAsLeader(ctx, engine.LeaderOptions{
		Table: "reactor_offsets", Name: "reminders", Holder: o.Holder, Lasts: 2 * remindEvery, Pool: o.Pool,
		Notifier: o.Notifier, Logger: o.Logger,
	}, func(ctx context.Context, _ int64) error {
		for ctx.Err() == nil {
			n, err := QueueReminders(ctx, o.Pool, o.Now())
			if err != nil {
				return err
			}
			if n > 0 {
				o.Notifier.Queued(Topic)
			}
			engine.Await(ctx, nil, remindEvery)
		}
		return nil
	})
}

// QueueReminders queues those that are due, each once, and tells how many. An event that is moved
// has another one.
func QueueReminders(ctx context.Context, pool *pgxpool.Pool, now time.Time) (n int, err error) {
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close() //nolint:errcheck // the pool is the caller's
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("queue reminders: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // committed before
	letters, err := remindersDue(ctx, tx, now)
	if err == nil {
		err = Queue(tx, letters...)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return 0, fmt.Errorf("queue reminders: %w", err)
	}
	return len(letters), nil
}

// remindersDue are by the read models, which need not be up to date to the second.
func remindersDue(ctx context.Context, tx *sql.Tx, now time.Time) (letters []Letter, err error) {
	_, err = tx.ExecContext(ctx, `delete from event_reminders where starts_at < $1`, now.Add(-remindersKept))
	if err != nil {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, `
		with due as (
			insert into event_reminders (event_id, starts_at)
			select id, starts_at
			from events
			where status = 'SCHEDULED' and starts_at > $1 and starts_at <= $2
			on conflict do nothing
			returning event_id
		)
		select distinct on (e.id, b.user_id)
			e.id, e.version, e.title, e.venue, e.starts_at, e.ends_at, e.time_zone, b.user_id, b.id
		from due
		join events e on e.id = due.event_id
		join bookings b on b.event_id = e.id and b.status = 'CONFIRMED'
		order by e.id, b.user_id, b.created_at`, now, now.Add(remindBefore))
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // its error is that of Err
	for rows.Next() {
		var (
			e             Event
			ends          sql.NullTime
			user, booking uuid.UUID
		)
		err := rows.Scan(&e.ID, &e.Version, &e.Title, &e.Venue, &e.StartsAt, &ends, &e.TimeZone, &user, &booking)
		if err != nil {
			return nil, err
		}
		e.EndsAt = ends.Time
		letters = append(letters, Letter{Kind: Reminder, User: user, Event: &e, Booking: booking})
	}
	return letters, rows.Err()
}
