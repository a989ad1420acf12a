package httpapi_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/internal/account"
)

func withLimits(t *testing.T, limits middleware.Limits, proxies ...string) choice {
	t.Helper()
	limiter, err := middleware.NewLimiter(limits)
	must(t, err)
	t.Cleanup(limiter.Close)
	return func(o *httpapi.Options, _ *eventstore.Options) { o.Limiter, o.TrustedProxies = limiter, proxies }
}

// limited checks an answer to somebody who asked too often.
func (s *system) limited(a answer, name string) {
	s.Helper()
	s.want(a, 429, "rate_limited")
	if after, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || after < 1 || after > 3600 {
		s.Errorf("Retry-After: %q", a.header.Get("Retry-After"))
	}
	if got := a.header.Get("RateLimit"); !regexp.MustCompile(`^"` + name + `";r=0;t=\d+$`).MatchString(got) {
		s.Errorf("RateLimit: %q", got)
	}
}

func TestBookingsAreLimitedPerUser(t *testing.T) {
	t.Parallel()
	s := start(t, withLimits(t, middleware.Limits{Booking: middleware.Limit{Requests: 3, Window: time.Hour}}))
	busy, other := s.token(account.Customer), s.token(account.Customer)
	for i := range 3 {
		a := s.want(s.call("POST", "/book", busy, map[string]any{"eventId": s.schedule(1)}), 201, "")
		if a.header.Get("RateLimit-Policy") != `"booking";q=3;w=3600` {
			t.Errorf("RateLimit-Policy: %q", a.header.Get("RateLimit-Policy"))
		}
		if got := a.header.Get("RateLimit"); !regexp.MustCompile(fmt.Sprintf(`^"booking";r=%d;t=3[56]\d\d$`,
			2-i)).MatchString(got) {
			t.Errorf("RateLimit: %q", got)
		}
	}
	event := s.schedule(1)
	s.limited(s.call("POST", "/book", busy, map[string]any{"eventId": event}), "booking")
	s.want(s.call("GET", "/events", busy, nil), 200, "")
	s.want(s.call("POST", "/book", other, map[string]any{"eventId": event}), 201, "")
}

func TestFailedLoginsAreLimitedPerEmail(t *testing.T) {
	t.Parallel()
	s := start(t, withLimits(t, middleware.Limits{Login: middleware.Limit{Requests: 3, Window: time.Hour}}))
	s.want(s.call("POST", "/auth/register", "", ann), 201, "")
	login := func(email, password string) answer {
		return s.call("POST", "/auth/login", "", map[string]string{"email": email, "password": password})
	}
	for range 5 {
		s.want(login(ann["email"], ann["password"]), 200, "") // who knows the password is not counted
	}
	for range 3 {
		s.want(login("ANN@example.com ", "wrong"), 401, "invalid_credentials")
	}
	s.limited(login(ann["email"], ann["password"]), "login")
	s.want(login("bob@example.com", "wrong"), 401, "invalid_credentials")
}

func TestNobodyLocksSomebodyElseOut(t *testing.T) {
	t.Parallel()
	s := start(t, withLimits(t, middleware.Limits{Login: middleware.Limit{Requests: 3, Window: time.Hour}}, "127.0.0.0/8"))
	s.want(s.call("POST", "/auth/register", "", ann), 201, "")
	login := func(from, password string) answer {
		return s.call("POST", "/auth/login", "", map[string]string{"email": ann["email"], "password": password},
			"X-Forwarded-For", from)
	}
	for range 3 {
		s.want(login("198.51.100.1", "a guess"), 401, "invalid_credentials")
	}
	s.limited(login("198.51.100.1", ann["password"]), "login")
	s.want(login("203.0.113.7", ann["password"]), 200, "")
}

