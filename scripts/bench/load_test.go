package main

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
)

func TestRushLetsEveryoneInAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		customers := newCustomers(0, 10)
		var tickets atomic.Int64
		tickets.Store(4)
		told, wall, err := rush(t.Context(), customers, func(_ context.Context, c *customer) (int, error) {
			time.Sleep(time.Duration(c.number+1) * time.Second)
			if tickets.Add(-1) < 0 {
				return 0, nil
			}
			return 1, nil
		})
		if err != nil || wall != 10*time.Second {
			t.Errorf("got %v and %v, want 10s", wall, err)
		}
		m := told.measurement(wall)
		if m.count != 4 || told.sold != 4 || told.refused != 6 {
			t.Errorf("got %d bookings, %d sold, %d refused", m.count, told.sold, told.refused)
		}
		if got, want := m.percentile(50), 5000.0; math.Abs(got-want) > want/1000 {
			t.Errorf("p50: got %v ms, want %v ms", got, want)
		}
	})
}

func TestLoopCountsWhatIsAnsweredWithinTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := windowAfter(1500*time.Millisecond, 4*time.Second)
		told, err := loop(t.Context(), newCustomers(0, 2), w, func(context.Context, *customer) (int, error) {
			time.Sleep(time.Second)
			return 1, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		// Answers come after 1, 2, 3, 4, 5 and 6 s; the window is open from 1.5 to 5.5 s.
		m := told.measurement(4 * time.Second)
		if m.count != 8 || told.sold != 12 || m.latencies.TotalCount() != 8 || m.perSecond() != 2 {
			t.Errorf("got %d bookings and %d latencies in the window, %d sold, %v/s; want 8, 8, 12, 2",
				m.count, m.latencies.TotalCount(), told.sold, m.perSecond())
		}
	})
}

func TestAnErrorEndsTheLoad(t *testing.T) {
	broken := errors.New("broken")
	_, err := loop(t.Context(), newCustomers(0, 3), windowAfter(0, time.Hour),
		func(ctx context.Context, c *customer) (int, error) {
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
	for _, c := range newCustomers(0, 100) {
		for range 10 {
			o := c.order(ids[0])
			seen[o.booking], seen[o.person] = true, true
		}
	}
	if got, want := len(seen), 2000; got != want {
		t.Errorf("got %d different ids, want %d", got, want)
	}
	if got := ids[0].Version(); got != 4 {
		t.Errorf("got version %d", got)
	}
}
