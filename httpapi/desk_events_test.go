package httpapi_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
)

// deskTitles are the titles and roles of a page of somebody's events at the desk.
func (s *system) deskTitles(token, query string, last answer) (titles []string, next string) {
	s.Helper()
	a := s.want(s.call("GET", "/desk/events?"+query, token, nil,
		"Min-Log-Position", last.header.Get("Log-Position")), 200, "")
	for _, e := range a.at("data").([]any) {
		e := e.(map[string]any)
		titles = append(titles, e["title"].(string)+" "+e["role"].(string))
	}
	next, _ = a.at("meta", "next").(string)
	return titles, next
}

func TestTheDeskListsOnesOwnEvents(t *testing.T) {
	t.Parallel()
	s := start(t)
	in := func(days int) string { return time.Now().AddDate(0, 0, days).UTC().Format(time.RFC3339) }
	s.want(s.call("POST", "/events", s.token(account.Organizer), map[string]any{
		"title": "Old", "venue": "Bar", "date": in(-2), "totalTickets": 1, "price": 1, "allowPast": true,
	}), 201, "")
	s.want(s.call("POST", "/events", s.token(account.Organizer), map[string]any{
		"title": "Tonight", "venue": "Bar", "date": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), "totalTickets": 1,
		"price": 1, "allowPast": true,
	}), 201, "")
	s.schedule(3, "title", "Late", "date", in(9))
	s.schedule(3, "title", "Early", "date", in(2))
	s.schedule(3, "title", "Planned", "date", in(5), "draft", true)
	_, other := s.account("olga@example.com", "Olga", account.Organizer)
	s.want(s.call("POST", "/events", other, map[string]any{
		"title": "Olga's Café", "venue": "Bar", "date": in(1), "totalTickets": 1, "price": 1,
	}), 201, "")
	gone := s.schedule(3, "title", "Gone", "date", in(7))
	last := s.want(s.call("POST", "/events/"+gone+"/cancel", s.token(account.Organizer), nil), 200, "")

	owner, customer := s.token(account.Organizer), s.token(account.Customer)
	want := func(token, query string, want ...string) {
		t.Helper()
		got, next := s.deskTitles(token, query, last)
		for next != "" {
			var more []string
			more, next = s.deskTitles(token, query+"&cursor="+next, last)
			got = append(got, more...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
	all := []string{"Late owner", "Gone owner", "Planned owner", "Early owner", "Tonight owner", "Old owner"}
	for _, query := range []string{"", "limit=1", "limit=2", "limit=5"} {
		want(owner, query, all...)
	}
	want(owner, "upcoming=true&limit=2", "Tonight owner", "Early owner", "Planned owner", "Gone owner", "Late owner")
	want(owner, "status=DRAFT", "Planned owner")
	want(owner, "status=CANCELLED", "Gone owner")
	want(owner, "q=cafe")
	want(other, "q=cafe", "Olga's Café owner")
	want(other, "", "Olga's Café owner")
	want(customer, "")
	want(s.token(account.Admin), "limit=4", "Late admin", "Gone admin", "Planned admin", "Early admin",
		"Olga's Café admin", "Tonight admin", "Old admin")

	_, hal := s.account("hal@example.com", "Hal", account.Customer)
	s.want(s.addOrganizer(gone, "hal@example.com", "check_in"), 200, "") // whose answer names no position
	eventually(t, "the read model has the role", func() bool {
		got, _ := s.deskTitles(hal, "", last)
		return slices.Equal(got, []string{"Gone check_in"})
	})

	_, cursor := s.deskTitles(owner, "limit=1", last)
	s.want(s.call("GET", "/desk/events?status=DRAFT&cursor="+cursor, owner, nil), 400, "validation_failed")
	s.want(s.call("GET", "/desk/events?cursor=nonsense", owner, nil), 400, "validation_failed")
	s.want(s.call("GET", "/desk/events?cursor="+cursor, other, nil), 400, "validation_failed")
	s.want(s.call("GET", "/desk/events?q=%00", owner, nil), 400, "validation_failed")
}

func TestTheDeskCounts(t *testing.T) {
	t.Parallel()
	s := start(t)
	owner, event := s.token(account.Organizer), s.theatre(4)
	book := func(of ...int) answer {
		t.Helper()
		return s.want(s.call("POST", "/book", s.token(account.Customer), map[string]any{
			"eventId": event, "lines": lines(of...),
		}), 201, "")
	}
	_, ann := s.account("ann@example.com", "Ann", account.Customer)
	code := s.ticket(ann, event)
	book(2, 2)
	s.want(s.reserve(s.token(account.Customer), event), 201, "")
	s.want(s.call("POST", "/events/"+event+"/waitlist", s.token(account.Customer), map[string]any{}), 201, "")
	last := s.want(s.call("POST", "/events/"+event+"/check-ins", owner, map[string]string{"code": code}), 200, "")

	list := s.want(s.call("GET", "/desk/events", owner, nil, "Min-Log-Position", last.header.Get("Log-Position")), 200, "")
	one := s.want(s.call("GET", "/desk/events/"+event, owner, nil,
		"Min-Log-Position", last.header.Get("Log-Position")), 200, "")
	listed := list.at("data").([]any)[0].(map[string]any)
	for field, want := range map[string]float64{"capacity": 4, "sold": 3, "held": 1, "waiting": 1, "checkedIn": 1} {
		if listed[field] != want || one.at(field) != want {
			t.Errorf("%s: got %v in the list and %v alone, want %v", field, listed[field], one.at(field), want)
		}
	}
	if got := fmt.Sprint(revenueOf(one)); got != "[1×1 49.99 EUR 2×2 40 EUR]" {
		t.Errorf("got a revenue of %s", got)
	}
	for _, field := range []string{"id", "title", "venue", "date", "timeZone", "status", "draft", "role"} {
		if listed[field] != one.at(field) || one.at(field) == nil {
			t.Errorf("%s: got %v in the list and %v alone", field, listed[field], one.at(field))
		}
	}
}

// revenueOf writes what there is of each type.
func revenueOf(a answer) (rows []string) {
	all, _ := a.at("revenue").([]any)
	for _, r := range all {
		r := r.(map[string]any)
		rows = append(rows, fmt.Sprintf("%v×%v %v %v", r["ticketTypeId"], r["tickets"], r["amount"], r["currency"]))
	}
	return rows
}

func TestRevenueIsNotForThoseWhoOnlyCheckTicketsIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(5)
	_, hal := s.account("hal@example.com", "Hal", account.Customer)
	s.want(s.addOrganizer(event, "hal@example.com", "check_in"), 200, "")
	desk := func() answer {
		t.Helper()
		return s.want(s.call("GET", "/desk/events/"+event, hal, nil), 200, "")
	}
	if a := desk(); a.at("revenue") != nil || a.at("role") != "check_in" {
		t.Errorf("got %s", a.raw)
	}
	s.want(s.call("GET", "/desk/events/"+event+"/sales", hal, nil), 403, "not_your_event")
	s.want(s.call("GET", "/desk/events/"+event+"/sales", s.token(account.Customer), nil), 403, "not_your_event")
	s.want(s.call("GET", "/desk/events/"+uuid.NewString()+"/sales", hal, nil), 404, "event_not_found")
	s.want(s.addOrganizer(event, "hal@example.com", "sell"), 200, "")
	if a := desk(); !strings.Contains(string(a.raw), `"revenue":[]`) {
		t.Errorf("got %s", a.raw)
	}
	s.want(s.call("GET", "/desk/events/"+event+"/sales", hal, nil), 200, "")
}

func TestSalesByTime(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := start(t, func(o *httpapi.Options, _ *eventstore.Options) { o.Now = func() time.Time { return now } })
	owner, event := s.token(account.Organizer), s.schedule(5, "timeZone", "Asia/Kolkata")
	_, ann := s.account("ann@example.com", "Ann", account.Customer)
	booked := s.want(s.order(ann, event), 201, "")
	s.want(s.order(s.token(account.Customer), event), 201, "")
	last := s.want(s.call("DELETE", "/bookings/"+booked.at("booking", "id").(string), ann, nil), 200, "")
	sales := func(query string) answer {
		t.Helper()
		return s.want(s.call("GET", "/desk/events/"+event+"/sales?"+query, owner, nil,
			"Min-Log-Position", last.header.Get("Log-Position")), 200, "")
	}
	for _, interval := range []string{"minute", "hour", "day"} {
		a := sales("interval=" + interval)
		var bookings, cancelled float64
		var sold []string
		for _, d := range a.at("data").([]any) { // one, unless an interval has just ended
			d := d.(map[string]any)
			bookings += d["bookings"].(float64)
			cancelled += d["cancelled"].(float64)
			text, err := json.Marshal([]any{d["sold"], d["returned"]})
			must(t, err)
			sold = append(sold, string(text))
		}
		if bookings != 2 || cancelled != 1 || a.at("interval") != interval || a.at("timeZone") != "Asia/Kolkata" {
			t.Errorf("got %s", a.raw)
		}
		want := `[[{"amount":99.98,"currency":"USD","ticketTypeId":1,"tickets":2}],` +
			`[{"amount":49.99,"currency":"USD","ticketTypeId":1,"tickets":1}]]`
		if len(sold) == 1 && sold[0] != want {
			t.Errorf("got %s, want %s", sold[0], want)
		}
	}
	at := func(d time.Duration) string { return now.Add(d).UTC().Format(time.RFC3339) }
	before, after := "to="+at(-time.Hour), "from="+at(time.Hour)
	for _, query := range []string{before, after, after + "&" + before} {
		if a := sales(query); len(a.at("data").([]any)) != 0 {
			t.Errorf("%s: got %s", query, a.raw)
		}
	}
	for _, query := range []string{
		"interval=week", "interval=minute&from=" + at(-25*time.Hour), "interval=hour&from=2020-01-01T00:00:00Z",
		"from=2000-01-01T00:00:00Z&to=2030-01-01T00:00:00Z", "from=yesterday",
	} {
		s.want(s.call("GET", "/desk/events/"+event+"/sales?"+query, owner, nil), 400, "validation_failed")
	}
}
