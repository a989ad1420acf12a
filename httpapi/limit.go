package httpapi

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/boxoffice/boxoffice/internal/account"
)

// Limit is how many requests are served per window of time. The zero value is no limit.
type Limit struct {
	Requests uint64
	Window   time.Duration
}

// Limits protect the service from single clients. They hold per process.
type Limits struct {
	Booking Limit // of tickets, per user
	Address Limit // of registrations, logins and refreshes, per network address
	Login   Limit // of failed logins, per e-mail
}

// Limiter counts requests. Close it when the API has stopped.
type Limiter struct {
	booking, address, login *counter

	stopSweeping context.CancelFunc
}

// NewLimiter counts by these limits.
func NewLimiter(limits Limits) (*Limiter, error) {
	ctx, stop := context.WithCancel(context.Background())
	l := &Limiter{stopSweeping: stop}
	for _, c := range []struct {
		name  string
		limit Limit
		to    **counter
	}{{"booking", limits.Booking, &l.booking}, {"address", limits.Address, &l.address}, {"login", limits.Login, &l.login}} {
		if c.limit.Requests == 0 {
			continue
		}
		counter, err := newCounter(c.name, c.limit)
		if err != nil {
			stop()
			return nil, fmt.Errorf("limit of %s: %w", c.name, err)
		}
		*c.to = counter
	}
	go l.sweep(ctx)
	return l, nil
}

// Close ends the counting. It may be called again.
func (l *Limiter) Close() { l.stopSweeping() }

// sweep forgets windows that are over, so that a storm leaves nothing behind.
func (l *Limiter) sweep(ctx context.Context) {
	ticks := time.NewTicker(time.Minute)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		for _, c := range []*counter{l.booking, l.address, l.login} {
			if c != nil {
				c.sweep()
			}
		}
	}
}

// maxKeys bounds the memory of a counter to some 15 MB. When it is reached, the key that was
// counted least recently is forgotten: nobody is refused for lack of room, and a client that goes
// on asking stays counted. To reset a limit that is used up takes this many other keys within its
// window: this many failed logins, each of which costs a password hash, or this many networks.
const maxKeys = 100_000

// counterKey is the hash of what is counted, so that long keys take no more room than short ones.
type counterKey [16]byte

func counterKeyOf(name string) counterKey {
	sum := sha256.Sum256([]byte(name))
	return counterKey(sum[:])
}

// counter counts one kind of request, in windows that begin with the first request of each key. A
// nil counter counts nothing.
type counter struct {
	name, policy string // as headers write them
	limit        Limit
	began        time.Time

	mu      sync.Mutex
	windows *simplelru.LRU[counterKey, window]
}

// window is what was used of a limit, and when that counts no more, as the time since the counter
// began.
type window struct {
	used uint64
	ends time.Duration
}

func newCounter(name string, limit Limit) (*counter, error) {
	windows, err := simplelru.NewLRU[counterKey, window](maxKeys, nil)
	if err != nil {
		return nil, err
	}
	name = strconv.Quote(name)
	return &counter{
		name: name, policy: fmt.Sprintf("%s;q=%d;w=%d", name, limit.Requests, seconds(limit.Window)),
		limit: limit, began: time.Now(), windows: windows,
	}, nil
}

// usage is what is left of a limit: draft-ietf-httpapi-ratelimit-headers.
type usage struct {
	counter   *counter
	remaining uint64
	reset     time.Duration
	exceeded  bool
}

func (c *counter) take(name string) usage {
	key := counterKeyOf(name)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Since(c.began)
	w, known := c.windows.Get(key)
	if !known || now >= w.ends {
		w = window{ends: now + c.limit.Window}
	}
	exceeded := w.used >= c.limit.Requests
	if !exceeded {
		w.used++
	}
	c.windows.Add(key, w)
	return usage{c, c.limit.Requests - w.used, w.ends - now, exceeded}
}

// giveBack undoes a take. A key of which nothing is used takes no room.
func (c *counter) giveBack(name string) {
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

// sweep removes windows that are over, beginning with the key that was counted least recently. It
// stops at the first that is not over, which the next sweeps remove.
func (c *counter) sweep() {
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

func (u usage) status() string {
	return u.counter.name + ";r=" + strconv.FormatUint(u.remaining, 10) + ";t=" + strconv.Itoa(seconds(u.reset))
}

func (u usage) problem() *Problem {
	p := newProblem(http.StatusTooManyRequests, "rate_limited", "Too many requests; please try again later")
	p.retryAfter, p.usage = max(seconds(u.reset), 1), &u
	return p
}

// seconds rounds up: who comes back after that many is not too early.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

const (
	rateLimit       = "RateLimit"
	rateLimitPolicy = "RateLimit-Policy"
	limitKey        = "limit"
)

// limitation says by which limit an operation is counted.
type limitation int

const (
	perUser limitation = iota
	perAddress
)

// limited marks an operation as one that is counted.
func limited(by limitation) func(*huma.Operation) {
	return func(op *huma.Operation) {
		op.Metadata[limitKey] = by
		op.Errors = append(op.Errors, http.StatusTooManyRequests)
	}
}

// limit refuses who asks too often, and tells everybody how much is left.
func (a *api) limit(ctx huma.Context, next func(huma.Context)) {
	by, isLimited := ctx.Operation().Metadata[limitKey].(limitation)
	if !isLimited || a.Limiter == nil {
		next(ctx)
		return
	}
	counter, key := a.Limiter.booking, claimsOf(ctx.Context()).UserID.String()
	if by == perAddress {
		counter, key = a.Limiter.address, clientOf(ctx.Context()).network()
	}
	if counter == nil {
		next(ctx)
		return
	}
	used := counter.take(key)
	if used.exceeded {
		a.writeError(ctx, used.problem())
		return
	}
	ctx.SetHeader(rateLimitPolicy, used.counter.policy)
	ctx.SetHeader(rateLimit, used.status())
	next(ctx)
}

// guessing runs a login. Only failed ones count against the e-mail, so nobody who knows the password runs into the limit; that
// it is asked before the password is compared keeps many guesses at once from slipping through.
func (a *api) guessing(email string, login func() error) error {
	email = strings.ToLower(strings.TrimSpace(email))
	if len(email) > account.MaxEmailBytes {
		return account.ErrInvalidCredentials // nobody can have it, and it is not worth a hash
	}
	if a.Limiter == nil || a.Limiter.login == nil {
		return login()
	}
	used := a.Limiter.login.take(email)
	if used.exceeded {
		return used.problem()
	}
	err := login()
	if !errors.Is(err, account.ErrInvalidCredentials) {
		a.Limiter.login.giveBack(email)
	}
	return err
}
