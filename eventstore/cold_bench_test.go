package eventstore_test

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// coldSizes are the sizes of the logs of the benchmarks of a cold start.
var (
	coldStreams = flag.Int("cold.streams", 1_000, "streams of BenchmarkColdStart")
	coldRecords = flag.Int("cold.records", 5_000, "records of each stream of BenchmarkColdStart")
	coldSale    = flag.Int("cold.sale", 500_000, "bookings of the event of BenchmarkRestartInASale")
	coldLog     = flag.Int("cold.log", 1_000_000, "records of the largest log of BenchmarkRestart")
)

// fill appends to each stream an event, if it is empty, and bookings, each by another customer, with
// COPY and past the triggers. Streams stand in the log in pieces of a hundred records.
func (b bundle) fill(tb testing.TB, ids []uuid.UUID, records int) {
	tb.Helper()
	const piece = 100
	streams, tails := len(ids), b.tails(tb, ids)
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
			binary.BigEndian.PutUint64(booking[:], uint64(head+int64(i))*0x9e3779b97f4a7c15)
			binary.BigEndian.PutUint64(customer[:], uint64(head+int64(i))*0xbf58476d1ce4e5b9)
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
}

// tails are the ends of streams.
func (b bundle) tails(tb testing.TB, ids []uuid.UUID) []eventstore.Tail {
	tb.Helper()
	tails := make([]eventstore.Tail, len(ids))
	for i, id := range ids {
		var hash []byte
		err := b.pool.QueryRow(context.Background(), `
			select version, hash, recorded_at from event_log where stream_id = $1 order by version desc limit 1`, id).
			Scan(&tails[i].Version, &hash, &tails[i].RecordedAt)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			tb.Fatal(err)
		}
		copy(tails[i].Hash[:], hash)
	}
	return tails
}

// memory is what the process has from the system, in MB.
func memory() float64 {
	sample := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64()-sample[1].Value.Uint64()) / 1e6
}

// memoryPeak samples the memory until it is stopped.
func memoryPeak() (stop func() float64) {
	done, peak := make(chan struct{}), make(chan float64)
	go func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for most := memory(); ; most = max(most, memory()) {
			select {
			case <-done:
				peak <- most
				return
			case <-tick.C:
			}
		}
	}()
	return func() float64 { close(done); return <-peak }
}

// restarted says how bookings on an executor went that had just started.
type restarted struct {
	first, last time.Duration // answers, from the start
	failed      int
	peak        float64 // of memory, in MB above what is taken afterwards
}

// restart starts an executor and books a ticket of each stream. The customers come within a time.
func (b bundle) restart(tb testing.TB, o options, streams []uuid.UUID, within time.Duration) (r restarted) {
	tb.Helper()
	debug.FreeOSMemory()
	stop := memoryPeak()
	started := time.Now()
	p := startProcess(tb, b.url, withSnapshots(), o)
	var (
		mu   sync.Mutex
		took []time.Duration
		done sync.WaitGroup
	)
	for i, stream := range streams {
		done.Go(func() {
			<-time.After(time.Duration(i) * within / time.Duration(len(streams)))
			_, err := p.book(context.Background(), stream, uuid.New())
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				r.failed++
				return
			}
			took = append(took, time.Since(started))
		})
	}
	done.Wait()
	r.peak = stop()
	debug.FreeOSMemory()
	r.peak -= memory()
	closeNow(tb, p)
	if len(took) > 0 {
		r.first, r.last = slices.Min(took), slices.Max(took)
	}
	return r
}

// benchmarkRestart restarts again and again, and reports the worst of each number. before, unless
// nil, comes before each start.
func (b bundle) benchmarkRestart(
	bench *testing.B, o options, streams []uuid.UUID, within time.Duration, before func(),
) {
	bench.Helper()
	var worst restarted
	for bench.Loop() {
		bench.StopTimer()
		if before != nil {
			before()
		}
		bench.StartTimer()
		r := b.restart(bench, o, streams, within)
		worst = restarted{max(worst.first, r.first), max(worst.last, r.last), max(worst.failed, r.failed),
			max(worst.peak, r.peak)}
	}
	bench.ReportMetric(worst.first.Seconds(), "first-answer-s")
	bench.ReportMetric(worst.last.Seconds(), "last-answer-s")
	bench.ReportMetric(float64(worst.failed), "failed")
	bench.ReportMetric(worst.peak, "memory-MB")
	bench.ReportMetric(0, "ns/op")
}

func (b bundle) withoutSnapshots(tb testing.TB) func() {
	return func() { mustExec(tb, b.pool, `truncate snapshots`) }
}

