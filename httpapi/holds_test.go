package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
)

// theatre has two types of tickets, of which a customer can have four.
func (s *system) theatre(tickets int, fields ...any) string {
	s.Helper()
	event := map[string]any{
		"title": "Play", "venue": "Theatre", "date": time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339),
		"totalTickets": tickets, "currency": "EUR", "maxPerCustomer": 4,
		"ticketTypes": []any{
			map[string]any{"name": "Floor", "price": json.Number("49.99")},
			map[string]any{"name": "Balcony", "price": 20, "capacity": 2},
		},
	}
	for i := 0; i+1 < len(fields); i += 2 {
		event[fields[i].(string)] = fields[i+1]
	}
	return s.want(s.call("POST", "/events", s.token(account.Organizer), event), 201, "").at("id").(string)
}

func lines(of ...int) []any {
	var all []any
	for i := 0; i+1 < len(of); i += 2 {
		all = append(all, map[string]any{"ticketTypeId": of[i], "quantity": of[i+1]})
	}
	return all
}

func (s *system) reserve(token, event string, headers ...string) answer {
	s.Helper()
	return s.call("POST", "/holds", token, map[string]any{"eventId": event}, headers...)
}

// wantTypes reads an event and compares what remains: of it and of each type.
func (s *system) wantTypes(event string, want ...float64) {
	s.Helper()
	a := s.want(s.call("GET", "/events/"+event, s.token(account.Customer), nil), 200, "")
	got := []float64{a.at("remainingTickets").(float64)}
	for _, t := range a.at("ticketTypes").([]any) {
		got = append(got, t.(map[string]any)["remaining"].(float64))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.Errorf("%v remain, want %v", got, want)
	}
}

func TestSeveralTypesOfTicketsAreSold(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.theatre(5)
	ann, bob := s.token(account.Customer), s.token(account.Customer)
	a := s.want(s.call("POST", "/book", ann, map[string]any{"eventId": event, "lines": lines(2, 1, 1, 2)}), 201, "")
	if got := fmt.Sprint(a.at("booking", "lines")); got != "[map[price:49.99 quantity:2 ticketTypeId:1] "+
		"map[price:20 quantity:1 ticketTypeId:2]]" || a.at("booking", "currency") != "EUR" {
		t.Errorf("got %s", a.raw)
	}
	s.wantTypes(event, 2, 2, 1)
	listed := s.call("GET", "/bookings", ann, nil).at("data").([]any)[0].(map[string]any)
	if fmt.Sprint(listed["lines"]) != fmt.Sprint(a.at("booking", "lines")) || listed["currency"] != "EUR" {
		t.Errorf("got %v", listed)
	}
	for code, c := range map[string]struct {
		status int
		token  string
		lines  []any
	}{
		"not_enough_tickets":    {409, bob, lines(1, 1, 2, 2)}, // of neither
		"limit_per_customer":    {409, ann, lines(1, 2)},
		"ticket_type_not_found": {404, bob, lines(1, 1, 9, 1)},
		"validation_failed":     {400, bob, lines(1, 0)},
	} {
		s.want(s.call("POST", "/book", c.token, map[string]any{"eventId": event, "lines": c.lines}), c.status, code)
	}
	s.wantTypes(event, 2, 2, 1)
	s.want(s.call("DELETE", "/bookings/"+a.at("booking", "id").(string), ann, nil), 200, "")
	s.wantTypes(event, 5, 5, 2)
}

