package httpapi_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
)

func TestADoorDownloadsWhatItNeedsWithoutNetwork(t *testing.T) {
	t.Parallel()
	s := start(t)
	ends := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	event := s.schedule(5, "endsAt", ends.Format(time.RFC3339))
	_, olga := s.account("olga@example.com", "Olga", account.Customer)
	s.want(s.addOrganizer(event, "olga@example.com", "check_in"), 200, "")
	_, alice := s.account("alice@example.com", "Alice", account.Customer)
	_, bob := s.account("bob@example.com", "Bob", account.Customer)
	code := s.ticket(alice, event)
	cancelled := s.want(s.order(bob, event), 201, "").at("booking", "id").(string)
	s.want(s.call("DELETE", "/bookings/"+cancelled, bob, nil), 200, "")
	var tag string
	read := func() (list httpapi.DoorList) {
		t.Helper()
		a := s.want(s.call("GET", "/events/"+event+"/check-ins", olga, nil), 200, "")
		must(t, json.Unmarshal(a.raw, &list))
		tag = a.header.Get("ETag")
		return list
	}

	before := read()
	if before.Title == "" || before.EventID.String() != event || before.Cancelled || !before.KeepUntil.Equal(ends) ||
		len(before.TicketTypes) != 1 || len(before.Bookings) != 2 {
		t.Errorf("got %+v", before)
	}
	s.want(s.call("GET", "/events/"+event+"/check-ins", olga, nil, "If-None-Match", tag), 304, "")

	admitted := s.want(s.call("POST", "/events/"+event+"/check-ins", olga, map[string]string{"code": code}), 200, "")
	s.want(s.call("GET", "/events/"+event+"/check-ins", olga, nil, "If-None-Match", tag), 200, "")
	if list := read(); list.Sold != 1 || list.CheckedIn != 1 {
		t.Errorf("%d of %d are checked in, want 1 of 1", list.CheckedIn, list.Sold)
	}
	byName := map[string]httpapi.DoorBooking{}
	for _, b := range read().Bookings {
		byName[b.Name] = b
	}
	if a := byName["Alice"]; a.Cancelled || len(a.CheckIns) != 1 || a.CheckIns[0].By != "Olga" ||
		a.CheckIns[0].Number != 1 || a.CheckIns[0].At.Format(time.RFC3339Nano) != admitted.at("checkedInAt") {
		t.Errorf("the admitted one: %+v", a)
	}
	if b := byName["Bob"]; !b.Cancelled || b.ID.String() != cancelled || len(b.CheckIns) != 0 {
		t.Errorf("the cancelled one: %+v", b)
	}

	s.want(s.call("POST", "/events/"+event+"/cancel", s.token(account.Organizer), nil), 200, "")
	if list := read(); !list.Cancelled {
		t.Errorf("the event is cancelled, and the list does not say so")
	}
}

func TestTheListOfADoorIsForThatDoorOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(5)
	_, other := s.account("olga@example.com", "Olga", account.Organizer)
	s.want(s.call("GET", "/events/"+event+"/check-ins", "", nil), 401, "invalid_token")
	s.want(s.call("GET", "/events/"+event+"/check-ins", s.token(account.Customer), nil), 403, "not_your_event")
	s.want(s.call("GET", "/events/"+event+"/check-ins", other, nil), 403, "not_your_event")
	s.want(s.call("GET", "/events/"+uuid.NewString()+"/check-ins", other, nil), 404, "event_not_found")
	draft := s.schedule(5, "draft", true)
	s.want(s.call("GET", "/events/"+draft+"/check-ins", s.token(account.Organizer), nil), 404, "event_not_found")
}