func TestEachKindOfRequestHasALimitOfItsOwn(t *testing.T) {
	t.Parallel()
	once := middleware.Limit{Requests: 1, Window: time.Hour}
	s := start(t, withLimits(t, middleware.Limits{Booking: once, Reading: once, Address: once}))
	alice := s.token(account.Customer)
	register := func() answer {
		return s.call("POST", "/auth/register", "", map[string]string{"email": uuid.NewString() + "@example.com",
			"password": ann["password"], "name": "Somebody"})
	}
	for _, kind := range []struct {
		name, code string
		status     int
		ask        func() answer
	}{
		{"registering", "", 201, register},
		{"address", "invalid_credentials", 401, func() answer {
			return s.call("POST", "/auth/login", "", map[string]string{"email": "a@example.com", "password": "x"})
		}},
		{"refreshing", "invalid_token", 401, func() answer {
			return s.call("POST", "/auth/refresh", "", map[string]string{"refreshToken": "x"})
		}},
		{"booking", "event_not_found", 404, func() answer {
			return s.call("POST", "/book", alice, map[string]any{"eventId": uuid.NewString()})
		}},
		{"cancelling", "booking_not_found", 404, func() answer {
			return s.call("DELETE", "/bookings/"+uuid.NewString(), alice, nil)
		}},
		{"reading", "", 200, func() answer { return s.call("GET", "/events", alice, nil) }},
	} {
		s.want(kind.ask(), kind.status, kind.code)
		s.limited(kind.ask(), kind.name)
	}
}

func TestEveryLimitedOperationIsRefusedBeyondItsLimit(t *testing.T) {
	t.Parallel()
	s := start(t)
	operations := s.operations()
	once := middleware.Limit{Requests: 1, Window: time.Hour}
	limiter, err := middleware.NewLimiter(middleware.Limits{Booking: once, Reading: once, Address: once})
	must(t, err)
	t.Cleanup(limiter.Close)
	o := s.options
	o.Limiter = limiter
	limited := *s
	limited.url = s.serve(o)
	tokens, count := map[account.Role]string{}, 0
	for _, o := range operations {
		if !slices.Contains(o.statuses, "429") {
			continue
		}
		if tokens[o.role] == "" {
			tokens[o.role] = s.tokenFor(o)
		}
		first := limited.sendAs(o, tokens[o.role])
		if first.status != 429 && first.header.Get("RateLimit") == "" { // only wrong API keys are limited
			continue
		}
		count++
		limited.want(limited.sendAs(o, tokens[o.role]), 429, "rate_limited")
	}
	if count < 15 {
		t.Errorf("only %d operations are limited", count)
	}
}

func TestTicketsOfAnEventAreLimitedPerAddress(t *testing.T) {
	t.Parallel()
	s := start(t, withLimits(t, middleware.Limits{Event: middleware.Limit{Requests: 2, Window: time.Hour}}, "127.0.0.0/8"))
	first, second, soldOut := s.schedule(9), s.schedule(9), s.schedule(1)
	book := func(event, from string) answer {
		return s.call("POST", "/book", s.token(account.Customer), map[string]any{"eventId": event}, "X-Forwarded-For", from)
	}
	s.want(book(soldOut, "203.0.113.7"), 201, "")
	for range 5 { // who gets no ticket is not counted
		s.want(book(soldOut, "198.51.100.1"), 409, "sold_out")
	}
	for range 2 {
		s.want(book(first, "198.51.100.1"), 201, "")
	}
	s.want(book(first, "198.51.100.1"), 429, "rate_limited")
	s.want(book(first, "203.0.113.7"), 201, "")
	s.want(book(second, "198.51.100.1"), 201, "")
}

func TestSigningInIsLimitedPerAddress(t *testing.T) {
	t.Parallel()
	s := start(t, withLimits(t, middleware.Limits{Address: middleware.Limit{Requests: 2, Window: time.Hour}},
		"127.0.0.0/8", "10.0.0.0/8"))
	from := func(forwarded string) answer {
		return s.call("POST", "/auth/refresh", "", map[string]string{"refreshToken": uuid.NewString()}, "X-Forwarded-For",
			forwarded)
	}
	for range 2 {
		s.want(from("198.51.100.1"), 401, "invalid_token")
	}
	s.limited(from("198.51.100.1"), "refreshing")
	// what comes before a trusted proxy's entry is the client's own invention
	s.limited(from("203.0.113.9, 198.51.100.1, 10.1.2.3"), "refreshing")
	for range 2 {
		s.want(s.call("POST", "/auth/login", "", map[string]string{"email": ann["email"], "password": ann["password"]},
			"X-Forwarded-For", "198.51.100.1"), 401, "invalid_credentials")
	}
	s.limited(s.call("DELETE", "/auth/me", s.token(account.Customer), map[string]string{"password": "a guess"},
		"X-Forwarded-For", "198.51.100.1"), "address")
	s.want(from("198.51.100.2"), 401, "invalid_token")
}

