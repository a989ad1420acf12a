package projections_test

import (
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/projections/engine"
)

type saleRow struct {
	ID    uuid.UUID
	Title string
	Sold  int // or set aside
	Last  time.Time
}

// salesTable is another shape of what events has. It panics on events of one title while panics
// says so.
func salesTable(name, title string, panics func() bool) engine.Projection {
	return &engine.Table[saleRow, domain.Record]{
		ReadModel: name,
		Columns: []engine.Column{
			{Name: "id", SQLType: "uuid"}, {Name: "title", SQLType: "text"},
			{Name: "sold", SQLType: "int"}, {Name: "last", SQLType: "timestamptz"},
		},
		Fields: func(r *saleRow) []any { return []any{&r.ID, &r.Title, &r.Sold, &r.Last} },
		Decode: domain.Codec{}.Decode,
		Key: func(r *engine.Record[domain.Record]) (key uuid.UUID, creates, ok bool) {
			_, creates = r.Value.(domain.EventScheduled)
			return r.StreamID, creates, true
		},
		Reduce: func(row *saleRow, r *engine.Record[domain.Record]) {
			switch v := r.Value.(type) {
			case domain.EventScheduled:
				*row = saleRow{ID: r.StreamID, Title: v.Details.Title}
			case domain.DetailsChanged:
				row.Title = v.Details.Title
			case domain.TicketBooked:
				row.Sold += v.Lines.Quantity()
			case domain.BookingCancelled:
				row.Sold -= v.Lines.Quantity()
			case domain.TicketsHeld:
				row.Sold += v.Lines.Quantity()
				if len(v.Before) > 0 {
					row.Sold -= v.Before.Quantity()
				}
			case domain.TicketsOffered:
				row.Sold += v.Lines.Quantity()
			case domain.HoldReleased:
				row.Sold -= v.Lines.Quantity()
			case domain.HoldLapsed:
				row.Sold -= v.Lines.Quantity()
			case domain.OfferDeclined:
				row.Sold -= v.Lines.Quantity()
			case domain.OfferLapsed:
				row.Sold -= v.Lines.Quantity()
			default: // the others change nothing
			}
			if row.Title == title && panics() {
				panic("planted")
			}
			row.Last = r.RecordedAt
		},
	}
}
