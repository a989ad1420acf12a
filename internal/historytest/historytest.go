// Package historytest gives benchmarks a log of many records, the same in each run.
package historytest

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// Records is how many a long log has.
func Records() int {
	if testing.Short() {
		return 20_000
	}
	return 200_000
}

// LongLog is a database with that log. It is filled once, and copied for each benchmark.
func LongLog() *dbtest.Template { return dbtest.NewTemplate(fill) }

// Report tells how many records a second a benchmark did that goes through the log once in each
// iteration.
func Report(b *testing.B) {
	b.Helper()
	b.ReportMetric(float64(Records())*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// fill writes the log into the empty database at url, by COPY, as if the records had been appended
// one after the other: one event for each hundred records, then bookings of these, and every
// twentieth record cancels one.
func fill(url string) error {
	ctx, records := context.Background(), Records()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost with it
	h := &history{
		random: rand.New(rand.NewPCG(3, 3)), //nolint:gosec // the same in each run
		last:   map[uuid.UUID]eventstore.Record{},
		at:     time.Now().AddDate(-1, 0, 0).Truncate(time.Microsecond),
	}
	for range records / 100 {
		h.events = append(h.events, h.id())
	}
	columns := []string{
		"position", "stream_id", "version", "type", "schema_version", "data", "metadata", "recorded_at", "hash",
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		// The triggers check what an append can be; they would take longer than the COPY.
		_, err := tx.Exec(ctx, fmt.Sprintf(
			`alter table event_log disable trigger user; update log_head set position = %d`, records))
		if err != nil {
			return err
		}
		_, err = tx.CopyFrom(ctx, pgx.Identifier{"event_log"}, columns, pgx.CopyFromSlice(records, h.row))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `alter table event_log enable trigger user`)
		return err
	})
	if err != nil {
		return fmt.Errorf("fill the log: %w", err)
	}
	_, err = conn.Exec(ctx, `vacuum analyze event_log`)
	return err
}

// history makes up one record after the other.
type history struct {
	random *rand.Rand
	events []uuid.UUID
	last   map[uuid.UUID]eventstore.Record // of each stream
	at     time.Time
	active []booking
}

type booking struct {
	event uuid.UUID
	domain.TicketBooked
}

// row is the i-th record, from 0, in the order of the columns.
func (h *history) row(i int) ([]any, error) {
	event, value := h.next(i)
	name, schema, data, err := domain.Codec{}.Encode(value)
	if err != nil {
		return nil, err
	}
	h.at = h.at.Add(time.Millisecond)
	before := h.last[event]
	r := eventstore.Record{
		StreamID: event, Version: before.Version + 1, Type: name, SchemaVersion: schema, Data: data,
		Metadata: []byte(`{"correlationId":"benchmark"}`), RecordedAt: h.at,
	}
	r.Hash = r.Sum(before.Hash)
	h.last[event] = r
	return []any{int64(i) + 1, [16]byte(event), r.Version, name, schema, data, r.Metadata, h.at, r.Hash[:]}, nil
}

func (h *history) next(i int) (event uuid.UUID, value domain.Record) {
	switch {
	case i < len(h.events):
		return h.events[i], domain.EventScheduled{Capacity: domain.MaxCapacity, Details: domain.Details{
			Title: fmt.Sprintf("Concert %d", i), Description: "An evening of music.", Venue: "Hall", TimeZone: "UTC",
			StartsAt: h.at.AddDate(2, 0, i%365), Currency: "EUR", TicketTypes: domain.GeneralAdmission(4200),
		}}
	case i%20 == 19 && len(h.active) > 0:
		n, end := h.random.IntN(len(h.active)), len(h.active)-1
		cancelled := h.active[n]
		h.active[n] = h.active[end]
		h.active = h.active[:end]
		return cancelled.event, domain.BookingCancelled{BookingID: cancelled.BookingID, CustomerID: cancelled.CustomerID}
	}
	b := booking{h.events[h.random.IntN(len(h.events))], domain.TicketBooked{BookingID: h.id(), CustomerID: h.id()}}
	h.active = append(h.active, b)
	return b.event, b.TicketBooked
}

// id is a UUID of version 4.
func (h *history) id() (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[:8], h.random.Uint64())
	binary.BigEndian.PutUint64(id[8:], h.random.Uint64())
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}
