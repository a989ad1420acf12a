package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5/middleware"
	limiter "github.com/sethvargo/go-limiter"
	"github.com/sethvargo/go-limiter/memorystore"

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
type Limiter struct{ booking, address, login *counter }

// NewLimiter counts by these limits.
func NewLimiter(limits Limits) (*Limiter, error) {
	l := &Limiter{}
	for _, c := range []struct {
		name  string
		limit Limit
		to    **counter
	}{{"booking", limits.Booking, &l.booking}, {"address", limits.Address, &l.address}, {"login", limits.Login, &l.login}} {
		if c.limit.Requests == 0 {
			continue
		}
		store, err := memorystore.New(&memorystore.Config{Tokens: c.limit.Requests, Interval: c.limit.Window})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("limit of %s: %w", c.name, err), l.Close())
		}
		name := strconv.Quote(c.name)
		*c.to = &counter{name, fmt.Sprintf("%s;q=%d;w=%d", name, c.limit.Requests, seconds(c.limit.Window)), store}
	}
	return l, nil
}

// Close ends the counting.
func (l *Limiter) Close() error {
	var errs []error
	for _, c := range []*counter{l.booking, l.address, l.login} {
		if c != nil {
			errs = append(errs, c.store.Close(context.Background()))
		}
	}
	return errors.Join(errs...)
}

// counter counts one kind of request; nil counts nothing.
type counter struct {
	name, policy string // as headers write them
	store        limiter.Store
}

// usage is what is left of a limit: draft-ietf-httpapi-ratelimit-headers.
type usage struct {
	counter   *counter
	remaining uint64
	reset     time.Duration
	exceeded  bool
}

func (c *counter) take(ctx context.Context, key string) (usage, error) {
	_, remaining, reset, ok, err := c.store.Take(ctx, key)
	if err != nil {
		return usage{}, fmt.Errorf("count a request: %w", err)
	}
	return usage{c, remaining, time.Until(time.Unix(0, int64(reset))), !ok}, nil //nolint:gosec // a time of this century
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
		counter, key = a.Limiter.address, middleware.GetClientIP(ctx.Context())
	}
	if counter == nil {
		next(ctx)
		return
	}
	used, err := counter.take(ctx.Context(), key)
	if err == nil && used.exceeded {
		err = used.problem()
	}
	if err != nil {
		a.writeError(ctx, err)
		return
	}
	ctx.SetHeader(rateLimitPolicy, used.counter.policy)
	ctx.SetHeader(rateLimit, used.status())
	next(ctx)
}

// guessing runs a login. Only failed ones count against the e-mail, so nobody who knows the password runs into the limit; that
// it is asked before the password is compared keeps many guesses at once from slipping through.
func (a *api) guessing(ctx context.Context, email string, login func() error) error {
	if a.Limiter == nil || a.Limiter.login == nil {
		return login()
	}
	key := strings.ToLower(strings.TrimSpace(email))
	used, err := a.Limiter.login.take(ctx, key)
	if err != nil {
		return err
	}
	if used.exceeded {
		return used.problem()
	}
	err = login()
	if !errors.Is(err, account.ErrInvalidCredentials) {
		if err := a.Limiter.login.store.Burst(ctx, key, 1); err != nil { // given back
			return fmt.Errorf("count a login: %w", err)
		}
	}
	return err
}

// clientAddress finds out which address a request comes from: that of the connection or, when it is one of the trusted proxies, the
// last one in X-Forwarded-For that is not.
func clientAddress(trusted []string) func(http.Handler) http.Handler {
	if len(trusted) == 0 {
		return middleware.ClientIPFromRemoteAddr
	}
	return middleware.ClientIPFromXFF(trusted...)
}
