package middleware

import (
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

func newLimiter(t *testing.T, limit Limit) *Limiter {
	t.Helper()
	l, err := NewLimiter(Limits{Booking: limit, Reading: limit, Event: limit, Address: limit, Login: limit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func (c *Counter) kept() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.windows.Len()
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// It is not parallel, so that no other test allocates meanwhile.
func TestAMillionKeysTakeLessThan64MB(t *testing.T) {
	before := heap()
	l := newLimiter(t, Limit{Requests: 20, Window: time.Hour})
	for i := range 1_000_000 {
		l.counters[i%len(l.counters)].Take(strconv.Itoa(i))
	}
	used := int64(heap()) - int64(before)
	if used > 64<<20 {
		t.Errorf("a million keys take %d MB", used>>20)
	}
	if got := l.Login.kept(); got == 0 {
		t.Error("nothing is counted any more")
	}
}

func TestAFullLimiterGoesOnLimitingAndLetsNewClientsIn(t *testing.T) {
	t.Parallel()
	c := newLimiter(t, Limit{Requests: 3, Window: time.Hour}).Address
	for range 3 {
		if c.Take("busy").exceeded {
			t.Fatal("the limit is less than 3")
		}
	}
	for i := range 3 * maxKeys {
		if c.Take("flood " + strconv.Itoa(i)).exceeded {
			t.Fatalf("client %d is refused for what others do", i)
		}
		if i%1000 == 0 && !c.Take("busy").exceeded { // it goes on asking
			t.Fatalf("after %d other keys the limit does not hold", i)
		}
	}
	if got := c.kept(); got != maxKeys {
		t.Errorf("%d keys are kept, want %d", got, maxKeys)
	}
	for range 3 {
		if c.Take("new").exceeded {
			t.Error("a new client is refused")
		}
	}
	if !c.Take("new").exceeded {
		t.Error("a new client is not limited")
	}
}

func TestWindowsThatAreOverAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, Limit{Requests: 3, Window: 10 * time.Minute})
		defer l.Close()
		for i := range 1000 {
			l.Login.Take(strconv.Itoa(i))
		}
		<-time.After(9*time.Minute + 30*time.Second) // by the clock of the bubble
		if used := l.Login.Take("0"); used.remaining != 1 || used.reset != 30*time.Second {
			t.Errorf("got %+v, want 1 remaining for 30 s", used)
		}
		if got := l.Login.kept(); got != 1000 {
			t.Errorf("%d keys are kept within the window, want 1000", got)
		}
		<-time.After(2 * time.Minute)
		if got := l.Login.kept(); got != 0 {
			t.Errorf("%d keys are kept after the window", got)
		}
	})
}

func TestAKeyOfWhichNothingIsUsedTakesNoRoom(t *testing.T) {
	t.Parallel()
	c := newLimiter(t, Limit{Requests: 3, Window: time.Hour}).Login
	c.Take("a")
	c.Take("a")
	c.GiveBack("a")
	if got := c.kept(); got != 1 {
		t.Errorf("%d keys are kept, want the one that is used once", got)
	}
	c.GiveBack("a")
	if got := c.kept(); got != 0 {
		t.Errorf("%d keys are kept, and nothing is used", got)
	}
}
