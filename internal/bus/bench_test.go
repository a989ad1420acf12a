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
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// BenchmarkBus measures how many records a second go to the bus, and how large they are.
func BenchmarkBus(b *testing.B) {
	const records, page = 200_000, 5_000
	ctx := context.Background()
	logger := slog.New(slog.DiscardHandler)
	server := natstest.Start(b)
	url := dbtest.URL(b)
	pool := dbtest.Connect(b, url)
	for range records / page {
		news := make([]appendtest.Record, page)
		for i := range news {
			name, schema, data, err := domain.Codec{}.Encode(domain.TicketBooked{BookingID: uuid.New(), CustomerID: uuid.New()})
			dbtest.Must(b, err)
			news[i] = appendtest.Record{Type: name, SchemaVersion: schema, Data: data,
				Metadata: eventstore.Metadata{Actor: uuid.New(), CorrelationID: uuid.NewString()}}
		}
		_, err := appendtest.Append(ctx, pool, uuid.New(), 0, news...)
		dbtest.Must(b, err)
	}
	var size int64
	dbtest.Must(b, pool.QueryRow(ctx, `select pg_total_relation_size('event_log')`).Scan(&size))

	wire := engine.NewNotifier(url, pool, projections.Names(), logger)
	o := bus.Options{
		URL: server.URL(), Pool: dbtest.Connect(b, url, dbtest.MaxConns(bus.Connections)), Logger: logger,
		Appended: wire.Log.Listen,
	}
	js := stream(b, server)
	for b.Loop() { // once: there is nothing left to do after that
		working, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- bus.Publish(working, o) }()
		waittest.For(b, "all records are there", func() bool { return last(b, js) == records })
		stop()
		dbtest.Must(b, <-ended)
		b.ReportMetric(records/b.Elapsed().Seconds(), "published/s")
		b.ReportMetric(float64(size)/records, "log-bytes/record")
	}
}
