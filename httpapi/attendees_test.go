package httpapi_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

func TestAttendees(t *testing.T) {
	t.Parallel()
	const bobs = "Bob Ødegård Éluard"
	s := start(t)
	event, organizer := s.schedule(5), s.token(account.Organizer)
	_, alice := s.account("alice@example.com", "=Alice, Ms", account.Customer)
	_, bob := s.account("bob@example.com", bobs, account.Customer)
	code := s.ticket(alice, event)
	s.want(s.order(s.token(account.Customer), event), 201, "") // whose account is deleted
	booked := s.want(s.order(bob, event), 201, "")
	s.want(s.call("DELETE", "/bookings/"+booked.at("booking", "id").(string), bob, nil), 200, "")
	last := s.want(s.call("POST", "/events/"+event+"/check-ins", organizer, `{"code":"`+code+`"}`), 200, "")

	desk := s.want(s.call("GET", "/desk/events/"+event, organizer, nil), 200, "")
	if desk.at("sold") != 2.0 || desk.at("checkedIn") != 1.0 || desk.at("capacity") != 5.0 {
		t.Errorf("got %s", desk.raw)
	}
	names := func(query string) (names []string, next string) {
		t.Helper()
		a := s.want(s.call("GET", "/desk/events/"+event+"/attendees?"+query, organizer, nil,
			"Min-Log-Position", last.header.Get("Log-Position")), 200, "")
		for _, b := range a.at("data").([]any) {
			names = append(names, b.(map[string]any)["name"].(string))
		}
		next, _ = a.at("meta", "next").(string)
		return names, next
	}
	for query, want := range map[string]string{
		"": "=Alice, Ms||" + bobs, "status=CONFIRMED": "=Alice, Ms|", "status=CANCELLED": bobs, "search=BOB@": bobs,
		"search=nobody": "", "ticketTypeId=1&search=alice": "=Alice, Ms", "ticketTypeId=2": "",
		"search=odegard+ELUARD": bobs, "search=éluard+alice": "", "search=%25": "", "search=ob_": "",
		"checkedIn=true": "=Alice, Ms", "checkedIn=false": "|" + bobs, "checkedIn=false&search=b": bobs,
	} {
		if got, _ := names(query); strings.Join(got, "|") != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
	first, next := names("limit=2")
	rest, end := names("limit=2&cursor=" + next)
	if len(first) != 2 || strings.Join(rest, "|") != bobs || end != "" {
		t.Errorf("pages: got %q and %q, then %q", first, rest, end)
	}
	s.want(s.call("GET", "/desk/events/"+event+"/attendees?status=CONFIRMED&cursor="+next, organizer, nil), 400,
		"validation_failed")

	file, err := s.raw("GET", "/desk/events/"+event+"/attendees.csv", organizer, nil,
		"Min-Log-Position", last.header.Get("Log-Position"))
	must(t, err)
	lines, err := csv.NewReader(strings.NewReader(string(file.raw))).ReadAll()
	must(t, err)
	if len(lines) != 4 || lines[1][3] != "'=Alice, Ms" || lines[1][7] == "" || lines[2][3] != "" ||
		lines[3][5] != "CANCELLED" || !strings.Contains(string(file.raw), "\r\n") || file.header.Get("Total-Rows") != "3" {
		t.Errorf("got %v %q", file.header, file.raw)
	}
	marked, err := s.raw("GET", "/desk/events/"+event+"/attendees.csv?bom=true&status=CONFIRMED", organizer, nil,
		"Min-Log-Position", last.header.Get("Log-Position"))
	must(t, err)
	if !strings.HasPrefix(string(marked.raw), "\ufeffbooking,") || marked.header.Get("Total-Rows") != "2" {
		t.Errorf("got %v %q", marked.header, marked.raw)
	}
}

func TestNoCellOfAFileIsAFormula(t *testing.T) {
	t.Parallel()
	s := start(t)
	formulas := []string{
		"=1+1", "+1", "-1", "@SUM(1)", "＝1+1", "＋1", "－1", "＠SUM(1)",
		"\u200b=1+1", "\u00ad+1", "\ufeff@SUM(1)", "\u2060-1",
	}
	var types []map[string]any
	var lines []map[string]any
	for i, name := range formulas {
		types = append(types, map[string]any{"name": name, "price": i})
		lines = append(lines, map[string]any{"ticketTypeId": i + 1, "quantity": 1})
	}
	event := s.want(s.call("POST", "/events", s.token(account.Organizer), map[string]any{
		"title": "=1+1", "venue": "V", "date": "2100-01-01T00:00:00Z", "totalTickets": 50, "ticketTypes": types,
		"maxPerCustomer": 50,
	}), 201, "").at("id").(string)
	s.want(s.call("POST", "/book", s.token(account.Customer), map[string]any{"eventId": event, "lines": lines}), 201, "")
	file, err := s.raw("GET", "/desk/events/"+event+"/attendees.csv", s.token(account.Organizer), nil)
	must(t, err)
	cells, err := csv.NewReader(strings.NewReader(string(file.raw))).ReadAll()
	must(t, err)
	if len(cells) != 1+len(formulas) {
		t.Fatalf("got %q", file.raw)
	}
	for i, line := range cells[1:] {
		if line[1] != "'"+formulas[i] {
			t.Errorf("got the cell %q of %q", line[1], formulas[i])
		}
	}
}

// A file with semicolons, and one with commas that is opened where semicolons are expected.
func TestAFileCanHaveSemicolons(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, organizer := s.schedule(5), s.token(account.Organizer)
	_, eve := s.account("eve@example.com", `Eve; =1+1, -2;"=3"; Ms - Mrs`, account.Customer)
	booked := s.want(s.order(eve, event), 201, "")
	for query, separator := range map[string]rune{"": ',', "separator=comma": ',', "separator=semicolon": ';'} {
		file, err := s.raw("GET", "/desk/events/"+event+"/attendees.csv?"+query, organizer, nil,
			"Min-Log-Position", booked.header.Get("Log-Position"))
		must(t, err)
		lines := csv.NewReader(strings.NewReader(string(file.raw)))
		lines.Comma = separator
		cells, err := lines.ReadAll()
		must(t, err)
		const name = `Eve;' =1+1,' -2;'"=3"; Ms - Mrs`
		if len(cells) != 2 || len(cells[1]) != 8 || cells[0][3] != "name" || cells[1][3] != name {
			t.Errorf("%q: got %q", query, file.raw)
		}
	}
	s.want(s.call("GET", "/desk/events/"+event+"/attendees.csv?separator=tab", organizer, nil), 400, "validation_failed")
}

func TestAttendeesAreShownToSellersOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(5)
	_, door := s.account("dora@example.com", "Dora", account.Customer)
	s.want(s.addOrganizer(event, "dora@example.com", "check_in"), 200, "")
	s.want(s.call("GET", "/desk/events/"+event, door, nil), 200, "")
	for _, path := range []string{"/attendees", "/attendees.csv"} {
		s.want(s.call("GET", "/desk/events/"+event+path, door, nil), 403, "not_your_event")
		s.want(s.call("GET", "/desk/events/"+uuid.NewString()+path, door, nil), 404, "event_not_found")
	}
	s.want(s.call("GET", "/desk/events/"+event, s.token(account.Customer), nil), 403, "not_your_event")
	s.want(s.addOrganizer(event, "dora@example.com", "sell"), 200, "")
	s.want(s.call("GET", "/desk/events/"+event+"/attendees", door, nil), 200, "")
}