func TestTicketTypesAreChanged(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, organizer := s.theatre(5), s.token(account.Organizer)
	s.want(s.call("POST", "/book", s.token(account.Customer),
		map[string]any{"eventId": event, "lines": lines(2, 2)}), 201, "")
	change := func(fields map[string]any) answer { return s.call("PATCH", "/events/"+event, organizer, fields) }
	only := func(types ...any) map[string]any { return map[string]any{"ticketTypes": types} }
	floor := map[string]any{"id": 1, "name": "Stalls", "price": 60}
	s.want(change(only(floor)), 409, "ticket_type_in_use")
	s.want(change(map[string]any{"price": 1, "ticketTypes": []any{floor}}), 400, "validation_failed")
	a := s.want(change(only(floor, map[string]any{"id": 2, "name": "Balcony", "price": 25, "capacity": 3},
		map[string]any{"name": "Box", "price": json.Number("99.5")})), 200, "")
	if got := fmt.Sprint(a.at("ticketTypes")); got != "[map[id:1 name:Stalls price:60 remaining:3] "+
		"map[capacity:3 id:2 name:Balcony price:25 remaining:1] map[id:3 name:Box price:99.5 remaining:3]]" ||
		a.at("price") != 60.0 {
		t.Errorf("got %s", a.raw)
	}
	s.wantTypes(event, 3, 3, 1, 3)
	a = s.want(change(map[string]any{"price": 61, "currency": "USD", "maxPerCustomer": 2}), 200, "")
	if got := fmt.Sprint(a.at("ticketTypes")); !strings.HasPrefix(got, "[map[id:1 name:Stalls price:61 ") ||
		a.at("currency") != "USD" || a.at("maxPerCustomer") != 2.0 {
		t.Errorf("got %s", a.raw)
	}
	tooExact := map[string]any{"name": "Box", "price": json.Number("1.234")}
	bad := s.want(change(only(floor, tooExact)), 400, "validation_failed")
	if pointer := bad.at("errors").([]any)[0].(map[string]any)["pointer"]; pointer != "/ticketTypes/1/price" {
		t.Errorf("got %s", bad.raw)
	}
	none := map[string]any{"title": "T", "venue": "V", "date": "2100-01-01T00:00:00Z", "totalTickets": 1}
	s.want(s.call("POST", "/events", organizer, none), 400, "validation_failed")
}

func TestTicketsAreReservedConfirmedAndReleased(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, ann, bob := s.theatre(2), s.token(account.Customer), s.token(account.Customer)
	body := map[string]any{"eventId": event, "lines": lines(1, 2)}
	a := s.want(s.call("POST", "/holds", ann, body, "Idempotency-Key", "h"), 201, "")
	hold := a.at("id").(string)
	if a.at("status") != "HELD" || a.at("total") != 99.98 || a.at("offered") != false || a.at("eventId") != event {
		t.Errorf("got %s", a.raw)
	}
	if again := s.want(s.call("POST", "/holds", ann, body, "Idempotency-Key", "h"), 201, ""); again.at("id") != hold ||
		again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("got %s", again.raw)
	}
	s.wantTypes(event, 0, 0, 0)
	s.want(s.reserve(bob, event), 409, "sold_out")
	s.want(s.call("POST", "/holds/"+hold+"/confirm", bob, nil), 404, "hold_not_found")
	s.want(s.call("DELETE", "/holds/"+hold, bob, nil), 404, "hold_not_found")
	released := s.want(s.call("DELETE", "/holds/"+hold, ann, nil), 204, "")
	if released.header.Get("Log-Position") == "" {
		t.Errorf("got %v", released.header)
	}
	s.want(s.call("DELETE", "/holds/"+hold, ann, nil), 204, "")
	s.wantTypes(event, 2, 2, 2)
	s.want(s.call("POST", "/holds/"+hold+"/confirm", ann, nil), 404, "hold_not_found")

	hold = s.want(s.reserve(bob, event), 201, "").at("id").(string)
	for range 2 {
		a = s.want(s.call("POST", "/holds/"+hold+"/confirm", bob, nil), 201, "")
		if a.at("booking", "id") != hold || a.at("booking", "status") != "CONFIRMED" ||
			a.at("event", "remainingTickets") != 1.0 || fmt.Sprint(a.at("booking", "lines")) !=
			"[map[price:49.99 quantity:1 ticketTypeId:1]]" {
			t.Errorf("got %s", a.raw)
		}
	}
	s.want(s.call("DELETE", "/holds/"+hold, bob, nil), 409, "hold_confirmed")
	s.want(s.call("DELETE", "/bookings/"+hold, bob, nil), 200, "")
	s.wantTypes(event, 2, 2, 2)
}

// refusing takes no money.
type refusing struct{ err error }

func (r refusing) Pay(context.Context, booking.Payment) error  { return r.err }
func (refusing) Refund(context.Context, booking.Payment) error { return nil }