func TestForwardedAddressesAreNotBelievedFromAnybody(t *testing.T) {
	t.Parallel()
	s := start(t, withLimits(t, middleware.Limits{Address: middleware.Limit{Requests: 2, Window: time.Hour}}))
	for i := range 3 {
		a := s.call("POST", "/auth/refresh", "", map[string]string{"refreshToken": "x"}, "X-Forwarded-For",
			fmt.Sprintf("198.51.100.%d", i))
		if i < 2 {
			s.want(a, 401, "invalid_token")
		} else {
			s.limited(a, "refreshing")
		}
	}
}

func TestPeopleBehindAProxyAreCountedOneByOneHoweverItWritesTheirAddresses(t *testing.T) {
	t.Parallel()
	s := start(t, withLimits(t, middleware.Limits{Address: middleware.Limit{Requests: 1, Window: time.Hour}},
		"127.0.0.0/8", "10.0.0.0/8"))
	from := func(forwarded string) answer {
		return s.call("POST", "/auth/refresh", "", map[string]string{"refreshToken": "x"}, "X-Forwarded-For", forwarded)
	}
	for _, same := range [][]string{
		{"198.51.100.1:4711", "198.51.100.1:4712", "198.51.100.1", "::ffff:198.51.100.1", "[::ffff:198.51.100.1]:80",
			"192.0.2.1, 198.51.100.1:1, 10.1.2.3:99"},
		{"198.51.100.2:4711", "198.51.100.2"},
		{"2001:db8:0:1::1", "[2001:db8:0:1::1]:443", "[2001:db8:0:1::2]", "2001:db8:0:1:ffff:ffff:ffff:ffff"},
		{"2001:db8:0:2::1", "2001:db8:0:2::2"},
		{"10.0.0.7", "10.0.0.7:1"}, // in the network of the proxies, as people in an office are
		{"10.0.0.8"},
	} {
		s.want(from(same[0]), 401, "invalid_token")
		for _, other := range same[1:] {
			s.limited(from(other), "refreshing")
		}
	}
}

func TestAnAddressThatCannotBeReadCountsAsTheProxy(t *testing.T) {
	t.Parallel()
	s := start(t, withLimits(t, middleware.Limits{Address: middleware.Limit{Requests: 4, Window: time.Hour}},
		"127.0.0.0/8"))
	refresh := func(headers ...string) answer {
		return s.call("POST", "/auth/refresh", "", map[string]string{"refreshToken": "x"}, headers...)
	}
	for _, unreadable := range []string{"unknown", "", "198.51.100.1, _hidden"} {
		s.want(refresh("X-Forwarded-For", unreadable), 401, "invalid_token")
	}
	s.want(refresh(), 401, "invalid_token") // from 127.0.0.1 itself
	s.limited(refresh("X-Forwarded-For", "1.2.3.4.5"), "refreshing")
	s.want(refresh("X-Forwarded-For", "198.51.100.1"), 401, "invalid_token")
	if got := strings.Count(s.logs.String(), "X-Forwarded-For"); got != 1 {
		t.Errorf("the log speaks of it %d times, want once", got)
	}
}

func TestASiteOfManyNetworksIsLimitedToo(t *testing.T) {
	t.Parallel()
	once := middleware.Limit{Requests: 1, Window: time.Hour}
	s := start(t, withLimits(t, middleware.Limits{Address: once}, "127.0.0.0/8"))
	refresh := func(from string) answer {
		return s.call("POST", "/auth/refresh", "", map[string]string{"refreshToken": "x"}, "X-Forwarded-For", from)
	}
	for i := range 8 {
		s.want(refresh(fmt.Sprintf("2001:db8:0:%x::1", i)), 401, "invalid_token")
	}
	s.limited(refresh("2001:db8:0:ffff::1"), "refreshing")
	s.want(refresh("2001:db8:1::1"), 401, "invalid_token")
}
