package httpapi_test

import (
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/internal/account"
)

// feed makes a calendar feed and gives its path.
func (s *system) feed(token, kind string) string {
	s.Helper()
	made := s.want(s.call("POST", "/calendar", token, map[string]string{"kind": kind}), 201, "")
	path := made.at("path").(string)
	if made.header.Get("Location") != path {
		s.Errorf("Location %q, want %q", made.header.Get("Location"), path)
	}
	return path
}

// entries reads a calendar feed: its entries by their ids, without "@boxoffice".
func (s *system) entries(path string) map[string]*ics.VEvent {
	s.Helper()
	a, err := s.raw("GET", path, "", nil)
	must(s, err)
	if a.status != 200 || a.header.Get("Content-Type") != "text/calendar; charset=utf-8" ||
		!strings.HasPrefix(a.header.Get("Cache-Control"), "private") {
		s.Fatalf("got %d %v: %s", a.status, a.header, a.raw)
	}
	c, err := ics.ParseCalendar(strings.NewReader(string(a.raw)))
	must(s, err)
	all := map[string]*ics.VEvent{}
	for _, e := range c.Events() {
		all[strings.TrimSuffix(e.Id(), "@boxoffice")] = e
	}
	return all
}

func valueOf(e *ics.VEvent, property ics.ComponentProperty) string {
	if p := e.GetProperty(property); p != nil {
		return p.Value
	}
	return ""
}

func TestBookingsAreInACalendar(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, token := s.account(ann["email"], ann["name"], account.Customer)
	path := s.feed(token, "bookings")
	if got := s.entries(path); len(got) != 0 {
		t.Errorf("got %d entries of nothing", len(got))
	}
	concert := s.schedule(5, "title", "Concert; and more", "timeZone", "Europe/Lisbon",
		"date", "2030-07-04T20:30:00+01:00")
	id := s.want(s.order(token, concert), 201, "").at("booking", "id").(string)
	s.want(s.order(s.token(account.Customer), concert), 201, "") // somebody else's
	booked := s.entries(path)[id]
	if booked == nil {
		t.Fatal("the booking is missing")
	}
	starts, err := booked.GetStartAt()
	if want := time.Date(2030, 7, 4, 19, 30, 0, 0, time.UTC); err != nil || !starts.Equal(want) {
		t.Errorf("it begins at %s, %v, want %s", starts, err, want)
	}
	for property, want := range map[ics.ComponentProperty]string{
		ics.ComponentPropertyDtStart: "20300704T203000", ics.ComponentPropertySummary: "Concert; and more",
		ics.ComponentPropertyStatus: "CONFIRMED", ics.ComponentPropertySequence: "3", ics.ComponentPropertyLocation: "Hall",
		ics.ComponentPropertyUrl: "http://localhost:3000/bookings",
	} {
		if got := valueOf(booked, property); got != want {
			t.Errorf("%s is %q, want %q", property, got, want)
		}
	}
	got := valueOf(booked, ics.ComponentPropertyDescription)
	if !strings.HasPrefix(got, "1 × General admission\nTicket number ") {
		t.Errorf("the description is %q", got)
	}

	// Whatever happens, SEQUENCE and LAST-MODIFIED grow.
	last := booked
	newer := func(what, status string) {
		t.Helper()
		e := s.entries(path)[id]
		before, errBefore := last.GetLastModifiedAt()
		after, errAfter := e.GetLastModifiedAt()
		if got := valueOf(e, ics.ComponentPropertySequence); got <= valueOf(last, ics.ComponentPropertySequence) ||
			errBefore != nil || errAfter != nil || after.Before(before) {
			t.Errorf("%s: SEQUENCE %s at %s, after %s", what, got, after, before)
		}
		if got := valueOf(e, ics.ComponentPropertyStatus); got != status {
			t.Errorf("%s: it is %s, want %s", what, got, status)
		}
		last = e
	}
	s.want(s.call("PATCH", "/events/"+concert, s.token(account.Organizer), map[string]string{"venue": "Arena"}), 200, "")
	newer("moved", "CONFIRMED")
	if got := valueOf(last, ics.ComponentPropertyLocation); got != "Arena" {
		t.Errorf("it takes place in %q", got)
	}
	s.want(s.call("DELETE", "/bookings/"+id, token, nil), 200, "")
	newer("the booking is cancelled", "CANCELLED")
	again := s.want(s.order(token, concert), 201, "").at("booking", "id").(string)
	s.want(s.call("POST", "/events/"+concert+"/cancel", s.token(account.Organizer), nil), 200, "")
	if got := valueOf(s.entries(path)[again], ics.ComponentPropertyStatus); got != "CANCELLED" {
		t.Errorf("the event is cancelled, and the booking %s", got)
	}
}

