package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

const idempotencyKey = "Idempotency-Key"

func TestARepeatedRequestGetsTheSameAnswerAndHasNoSecondEffect(t *testing.T) {
	t.Parallel()
	s := start(t, withDelay(5*time.Millisecond))
	organizer, token := s.token(account.Organizer), s.token(account.Customer)
	event := map[string]any{"title": "Concert", "venue": "Hall", "date": "2100-01-01T20:00:00Z", "totalTickets": 3, "price": 10}
	scheduled := s.repeat("POST", "/events", organizer, event, 201)
	id := scheduled.at("id").(string)
	booked := s.repeat("POST", "/book", token, map[string]any{"eventId": id}, 201)
	if got := s.call("GET", "/events/"+id, token, nil).at("remainingTickets"); got != 2.0 {
		t.Errorf("%v tickets remain, want 2", got)
	}
	s.want(s.call("POST", "/book", token, map[string]any{"eventId": id}), 409, "already_booked")
	s.repeat("POST", "/events/"+id+"/cancel", organizer, nil, 200)
	// The answer is that of then, whatever has happened since.
	again := s.want(s.call("POST", "/book", token, map[string]any{"eventId": id}, idempotencyKey, "key of /book"), 400, "validation_failed")
	if again.at("errors") == nil {
		t.Errorf("got %s", again.raw)
	}
	again = s.want(s.call("POST", "/book", token, map[string]any{"eventId": id}, idempotencyKey, "key-of-/book"), 201, "")
	if string(again.raw) != string(booked.raw) {
		t.Errorf("got %s, want %s", again.raw, booked.raw)
	}
	// Another request, or somebody else, under the same key.
	s.want(s.call("POST", "/book", token, map[string]any{"eventId": uuid.NewString()}, idempotencyKey, "key-of-/book"), 422, "idempotency_key_reused")
	s.want(s.call("POST", "/book", s.token(account.Customer), map[string]any{"eventId": id}, idempotencyKey, "key-of-/book"), 409, "event_cancelled")
	s.want(s.call("POST", "/events", organizer, event, idempotencyKey, "key-of-/events/"+id+"/cancel"), 422, "idempotency_key_reused")
}

// repeat sends a request twice with a key and once more with the key in quotes, and checks that the
// answers are the same.
func (s *system) repeat(method, path, token string, body any, status int) answer {
	s.Helper()
	key := "key-of-" + path
	first := s.want(s.call(method, path, token, body, idempotencyKey, key), status, "")
	if first.header.Get("Idempotency-Replayed") != "" {
		s.Errorf("the first answer says that it is a repeated one")
	}
	for _, header := range []string{key, `"` + key + `"`} {
		again := s.want(s.call(method, path, token, body, idempotencyKey, header), status, "")
		if string(again.raw) != string(first.raw) || again.header.Get("Idempotency-Replayed") != "true" || again.header.Get("Log-Position") != first.header.Get("Log-Position") {
			s.Errorf("got %s, %v, want %s, %v", again.raw, again.header, first.raw, first.header)
		}
	}
	return first
}

func TestAMalformedKeyIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, token := s.schedule(5), s.token(account.Customer)
	for _, key := range []string{"two words", strings.Repeat("x", 256), `"open`, `close"`, `""`, "ü", `in"side`} {
		a := s.want(s.call("POST", "/book", token, map[string]any{"eventId": event}, idempotencyKey, key), 400, "validation_failed")
		if !strings.Contains(string(a.raw), "Idempotency-Key") || len(a.at("errors").([]any)) != 1 {
			t.Errorf("%q: %s", key, a.raw)
		}
	}
	s.want(s.call("POST", "/book", token, map[string]any{"eventId": event}, idempotencyKey, strings.Repeat("x", 255)), 201, "")
}

// Ten clicks that all carry one key are one booking; who asks while it is still on its way is told
// so.
func TestManyRequestsWithOneKeyAreOneBooking(t *testing.T) {
	t.Parallel()
	s := start(t, withDelay(50*time.Millisecond))
	event, token := s.schedule(5), s.token(account.Customer)
	book := func(int) (answer, error) {
		return s.try("POST", "/book", token, map[string]any{"eventId": event}, idempotencyKey, "k")
	}
	booked := 0
	for _, a := range s.together(10, book) {
		if a.status == 201 {
			booked++
			continue
		}
		s.want(a, 409, "idempotency_in_progress")
		if a.header.Get("Retry-After") != "1" {
			t.Errorf("no Retry-After: %v", a.header)
		}
	}
	if booked == 0 {
		t.Error("nobody was told of the booking")
	}
	s.want(s.call("POST", "/book", token, map[string]any{"eventId": event}, idempotencyKey, "k"), 201, "")
	if got := s.call("GET", "/events/"+event, token, nil).at("remainingTickets"); got != 4.0 {
		t.Errorf("%v tickets remain, want 4", got)
	}
}

func TestARefusalIsNotKept(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, token, organizer := s.schedule(1), s.token(account.Customer), s.token(account.Organizer)
	s.want(s.call("POST", "/book", s.token(account.Customer), map[string]any{"eventId": event}), 201, "")
	s.want(s.call("POST", "/book", token, map[string]any{"eventId": event}, idempotencyKey, "k"), 409, "sold_out")
	s.want(s.call("PATCH", "/events/"+event, organizer, map[string]any{"totalTickets": 2}), 200, "")
	s.want(s.call("POST", "/book", token, map[string]any{"eventId": event}, idempotencyKey, "k"), 201, "")
}
