package main

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
)

// The load generator shares the machine with what it measures, so it does little: a goroutine and a
// source of ids for each customer, and one histogram for all answers.

// customer asks for tickets.
type customer struct {
	number int
	random *rand.Rand
}

// newCustomers makes customers whose ids are the same in each run, and differ between numbers from
// first on.
func newCustomers(first, n int) []*customer {
	customers := make([]*customer, n)
	for i := range customers {
		number := first + i
		customers[i] = &customer{number, rand.New(rand.NewPCG(2, uint64(number)))}
	}
	return customers
}

// order is for one ticket. Each is another person's: nobody is refused for having booked already.
type order struct{ event, booking, person uuid.UUID }

func (c *customer) order(event uuid.UUID) order {
	return order{event, randomID(c.random), randomID(c.random)}
}

// eventIDs are the same in each run and process.
func eventIDs(n int) []uuid.UUID {
	random := rand.New(rand.NewPCG(1, 1))
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = randomID(random)
	}
	return ids
}

// randomID is a UUID of version 4.
func randomID(r *rand.Rand) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[:8], r.Uint64())
	binary.BigEndian.PutUint64(id[8:], r.Uint64())
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// ask makes one request for a customer and tells how many tickets were sold.
type ask func(context.Context, *customer) (sold int, err error)

// tally is what customers were told.
type tally struct {
	mu            sync.Mutex
	sold, refused int // ever
	counted       int // tickets sold within the measured time
	latencies     *hdrhistogram.Histogram
}

func newTally() *tally { return &tally{latencies: newHistogram()} }

// newHistogram takes durations of up to ten minutes, and keeps three digits of them.
func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(10*time.Minute), 3) }

func (t *tally) add(sold int, latency time.Duration, isMeasured bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sold += sold
	if sold == 0 {
		t.refused++
	}
	if !isMeasured {
		return nil
	}
	t.counted += sold
	return t.latencies.RecordValue(int64(latency))
}

func (t *tally) measurement(wall time.Duration) measurement {
	return measurement{count: t.counted, wall: wall, latencies: t.latencies, extra: map[string]float64{}}
}

// rush lets all customers in at once, each for one request, and waits for the last answer.
func rush(ctx context.Context, customers []*customer, do ask) (t *tally, wall time.Duration, err error) {
	var (
		group, groupCtx = errgroup.WithContext(ctx)
		gate            = make(chan struct{})
		ready           sync.WaitGroup
		begin           time.Time
	)
	t = newTally()
	ready.Add(len(customers))
	for _, c := range customers {
		group.Go(func() error {
			ready.Done()
			<-gate
			sold, err := do(groupCtx, c)
			if err != nil {
				return err
			}
			return t.add(sold, time.Since(begin), true)
		})
	}
	ready.Wait()
	begin = time.Now()
	close(gate)
	err = group.Wait()
	return t, time.Since(begin), err
}

// window is the measured time of a loop. Before it, the same load warms everything up.
type window struct{ From, Until time.Time }

func windowAfter(warmUp, measured time.Duration) window {
	from := time.Now().Add(warmUp)
	return window{from, from.Add(measured)}
}

func (w window) contains(t time.Time) bool { return !t.Before(w.From) && t.Before(w.Until) }

// loop lets each customer ask again and again until the window closes, and measures the answers
// that fall into it.
func loop(ctx context.Context, customers []*customer, w window, do ask) (*tally, error) {
	t := newTally()
	group, groupCtx := errgroup.WithContext(ctx)
	for _, c := range customers {
		group.Go(func() error {
			for asked := time.Now(); asked.Before(w.Until); {
				sold, err := do(groupCtx, c)
				if err != nil {
					return err
				}
				answered := time.Now()
				if err := t.add(sold, answered.Sub(asked), w.contains(answered)); err != nil {
					return err
				}
				asked = answered
			}
			return nil
		})
	}
	return t, group.Wait()
}
