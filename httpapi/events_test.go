package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
)

func TestEventsAreListedByPage(t *testing.T) {
	t.Parallel()
	s := start(t)
	for i := range 12 {
		s.schedule(10, "title", fmt.Sprintf("Event %02d", i), "price", 12-i,
			"date", fmt.Sprintf("2031-01-%02dT00:00:00Z", 12-i))
	}
	token := s.token(account.Customer)
	titles := func(query string) (titles []string) {
		t.Helper()
		for _, e := range s.want(s.call("GET", "/events"+query, token, nil), 200, "").at("data").([]any) {
			titles = append(titles, strings.TrimPrefix(e.(map[string]any)["title"].(string), "Event "))
		}
		return titles
	}
	first := s.want(s.call("GET", "/events", token, nil), 200, "")
	if got, want := fmt.Sprint(first.at("meta")), "map[limit:10 page:1 total:12 totalPages:2]"; got != want {
		t.Errorf("meta is %s, want %s", got, want)
	}
	for query, want := range map[string]string{
		"":                              "[11 10 09 08 07 06 05 04 03 02]", // by date, ascending
		"?page=2":                       "[01 00]",
		"?page=3":                       "[]",
		"?limit=3&sortBy=title":         "[00 01 02]",
		"?limit=2&sortBy=price&page=2":  "[09 08]",
		"?limit=2&sortOrder=desc":       "[00 01]",
		"?search=eVeNT%2007":            "[07]",
		"?search=%25":                   "[]",
		"?sortBy=title&limit=50&page=1": "[00 01 02 03 04 05 06 07 08 09 10 11]",
	} {
		if got := fmt.Sprint(titles(query)); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	for _, query := range []string{"?page=0", "?page=x", "?limit=0", "?limit=51", "?sortBy=id", "?sortOrder=up"} {
		s.want(s.call("GET", "/events"+query, token, nil), 400, "validation_failed")
	}
}

func TestEventsAreSortedByThePriceThatTheyShow(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, price := range [][2]string{{"2400", "JPY"}, {"25", "EUR"}, {"5.125", "KWD"}, {"61.5", "USD"}, {"0", "JPY"}} {
		s.schedule(1, "price", json.Number(price[0]), "currency", price[1])
	}
	var prices []any
	list := s.want(s.call("GET", "/events?sortBy=price", s.token(account.Customer), nil), 200, "")
	for _, e := range list.at("data").([]any) {
		prices = append(prices, e.(map[string]any)["price"])
	}
	if got, want := fmt.Sprint(prices), "[0 5.125 25 61.5 2400]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnEventIsShownInTheShapeOfTheContract(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(7, "title", "Tech & <Fun>", "date", "2031-03-15T12:00:00+02:00", "price", json.Number("49.90"),
		"timeZone", "Europe/Lisbon", "currency", "EUR")
	a := s.want(s.call("GET", "/events/"+event, s.token(account.Customer), nil), 200, "")
	want := map[string]any{
		"id": event, "title": "Tech & <Fun>", "description": "Music", "date": "2031-03-15T10:00:00Z", "venue": "Hall",
		"totalTickets": 7.0, "remainingTickets": 7.0, "price": 49.9, "currency": "EUR", "timeZone": "Europe/Lisbon",
		"status": "SCHEDULED", "version": 1.0, "category": "", "endsAt": nil, "organizerName": "", "image": nil,
		"requireProofOfWork": false,
	}
	if got := fmt.Sprint(a.body); got != fmt.Sprint(want) {
		t.Errorf("got %s, want %s", got, fmt.Sprint(want))
	}
	s.want(s.call("GET", "/events/"+uuid.NewString(), s.token(account.Customer), nil), 404, "event_not_found")
	s.want(s.call("GET", "/events/42", s.token(account.Customer), nil), 400, "validation_failed")
}

func TestSchedulingListsEveryMistake(t *testing.T) {
	t.Parallel()
	s := start(t)
	organizer := s.token(account.Organizer)
	a := s.want(s.call("POST", "/events", organizer, map[string]any{
		"title": " ", "venue": "", "date": "2031-01-01T00:00:00Z", "totalTickets": 0,
		"price": json.Number("1.999"), "timeZone": "Mars/Base",
	}), 400, "validation_failed")
	for _, field := range []string{"/title", "/venue", "/totalTickets", "/price", "/timeZone"} {
		if !strings.Contains(string(a.raw), `"pointer":"`+field+`"`) {
			t.Errorf("%s is not reported: %s", field, a.raw)
		}
	}
	for _, change := range []map[string]any{
		{"price": -1}, {"price": "12"}, {"currency": "US"}, {"currency": "XYZ"},
		{"date": "tomorrow"}, {"totalTickets": 1.5}, {"totalTickets": 10_000_000}, {"surprise": 1},
	} {
		event := map[string]any{"title": "T", "venue": "V", "date": "2031-01-01T00:00:00Z", "totalTickets": 1, "price": 1}
		for k, v := range change {
			event[k] = v
		}
		s.want(s.call("POST", "/events", organizer, event), 400, "validation_failed")
	}
}

