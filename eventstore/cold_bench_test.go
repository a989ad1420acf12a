package eventstore_test

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
)

// coldSizes are the sizes of the logs of the benchmarks of a cold start.
var (
	coldStreams = flag.Int("cold.streams", 1_000, "streams of BenchmarkColdStart")
	coldRecords = flag.Int("cold.records", 5_000, "records of each stream of BenchmarkColdStart")
	coldSale    = flag.Int("cold.sale", 500_000, "bookings of the event of BenchmarkRestartInASale")
	coldLog     = flag.Int("cold.log", 1_000_000, "records of the largest log of BenchmarkRestart")
)

// fill writes streams of an event and its bookings, each by another customer, with COPY and past the
// triggers. Streams stand in the log in pieces of a hundred records.
func (b bundle) fill(tb testing.TB, streams, records int) []uuid.UUID {
	tb.Helper()
	const piece = 100
	ids, tails := people(streams), make([]eventstore.Tail, streams)
	name, schema, first, err := domain.Codec{}.Encode(scheduled(domain.MaxCapacity))
	if err != nil {
		tb.Fatal(err)
	}
	head, total := b.head(tb), streams*records
	metadata := []byte(`{"actor":"` + uuid.NewString() + `","correlationId":"` + uuid.NewString() + `"}`)
	now := time.Now().UTC().Truncate(time.Microsecond)
	row := func(i int) ([]any, error) {
		round, rest := i/(streams*piece), i%(streams*piece)
		size := min(piece, records-round*piece)
		at := rest / size
		r := eventstore.Record{
			StreamID: ids[at], Version: tails[at].Version + 1, Type: name, SchemaVersion: schema, Data: first,
			Metadata: metadata, RecordedAt: now,
		}
		if r.Version > 1 {
			booking, customer := uuid.UUID{15: 1}, uuid.UUID{15: 2}
			binary.BigEndian.PutUint64(booking[:], uint64(i)*0x9e3779b97f4a7c15)
			binary.BigEndian.PutUint64(customer[:], uint64(i)*0xbf58476d1ce4e5b9)
			var err error
			r.Type, r.SchemaVersion, r.Data, err = domain.Codec{}.Encode(
				domain.TicketBooked{BookingID: booking, CustomerID: customer})
			if err != nil {
				return nil, err
			}
		}
		r.Hash = r.Sum(tails[at].Hash)
		tails[at] = eventstore.Tail{Version: r.Version, Hash: r.Hash, RecordedAt: now}
		return []any{head + int64(i) + 1, [16]byte(r.StreamID), r.Version, r.Type, r.SchemaVersion, r.Data, r.Metadata,
			r.RecordedAt, r.Hash[:]}, nil
	}
	err = pgx.BeginFunc(context.Background(), b.pool, func(tx pgx.Tx) error {
		for _, sql := range []string{
			`alter table event_log disable trigger event_log_no_gap`,
			fmt.Sprintf(`update log_head set position = position + %d`, total),
		} {
			if _, err := tx.Exec(context.Background(), sql); err != nil {
				return err
			}
		}
		_, err := tx.CopyFrom(context.Background(), pgx.Identifier{"event_log"}, []string{
			"position", "stream_id", "version", "type", "schema_version", "data", "metadata", "recorded_at", "hash",
		}, pgx.CopyFromSlice(total, row))
		if err != nil {
			return err
		}
		_, err = tx.Exec(context.Background(), `alter table event_log enable trigger event_log_no_gap`)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	mustExec(tb, b.pool, `vacuum analyze event_log`)
	return ids
}

// heapPeak samples the memory that live and dead objects take until it is stopped, in MB.
func heapPeak() (stop func() float64) {
	done, peak := make(chan struct{}), make(chan float64)
	go func() {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		var most uint64
		for {
			metrics.Read(sample)
			most = max(most, sample[0].Value.Uint64())
			select {
			case <-done:
				peak <- float64(most) / 1e6
				return
			case <-tick.C:
			}
		}
	}()
	return func() float64 { close(done); return <-peak }
}

// begins books for a customer each at once on an executor that has just started, and gives the times
// until the first and the last answer, and how many failed.
func restart(b *testing.B, db bundle, o options, streams []uuid.UUID) (first, last time.Duration, failed int) {
	b.Helper()
	started := time.Now()
	p := startProcess(b, db.url, withSnapshots(), o)
	var (
		mu   sync.Mutex
		took []time.Duration
		done sync.WaitGroup
	)
	for _, stream := range streams {
		done.Go(func() {
			_, err := p.book(context.Background(), stream, uuid.New())
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed++
				return
			}
			took = append(took, time.Since(started))
		})
	}
	done.Wait()
	closeProcess(b, p)
	if len(took) == 0 {
		return 0, 0, failed
	}
	return slices.Min(took), slices.Max(took), failed
}

func closeProcess(tb testing.TB, p process) {
	tb.Helper()
	if err := p.Close(context.Background()); err != nil {
		tb.Fatal(err)
	}
	p.pool.Close()
}

// report restarts again and again and reports the worst.
func report(b *testing.B, db bundle, o options, streams []uuid.UUID, between func()) {
	b.Helper()
	var first, last time.Duration
	var failed int
	var peak, steady float64
	for b.Loop() {
		b.StopTimer()
		between()
		runtime.GC()
		b.StartTimer()
		stop := heapPeak()
		f, l, n := restart(b, db, o, streams)
		first, last, failed = max(first, f), max(last, l), max(failed, n)
		peak = max(peak, stop())
		_ = steady
	}
	b.ReportMetric(first.Seconds(), "first-answer-s")
	b.ReportMetric(last.Seconds(), "last-answer-s")
	b.ReportMetric(float64(failed), "failed")
	b.ReportMetric(peak, "heap-MB")
	b.ReportMetric(0, "ns/op")
}

// A process that has just started gets one command for each of many streams at once.
func BenchmarkColdStart(b *testing.B) {
	db := setup(b)
	streams := db.fill(b, *coldStreams, *coldRecords)
	b.Run("nosnapshots", func(b *testing.B) {
		report(b, db, options{}, streams, func() { mustExec(b, db.pool, `truncate snapshots`) })
	})
}
