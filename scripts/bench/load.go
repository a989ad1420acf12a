package main

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
)

// The load generator shares the machine with what it measures, so it does little: a goroutine for each customer, ids from a
// generator of the customer's own, and latencies into a slice of the customer's own. Nothing is shared and nothing is locked.

// customer asks for tickets.
type customer struct {
	number    int
	random    *rand.Rand
	sold      int             // tickets that were sold to the customer, ever
	refused   int             // answers that were refusals, ever
	counted   int             // tickets sold within the measured time
	latencies []time.Duration // of answers within the measured time
}

// newCustomers makes customers whose ids are the same in each run, and differ between numbers from first on.
func newCustomers(first, n, answers int) []*customer {
	customers := make([]*customer, n)
	for i := range customers {
		number := first + i
		customers[i] = &customer{
			number:    number,
			random:    rand.New(rand.NewPCG(2, uint64(number))),
			latencies: make([]time.Duration, 0, answers),
		}
	}
	return customers
}

// wish is one customer's for one ticket. Each is another person's: nobody is refused for having booked already.
type wish struct{ event, booking, person uuid.UUID }

func (c *customer) wish(event uuid.UUID) wish {
	return wish{event, randomID(c.random), randomID(c.random)}
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

func (c *customer) ask(ctx context.Context, do ask) (sold int, err error) {
	if sold, err = do(ctx, c); err != nil {
		return 0, err
	}
	c.sold += sold
	if sold == 0 {
		c.refused++
	}
	return sold, nil
}

// rush lets all customers in at once, each for one request, and waits for the last answer.
func rush(ctx context.Context, customers []*customer, do ask) (wall time.Duration, err error) {
	var (
		group, groupCtx = errgroup.WithContext(ctx)
		gate            = make(chan struct{})
		ready           sync.WaitGroup
		begin           time.Time
	)
	ready.Add(len(customers))
	for _, c := range customers {
		group.Go(func() error {
			ready.Done()
			<-gate
			sold, err := c.ask(groupCtx, do)
			c.counted += sold
			c.latencies = append(c.latencies, time.Since(begin))
			return err
		})
	}
	ready.Wait()
	begin = time.Now()
	close(gate)
	err = group.Wait()
	return time.Since(begin), err
}

// window is the measured time of a closed loop. Before it, the same load warms everything up.
type window struct{ from, until time.Time }

func windowAfter(warmUp, measured time.Duration) window {
	from := time.Now().Add(warmUp)
	return window{from, from.Add(measured)}
}

// loop lets each customer ask again and again until the window closes, and counts the answers that fall into it.
func loop(ctx context.Context, customers []*customer, w window, do ask) error {
	group, groupCtx := errgroup.WithContext(ctx)
	for _, c := range customers {
		group.Go(func() error {
			asked := time.Now()
			for asked.Before(w.until) {
				sold, err := c.ask(groupCtx, do)
				if err != nil {
					return err
				}
				answered := time.Now()
				if !answered.Before(w.from) && answered.Before(w.until) {
					c.counted += sold
					c.latencies = append(c.latencies, answered.Sub(asked))
				}
				asked = answered
			}
			return nil
		})
	}
	return group.Wait()
}

// gather adds the customers up.
func gather(customers []*customer, wall time.Duration) measurement {
	m := measurement{wall: wall}
	n := 0
	for _, c := range customers {
		n += len(c.latencies)
	}
	m.latencies = make([]time.Duration, 0, n)
	for _, c := range customers {
		m.count += c.counted
		m.latencies = append(m.latencies, c.latencies...)
	}
	return m
}

// sold is what the customers were told, in and out of the measured time.
func sold(customers []*customer) (n int) {
	for _, c := range customers {
		n += c.sold
	}
	return n
}

func refusals(customers []*customer) (n int) {
	for _, c := range customers {
		n += c.refused
	}
	return n
}