func TestTextOfEventsIsVisibleAndHarmless(t *testing.T) {
	t.Parallel()
	s := start(t)
	organizer := s.token(account.Organizer)
	id := s.schedule(1, "title", "👩\u200d👧 e\u0301 می\u200cخواهم \u202etrecnoc", "description", "One\r\n\tTwo\n")
	a := s.want(s.call("GET", "/events/"+id, organizer, nil), 200, "")
	if a.at("description") != "One\n\tTwo" {
		t.Errorf("got %s", a.raw)
	}
	for _, wrong := range [][2]string{
		{"title", "\u200b\u200b\u200b"}, {"title", "\u3164"}, {"title", "\u2800"}, {"title", "\u0301"},
		{"title", "\ufe0f"}, {"title", "a\n  9  forged"},
		{"title", "\x1b[2J"}, {"title", "a\u0000b"}, {"title", "a\u009b2J"}, {"title", "a\u2028b"},
		{"venue", "\u2060"}, {"venue", "a\tb"},
		{"description", "a\x1b]52;c;AAAA\ab"}, {"description", "a\x00b"},
	} {
		event := map[string]any{"title": "T", "venue": "V", "date": "2100-01-01T00:00:00Z", "totalTickets": 1, "price": 1}
		event[wrong[0]] = wrong[1]
		for _, a := range []answer{
			s.call("POST", "/events", organizer, event),
			s.call("PATCH", "/events/"+id, organizer, map[string]any{wrong[0]: wrong[1]}),
		} {
			s.want(a, 400, "validation_failed")
			if !strings.Contains(string(a.raw), `"errors":[{"pointer":"/`+wrong[0]+`"`) {
				t.Errorf("%s %+q: %s", wrong[0], wrong[1], a.raw)
			}
		}
	}
}

// A log can have what is refused today.
func TestAnOlderEventWithAStrangeTitleIsShownAndChanged(t *testing.T) {
	t.Parallel()
	s := start(t)
	organizer := s.token(account.Organizer)
	id := s.scheduleAnyway(domain.Details{
		Title: "\u200b\x1b[2J\n9", Description: "\x1b", Venue: "\u2800", TimeZone: "UTC",
		StartsAt: time.Now().AddDate(0, 0, -1).UTC().Truncate(time.Second),
		Currency: "EUR", TicketTypes: domain.GeneralAdmission(1),
	})
	a := s.want(s.call("PATCH", "/events/"+id, organizer, map[string]any{"totalTickets": 5, "price": 2}), 200, "")
	a = s.want(s.call("GET", "/events/"+id, organizer, nil, "Min-Log-Position", a.header.Get("Log-Position")), 200, "")
	if a.at("title") != "\u200b\x1b[2J\n9" || a.at("totalTickets") != 5.0 || a.at("price") != 2.0 {
		t.Errorf("got %s", a.raw)
	}
	s.want(s.call("PATCH", "/events/"+id, organizer, map[string]any{"title": "\u200b\u200b"}), 400, "validation_failed")
	s.want(s.call("PATCH", "/events/"+id, organizer, map[string]any{"title": "Seen"}), 200, "")
}

func TestAnEventIsScheduledForTheFuture(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	s := start(t, func(o *httpapi.Options, _ *eventstore.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	organizer := s.token(account.Organizer)
	soon := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	event := map[string]any{"title": "T", "venue": "V", "date": soon, "totalTickets": 1, "price": 1}
	isAboutTheDate := func(a answer, code string) {
		t.Helper()
		s.want(a, 400, code)
		if !strings.Contains(string(a.raw), `{"pointer":"/date","detail":"Enter a date in the future."}`) {
			t.Errorf("got %s", a.raw)
		}
	}
	schedule := func() answer { return s.call("POST", "/events", organizer, event, "Idempotency-Key", "the-same") }
	id := s.want(schedule(), 201, "").at("id").(string)
	change := func(fields map[string]any) answer { return s.call("PATCH", "/events/"+id, organizer, fields) }
	isAboutTheDate(change(map[string]any{"date": "2020-01-01T00:00:00Z"}), "event_past")

	ahead.Store(int64(2 * time.Hour)) // by now it has begun
	if again := s.want(schedule(), 201, ""); again.at("id") != id {
		t.Errorf("a repeated request made %s", again.raw)
	}
	isAboutTheDate(s.call("POST", "/events", organizer, event), "event_past")
	event["title"] = ""
	if a := s.call("POST", "/events", organizer, event); !strings.Contains(string(a.raw), `"/title"`) {
		t.Errorf("got %s", a.raw)
	} else {
		isAboutTheDate(a, "validation_failed")
	}
	s.want(change(map[string]any{"title": "Renamed", "date": soon}), 200, "")
	past := time.Now().Add(90 * time.Minute).UTC().Format(time.RFC3339)
	isAboutTheDate(change(map[string]any{"date": past}), "event_past")
	// Events are imported with their dates.
	s.want(change(map[string]any{"date": past, "allowPast": true}), 200, "")
	event["title"], event["allowPast"] = "Imported", true
	imported := s.want(s.call("POST", "/events", organizer, event), 201, "").at("id").(string)
	s.want(s.order(s.token(account.Customer), imported), 409, "event_past")
	s.want(change(map[string]any{"date": "2100-01-01T00:00:00Z"}), 200, "")
}

func TestMoneyKeepsItsDigits(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range []struct{ price, currency, want string }{
		{"49.99", "USD", "49.99"}, {"0.1", "USD", "0.1"}, {"0", "EUR", "0"},
		{"1200", "JPY", "1200"}, {"1.005", "KWD", "1.005"},
		{"10.00", "EUR", "10"}, {"1000000.01", "EUR", "1000000.01"},
	} {
		id := s.schedule(1, "price", json.Number(c.price), "currency", c.currency)
		a := s.call("GET", "/events/"+id, s.token(account.Customer), nil)
		if !strings.Contains(string(a.raw), `"price":`+c.want+`,`) {
			t.Errorf("%s %s came back as %s", c.price, c.currency, a.raw)
		}
	}
}
