package httpapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"context"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
)

func TestWhatIsNotAProperRequestGetsAProblem(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.token(account.Customer)
	s.want(s.call("GET", "/nowhere", token, nil), 404, "not_found")
	s.want(s.call("PUT", "/events", token, nil), 405, "method_not_allowed")
	s.want(s.call("POST", "/book", token, `{"eventId":`), 400, "validation_failed")
	s.want(s.call("POST", "/book", token, nil), 400, "validation_failed")
	s.want(s.call("POST", "/book", token, `eventId=1`, "Content-Type", "application/x-www-form-urlencoded"), 415, "unsupported_media_type")
	s.want(s.call("POST", "/book", token, `{"eventId":"`+strings.Repeat("x", 100_000)+`"}`), 413, "body_too_large")
}

func TestEveryAnswerNamesItsRequest(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.call("GET", "/events", "", nil, "X-Request-Id", "from-the-client.1")
	if a.header.Get("X-Request-Id") != "from-the-client.1" || a.at("requestId") != "from-the-client.1" {
		t.Errorf("the client's id was not kept: %s", a.raw)
	}
	a = s.call("GET", "/events", "", nil, "X-Request-Id", "evil\tid"+strings.Repeat("x", 200))
	if id := a.header.Get("X-Request-Id"); len(id) != 36 || a.at("requestId") != id {
		t.Errorf("got the id %q, want one of the server's", id)
	}
}

func TestOnlyTheConfiguredOriginMayCallFromABrowser(t *testing.T) {
	t.Parallel()
	s := start(t)
	preflight := func(origin string) http.Header {
		return s.call("OPTIONS", "/book", "", nil, "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type").header
	}
	allowed := preflight("http://localhost:3000")
	if allowed.Get("Access-Control-Allow-Origin") != "http://localhost:3000" || allowed.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("the configured origin was not allowed: %v", allowed)
	}
	if other := preflight("http://evil.example"); other.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin was allowed: %v", other)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	var problem error
	s := start(t, func(o *httpapi.Options, _ *eventstore.Options) {
		o.Ready = func(context.Context) error { return problem }
	})
	s.want(s.call("GET", "/healthz", "", nil), 200, "")
	s.want(s.call("GET", "/readyz", "", nil), 200, "")
	problem = errors.New("planted: password=hunter2")
	s.want(s.call("GET", "/healthz", "", nil), 200, "")
	a := s.want(s.call("GET", "/readyz", "", nil), 503, "not_ready")
	if strings.Contains(string(a.raw), "hunter2") || a.header.Get("Retry-After") == "" {
		t.Errorf("unexpected answer %v: %s", a.header, a.raw)
	}
}

func TestAnUnknownErrorTellsNothingInternal(t *testing.T) {
	t.Parallel()
	s := start(t)
	if _, err := s.pool.Exec(context.Background(), `alter table bookings rename column created_at to was_created_at`); err != nil {
		t.Fatal(err)
	}
	a := s.want(s.call("GET", "/bookings", s.token(account.Customer), nil), 500, "internal")
	if strings.Contains(string(a.raw), "created_at") || !strings.Contains(s.logs.String(), "created_at") {
		t.Errorf("the reason belongs into the log and not into the answer: %s", a.raw)
	}
}

func TestTheDescriptionOfTheAPIIsServed(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.want(s.call("GET", "/openapi.json", "", nil), 200, "")
	for _, path := range []string{"/auth/register", "/auth/login", "/auth/refresh", "/events", "/events/{id}", "/book", "/bookings", "/bookings/{id}", "/audit/streams/{id}"} {
		if a.at("paths", path) == nil {
			t.Errorf("%s is not described", path)
		}
	}
}