func TestPaymentsThatFailAreTold(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, ann := s.theatre(2), s.token(account.Customer)
	hold := s.want(s.reserve(ann, event), 201, "").at("id").(string)
	for code, c := range map[string]struct {
		err    error
		status int
	}{
		"payment_failed":  {booking.ErrPaymentFailed, 402},
		"payment_unknown": {http.ErrHandlerTimeout, 503},
	} {
		told := *s
		o, service := s.options, *s.options.Service
		service.Payments, o.Service = refusing{c.err}, &service
		told.url = s.serve(o)
		told.want(told.call("POST", "/holds/"+hold+"/confirm", ann, nil), c.status, code)
	}
	s.want(s.call("POST", "/holds/"+hold+"/confirm", ann, nil), 201, "")
}

func TestALapsedHoldIsToldAsThat(t *testing.T) {
	t.Parallel()
	passed := atomic.Int64{}
	s := start(t, func(o *httpapi.Options, _ *eventstore.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
	})
	event, ann, bob := s.theatre(1), s.token(account.Customer), s.token(account.Customer)
	hold := s.want(s.reserve(ann, event), 201, "").at("id").(string)
	passed.Add(int64(11 * time.Minute))
	next := s.want(s.reserve(bob, event), 201, "").at("id").(string) // records the lapse
	s.want(s.call("POST", "/holds/"+hold+"/confirm", ann, nil), 409, "hold_lapsed")
	passed.Add(int64(11 * time.Minute))
	s.want(s.call("POST", "/holds/"+next+"/confirm", bob, nil), 409, "hold_lapsed") // nobody else has recorded it
	s.wantTypes(event, 1, 1, 1)
}

func TestPeopleWaitForTickets(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, ann, bob := s.theatre(1), s.token(account.Customer), s.token(account.Customer)
	list := "/events/" + event + "/waitlist"
	s.want(s.call("POST", list, bob, "{}"), 409, "tickets_available")
	first := s.want(s.order(ann, event), 201, "").at("booking", "id").(string)
	if a := s.want(s.order(bob, event), 409, "sold_out"); a.at("waitlist") != nil {
		t.Errorf("nobody waits: %s", a.raw)
	}
	a := s.want(s.call("POST", list, bob, "{}", "Idempotency-Key", "w"), 201, "")
	if a.at("status") != "WAITING" || a.at("place") != 1.0 || a.at("eventId") != event || a.at("joinedAt") == nil {
		t.Errorf("got %s", a.raw)
	}
	again := s.want(s.call("POST", list, bob, "{}", "Idempotency-Key", "w"), 201, "")
	if string(again.raw) != string(a.raw) {
		t.Errorf("got %s, want %s", again.raw, a.raw)
	}
	s.want(s.call("POST", list, bob, map[string]any{"lines": lines(2, 1)}), 409, "already_waiting")
	if a := s.want(s.order(s.token(account.Customer), event), 409, "sold_out"); a.at("waitlist") != true {
		t.Errorf("somebody waits: %s", a.raw)
	}
	if a := s.want(s.reserve(s.token(account.Customer), event), 409, "sold_out"); a.at("waitlist") != true {
		t.Errorf("somebody waits: %s", a.raw)
	}
	s.want(s.call("DELETE", "/bookings/"+first, ann, nil), 200, "")
	s.wantTypes(event, 0, 0, 0)
	s.want(s.order(ann, event), 409, "sold_out")
	confirmed := s.want(s.call("POST", "/holds/"+a.at("id").(string)+"/confirm", bob, nil), 201, "")
	if confirmed.at("booking", "id") != a.at("id") {
		t.Errorf("got %s", confirmed.raw)
	}
	s.want(s.call("POST", list, ann, "{}"), 201, "")
	for range 2 {
		s.want(s.call("DELETE", list, ann, nil), 204, "")
	}
	s.want(s.call("DELETE", "/bookings/"+confirmed.at("booking", "id").(string), bob, nil), 200, "")
	s.wantTypes(event, 1, 1, 1)
	s.want(s.call("POST", "/events/"+uuid.NewString()+"/waitlist", ann, "{}"), 404, "event_not_found")
}

