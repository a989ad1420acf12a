package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/logtest"
	"github.com/boxoffice/boxoffice/projections"
)

func TestWhatBecameOfARequestIsObserved(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []middleware.Request
	s := start(t, func(o *httpapi.Options, _ *eventstore.Options) {
		o.Observe = func(r middleware.Request) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, r)
		}
	})
	event := s.schedule(1)
	token := s.token(account.Customer)
	key := uuid.NewString()
	for _, c := range []struct {
		does func()
		want middleware.Request
	}{
		{func() { s.call("POST", "/book", token, map[string]any{"eventId": event}, "Idempotency-Key", key) },
			middleware.Request{Method: "POST", Route: "/book", Status: 201}},
		{func() { s.call("POST", "/book", token, map[string]any{"eventId": event}, "Idempotency-Key", key) },
			middleware.Request{Method: "POST", Route: "/book", Status: 201, Replayed: true}},
		{func() { s.call("POST", "/book", s.token(account.Customer), map[string]any{"eventId": event}) },
			middleware.Request{Method: "POST", Route: "/book", Status: 409, Code: "sold_out"}},
		{func() { s.call("POST", "/book", token, map[string]any{"eventId": 7}) },
			middleware.Request{Method: "POST", Route: "/book", Status: 400, Code: "validation_failed"}},
		{func() { s.call("GET", "/events/"+event, token, nil) }, middleware.Request{Method: "GET", Route: "/events/{id}",
			Status: 200}},
		{func() { s.call("GET", "/events/"+event, "", nil) }, middleware.Request{Method: "GET", Route: "/events/{id}",
			Status: 401, Code: "invalid_token"}},
		{func() { s.call("GET", "/nothing/here", "", nil) }, middleware.Request{Method: "GET", Status: 404,
			Code: "not_found"}},
	} {
		c.does()
		eventually(t, fmt.Sprintf("%+v is observed", c.want), func() bool {
			mu.Lock()
			defer mu.Unlock()
			return slices.ContainsFunc(seen, func(got middleware.Request) bool {
				took := got.Took
				got.Took = 0
				return got == c.want && took > 0
			})
		})
	}
}

func TestARequestThatFailsOnOurSideLeavesALineWithItsID(t *testing.T) {
	t.Parallel()
	s := start(t)
	logs := &logtest.Buffer{}
	id := ""
	for _, err := range []error{eventstore.ErrBusy, errors.New("planted")} {
		options := s.through(failing{err})
		options.Logger = slog.New(slog.NewJSONHandler(logs, nil)) // info and above
		s.url = s.serve(options)
		s.call("GET", "/healthz", "", nil)
		booked := s.call("POST", "/book", s.token(account.Customer), map[string]any{"eventId": uuid.New()})
		id = booked.header.Get("X-Request-Id")
	}
	var lines []string
	eventually(t, "a line was written", func() bool {
		lines = strings.Split(strings.TrimSpace(logs.String()), "\n")
		return strings.Contains(lines[len(lines)-1], `"msg":"request"`)
	})
	last := lines[len(lines)-1]
	for _, want := range []string{`"level":"INFO"`, `"path":"/book"`, `"status":500`, `"code":"internal"`,
		`"requestId":"` + id + `"`} {
		if !strings.Contains(last, want) {
			t.Errorf("%s is missing in %s", want, last)
		}
	}
	// What went well is not in the log, and neither is what thousands are told under overload.
	if strings.Contains(logs.String(), "/healthz") || strings.Contains(logs.String(), "busy") {
		t.Errorf("there is too much in the log:\n%s", logs)
	}
}

func TestReadinessIsLoggedWhenItChanges(t *testing.T) {
	t.Parallel()
	logs := &logtest.Buffer{}
	var problem error
	s := start(t)
	options := s.options
	options.Logger = slog.New(slog.NewJSONHandler(logs, nil)) // info and above
	options.Ready = func(context.Context) error { return problem }
	s.url = s.serve(options)
	for _, c := range []struct {
		problem error
		says    string // in one line more, if anything
	}{
		{nil, ""}, {errors.New("the database is away"), "the database is away"},
		{errors.New("the database is away"), ""}, {errors.New("stopping"), "stopping"}, {nil, "ready again"}, {nil, ""},
	} {
		before := logs.String()
		problem = c.problem
		s.call("GET", "/readyz", "", nil)
		said := strings.TrimPrefix(logs.String(), before)
		if (c.says == "") != (said == "") || strings.Count(said, "\n") > 1 || !strings.Contains(said, c.says) {
			t.Errorf("with %v: want %q in one line, got %s", c.problem, c.says, said)
		}
	}
}

