package middleware

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/boxoffice/boxoffice/httpapi/problem"
)

// Limit is how many requests are served per window of time. The zero value is no limit.
type Limit struct {
	Requests uint64
	Window   time.Duration
}

// Limits protect the service from single clients. They hold per process.
type Limits struct {
	Booking Limit // of tickets, per user; as many cancellations, and as many uploads of pictures
	Reading Limit // of lists, events and bookings, per user
	Event   Limit // of tickets of one event, per network address
	Address Limit // of registrations, logins, refreshes, challenges and wrong API keys, per network address
	Login   Limit // of failed logins, per e-mail and network
}

// Limiter counts requests, each kind by itself, so that each limit is independent of the others. Close
// it when the API has stopped. The zero value limits nothing.
type Limiter struct {
	// A nil counter limits nothing.
	Booking, Cancelling, Uploading, Reading, Event, Address, Registering, Refreshing, Challenging, WrongKeys,
	Login *Counter

	counters     []*Counter
	stopSweeping context.CancelFunc
}

// NewLimiter counts by these limits.
func NewLimiter(limits Limits) (*Limiter, error) {
	ctx, stop := context.WithCancel(context.Background())
	l := &Limiter{stopSweeping: stop}
	for _, c := range []struct {
		name  string
		limit Limit
		to    **Counter
	}{
		{"booking", limits.Booking, &l.Booking}, {"cancelling", limits.Booking, &l.Cancelling},
		{"uploading", limits.Booking, &l.Uploading},
		{"reading", limits.Reading, &l.Reading}, {"event", limits.Event, &l.Event},
		{"address", limits.Address, &l.Address}, {"registering", limits.Address, &l.Registering},
		{"refreshing", limits.Address, &l.Refreshing}, {"challenging", limits.Address, &l.Challenging},
		{"keys", limits.Address, &l.WrongKeys}, {"login", limits.Login, &l.Login},
	} {
		if c.limit.Requests == 0 {
			continue
		}
		counter, err := newCounter(c.name, c.limit)
		if err != nil {
			stop()
			return nil, fmt.Errorf("limit of %s: %w", c.name, err)
		}
		*c.to = counter
		l.counters = append(l.counters, counter)
	}
	go l.sweep(ctx)
	return l, nil
}

// Close ends the counting. It may be called several times, and on nil.
func (l *Limiter) Close() {
	if l != nil && l.stopSweeping != nil { // the zero value counts nothing
		l.stopSweeping()
	}
}

// sweep removes expired windows periodically.
func (l *Limiter) sweep(ctx context.Context) {
	ticks := time.NewTicker(time.Minute)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		for _, c := range l.counters {
			c.sweep()
		}
	}
}

// maxKeys bounds the memory of a counter to some 5 MB. When it is reached, the least recently counted
// key is dropped: no client is refused for lack of room, and an active client stays counted. To reset
// an exhausted limit takes this many other keys within its window: this many failed logins, each of
// which costs a password hash, or this many networks.
const maxKeys = 30_000

// counterKey is the hash of what is counted, so that long keys take no more room than short ones.
type counterKey [16]byte

func counterKeyOf(name string) counterKey {
	sum := sha256.Sum256([]byte(name))
	return counterKey(sum[:])
}

// Counter counts one kind of request, in windows that begin with the first request of each key.
type Counter struct {
	name, policy string // as headers write them
	limit        Limit
	began        time.Time

	mu      sync.Mutex
	windows *simplelru.LRU[counterKey, window]
}

// window is what was used of a limit, and when the window ends, as the time since the counter began.
type window struct {
	used uint64
	ends time.Duration
}

func newCounter(name string, limit Limit) (*Counter, error) {
	windows, err := simplelru.NewLRU[counterKey, window](maxKeys, nil)
	if err != nil {
		return nil, err
	}
	name = strconv.Quote(name)
	return &Counter{
		name: name, policy: fmt.Sprintf("%s;q=%d;w=%d", name, limit.Requests, seconds(limit.Window)),
		limit: limit, began: time.Now(), windows: windows,
	}, nil
}

// Usage is what is left of a limit: draft-ietf-httpapi-ratelimit-headers.
type Usage struct {
	counter   *Counter
	remaining uint64
	reset     time.Duration
	exceeded  bool
}

// siteShare is how many times the limit of a network the /48 of an IPv6 address has. Providers give one
// customer up to a /48, but different people may use its networks.
const siteShare = 8

// TakeAddress counts a request by the address of the client, in its network and its site.
func (c *Counter) TakeAddress(client Client) Usage {
	network, site := client.Network(), client.Site()
	if network == site {
		return c.Take(network)
	}
	return c.TakeShared(network, site, siteShare)
}

// TakeShared counts a request of a client that belongs to a group. All clients of the group together
// have share times the limit.
func (c *Counter) TakeShared(name, group string, share uint64) Usage {
	used := c.Take(name)
	if used.exceeded {
		return used
	}
	if together := c.take(group, share*c.limit.Requests); together.exceeded {
		c.GiveBack(name)
		return together
	}
	return used
}

// Take counts a request of a client. The answer needs the headers of its usage.
func (c *Counter) Take(name string) Usage { return c.take(name, c.limit.Requests) }

func (c *Counter) take(name string, most uint64) Usage {
	key := counterKeyOf(name)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Since(c.began)
	w, known := c.windows.Get(key)
	if !known || now >= w.ends {
		w = window{ends: now + c.limit.Window}
	}
	exceeded := w.used >= most
	if !exceeded {
		w.used++
	}
	c.windows.Add(key, w)
	return Usage{c, most - w.used, w.ends - now, exceeded}
}

// GiveBack undoes a Take. A key without requests takes no room.
func (c *Counter) GiveBack(name string) {
	key := counterKeyOf(name)
	c.mu.Lock()
	defer c.mu.Unlock()
	w, known := c.windows.Peek(key)
	switch {
	case !known:
	case w.used <= 1:
		c.windows.Remove(key)
	default:
		w.used--
		c.windows.Add(key, w)
	}
}

// sweep removes expired windows, beginning with the least recently counted key. It stops at the first
// window that has not expired.
func (c *Counter) sweep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Since(c.began)
	for {
		_, w, found := c.windows.GetOldest()
		if !found || now < w.ends {
			return
		}
		c.windows.RemoveOldest()
	}
}

// Headers calls set for each header that tells the client what is left.
func (u Usage) Headers(set func(name, value string)) {
	set("RateLimit-Policy", u.counter.policy)
	set("RateLimit", fmt.Sprintf("%s;r=%d;t=%d", u.counter.name, u.remaining, seconds(u.reset)))
}

// Problem is the refusal of a request beyond the limit; nil: it is within the limit.
func (u Usage) Problem() *problem.Problem {
	if !u.exceeded {
		return nil
	}
	p := problem.New(http.StatusTooManyRequests, "rate_limited", "Too many requests. Please try again later")
	u.Headers(func(name, value string) { p = p.With(name, value) })
	return p.RetryAfter(max(seconds(u.reset), 1))
}

// seconds rounds up: a client that waits that long is not too early.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
