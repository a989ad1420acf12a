package httpapi_test

import (
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/internal/account"
)

// goSpeak is how huma, encoding/json and strconv say what is wrong.
var goSpeak = regexp.MustCompile(`expected |invalid |json:|Go |UUID length|e\+0|RFC |[<>]=|unmarshal|must `)

func TestRefusedRequestsAreExplainedInPlainWords(t *testing.T) {
	t.Parallel()
	s := start(t)
	organizer := s.token(account.Organizer)
	event := func(field string, value any) map[string]any {
		body := map[string]any{"title": "T", "venue": "V", "date": "2100-01-01T00:00:00Z", "totalTickets": 1,
			"price": 1, "currency": "EUR"}
		maps.Copy(body, map[string]any{field: value})
		return body
	}
	for _, c := range []struct {
		method, path string
		body         any
		want         string // pointer: detail
	}{
		{"POST", "/events", event("totalTickets", 0), "/totalTickets: Enter a number from 1 to 1,000,000."},
		{"POST", "/events", event("totalTickets", 1_000_001), "/totalTickets: Enter a number from 1 to 1,000,000."},
		{"POST", "/events", event("totalTickets", "many"), "/totalTickets: Enter a whole number."},
		{"POST", "/events", event("totalTickets", 1.5), "/totalTickets: Enter a whole number."},
		{"POST", "/events", event("totalTickets", 1e30), ""},
		{"POST", "/events", event("price", 1.234), "/price: Use at most 2 decimal places for EUR."},
		{"POST", "/events", event("price", -1), "/price: Enter a number of at least 0."},
		{"POST", "/events", event("price", "1"), "/price: Enter a number."},
		{"POST", "/events", event("currency", "EURO"), ""},
		{"POST", "/events", event("title", strings.Repeat("x", 201)), "/title: Use "},
		{"POST", "/events", event("title", " "), "/title: "},
		{"POST", "/events", event("title", nil), "/title: Enter text."},
		{"POST", "/events", event("date", "soon"), "/date: Use a date and time such as 2030-03-15T10:00:00Z."},
		{"POST", "/events", event("colour", "red"), "/colour: This field isn't known here."},
		{"POST", "/book", map[string]any{"eventId": "abc"}, "/eventId: Use a valid ID."},
		{"POST", "/book", map[string]any{"eventId": 7}, "/eventId: Enter text."},
		{"POST", "/book", map[string]any{}, "/eventId: This field is required."},
		{"POST", "/book", `{"eventId":`, "The request body isn't valid JSON."},
		{"POST", "/book", `[]`, "Use an object."},
		{"POST", "/book", strings.Repeat("[", 50), "The JSON is nested too deeply."},
		{"GET", "/events/abc", nil, "id: Use a valid ID."},
		{"GET", "/events?limit=51", nil, "limit: Enter a number of at most 50."},
		{"GET", "/events?limit=all", nil, "limit: Enter a whole number."},
		{"GET", "/events?upcoming=maybe", nil, "upcoming: Use true or false."},
		{"GET", "/events?from=monday", nil, "from: Use a date and time such as 2030-03-15T10:00:00Z."},
		{"GET", "/events?sortBy=colour", nil, "sortBy: Use one of: date, price, title."},
	} {
		a := s.want(s.call(c.method, c.path, organizer, c.body), 400, "validation_failed")
		told := []string{a.at("detail").(string)}
		fields, _ := a.at("errors").([]any)
		for _, e := range fields {
			field := e.(map[string]any)
			told = append(told, field["pointer"].(string)+": "+field["detail"].(string))
		}
		all := strings.Join(told, "\n")
		if !strings.Contains(all, c.want) || goSpeak.MatchString(all) {
			t.Errorf("%s %s %v: got %q, want %q", c.method, c.path, c.body, all, c.want)
		}
	}
}
