package projections_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
)

// manyEvents writes rows of 100,000 events, one every ten minutes, of which every tenth has begun at
// the time that it returns, and about every hundredth is cancelled.
func manyEvents(t testing.TB, pool *pgxpool.Pool) (now time.Time) {
	t.Helper()
	const n = 100_000
	now = time.Now().UTC().Truncate(time.Second)
	_, err := pool.Exec(context.Background(), `
		insert into events (id, title, title_key, description, venue, starts_at, time_zone, price_minor, currency, capacity,
			remaining, status, version, created_at, updated_at, category)
		select gen_random_uuid(), title, lower(title), repeat('What it is about. ', 10),
			(array['Zürich', 'Łódź', 'Hall', 'Théâtre'])[1 + i % 4], $1::timestamptz + (i - $2 / 10) * interval '10 minutes',
			'UTC', i * 7919 % 20000, (array['EUR', 'JPY', 'KWD'])[1 + i % 3], 100, i % 5,
			case when i % 97 = 0 then 'CANCELLED' else 'SCHEDULED' end, 1, now(), now(),
			(array['', 'MUSIC', 'SPORT'])[1 + i / 5 % 3]
		from generate_series(1, $2::int) i,
			lateral (
				select (array['Café', 'Jazz', 'Straße', 'Ødegård'])[1 + i / 4 % 4]
					|| case when i % 1000 = 0 then ' Émile ' else ' ' end || md5(i::text)
			) as t (title)`, now, n)
	dbtest.Must(t, err)
	refreshed, err := projections.RefreshEvents(context.Background(), pool)
	dbtest.Must(t, err)
	if refreshed != n {
		t.Fatalf("%d rows got their keys", refreshed)
	}
	_, err = pool.Exec(context.Background(), `vacuum (analyze) events`)
	dbtest.Must(t, err)
	return now
}

// BenchmarkLists measures pages of lists of 100,000 events, read from PostgreSQL each time. The
// goals, on a quiet machine: p99 of the first page of upcoming events 10 ms, of searches 20 ms.
func BenchmarkLists(b *testing.B) {
	pool := dbtest.Connect(b, dbtest.URL(b), dbtest.MaxConns(2))
	now := manyEvents(b, pool)
	events := projections.NewEvents(pool)
	for name, q := range map[string]projections.EventQuery{
		"upcoming":                {Upcoming: true, Sort: projections.SortByDate},
		"upcoming by title":       {Upcoming: true, Sort: projections.SortByTitle},
		"upcoming by price":       {Upcoming: true, Sort: projections.SortByPrice},
		"available":               {Available: true, Sort: projections.SortByDate},
		"available by title":      {Available: true, Sort: projections.SortByTitle},
		"available by price":      {Available: true, Sort: projections.SortByPrice},
		"cancelled":               {Status: projections.EventCancelled, Sort: projections.SortByDate},
		"cancelled by title":      {Status: projections.EventCancelled, Sort: projections.SortByTitle},
		"cancelled by price":      {Status: projections.EventCancelled, Sort: projections.SortByPrice},
		"scheduled":               {Status: projections.EventScheduled, Upcoming: true, Sort: projections.SortByDate},
		"drafts":                  {Status: projections.EventDraft, Drafts: true, Sort: projections.SortByDate},
		"free":                    {Free: true, Upcoming: true, Sort: projections.SortByDate},
		"one category":            {Categories: "MUSIC", Upcoming: true, Sort: projections.SortByDate},
		"two categories by title": {Categories: "MUSIC,SPORT", Upcoming: true, Sort: projections.SortByTitle},
		"a range of prices": {
			Currency: "EUR", MinPrice: 100, MaxPrice: 200, Upcoming: true, Sort: projections.SortByDate,
		},
		"a range of prices by title": {
			Currency: "EUR", MinPrice: 100, MaxPrice: 200, Upcoming: true, Sort: projections.SortByTitle,
		},
		"search two letters":      {Upcoming: true, Search: "df", Sort: projections.SortByDate},
		"search a rare word":      {Search: "emile", Sort: projections.SortByDate},
		"search a frequent word":  {Upcoming: true, Search: "cafe", Sort: projections.SortByDate},
		"search two words":        {Upcoming: true, Search: "zurich strasse", Sort: projections.SortByDate},
		"search by title":         {Upcoming: true, Search: "odegard", Sort: projections.SortByTitle},
		"search finds nothing":    {Search: "nothing at all", Sort: projections.SortByDate},
		"second page by a cursor": {Upcoming: true, Sort: projections.SortByDate},
	} {
		b.Run(name, func(b *testing.B) {
			q.Page, q.Limit = 1, 10
			var after projections.EventCursor
			if name == "second page by a cursor" {
				_, next, _, err := events.After(b.Context(), projections.EventQuery{
					Upcoming: true, Now: now, Sort: q.Sort, Limit: 10,
				}, after)
				dbtest.Must(b, err)
				after = next
			}
			var took []time.Duration
			for b.Loop() {
				q.Now = now.Add(time.Duration(len(took)/100) * time.Second) // a hundred requests a second
				began := time.Now()
				_, _, _, err := events.After(b.Context(), q, after)
				dbtest.Must(b, err)
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
