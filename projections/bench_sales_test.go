package projections_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
)

// BenchmarkSales measures the numbers of an event with 100,000 bookings, of which every tenth is
// cancelled and every second checked in, beside ten times as many of other events. The goal, on a
// quiet machine: 100 ms each.
func BenchmarkSales(b *testing.B) {
	pool := dbtest.Connect(b, dbtest.URL(b), dbtest.MaxConns(2))
	event, from := uuid.New(), time.Now().UTC().Add(-30*24*time.Hour)
	_, err := pool.Exec(b.Context(), `
		insert into bookings (id, event_id, user_id, status, created_at, cancelled_at, version, lines, currency, check_ins)
		select gen_random_uuid(), case when i / 100000 = 5 then $1 else md5((i / 100000)::text)::uuid end, gen_random_uuid(),
			case when i % 10 = 0 then 'CANCELLED' else 'CONFIRMED' end, $2::timestamptz + i * interval '2 seconds',
			case when i % 10 = 0 then $2::timestamptz + i * interval '2 seconds' + interval '3 hours' end, i,
			jsonb_build_array(jsonb_build_object('type', 1 + i % 3, 'quantity', 1 + i % 2, 'price', 4999)), 'EUR',
			case when i % 2 = 0 then '[]'::jsonb
				else jsonb_build_array(jsonb_build_object('type', 1, 'number', 1, 'at', $2, 'by', gen_random_uuid())) end
		from generate_series(1, 1100000) i`, event, from)
	dbtest.Must(b, err)
	_, err = pool.Exec(b.Context(), `vacuum (analyze) bookings`)
	dbtest.Must(b, err)
	bookings := projections.Bookings{Pool: pool}
	berlin, err := time.LoadLocation("Europe/Berlin")
	dbtest.Must(b, err)
	q := projections.SalesQuery{EventID: event, Zone: berlin, From: from, To: from.Add(60 * 24 * time.Hour)}
	for _, interval := range []projections.Interval{projections.ByMinute, projections.ByHour, projections.ByDay} {
		q.Interval = interval
		b.Run("by "+string(interval), func(b *testing.B) {
			for b.Loop() {
				_, err := bookings.Sales(b.Context(), q)
				dbtest.Must(b, err)
			}
		})
	}
	b.Run("revenue", func(b *testing.B) {
		for b.Loop() {
			_, err := bookings.Revenue(b.Context(), event)
			dbtest.Must(b, err)
		}
	})
	b.Run("counts", func(b *testing.B) {
		for b.Loop() {
			_, err := projections.NewEvents(pool).Counts(b.Context(), []uuid.UUID{event})
			dbtest.Must(b, err)
		}
	})
}
