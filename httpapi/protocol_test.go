package httpapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/projections/engine"
)

func TestWhatIsNotAProperRequestGetsAProblem(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.token(account.Customer)
	s.want(s.call("GET", "/nowhere", token, nil), 404, "not_found")
	s.want(s.call("PUT", "/events", token, nil), 405, "method_not_allowed")
	s.want(s.call("POST", "/book", token, `{"eventId":`), 400, "validation_failed")
	s.want(s.call("POST", "/book", token, nil), 400, "validation_failed")
	s.want(s.call("POST", "/book", token, `eventId=1`, "Content-Type", "application/x-www-form-urlencoded"), 415,
		"unsupported_media_type")
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
		return s.call("OPTIONS", "/book", "", nil, "Origin", origin, "Access-Control-Request-Method", "POST",
			"Access-Control-Request-Headers", "authorization,content-type").header
	}
	allowed := preflight("http://localhost:3000")
	if allowed.Get("Access-Control-Allow-Origin") != "http://localhost:3000" ||
		allowed.Get("Access-Control-Allow-Credentials") != "true" {
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
	if _, err := s.pool.Exec(context.Background(), `alter table bookings rename column created_at to `+
		`was_created_at`); err != nil {
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
	if a.at("openapi") != "3.1.0" || a.at("info", "version") != "test" {
		t.Errorf("got %v", a.at("info"))
	}
	// Without a format, generated clients of some languages send 1234567.89 as 1234567.9.
	if format := a.at("components", "schemas", "Event", "properties", "price", "format"); format != "double" {
		t.Errorf("prices have the format %v", format)
	}
	if err := validateDocument(a.raw); err != nil {
		t.Errorf("the document is not OpenAPI: %v", err)
	}
}

func TestTheDescriptionIsShownAsAPage(t *testing.T) {
	t.Parallel()
	s := start(t)
	get := func(path string) (answer, string) {
		a, err := s.raw("GET", path, "", nil)
		must(t, err)
		return a, string(a.raw)
	}
	docs, page := get("/docs")
	if docs.status != 200 || !strings.Contains(page, "/openapi.json") {
		t.Fatalf("got %d %s", docs.status, page)
	}
	assets := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(assets) < 3 {
		t.Errorf("only %v", assets)
	}
	for _, asset := range assets {
		if !strings.HasPrefix(asset[1], "/docs/") {
			t.Errorf("the page needs another server: %s", asset[1])
		} else if a, _ := get(asset[1]); a.status != 200 {
			t.Errorf("%s: %d", asset[1], a.status)
		}
	}
	for _, script := range regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindAllStringSubmatch(page, -1) {
		sum := sha256.Sum256([]byte(script[1]))
		if !strings.Contains(docs.header.Get("Content-Security-Policy"),
			"'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Error("the policy does not allow the page's own script")
		}
	}
}

// Whatever arrives, the answer is a proper one.
func FuzzRequests(f *testing.F) {
	signer, err := account.NewSigner(account.Secrets{Access: []string{"an access secret for tests"},
		Refresh: []string{"a refresh secret for tests"}}, time.Now)
	must(f, err)
	token, _, err := signer.IssueAccess(account.User{ID: uuid.New(), Email: "ann@example.com", Role: account.Organizer})
	must(f, err)
	quiet := slog.New(slog.DiscardHandler)
	accounts, err := account.New(nil, signer, account.Options{})
	must(f, err)
	handler := httpapi.New(httpapi.Options{
		Service: &booking.Service{Executor: failing{domain.ErrSoldOut}, Now: time.Now}, Accounts: accounts,
		Progress: engine.NewProgress(nil, nil, nil, quiet), Now: time.Now, Logger: quiet,
	})
	targets := [][2]string{{http.MethodPost, "/book"}, {http.MethodPost, "/events"},
		{http.MethodPatch, "/events/" + uuid.NewString()}}
	f.Add(0, "k", []byte(bodies["bookTicket"]))
	f.Add(1, `"k"`, []byte(bodies["scheduleEvent"]))
	f.Add(1, "k", []byte(`{"title":"T","venue":"V","date":"2100-01-01T00:00:00Z","totalTickets":1e9,`+
		`"price":12345678901234567890.123,"currency":"JPY"}`))
	f.Add(2, `"12"`, []byte(bodies["changeEvent"]))
	f.Add(2, "*", []byte(`[[[`))
	f.Fuzz(func(t *testing.T, target int, header string, body []byte) {
		to := targets[uint(target)%uint(len(targets))]
		request := httptest.NewRequest(to[0], to[1], bytes.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header["Idempotency-Key"], request.Header["If-Match"] = []string{header}, []string{header}
		recorded := httptest.NewRecorder()
		handler.ServeHTTP(recorded, request)
		if code := recorded.Code; code != 400 && code != 409 && code != 413 {
			t.Errorf("got %d: %s", code, recorded.Body)
		}
		if !json.Valid(recorded.Body.Bytes()) {
			t.Errorf("not JSON: %s", recorded.Body)
		}
	})
}
