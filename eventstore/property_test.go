package eventstore_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// Whatever happens to the connections, every answer is true: a success is in the log, once, as it
// was answered; a refusal was right at some moment between the call and its answer; and nothing is
// in the log that nobody asked for.
func TestEveryAnswerIsTrueWhateverTheConnectionsDo(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	b := setup(t)
	told := map[error]int{} // kinds of answers
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(t, rt, b)
		started := b.head(rt)
		asked := w.run(rt)
		w.end(t, rt)
		checkAnswers(rt, b.audit(rt), started, asked)
		for _, a := range asked {
			told[kindOf(a.err, eventstore.ErrUnavailable, eventstore.ErrOutcomeUnknown)]++
		}
	})
	t.Logf("the answers were %v", told)
}

// world is some processes and what their callers will ask.
type world struct {
	bundle
	processes []process
	proxies   []*proxy
	callers   [][]*asked
	faults    *faults
}

// asked is a command, and what its caller was told.
type asked struct {
	process       int
	stream        uuid.UUID
	id            string // found in the metadata of the records
	command       domain.Command
	immediate     bool
	before, after int64 // the head of the log before the call and after the answer
	answer
}

func (a *asked) String() string {
	return fmt.Sprintf("%T%+v on stream %s by process %d, between positions %d and %d: answered with %d records, "+
		"version %d, error %v",
		a.command, a.command, a.stream, a.process, a.before, a.after, len(a.Records), a.Version, a.err)
}

func drawWorld(t *testing.T, rt *rapid.T, b bundle) *world {
	t.Helper()
	w := &world{bundle: b, faults: &faults{bundle: b, end: make(chan struct{})}}
	var indexes []int
	for i := range rapid.SampledFrom([]int{1, 2, 3}).Draw(rt, "processes") {
		indexes = append(indexes, i)
		via := newProxy(t, b.url)
		via.intercept(w.faults.draw(rt, i, via))
		m, o := booking(), drawOptions(rt)
		if rapid.Bool().Draw(rt, "with snapshots") {
			m, o.Snapshot = withSnapshots(), 1
		}
		w.proxies, w.processes = append(w.proxies, via), append(w.processes, startProcess(t, via.url, m, o))
	}

	// Few streams, customers and bookings, so that they meet.
	streams, customers, bookings := []uuid.UUID{b.schedule(t, 2), b.schedule(t, 3), uuid.New()}, newIDs(4), newIDs(6)
	for range rapid.SampledFrom([]int{2, 5, 8}).Draw(rt, "callers") {
		commands := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) *asked {
			return &asked{
				process: rapid.SampledFrom(indexes).Draw(rt, "process"),
				stream:  rapid.SampledFrom(streams).Draw(rt, "stream"),
				id:      uuid.NewString(),
				command: drawCommand(rt, customers, bookings), immediate: rapid.SampledFrom([]bool{false, false, true}).Draw(rt,
					"immediate"),
			}
		}), 5, 15).Draw(rt, "commands")
		w.callers = append(w.callers, commands)
	}
	return w
}

func drawOptions(rt *rapid.T) options {
	return options{
		Delay:        rapid.SampledFrom([]time.Duration{0, 0, 3 * time.Millisecond, 12 * time.Millisecond}).Draw(rt, "delay"),
		Transactions: rapid.SampledFrom([]int{1, 2, 3}).Draw(rt, "transactions"),
		Batch:        rapid.SampledFrom([]int{1, 2, 100}).Draw(rt, "batch"),
		Cache:        rapid.SampledFrom([]int{1, 3_000, 1 << 20}).Draw(rt, "cache"),
		Timeout:      rapid.SampledFrom([]time.Duration{100 * time.Millisecond, 3 * time.Second}).Draw(rt, "patience"),
	}
}

func drawCommand(rt *rapid.T, customers, bookings []uuid.UUID) domain.Command {
	booking := rapid.SampledFrom([]int{0, 1, 2, 3, 4, 5}).Draw(rt, "booking")
	owner := rapid.SampledFrom([]int{booking, booking, booking, booking, 0}).Draw(rt, "owner")
	bookingID, customer := bookings[booking], customers[owner%len(customers)]
	if rapid.SampledFrom(upTo(40)).Draw(rt, "rare") == 40 {
		return domain.CancelEvent{}
	}
	return rapid.SampledFrom([]domain.Command{
		domain.BookTicket{BookingID: bookingID, CustomerID: customer, Now: time.Now()},
		domain.BookTicket{BookingID: uuid.New(), CustomerID: customer, Now: time.Now()},
		domain.BookTicket{BookingID: uuid.New(), CustomerID: uuid.New(), Now: time.Now()},
		domain.CancelBooking{BookingID: bookingID, CustomerID: customer, Now: time.Now()},
		domain.CancelBooking{BookingID: bookingID, CustomerID: customer, Now: time.Now()},
		domain.ChangeCapacity{Capacity: 1 + booking%4},
		scheduleCommand(1 + booking%3),
	}).Draw(rt, "command")
}

