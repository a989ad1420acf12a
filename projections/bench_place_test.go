package projections_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
)

// longWaitlist is a database in which 100,000 wait for one event. It names those who wait.
func longWaitlist(b *testing.B) (pool *pgxpool.Pool, event uuid.UUID, users []uuid.UUID) {
	b.Helper()
	ctx := context.Background()
	pool = dbtest.Connect(b, dbtest.URL(b), dbtest.MaxConns(2))
	event = uuid.New()
	for _, sql := range []string{
		`insert into events (id, title, title_key, description, venue, starts_at, time_zone, price_minor, currency, capacity,
			remaining, status, version, created_at, updated_at)
		values ($1, '', '', '', '', now() + interval '1 day', 'UTC', 0, 'EUR', 1, 0, 'SCHEDULED', 1, now(), now())`,
		`insert into waitlist (id, event_id, user_id, status, lines, joined_version, joined_at, version)
		select gen_random_uuid(), $1, gen_random_uuid(), 'WAITING', '[]', n, now(), n from generate_series(1, 100000) n`,
	} {
		if _, err := pool.Exec(ctx, sql, [16]byte(event)); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := pool.Exec(ctx, `analyze waitlist`); err != nil {
		b.Fatal(err)
	}
	rows, err := pool.Query(ctx, `select user_id from waitlist order by joined_version desc limit 1000`)
	dbtest.Must(b, err)
	defer rows.Close()
	for rows.Next() {
		var id uuid.UUID
		dbtest.Must(b, rows.Scan(&id))
		users = append(users, id)
	}
	dbtest.Must(b, rows.Err())
	return pool, event, users
}

// BenchmarkPlace asks for the place of somebody who is nearly last of 100,000.
func BenchmarkPlace(b *testing.B) {
	pool, _, users := longWaitlist(b)
	for i := 0; b.Loop(); i++ {
		entries, err := projections.Waitlist{Pool: pool}.OfUser(context.Background(), users[i%len(users)], time.Now())
		if err != nil || len(entries) != 1 || entries[0].Place != 100_000-i%len(users) {
			b.Fatalf("got %+v, %v", entries, err)
		}
	}
}

// BenchmarkPlaces reads the places of 1,000 connected users of 100,000 who wait, as is done once a
// second at most.
func BenchmarkPlaces(b *testing.B) {
	pool, event, users := longWaitlist(b)
	for b.Loop() {
		places, _, err := projections.Waitlist{Pool: pool}.Places(context.Background(), []uuid.UUID{event}, users, nil)
		if err != nil || len(places) != len(users) {
			b.Fatalf("got %d places, %v", len(places), err)
		}
	}
}
