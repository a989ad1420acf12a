package httpapi_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/account"
)

// shown is what an event says of itself, without what every event has.
func shown(event map[string]any) string {
	fields := map[string]any{}
	for _, name := range []string{"category", "endsAt", "organizerName", "image", "requireProofOfWork"} {
		fields[name] = event[name]
	}
	text, _ := json.Marshal(fields)
	return string(text)
}

const plainEvent = `{"category":"","endsAt":null,"image":null,"organizerName":"","requireProofOfWork":false}`

func TestAnEventSaysMoreOfItself(t *testing.T) {
	t.Parallel()
	s := start(t)
	organizer, customer := s.token(account.Organizer), s.token(account.Customer)
	begins := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
	ends := begins.Add(3 * time.Hour).Format(time.RFC3339)
	id := s.want(s.upload(picture(800, 400)), 201, "").at("id").(string)
	body := map[string]any{
		"title": "Concert", "venue": "Hall", "date": begins, "totalTickets": 3, "price": 5,
		"category": "music", "endsAt": ends, "organizerName": "Music Society", "image": id, "requireProofOfWork": true,
	}
	scheduled := s.want(s.call("POST", "/events", organizer, body, "Idempotency-Key", "concert"), 201, "")
	event := scheduled.at("id").(string)
	want := fmt.Sprintf(`{"category":"music","endsAt":%q,"image":{"height":400,"url":"/images/%s","width":800},`+
		`"organizerName":"Music Society","requireProofOfWork":true}`, ends, id)
	replayed := s.want(s.call("POST", "/events", organizer, body, "Idempotency-Key", "concert"), 201, "")
	read := s.call("GET", "/events/"+event, customer, nil)
	listed := s.call("GET", "/events", customer, nil).at("data").([]any)[0].(map[string]any)
	s.want(s.order(customer, event, proofHeader, s.proof()), 201, "")
	booked := s.call("GET", "/bookings", customer, nil).at("data").([]any)[0].(map[string]any)["event"].(map[string]any)
	for name, got := range map[string]map[string]any{
		"scheduled": scheduled.body, "replayed": replayed.body, "read": read.body, "listed": listed, "booked": booked,
	} {
		if shown(got) != want {
			t.Errorf("%s: got %s, want %s", name, shown(got), want)
		}
	}
	audited := s.call("GET", "/audit/streams/"+event, s.token(account.Auditor), nil)
	for name, want := range map[string]any{
		"category": "music", "endsAt": ends, "organizerName": "Music Society", "image": id, "requireProofOfWork": true,
	} {
		if got := audited.at("state", name); got != want {
			t.Errorf("the audit shows %s as %v, want %v", name, got, want)
		}
	}

	path := "/events/" + event
	for _, body := range []string{`{"title":"Matinee"}`, `{}`} {
		if got := shown(s.want(s.call("PATCH", path, organizer, body), 200, "").body); got != want {
			t.Errorf("%s changes more than the title: %s", body, got)
		}
	}
	cleared := `{"category":"","endsAt":null,"organizerName":"","image":null,"requireProofOfWork":false}`
	if got := shown(s.want(s.call("PATCH", path, organizer, cleared), 200, "").body); got != plainEvent {
		t.Errorf("cleared: got %s", got)
	}
	again := fmt.Sprintf(`{"category":"film","endsAt":%q,"image":%q}`, ends, id)
	s.want(s.call("PATCH", path, organizer, again), 200, "")
	s.want(s.call("PATCH", path, organizer, `{"image":""}`), 200, "")
	got := s.want(s.call("POST", path+"/cancel", organizer, nil), 200, "")
	if got.at("category") != "film" || got.at("endsAt") != ends || got.at("image") != nil {
		t.Errorf("got %s", got.raw)
	}
}