func traced(o *sdktrace.TracerProvider) choice {
	return func(api *httpapi.Options, store *eventstore.Options) {
		api.Tracer = o.Tracer("test")
		store.Tracer = api.Tracer
	}
}

func TestABookingIsOneTraceFromTheRequestToTheReadModels(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	s := start(t, traced(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))), withDelay(50*time.Millisecond))
	event := s.schedule(5)
	// One page with both records would be a span of the first one's trace.
	s.want(s.call("GET", "/events/"+event, s.token(account.Customer), nil), 200, "")

	const caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	answer := s.call("POST", "/book", s.token(account.Customer), map[string]any{"eventId": event}, "Traceparent", caller)
	if answer.status != http.StatusCreated {
		t.Fatalf("not booked: %d %s", answer.status, answer.raw)
	}
	found := map[string]sdktrace.ReadOnlySpan{}
	eventually(t, "all spans have ended", func() bool {
		for _, span := range spans.Ended() {
			if span.SpanContext().TraceID().String() == "0af7651916cd43dd8448eb211c80319c" {
				found[span.Name()] = span
			}
		}
		return len(found) == 4+len(projections.Names())
	})
	for child, parent := range map[string]string{"command": "POST /book", "batch": "command", "append": "batch",
		"project events": "command", "project bookings": "command"} {
		if found[child] == nil || found[parent] == nil {
			t.Fatalf("%q or %q is missing in %v", child, parent, found)
		}
		if found[child].Parent().SpanID() != found[parent].SpanContext().SpanID() {
			t.Errorf("%q is not a child of %q", child, parent)
		}
	}
	if got := found["POST /book"].Parent().SpanID().String(); got != "b7ad6b7169203331" {
		t.Errorf("the request's parent is %s, not the caller's span", got)
	}
	if links := found["command"].Links(); len(links) != 1 ||
		links[0].SpanContext.SpanID() != found["batch"].SpanContext().SpanID() {
		t.Errorf("the command is not linked with its batch: %v", links)
	}
}

func TestABatchIsLinkedWithAllItsCommands(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	s := start(t, traced(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))),
		func(_ *httpapi.Options, o *eventstore.Options) { o.Delay, o.Transactions = 300*time.Millisecond, 1 })
	event := s.schedule(10)
	var work sync.WaitGroup
	for range 6 {
		work.Go(func() { s.call("POST", "/book", s.token(account.Customer), map[string]any{"eventId": event}) })
	}
	work.Wait()
	commands, linked := map[trace.SpanID]bool{}, map[trace.SpanID]bool{}
	eventually(t, "all spans have ended", func() bool {
		for _, span := range spans.Ended() {
			switch span.Name() {
			case "command":
				commands[span.SpanContext().SpanID()] = true
			case "batch":
				linked[span.Parent().SpanID()] = true
				for _, link := range span.Links() {
					linked[link.SpanContext.SpanID()] = true
				}
			}
		}
		return len(commands) == 7 && len(linked) == 7 // with the one that scheduled the event
	})
	for id := range commands {
		if !linked[id] {
			t.Errorf("no batch is linked with command %s", id)
		}
	}
}

func TestWhatIsNotSampledLeavesNoTrace(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	s := start(t, traced(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans),
		sdktrace.WithSampler(sdktrace.NeverSample()))))
	event := s.schedule(5)
	if answer := s.call("POST", "/book", s.token(account.Customer),
		map[string]any{"eventId": event}); answer.status != http.StatusCreated {
		t.Fatalf("not booked: %d %s", answer.status, answer.raw)
	}
	if n := len(spans.Ended()); n > 0 {
		t.Errorf("%d spans were recorded", n)
	}
	var n int
	must(t, s.pool.QueryRow(context.Background(), `select count(*) from event_log where metadata::text like `+
		`'%traceParent%'`).Scan(&n))
	if n > 0 {
		t.Errorf("%d records name a trace that there is none of", n)
	}
}