func TestEventsAreInTheCalendarsOfThoseWhoOrganizeThem(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, token := s.account(ann["email"], ann["name"], account.Customer)
	path, bookings := s.feed(token, "events"), s.feed(token, "bookings")
	one, other := s.schedule(1), s.schedule(1)
	draft := s.theatre(3, "draft", true)
	for _, event := range []string{one, draft} {
		s.want(s.call("POST", "/events/"+event+"/organizers", s.token(account.Organizer),
			map[string]string{"email": ann["email"], "role": "check_in"}), 200, "")
	}
	got := s.entries(path)
	if len(got) != 1 || valueOf(got[one], ics.ComponentPropertyStatus) != "CONFIRMED" ||
		valueOf(got[one], ics.ComponentPropertyUrl) != "http://localhost:3000/events/"+one {
		t.Errorf("got %v, want only %s, not %s nor the draft", got, one, other)
	}
	_, err := s.pool.Exec(t.Context(), `update users set role = 'organizer'`)
	must(t, err)
	if got := s.entries(path); len(got) != 2 || valueOf(got[draft], ics.ComponentPropertyStatus) != "TENTATIVE" {
		t.Errorf("an organizer gets %v, want the draft too", got)
	}
	s.want(s.call("POST", "/events/"+one+"/cancel", s.token(account.Organizer), nil), 200, "")
	if got := valueOf(s.entries(path)[one], ics.ComponentPropertyStatus); got != "CANCELLED" {
		t.Errorf("the event is %s", got)
	}
	if got := s.entries(bookings); len(got) != 0 {
		t.Errorf("%d bookings", len(got))
	}
}

func TestACalendarIsSentOnceUntilItChanges(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, token := s.account(ann["email"], ann["name"], account.Customer)
	path := s.feed(token, "bookings")
	event := s.schedule(1)
	get := func(headers ...string) answer {
		a, err := s.raw("GET", path, "", nil, headers...)
		must(t, err)
		return a
	}
	tag := get().header.Get("ETag")
	if a := get("If-None-Match", tag); a.status != 304 || len(a.raw) > 0 || tag == "" {
		t.Errorf("got %d with %d bytes for %s", a.status, len(a.raw), tag)
	}
	s.want(s.order(token, event), 201, "")
	if a := get("If-None-Match", tag); a.status != 200 {
		t.Errorf("got %d after a booking", a.status)
	}
	if a, err := s.raw("HEAD", path, "", nil); err != nil || a.status != 200 {
		t.Errorf("HEAD: got %d, %v", a.status, err)
	}
	s.want(s.call("GET", path, "", nil, "Min-Log-Position", "soon"), 400, "validation_failed")
}

// Replaced, switched off, and gone with the account: all are the same as never made.
func TestAddressesOfCalendarsEnd(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, token := s.account(ann["email"], ann["name"], account.Customer)
	list := func() []any { return s.want(s.call("GET", "/calendar", token, nil), 200, "").at("data").([]any) }
	unknown := func(path string) {
		t.Helper()
		a := s.want(s.call("GET", path, "", nil), 404, "calendar_not_found")
		never := s.call("GET", "/calendar/x.ics", "", nil)
		for _, one := range []answer{a, never} {
			delete(one.body, "requestId")
		}
		if len(a.body) != len(never.body) || a.body["detail"] != never.body["detail"] {
			t.Errorf("%v differs from %v", a.body, never.body)
		}
	}
	first, events := s.feed(token, "bookings"), s.feed(token, "events")
	second := s.feed(token, "bookings")
	unknown(first)
	s.entries(second)
	if got := list(); len(got) != 2 || got[0].(map[string]any)["path"] != second {
		t.Errorf("got %v", got)
	}
	for range 2 {
		s.want(s.call("DELETE", "/calendar?kind=bookings", token, nil), 204, "")
		unknown(second)
	}
	s.entries(events)
	s.want(s.call("DELETE", "/calendar", token, nil), 400, "validation_failed") // of which kind?
	s.want(s.call("DELETE", "/auth/me", token, map[string]string{"password": ann["password"]}), 204, "")
	unknown(events)
	stranger := s.token(account.Customer) // without an account
	s.want(s.call("POST", "/calendar", stranger, map[string]string{"kind": "events"}), 401, "invalid_token")
	s.want(s.call("DELETE", "/calendar", token, nil), 401, "invalid_token")
}

func TestOnlyWrongAddressesOfCalendarsCountAgainstANetwork(t *testing.T) {
	t.Parallel()
	few := middleware.Limit{Requests: 3, Window: time.Hour}
	s := start(t, withLimits(t, middleware.Limits{Reading: few, Address: few}))
	_, token := s.account(ann["email"], ann["name"], account.Customer)
	path, other := s.feed(token, "bookings"), s.feed(token, "events")
	for range 3 {
		s.entries(path)
	}
	s.limited(s.call("GET", path, "", nil), "reading")
	for range 3 {
		s.want(s.call("GET", "/calendar/x.ics", "", nil), 404, "calendar_not_found")
	}
	s.limited(s.call("GET", "/calendar/x.ics", "", nil), "address")
	s.limited(s.call("GET", other, "", nil), "address")
	s.want(s.call("GET", "/events", token, nil), 200, "") // one's own reading is another limit
}
