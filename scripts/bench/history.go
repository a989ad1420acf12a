package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// fillLog writes a log of so many records by COPY, as if they had been appended one after the other: the same in each run.
func fillLog(ctx context.Context, db *database, records int) error {
	h := &history{
		random: rand.New(rand.NewPCG(3, 3)), events: eventIDs(max(1, records/100)), ends: map[uuid.UUID]eventstore.Record{},
		at: time.Now().AddDate(-1, 0, 0).Truncate(time.Microsecond),
	}
	return pgx.BeginFunc(ctx, db.conn, func(tx pgx.Tx) error {
		// The triggers check what an append can be; they would take longer than the COPY.
		if _, err := tx.Exec(ctx, fmt.Sprintf(`alter table event_log disable trigger user; update log_head set position = %d`, records)); err != nil {
			return err
		}
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"event_log"}, columns, pgx.CopyFromSlice(records, h.row)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `alter table event_log enable trigger user`)
		return err
	})
}

// history is made up: every event is scheduled, then tickets are sold, and every twentieth record gives one back.
type history struct {
	random *rand.Rand
	events []uuid.UUID
	ends   map[uuid.UUID]eventstore.Record // the last of each stream
	at     time.Time
	sales  []wish // that were not given back
}

// row is the i-th record, from 0, in the order of columns.
func (h *history) row(i int) ([]any, error) {
	event, value := h.next(i)
	name, schema, data, err := domain.Codec{}.Encode(value)
	if err != nil {
		return nil, err
	}
	h.at = h.at.Add(time.Millisecond)
	end := h.ends[event]
	r := eventstore.Record{
		StreamID: event, Version: end.Version + 1, Type: name, SchemaVersion: schema, Data: data, Metadata: sampleMetadata, RecordedAt: h.at,
	}
	r.Hash = r.Sum(end.Hash)
	h.ends[event] = r
	return []any{int64(i) + 1, [16]byte(event), r.Version, name, schema, data, sampleMetadata, h.at, r.Hash[:]}, nil
}

func (h *history) next(i int) (event uuid.UUID, value domain.Record) {
	if i < len(h.events) {
		details := domain.Details{
			Title: fmt.Sprintf("Concert %d", i), Description: "An evening of music.", Venue: "Hall", TimeZone: "UTC",
			StartsAt: h.at.AddDate(2, 0, i%365), Price: domain.Money{Minor: 4200, Currency: "EUR"},
		}
		return h.events[i], domain.EventScheduled{Details: details, Capacity: plenty}
	}
	if i%20 == 19 && len(h.sales) > 0 {
		n := h.random.IntN(len(h.sales))
		given := h.sales[n]
		h.sales[n] = h.sales[len(h.sales)-1]
		h.sales = h.sales[:len(h.sales)-1]
		return given.event, domain.BookingCancelled{BookingID: given.booking, CustomerID: given.person}
	}
	sold := wish{h.events[h.random.IntN(len(h.events))], randomID(h.random), randomID(h.random)}
	h.sales = append(h.sales, sold)
	return sold.event, domain.TicketBooked{BookingID: sold.booking, CustomerID: sold.person}
}
