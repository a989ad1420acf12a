package main

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
)

func TestRushLetsEveryoneInAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		customers := newCustomers(0, 10, 1)
		var tickets atomic.Int64
		tickets.Store(4)
		wall, err := rush(t.Context(), customers, func(_ context.Context, c *customer) (int, error) {
			time.Sleep(time.Duration(c.number+1) * time.Second)
			if tickets.Add(-1) < 0 {
				return 0, nil
			}
			return 1, nil
		})
		if err != nil || wall != 10*time.Second {
			t.Errorf("got %v and %v, want 10s", wall, err)
		}
		m := gather(customers, wall)
		if m.count != 4 || sold(customers) != 4 || refusals(customers) != 6 {
			t.Errorf("got %d bookings, %d sold, %d refused", m.count, sold(customers), refusals(customers))
		}
		if got, want := percentile(m.latencies, 50), 5*time.Second; got != want {
			t.Errorf("p50: got %v, want %v", got, want)
		}
	})
}

func TestLoopCountsWhatIsAnsweredWithinTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		customers := newCustomers(0, 2, 1)
		err := loop(t.Context(), customers, windowAfter(1500*time.Millisecond, 4*time.Second), func(context.Context, *customer) (int, error) {
			time.Sleep(time.Second)
			return 1, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		// Answers come after 1, 2, 3, 4, 5 and 6 s; the window is open from 1.5 to 5.5 s.
		m := gather(customers, 4*time.Second)
		if m.count != 8 || sold(customers) != 12 || m.perSecond() != 2 {
			t.Errorf("got %d bookings in the window, %d sold, %v/s; want 8, 12, 2", m.count, sold(customers), m.perSecond())
		}
	})
}

func TestAnErrorEndsTheLoad(t *testing.T) {
	broken := errors.New("broken")
	err := loop(t.Context(), newCustomers(0, 3, 1), windowAfter(0, time.Hour), func(ctx context.Context, c *customer) (int, error) {
		if c.number == 1 {
			return 0, broken
		}
		<-ctx.Done()
		return 0, ctx.Err()
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

func TestIDsDifferAndRepeat(t *testing.T) {
	ids := eventIDs(1000)
	if !slices.Equal(ids, eventIDs(1000)) || !slices.Equal(ids[:10], eventIDs(10)) {
		t.Error("event ids are not the same each time")
	}
	seen := map[uuid.UUID]bool{}
	for _, c := range newCustomers(0, 100, 1) {
		for range 10 {
			w := c.wish(ids[0])
			seen[w.booking], seen[w.person] = true, true
		}
	}
	if got, want := len(seen), 2000; got != want {
		t.Errorf("got %d different ids, want %d", got, want)
	}
	if got := ids[0].Version(); got != 4 {
		t.Errorf("got version %d", got)
	}
}