// run lets all callers ask, each one thing after the other.
func (w *world) run(rt *rapid.T) []*asked {
	var all []*asked
	var done sync.WaitGroup
	for _, commands := range w.callers {
		all = append(all, commands...)
		done.Go(func() {
			for _, a := range commands {
				c := order(a.stream, a.command)
				c.Immediate, c.Metadata.CorrelationID = a.immediate, a.id
				var err error
				if a.before, err = w.log.Head(context.Background()); err != nil {
					a.err = err
					continue
				}
				a.result, a.err = w.processes[a.process].Execute(context.Background(), c)
				if a.after, err = w.log.Head(context.Background()); err != nil {
					a.err = err
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() {
		done.Wait()
		close(finished)
	}()
	wait(rt, "all answers", finished)
	return all
}

// end returns when nothing is under way any more that could still reach the log.
func (w *world) end(t *testing.T, rt *rapid.T) {
	t.Helper()
	close(w.faults.end)
	for i, p := range w.processes {
		ctx, cancel := context.WithTimeout(context.Background(), waittest.Timeout)
		if err := p.Close(ctx); err != nil {
			t.Error(err)
		}
		cancel()
		p.pool.Close()
		w.proxies[i].close()
	}
	w.faults.done.Wait()
	w.waitForNoExecutors(rt)
}

// faults are what goes wrong on the connections of all processes.
type faults struct {
	bundle
	done sync.WaitGroup
	end  chan struct{}
}

type fault int

const (
	cutBefore   fault = iota // the flight never arrives
	cutAfter                 // its answer never arrives
	late                     // it arrives when its process has long gone on
	terminate                // PostgreSQL ends all connections meanwhile
	unreachable              // the flight never arrives, and for a while nothing can connect
)

// draw decides what happens to which flight of one process. Half of the faults are kept for flights
// that append.
func (fs *faults) draw(rt *rapid.T, process int, via *proxy) rule {
	draw := func(what string, most int) map[int64]fault {
		return rapid.MapOfN(rapid.SampledFrom(upTo(most)), rapid.Custom(func(rt *rapid.T) fault {
			return rapid.SampledFrom([]fault{cutBefore, cutAfter, late, terminate, unreachable}).Draw(rt, "kind")
		}), 0, 6).Draw(rt, fmt.Sprintf("faults of %s of process %d", what, process))
	}
	some, appends := draw("any flight", 60), draw("flights that append", 12)
	pause := time.Duration(rapid.IntRange(0, 40).Draw(rt, "pause")) * time.Millisecond
	var seen, seenAppends atomic.Int64
	return func(f *flight) verdict {
		what, ok := some[seen.Add(1)]
		if f.appends() {
			if special, has := appends[seenAppends.Add(1)]; has {
				what, ok = special, true
			}
		}
		if !ok {
			return pass
		}
		return fs.happen(what, f, via, pause)
	}
}

func upTo(n int) []int64 {
	all := make([]int64, n)
	for i := range all {
		all[i] = int64(i) + 1
	}
	return all
}

func (fs *faults) happen(what fault, f *flight, via *proxy, pause time.Duration) verdict {
	switch what {
	case cutBefore:
		return lose
	case cutAfter:
		return loseAnswer
	case late:
		f.link.cutClient()
		fs.pause(pause)
		return loseAnswer
	case terminate:
		fs.done.Go(func() {
			_, _ = fs.pool.Exec(context.Background(), `
				select pg_terminate_backend(pid) from pg_stat_activity
				where datname = current_database() and application_name = $1`, executorName)
		})
	case unreachable:
		via.refuse(true)
		fs.done.Go(func() {
			fs.pause(pause)
			via.refuse(false)
		})
		return lose
	}
	return pass
}

// pause lasts no longer than the test.
func (fs *faults) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-fs.end:
	}
}

// checkAnswers compares what callers were told with the log.
func checkAnswers(rt *rapid.T, entries []entry, started int64, asked []*asked) {
	h := newHistory(entries)
	known := map[string]bool{}
	for _, a := range asked {
		known[a.id] = true
	}
	for _, e := range entries[started:] {
		if id := correlation(rt, e); !known[id] {
			rt.Fatalf("position %d: nobody asked for %+v", e.Position, e.value)
		}
	}
	stored := map[string][]entry{}
	for _, e := range entries[started:] {
		id := correlation(rt, e)
		stored[id] = append(stored[id], e)
	}
	for _, a := range asked {
		if err := h.check(a, stored[a.id]); err != nil {
			rt.Errorf("%v: %v", a, err)
		}
	}
}

func correlation(rt *rapid.T, e entry) string {
	var m eventstore.Metadata
	if err := json.Unmarshal(e.Metadata, &m); err != nil {
		rt.Fatal(err)
	}
	return m.CorrelationID
}