func TestASaleHasABeginningAndAnEnd(t *testing.T) {
	t.Parallel()
	s := start(t)
	opens := time.Now().Add(time.Hour).UTC().Truncate(time.Second).Format(time.RFC3339)
	event, ann, organizer := s.theatre(3, "saleOpensAt", opens), s.token(account.Customer), s.token(account.Organizer)
	for _, a := range []answer{s.order(ann, event), s.reserve(ann, event)} {
		if s.want(a, 409, "sale_not_open"); a.at("saleOpensAt") != opens {
			t.Errorf("got %s", a.raw)
		}
	}
	if a := s.call("GET", "/events/"+event, ann, nil); a.at("saleOpensAt") != opens || a.at("saleClosesAt") != nil {
		t.Errorf("got %s", a.raw)
	}
	if a := s.want(s.call("GET", "/events?available=true", ann, nil), 200, ""); len(a.at("data").([]any)) != 0 {
		t.Errorf("it is not on sale: %s", a.raw)
	}
	closed := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	window := map[string]any{"saleOpensAt": nil, "saleClosesAt": closed}
	s.want(s.call("PATCH", "/events/"+event, organizer, window), 200, "")
	s.want(s.order(ann, event), 409, "sale_closed")
	s.want(s.call("PATCH", "/events/"+event, organizer, map[string]any{"saleClosesAt": nil}), 200, "")
	s.want(s.order(ann, event), 201, "")
}

func TestOnlyOrganizersSeeDrafts(t *testing.T) {
	t.Parallel()
	s := start(t)
	organizer := s.token(account.Organizer)
	everybody := map[string]string{"customer": s.token(account.Customer), "auditor": s.token(account.Auditor)}
	draft, dropped := s.theatre(3, "draft", true, "title", "Secret"), s.theatre(3, "draft", true, "title", "Secret too")
	s.want(s.call("POST", "/events/"+dropped+"/cancel", organizer, nil), 200, "")
	lists := []string{"/events", "/events?search=secret", "/events?status=DRAFT", "/events?status=CANCELLED",
		"/events?cursor=*", "/events?sortBy=title&sortOrder=desc", "/events?sortBy=price"}
	for name, token := range everybody {
		for _, list := range lists {
			a := s.want(s.call("GET", list, token, nil), 200, "")
			if a.at("meta", "total") != 0.0 || len(a.at("data").([]any)) > 0 {
				t.Errorf("%s, %s: %s", name, list, a.raw)
			}
		}
		for _, event := range []string{draft, dropped} {
			s.want(s.call("GET", "/events/"+event, token, nil), 404, "event_not_found")
			s.want(s.order(token, event), 404, "event_not_found")
			s.want(s.reserve(token, event), 404, "event_not_found")
			s.want(s.call("POST", "/events/"+event+"/waitlist", token, "{}"), 404, "event_not_found")
		}
	}
	if a := s.call("GET", "/events/"+draft, organizer, nil); a.at("status") != "DRAFT" {
		t.Errorf("got %s", a.raw)
	}
	for list, total := range map[string]float64{"/events": 2, "/events?status=DRAFT": 1, "/events?search=secret": 2} {
		if a := s.want(s.call("GET", list, organizer, nil), 200, ""); a.at("meta", "total") != total {
			t.Errorf("%s: %s", list, a.raw)
		}
	}
	s.want(s.call("POST", "/events/"+dropped+"/publish", organizer, nil), 409, "event_cancelled")
	s.want(s.call("POST", "/events/"+draft+"/publish", everybody["customer"], nil), 403, "forbidden")
	for range 2 {
		a := s.want(s.call("POST", "/events/"+draft+"/publish", organizer, nil), 200, "")
		if a.at("status") != "SCHEDULED" {
			t.Errorf("got %s", a.raw)
		}
	}
	if a := s.call("GET", "/events", everybody["customer"], nil); a.at("meta", "total") != 1.0 {
		t.Errorf("got %s", a.raw)
	}
	s.want(s.order(everybody["customer"], draft), 201, "")
}

func TestReservingAndWaitingNeedTheProofThatBookingsNeed(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.theatre(1, "requireProofOfWork", true)
	list := "/events/" + event + "/waitlist"
	ann, bob := s.token(account.Customer), s.token(account.Customer)
	s.want(s.reserve(ann, event), 403, "proof_of_work_required")
	hold := s.want(s.reserve(ann, event, proofHeader, s.proof()), 201, "").at("id").(string)
	s.want(s.call("POST", list, bob, "{}"), 403, "proof_of_work_required")
	s.want(s.call("POST", list, bob, "{}", proofHeader, s.proof()), 201, "")
	s.want(s.call("POST", "/holds/"+hold+"/confirm", ann, nil), 201, "") // what one has already needs none
}
