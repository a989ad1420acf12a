package httpapi

import (
	"errors"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/boxoffice/boxoffice/internal/account"
)

func newLimiter(t *testing.T, limit Limit) *Limiter {
	t.Helper()
	l, err := NewLimiter(Limits{Booking: limit, Address: limit, Login: limit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func (c *counter) kept() int {
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
func TestAMillionKeysOfEachLimitTakeLessThan64MB(t *testing.T) {
	before := heap()
	l := newLimiter(t, Limit{Requests: 20, Window: time.Hour})
	for i := range 1_000_000 {
		name := strconv.Itoa(i)
		l.login.take(name)
		l.address.take(name)
		l.booking.take(name)
	}
	used := int64(heap()) - int64(before)
	if used > 64<<20 {
		t.Errorf("a million keys take %d MB", used>>20)
	}
	if got := l.login.kept(); got == 0 {
		t.Error("nothing is counted any more")
	}
}

func TestAFullLimiterGoesOnLimitingAndLetsNewClientsIn(t *testing.T) {
	t.Parallel()
	c := newLimiter(t, Limit{Requests: 3, Window: time.Hour}).address
	for range 3 {
		if c.take("busy").exceeded {
			t.Fatal("the limit is less than 3")
		}
	}
	for i := range 3 * maxKeys {
		if c.take("flood " + strconv.Itoa(i)).exceeded {
			t.Fatalf("client %d is refused for what others do", i)
		}
		if i%1000 == 0 && !c.take("busy").exceeded { // it goes on asking
			t.Fatalf("after %d other keys the limit does not hold", i)
		}
	}
	if got := c.kept(); got != maxKeys {
		t.Errorf("%d keys are kept, want %d", got, maxKeys)
	}
	for range 3 {
		if c.take("new").exceeded {
			t.Error("a new client is refused")
		}
	}
	if !c.take("new").exceeded {
		t.Error("a new client is not limited")
	}
}

func TestWindowsThatAreOverAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, Limit{Requests: 3, Window: 10 * time.Minute})
		defer l.Close()
		for i := range 1000 {
			l.login.take(strconv.Itoa(i))
		}
		<-time.After(9*time.Minute + 30*time.Second) // by the clock of the bubble
		if used := l.login.take("0"); used.remaining != 1 || used.reset != 30*time.Second {
			t.Errorf("got %+v, want 1 remaining for 30 s", used)
		}
		if got := l.login.kept(); got != 1000 {
			t.Errorf("%d keys are kept within the window, want 1000", got)
		}
		<-time.After(2 * time.Minute)
		if got := l.login.kept(); got != 0 {
			t.Errorf("%d keys are kept after the window", got)
		}
	})
}

func TestOnlyFailedLoginsOfPossibleEmailsAreKept(t *testing.T) {
	t.Parallel()
	a := &api{Options: Options{Limiter: newLimiter(t, Limit{Requests: 3, Window: time.Hour})}}
	fails := func() error { return account.ErrInvalidCredentials }
	for range 10 {
		if err := a.guessing("ann@example.com", func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		if err := a.guessing("ann@example.com", func() error { return account.ErrBusy }); !errors.Is(err, account.ErrBusy) {
			t.Fatal(err)
		}
		long := func() error { t.Error("a password is hashed for an e-mail that nobody can have"); return nil }
		err := a.guessing(strings.Repeat("x", 60_000)+"@example.com", long)
		if !errors.Is(err, account.ErrInvalidCredentials) {
			t.Errorf("got %v", err)
		}
	}
	if got := a.Limiter.login.kept(); got != 0 {
		t.Errorf("%d keys are kept, and no login has failed", got)
	}
	for range 3 {
		if err := a.guessing(" Ann@example.com", fails); !errors.Is(err, account.ErrInvalidCredentials) {
			t.Errorf("got %v", err)
		}
	}
	var limited *Problem
	if err := a.guessing("ann@example.com", fails); !errors.As(err, &limited) || limited.Status != 429 {
		t.Errorf("the fourth failed login got %v", err)
	}
	if got := a.Limiter.login.kept(); got != 1 {
		t.Errorf("%d keys are kept, want 1", got)
	}
}
