package projections

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/domain"
)

// With runs other projections than those of the program.
func (o Options) With(projections ...Projection) Options {
	o.projections = projections
	return o
}

// KeepingRows bounds the rows that a rebuild keeps in memory.
func (o RebuildOptions) KeepingRows(most int) RebuildOptions {
	o.maxRows = most
	return o
}

// RebuildOf rebuilds a projection that is not one of the program's.
func RebuildOf(ctx context.Context, p Projection, o RebuildOptions) (Rebuilt, error) {
	return rebuildOf(ctx, p, o)
}

// RetryOf retries one that is not one of the program's.
func RetryOf(ctx context.Context, p Projection, o RetryOptions) (Retried, error) {
	return retryOf(ctx, p, o)
}

// KeepLease takes a lease and renews it until ctx ends.
func KeepLease(ctx context.Context, pool *pgxpool.Pool, name string, lasts time.Duration, taken func()) error {
	l := lease{name: name, holder: "test", lasts: lasts}
	if _, err := l.take(ctx, pool); err != nil {
		return err
	}
	taken()
	return l.keep(ctx, pool)
}

// PartOf is the stretch of a list that a page shows.
func PartOf(page, limit, total int) (rows, skip int, backwards bool) {
	p := partOf(EventQuery{Page: page, Limit: limit}, total)
	return p.rows, p.skip, p.backwards
}

type saleRow struct {
	ID    uuid.UUID
	Title string
	Sold  int
	Last  time.Time
}

// Sales is a projection for tests: another shape of what events has. It panics on events of one title while panics says so.
func Sales(name, title string, panics func() bool) Projection {
	return &table[saleRow]{
		name:    name,
		columns: []column{{"id", "uuid"}, {"title", "text"}, {"sold", "int"}, {"last", "timestamptz"}},
		fields:  func(r *saleRow) []any { return []any{&r.ID, &r.Title, &r.Sold, &r.Last} },
		row: func(f *fact) (key uuid.UUID, fresh, ok bool) {
			_, fresh = f.Value.(domain.EventScheduled)
			return f.StreamID, fresh, true
		},
		reduce: func(r *saleRow, f *fact) {
			switch v := f.Value.(type) {
			case domain.EventScheduled:
				*r = saleRow{ID: f.StreamID, Title: v.Details.Title}
			case domain.DetailsChanged:
				r.Title = v.Details.Title
			case domain.TicketBooked:
				r.Sold++
			case domain.BookingCancelled:
				r.Sold--
			case domain.CapacityChanged, domain.EventCancelled:
			}
			if r.Title == title && panics() {
				panic("planted")
			}
			r.Last = f.RecordedAt
		},
	}
}