// A process that has just started gets one command for each of many streams at once.
func BenchmarkColdStart(b *testing.B) {
	db, streams := setup(b), newIDs(*coldStreams)
	db.fill(b, streams, *coldRecords)
	b.Run("snapshots=none", func(b *testing.B) {
		db.benchmarkRestart(b, options{}, streams, 0, db.withoutSnapshots(b))
	})
	db.takeSnapshots(b, streams)
	b.Run("snapshots=all", func(b *testing.B) { db.benchmarkRestart(b, options{}, streams, 0, nil) })
}

// takeSnapshots has each stream read until it has a snapshot.
func (b bundle) takeSnapshots(tb testing.TB, streams []uuid.UUID) {
	tb.Helper()
	p := startProcess(tb, b.url, withSnapshots(), options{})
	defer p.Close(context.Background()) //nolint:errcheck // it has done its work
	for _, stream := range streams {
		waittest.For(tb, "the stream has a snapshot", func() bool {
			if _, err := p.look(tb, stream); err != nil {
				tb.Fatal(err)
			}
			return b.count(tb, `select count(*) from snapshots where stream_id = $1`, stream) == 1
		})
	}
}

// A process is restarted in the middle of a sale, and 300 customers wait for it, whose bookings come
// within a second.
func BenchmarkRestartInASale(b *testing.B) {
	db, stream := setup(b), newIDs(1)
	db.fill(b, stream, *coldSale*4/5)
	db.takeSnapshots(b, stream)
	db.fill(b, stream, *coldSale/5)
	customers := slices.Repeat(stream, 300)
	o := options{Delay: time.Second, Transactions: 32}
	b.Run("snapshot=4/5", func(b *testing.B) {
		kept := db.withSavedSnapshots(b)
		db.benchmarkRestart(b, o, customers, time.Second, kept)
	})
	b.Run("snapshot=none", func(b *testing.B) {
		db.benchmarkRestart(b, o, customers, time.Second, db.withoutSnapshots(b))
	})
}

// withSavedSnapshots brings the snapshots back as they are now.
func (b bundle) withSavedSnapshots(tb testing.TB) func() {
	mustExec(tb, b.pool, `create table saved_snapshots as table snapshots`)
	return func() {
		mustExec(tb, b.pool, `truncate snapshots`)
		mustExec(tb, b.pool, `insert into snapshots table saved_snapshots`)
	}
}

// How long the first booking after a restart takes, by the size of the log.
func BenchmarkRestart(b *testing.B) {
	const each = 1_000 // records of a stream
	db := setup(b)
	var streams []uuid.UUID
	for size := 10_000; size <= *coldLog; size *= 10 {
		more := newIDs(size/each - len(streams))
		db.fill(b, more, each)
		streams = append(streams, more...)
		b.Run(fmt.Sprintf("records=%d", size), func(b *testing.B) {
			db.benchmarkRestart(b, options{}, streams[len(streams)-1:], 0, db.withoutSnapshots(b))
		})
	}
}

// Bookings of an event that the process knows, alone and while it reads another one that it does not
// know.
func BenchmarkWarmBesideCold(b *testing.B) {
	db, cold, warm := setup(b), newIDs(1), newIDs(1)
	db.fill(b, cold, *coldSale)
	db.fill(b, warm, 1)
	var alone, took []time.Duration
	var loading time.Duration
	for b.Loop() {
		b.StopTimer()
		db.withoutSnapshots(b)()
		p := startProcess(b, db.url, withSnapshots(), options{})
		book := func() time.Duration {
			started := time.Now()
			mustBook(b, p, warm[0], uuid.New())
			return time.Since(started)
		}
		book() // the event is known now
		for range 1_000 {
			alone = append(alone, book())
		}
		b.StartTimer()
		load := p.beginBooking(cold[0])
		for !isDone(load) {
			took = append(took, book())
		}
		load.mustDo(b)
		loading = max(loading, load.took)
		closeNow(b, p)
	}
	for name, all := range map[string][]time.Duration{"alone": alone, "warm": took} {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds())/1e3, name+"-p50-ms")
		b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1e3, name+"-p99-ms")
	}
	b.ReportMetric(loading.Seconds(), "cold-s")
	b.ReportMetric(0, "ns/op")
}

func isDone(p *pending) bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// closeNow closes a process before the end of the test.
func closeNow(tb testing.TB, p process) {
	tb.Helper()
	if err := p.Close(context.Background()); err != nil {
		tb.Fatal(err)
	}
	p.pool.Close()
}
