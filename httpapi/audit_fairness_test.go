package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/appendtest"
)

func (s *system) appendRecords(event string, records ...domain.Record) {
	s.Helper()
	for _, r := range records {
		name, schema, data, err := domain.Codec{}.Encode(r)
		must(s, err)
		s.appendRecord(event, appendtest.Record{Type: name, SchemaVersion: schema, Data: data})
	}
}

func TestAuditorsReadTheWaitingListAndItsFairness(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, until := s.schedule(1), time.Now().Add(time.Hour)
	var people, ids [4]uuid.UUID
	for i := range people {
		people[i], ids[i] = uuid.New(), uuid.New()
	}
	one := domain.Lines{{Type: 1, Quantity: 1}}
	offer := func(n int) domain.Record {
		return domain.TicketsOffered{EntryID: ids[n], CustomerID: people[n], Currency: "EUR", Lines: one, ExpiresAt: until}
	}
	s.appendRecords(event,
		domain.TicketBooked{BookingID: ids[0], CustomerID: people[0], Currency: "EUR", Lines: one},
		domain.WaitlistJoined{EntryID: ids[1], CustomerID: people[1], Lines: one},
		domain.WaitlistJoined{EntryID: ids[2], CustomerID: people[2], Lines: one},
		domain.WaitlistJoined{EntryID: ids[3], CustomerID: people[3], Lines: one},
		domain.BookingCancelled{BookingID: ids[0], CustomerID: people[0]}, offer(1))
	auditor := s.token(account.Auditor)
	get := func(path string) answer {
		t.Helper()
		return s.want(s.call("GET", "/audit/streams/"+event+path, auditor, nil), 200, "")
	}

	state := get("?at=7&after=6").at("state").(map[string]any)
	shown := fmt.Sprint(state["held"], state["waiting"], state["remaining"], state["maxPerCustomer"])
	if shown != "1 2 0 1" {
		t.Errorf("got %s in %v", shown, state)
	}
	kind := state["ticketTypes"].([]any)[0].(map[string]any)
	if kind["name"] != "General admission" || kind["held"] != 1.0 || kind["sold"] != 0.0 {
		t.Errorf("got %v", kind)
	}
	hold := state["holds"].([]any)[0].(map[string]any)
	if hold["id"] != ids[1].String() || hold["offered"] != true || hold["userId"] != people[1].String() {
		t.Errorf("got %v", hold)
	}
	waiting := state["waitlist"].([]any)
	if first := waiting[0].(map[string]any); len(waiting) != 2 || first["userId"] != people[2].String() ||
		first["number"] != 2.0 || fmt.Sprint(first["lines"]) != "[map[quantity:1 ticketTypeId:1]]" {
		t.Errorf("got %v", waiting)
	}
	if records := get("?at=4").at("records").([]any); len(records) != 4 ||
		records[3].(map[string]any)["state"].(map[string]any)["waiting"] != 2.0 {
		t.Errorf("got %v", records)
	}

	fair := get("/fairness")
	if fair.at("offers") != 1.0 || fair.at("freed") != 1.0 || len(fair.at("findings").([]any)) != 0 ||
		len(fair.at("steps").([]any)) != 2 || fair.at("next") != nil {
		t.Errorf("got %s", fair.raw)
	}
	if page := get("/fairness?limit=1"); page.at("next") != 6.0 || len(page.at("steps").([]any)) != 1 {
		t.Errorf("got %s", page.raw)
	}
	if page := get("/fairness?limit=1&after=6"); page.at("next") != nil ||
		page.at("steps").([]any)[0].(map[string]any)["customerId"] != people[1].String() {
		t.Errorf("got %s", page.raw)
	}
	s.appendRecords(event, domain.OfferDeclined{EntryID: ids[1], CustomerID: people[1], Lines: one}, offer(3))
	if a := get("/fairness?after=8"); !strings.Contains(fmt.Sprint(a.at("findings")), people[2].String()) ||
		!strings.Contains(fmt.Sprint(a.at("steps")), "comes first") {
		t.Errorf("got %s", a.raw)
	}
	s.want(s.call("GET", "/audit/streams/"+uuid.NewString()+"/fairness", auditor, nil), 404, "stream_not_found")
	s.want(s.call("GET", "/audit/streams/"+event+"/fairness", s.token(account.Organizer), nil), 403, "forbidden")
}
