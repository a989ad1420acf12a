package httpapi_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

func TestEventsThatDoNotExistAreSaidNotToBeThere(t *testing.T) {
	t.Parallel()
	s := start(t)
	customer, organizer := s.token(account.Customer), s.token(account.Organizer)
	event := "/events/" + uuid.NewString()
	for _, r := range []struct {
		method, path, token string
		body                any
	}{
		{"DELETE", event + "/waitlist", customer, nil},
		{"GET", event + "/organizers", organizer, nil},
		{"DELETE", event + "/organizers/" + uuid.NewString(), organizer, nil},
		{"POST", event + "/publish", organizer, nil},
		{"GET", "/desk" + event, organizer, nil},
		{"GET", event + "/check-ins", organizer, nil},
		{"GET", "/desk" + event + "/messages", organizer, nil},
		{"POST", "/desk" + event + "/messages", organizer, map[string]string{"subject": "Doors", "text": "Early"}},
		{"POST", "/desk" + event + "/bookings", organizer, map[string]string{"email": "ann@example.com"}},
		{"POST", event + "/check-ins", organizer, map[string]string{"code": "AQ"}},
		{"POST", event + "/check-ins/undo", organizer, map[string]string{"code": "AQ", "reason": "a mistake"}},
	} {
		s.want(s.call(r.method, r.path, r.token, r.body), 404, "event_not_found")
	}
	for _, path := range []string{"/holds", "/waitlist"} {
		s.want(s.call("GET", path, customer, nil, "Min-Log-Position", "soon"), 400, "validation_failed")
	}
}

func TestAnIdempotencyKeyIsForOneRequestOfASale(t *testing.T) {
	t.Parallel()
	s := start(t)
	customer, organizer := s.token(account.Customer), s.token(account.Organizer)
	one, other := s.schedule(1), s.schedule(1)
	twice := func(status int, request func(event, key string) answer) {
		t.Helper()
		s.want(request(one, "key"), status, "")
		s.want(request(other, "key"), 422, "idempotency_key_reused")
	}
	holds := map[string]string{}
	twice(201, func(event, key string) answer {
		a := s.reserve(customer, event, idempotencyKey, "hold-"+key)
		holds[event], _ = a.body["id"].(string)
		return a
	})
	holds[other] = s.want(s.reserve(customer, other), 201, "").at("id").(string)
	waiting := s.token(account.Customer)
	twice(201, func(event, key string) answer {
		return s.call("POST", "/events/"+event+"/waitlist", waiting, map[string]any{}, idempotencyKey, "wait-"+key)
	})
	twice(201, func(event, key string) answer {
		return s.call("POST", "/holds/"+holds[event]+"/confirm", customer, nil, idempotencyKey, "confirm-"+key)
	})
	one, other = s.theatre(3, "draft", true), s.theatre(3, "draft", true)
	twice(200, func(event, key string) answer {
		return s.call("POST", "/events/"+event+"/publish", organizer, nil, idempotencyKey, "publish-"+key)
	})
}
