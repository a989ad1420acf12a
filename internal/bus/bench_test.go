package bus_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/appendtest"
	"github.com/boxoffice/boxoffice/internal/bus"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/natstest"
	"github.com/boxoffice/boxoffice/projections"
)

// BenchmarkBus measures how many records a second go to the bus, and from there to another log, and how large they are.
func BenchmarkBus(b *testing.B) {
	const records, page = 200_000, 5_000
	ctx := context.Background()
	logger := slog.New(slog.DiscardHandler)
	server := natstest.Start(b)
	homeURL, awayURL := dbtest.URL(b), dbtest.URL(b)
	pool := dbtest.Connect(b, homeURL)
	away := eventstore.NewLog(dbtest.Connect(b, awayURL))
	for range records / page {
		news := make([]appendtest.Record, page)
		for i := range news {
			name, schema, data, err := domain.Codec{}.Encode(domain.TicketBooked{BookingID: uuid.New(), CustomerID: uuid.New()})
			must(b, err)
			news[i] = appendtest.Record{Type: name, SchemaVersion: schema, Data: data, Metadata: eventstore.Metadata{Actor: uuid.New(), CorrelationID: uuid.NewString()}}
		}
		_, err := appendtest.Append(ctx, pool, uuid.New(), 0, news...)
		must(b, err)
	}
	var size int64
	must(b, pool.QueryRow(ctx, `select pg_total_relation_size('event_log')`).Scan(&size))

	ends := func(url string) bus.Options {
		wire := projections.NewWire(url, pool, logger)
		return bus.Options{URL: server.URL(), Pool: dbtest.Connect(b, url, dbtest.MaxConns(bus.Connections)), Logger: logger, News: wire.Log.Listen}
	}
	run := func(do func(context.Context, bus.Options) error, o bus.Options, done func() bool) {
		working, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- do(working, o) }()
		eventually(b, "all records are there", done)
		stop()
		must(b, <-ended)
	}
	js := stream(b, server)
	for b.Loop() { // once: there is nothing left to do after that
		began := b.Elapsed()
		run(bus.Publish, ends(homeURL), func() bool { return last(b, js) == records })
		published := b.Elapsed()
		run(bus.Follow, ends(awayURL), func() bool { head, err := away.Head(ctx); return err == nil && head == records })
		b.ReportMetric(records/(published-began).Seconds(), "published/s")
		b.ReportMetric(records/(b.Elapsed()-published).Seconds(), "followed/s")
		b.ReportMetric(float64(size)/records, "log-bytes/record")
	}
}
