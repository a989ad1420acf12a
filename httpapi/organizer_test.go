package httpapi_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

func TestAnOrganizerChangesWhatTheRequestNames(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, organizer := s.schedule(10), s.token(account.Organizer)
	s.want(s.call("POST", "/book", s.token(account.Customer), map[string]any{"eventId": id}), 201, "")
	before := s.want(s.call("GET", "/events/"+id, organizer, nil), 200, "")

	a := s.want(s.call("PATCH", "/events/"+id, organizer, map[string]any{"title": "Recital", "totalTickets": 5}), 200, "")
	if a.at("title") != "Recital" || a.at("venue") != before.at("venue") || a.at("totalTickets") != 5.0 ||
		a.at("remainingTickets") != 4.0 || a.at("version") != 4.0 {
		t.Errorf("got %s after %s", a.raw, before.raw)
	}
	read := s.want(s.call("GET", "/events/"+id, organizer, nil, "Min-Log-Position", a.header.Get("Log-Position")), 200, "")
	if string(read.raw) != string(a.raw) {
		t.Errorf("read %s, want %s", read.raw, a.raw)
	}
	a = s.want(s.call("PATCH", "/events/"+id, organizer, map[string]any{
		"description": "D", "date": "2100-05-01T18:00:00Z", "timeZone": "Europe/Lisbon", "venue": "V", "price": 12.5,
		"currency": "EUR",
	}), 200, "")
	if a.at("price") != 12.5 || a.at("currency") != "EUR" || a.at("timeZone") != "Europe/Lisbon" ||
		a.at("title") != "Recital" {
		t.Errorf("got %s", a.raw)
	}
	if same := s.want(s.call("PATCH", "/events/"+id, organizer, map[string]any{"venue": "V"}), 200,
		""); same.at("version") != a.at("version") {
		t.Errorf("nothing was changed, and the version is %v", same.at("version"))
	}

	s.want(s.call("PATCH", "/events/"+id, organizer, map[string]any{"totalTickets": 0}), 400, "validation_failed")
	s.want(s.call("PATCH", "/events/"+id, organizer, map[string]any{"price": 1.234}), 400, "validation_failed")
	s.want(s.call("PATCH", "/events/"+id, organizer, map[string]any{"remainingTickets": 10}), 400, "validation_failed")
	s.want(s.call("POST", "/book", s.token(account.Customer), map[string]any{"eventId": id}), 201, "")
	s.want(s.call("PATCH", "/events/"+id, organizer, map[string]any{"totalTickets": 1}), 409, "capacity_below_sold")
	s.want(s.call("PATCH", "/events/"+uuid.NewString(), organizer, map[string]any{"title": "T"}), 404, "event_not_found")
	s.want(s.call("PATCH", "/events/nonsense", organizer, map[string]any{"title": "T"}), 400, "validation_failed")
	s.want(s.call("PATCH", "/events/"+id, s.token(account.Customer), map[string]any{"title": "T"}), 403, "forbidden")
}

func TestAChangeOfWhatWasSeenIsRefusedOnceItIsSomethingElse(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, organizer := s.schedule(10), s.token(account.Organizer)
	seen := s.want(s.call("GET", "/events/"+id, organizer, nil), 200, "").header.Get("ETag")
	s.want(s.call("PATCH", "/events/"+id, organizer, map[string]any{"title": "First"}, "If-Match", seen), 200, "")
	a := s.want(s.call("PATCH", "/events/"+id, organizer, map[string]any{"title": "Second"}, "If-Match", seen), 412,
		"version_mismatch")
	if a.at("detail") != "The event has changed. It is now at version 2" {
		t.Errorf("got %s", a.raw)
	}
	s.want(s.call("PATCH", "/events/"+id, organizer, map[string]any{"title": "Third"}, "If-Match", `"2-gzip"`), 200, "")
	s.want(s.call("PATCH", "/events/"+id, organizer, map[string]any{"title": "Fourth"}, "If-Match", "*"), 200, "")
	for _, tag := range []string{"4", `"four"`, `"4`, `"0"`, `W/4`, `"3", 4`, `"4",`, `"4.x"`} {
		s.want(s.call("PATCH", "/events/"+id, organizer, map[string]any{"title": "Fifth"}, "If-Match", tag), 400,
			"validation_failed")
	}

	won := 0
	for _, a := range s.together(8, func(int) (answer, error) {
		return s.try("PATCH", "/events/"+id, organizer, map[string]any{"title": uuid.NewString()}, "If-Match", `"4"`)
	}) {
		if a.status == 200 {
			won++
		} else {
			s.want(a, 412, "version_mismatch")
		}
	}
	if won != 1 {
		t.Errorf("%d changed the same version", won)
	}
}

func TestAnOrganizerCancelsAnEvent(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, organizer := s.schedule(10), s.token(account.Organizer)
	s.want(s.call("POST", "/events/"+id+"/cancel", s.token(account.Customer), nil), 403, "forbidden")
	a := s.want(s.call("POST", "/events/"+id+"/cancel", organizer, nil), 200, "")
	if a.at("status") != "CANCELLED" {
		t.Errorf("got %s", a.raw)
	}
	s.want(s.call("POST", "/events/"+id+"/cancel", organizer, nil), 200, "")
	s.want(s.call("POST", "/book", s.token(account.Customer), map[string]any{"eventId": id}), 409, "event_cancelled")
	s.want(s.call("PATCH", "/events/"+id, organizer, map[string]any{"title": "T"}), 409, "event_cancelled")
	s.want(s.call("POST", "/events/"+uuid.NewString()+"/cancel", organizer, nil), 404, "event_not_found")
}