func TestAnEventThatSaysNoMoreIsPlain(t *testing.T) {
	t.Parallel()
	s := start(t)
	customer := s.token(account.Customer)
	if got := shown(s.call("GET", "/events/"+s.schedule(1), customer, nil).body); got != plainEvent {
		t.Errorf("got %s", got)
	}
	nulls := s.schedule(1, "endsAt", nil, "image", nil, "category", "")
	if got := shown(s.call("GET", "/events/"+nulls, customer, nil).body); got != plainEvent {
		t.Errorf("got %s", got)
	}
}

func TestWhatAnEventSaysOfItselfIsChecked(t *testing.T) {
	t.Parallel()
	s := start(t)
	organizer := s.token(account.Organizer)
	path := "/events/" + s.schedule(1)
	for body, field := range map[string]string{
		`{"category":"opera"}`:                          "/category",
		`{"endsAt":"2020-01-01T00:00:00Z"}`:             "/endsAt",
		`{"endsAt":"2095-01-01T00:00:00Z"}`:             "/endsAt",
		`{"organizerName":"two\nlines"}`:                "/organizerName",
		`{"image":"9b74c9897bac770ffc029102a200c5de"}`:  "/image",
		fmt.Sprintf(`{"image":%q}`, noImage):            "/image", // nobody has uploaded it
		`{"image":"../../images/` + noImage[:50] + `"}`: "/image",
		`{"endsAt":"soon"}`:                             "/endsAt",
		`{"image":7}`:                                   "/image",
	} {
		a := s.want(s.call("PATCH", path, organizer, body), 400, "validation_failed")
		errors, _ := a.at("errors").([]any)
		if len(errors) != 1 || errors[0].(map[string]any)["pointer"] != field {
			t.Errorf("%s: got %s, want a mistake in %s", body, a.raw, field)
		}
	}
	scheduling := `{"title":"","venue":"V","date":"2090-01-01T00:00:00Z","totalTickets":1,"price":1,` +
		`"image":"` + noImage + `"}`
	a := s.want(s.call("POST", "/events", organizer, scheduling), 400, "validation_failed")
	if errors, _ := a.at("errors").([]any); len(errors) != 2 {
		t.Errorf("got %s, want mistakes in the title and the image", a.raw)
	}
}

func TestEventsAreListedByCategory(t *testing.T) {
	t.Parallel()
	s := start(t)
	for title, category := range map[string]string{
		"Jazz": "music", "Opera": "music", "Derby": "sport", "Talk": "talk", "?": "",
	} {
		s.schedule(1, "title", title, "category", category)
	}
	customer := s.token(account.Customer)
	for query, want := range map[string]string{
		"category=music": "2 Jazz Opera", "category=sport,music": "3 Derby Jazz Opera", "category=film": "0",
		"category=music,music&search=jazz":           "1 Jazz",
		"upcoming=true&available=true&category=talk": "1 Talk", "": "5 ? Derby Jazz Opera Talk",
	} {
		a := s.want(s.call("GET", "/events?sortBy=title&"+query, customer, nil), 200, "")
		got := fmt.Sprint(a.at("meta", "total"))
		for _, e := range a.at("data").([]any) {
			got += " " + e.(map[string]any)["title"].(string)
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	for _, query := range []string{"category=opera", "category=music,opera", "category=music&category=sport"} {
		s.want(s.call("GET", "/events?"+query, customer, nil), 400, "validation_failed")
	}
	first := s.call("GET", "/events?sortBy=title&limit=1&cursor=*&category=music,sport", customer, nil)
	next := first.at("meta", "next").(string)
	path := "/events?sortBy=title&limit=1&category=sport,music&cursor=" + next
	second := s.want(s.call("GET", path, customer, nil), 200, "")
	if title := second.at("data").([]any)[0].(map[string]any)["title"]; title != "Jazz" {
		t.Errorf("got %v behind Derby", title)
	}
	elsewhere := s.call("GET", "/events?sortBy=title&limit=1&category=music&cursor="+next, customer, nil)
	s.want(elsewhere, 400, "validation_failed")
	for _, category := range domain.Categories() {
		s.want(s.call("GET", "/events?category="+category, customer, nil), 200, "")
	}
}
