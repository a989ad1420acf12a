package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi/client"
)

// step is how a server answers one request; nil: the connection breaks.
type step func(w http.ResponseWriter)

func problem(status int, code, retryAfter string) step {
	return func(w http.ResponseWriter) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"status":%d,"code":%q,"detail":"planted"}`, status, code)
	}
}

func booked(w http.ResponseWriter) {
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, `{"booking":{"id":"0196dd1c-7a00-7000-8000-000000000001","status":"CONFIRMED"}}`)
}

// script is a server that answers by steps; the last one goes on. It notes keys.
type script struct {
	mu    sync.Mutex
	steps []step
	keys  []string
}

func serve(t *testing.T, steps ...step) (*client.Client, *script) {
	t.Helper()
	s := &script{steps: steps}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c := client.New(server.URL)
	t.Cleanup(c.Close)
	return c, s
}

// asked returns the keys of the requests so far.
func (s *script) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.keys)
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = append(s.keys, r.Header.Get("Idempotency-Key"))
	next := s.steps[0]
	if len(s.steps) > 1 {
		s.steps = s.steps[1:]
	}
	if next == nil {
		panic(http.ErrAbortHandler)
	}
	next(w)
}

func TestABookingIsRepeatedWithItsKeyUntilItIsKnown(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]step{
		"busy": problem(503, "busy", "0"), "too many": problem(429, "rate_limited", "0"),
		"unknown": problem(503, "outcome_unknown", "0"), "in progress": problem(409, "idempotency_in_progress", "0"),
		"a gateway": problem(502, "", "0"), "a lost answer": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, s := serve(t, lost, lost, booked)
			b, err := c.Book(t.Context(), uuid.New())
			if err != nil || b.Booking.Status != "CONFIRMED" || c.Waits < 1 {
				t.Fatalf("got %+v, %v after %d waits", b, err, c.Waits)
			}
			if keys := slices.Compact(slices.Clone(s.asked())); len(s.asked()) < 3 || len(keys) != 1 || keys[0] == "" {
				t.Errorf("sent with the keys %q", s.asked())
			}
		})
	}
}

func TestWhatIsNotSafeToRepeatIsNot(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer step
		call   func(*client.Client) error
		code   client.Code
	}{
		"sold out": {problem(409, "sold_out", ""), func(c *client.Client) error {
			_, err := c.Book(t.Context(), uuid.New())
			return err
		}, client.SoldOut},
		"our fault": {problem(500, "internal", ""), func(c *client.Client) error {
			_, err := c.Book(t.Context(), uuid.New())
			return err
		}, "internal"},
		"without a key": {problem(503, "outcome_unknown", "0"), func(c *client.Client) error {
			return c.Do(t.Context(), "POST", "/book", struct{}{}, nil, 0)
		}, client.OutcomeUnknown},
		"a lost answer without a key": {nil, func(c *client.Client) error {
			return c.Do(t.Context(), "POST", "/book", struct{}{}, nil, 0)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, s := serve(t, c.answer)
			if err := c.call(client); err == nil || codeOf(err) != c.code || len(s.asked()) != 1 {
				t.Errorf("got %v after %d requests", err, len(s.asked()))
			}
		})
	}
}

func codeOf(err error) client.Code { return client.CodeOf(fmt.Errorf("wrapped: %w", err)) }

func TestTheServerSaysHowLongToWait(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, problem(503, "busy", "1"), booked)
	began := time.Now()
	if _, err := c.Book(t.Context(), uuid.New()); err != nil || time.Since(began) < time.Second {
		t.Errorf("got %v after %s", err, time.Since(began))
	}
}

func TestNobodyWaitsLongerThanTheContextLasts(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, problem(503, "busy", "3600"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := c.Book(ctx, uuid.New())
	var refused *client.Error
	if !errors.As(err, &refused) || refused.RetryAfter != time.Hour || refused.Status != 503 {
		t.Errorf("got %v", err)
	}
	planted := errors.New("planted")
	ended, end := context.WithCancelCause(t.Context())
	end(planted)
	if _, err := c.Book(ended, uuid.New()); !errors.Is(err, context.Canceled) && !errors.Is(err, planted) {
		t.Errorf("got %v", err)
	}
}

func TestATokenIsOfOneCaller(t *testing.T) {
	t.Parallel()
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		_ = json.NewEncoder(w).Encode(struct{}{})
	}))
	defer server.Close()
	c := client.New(server.URL)
	for _, caller := range []*client.Client{c, c.As("one"), c.As("other")} {
		if _, err := caller.Event(t.Context(), uuid.New()); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"", "Bearer one", "Bearer other"}; !slices.Equal(seen, want) {
		t.Errorf("got %q, want %q", seen, want)
	}
}
