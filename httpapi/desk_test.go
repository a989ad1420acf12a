package httpapi_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

// account makes an account and gives its id and an access token.
func (s *system) account(email, name string, role account.Role) (uuid.UUID, string) {
	s.Helper()
	user, err := s.options.Accounts.Create(s.Context(), account.User{Email: email, Name: name, Role: role}, "passw0rd 123")
	must(s, err)
	return user.ID, s.tokenOf(user.ID, role)
}

func (s *system) addOrganizer(event, email, role string) answer {
	s.Helper()
	return s.call("POST", "/events/"+event+"/organizers", s.token(account.Organizer), map[string]string{
		"email": email, "role": role,
	})
}

func TestOrganizersOfOneEventAreNotThoseOfAnother(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(3)
	id, other := s.account("olga@example.com", "Olga", account.Organizer)
	code := s.ticket(s.token(account.Customer), event)
	refused := func() {
		t.Helper()
		for _, o := range []struct{ method, path, body string }{
			{"PATCH", "", `{"title":"Mine"}`},
			{"POST", "/cancel", ""},
			{"GET", "/organizers", ""},
			{"POST", "/organizers", `{"email":"olga@example.com","role":"manage"}`},
			{"DELETE", "/organizers/" + id.String(), ""},
			{"GET", "/check-ins", ""},
			{"POST", "/check-ins", `{"code":"` + code + `"}`},
			{"POST", "/check-ins", `{"code":"nonsense"}`},
			{"POST", "/check-ins/undo", `{"code":"` + code + `","reason":"a mistake"}`},
		} {
			var body any
			if o.body != "" {
				body = o.body
			}
			s.want(s.call(o.method, "/events/"+event+o.path, other, body), 403, "not_your_event")
		}
	}
	refused()
	if a := s.want(s.call("GET", "/events?organizer="+id.String(), other, nil), 200, ""); a.at("meta", "total") != 0.0 {
		t.Errorf("another's event is in the list: %s", a.raw)
	}

	a := s.want(s.addOrganizer(event, "OLGA@example.com", "manage"), 200, "")
	if list := a.at("data").([]any); len(list) != 2 || list[0].(map[string]any)["role"] != "owner" ||
		list[1].(map[string]any)["name"] != "Olga" || list[1].(map[string]any)["role"] != "manage" {
		t.Errorf("got %s", a.raw)
	}
	s.want(s.call("PATCH", "/events/"+event, other, `{"title":"Ours"}`), 200, "")
	a = s.want(s.call("GET", "/events?organizer="+id.String(), other, nil), 200, "")
	if a.at("meta", "total") != 1.0 {
		t.Errorf("the event is not in the list of a co-organizer: %s", a.raw)
	}
	s.want(s.call("DELETE", "/events/"+event+"/organizers/"+id.String(), other, nil), 200, "")
	refused()

	own := s.want(s.call("POST", "/events", other, map[string]any{
		"title": "Own", "venue": "Hall", "date": "2100-01-01T00:00:00Z", "totalTickets": 1, "price": 1,
	}), 201, "").at("id").(string)
	s.want(s.call("POST", "/events/"+own+"/organizers", other, map[string]string{
		"email": "olga@example.com", "role": "sell",
	}), 409, "owner_stays")
}

func TestRolesAtAnEvent(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(3)
	id, helper := s.account("hal@example.com", "Hal", account.Customer)
	code := s.ticket(s.token(account.Customer), event)

	s.want(s.addOrganizer(event, "hal@example.com", "manage"), 400, "validation_failed")
	s.want(s.addOrganizer(event, "hal@example.com", "owner"), 400, "validation_failed")
	s.want(s.addOrganizer(event, "nobody@example.com", "sell"), 404, "user_not_found")
	s.want(s.addOrganizer(uuid.NewString(), "hal@example.com", "sell"), 404, "event_not_found")
	s.want(s.addOrganizer(event, "hal@example.com", "check_in"), 200, "")

	s.want(s.call("GET", "/events/"+event+"/organizers", helper, nil), 403, "not_your_event")
	s.want(s.call("PATCH", "/events/"+event, helper, `{"title":"Mine"}`), 403, "forbidden")
	s.want(s.call("POST", "/events/"+event+"/check-ins", helper, `{"code":"`+code+`"}`), 200, "")
	s.want(s.call("DELETE", "/events/"+event+"/organizers/"+id.String(), s.token(account.Organizer), nil), 200, "")
	s.want(s.call("POST", "/events/"+event+"/check-ins", helper, `{"code":"`+code+`"}`), 403, "not_your_event")
	s.want(s.call("DELETE", "/events/"+event+"/organizers/"+organizer.String(), s.token(account.Organizer), nil), 409,
		"owner_stays")
}

func TestAdminsMayDoEverythingAtEveryEvent(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, admin := s.schedule(3), s.token(account.Admin)
	s.want(s.call("PATCH", "/events/"+event, admin, `{"title":"Checked"}`), 200, "")
	s.want(s.call("GET", "/events/"+event+"/organizers", admin, nil), 200, "")
	s.want(s.call("GET", "/events/"+s.schedule(3, "draft", true), admin, nil), 200, "")
	s.want(s.call("POST", "/events/"+event+"/cancel", admin, nil), 200, "")
	s.want(s.call("GET", "/audit/streams/"+event, admin, nil), 403, "forbidden")
	a := s.want(s.call("GET", "/audit/streams/"+event, s.token(account.Auditor), nil), 200, "")
	records := a.at("records").([]any)
	for i, want := range []any{nil, "admin", "admin"} {
		metadata := records[i].(map[string]any)["metadata"].(map[string]any)
		if metadata["role"] != want {
			t.Errorf("record %d says %v, want %v", i+1, metadata["role"], want)
		}
	}
}

// ticket books one and gives its code.
func (s *system) ticket(token, event string) string {
	s.Helper()
	booked := s.want(s.order(token, event), 201, "")
	return s.codes(token, booked)[0]
}

func (s *system) codes(token string, last answer) (codes []string) {
	s.Helper()
	a := s.want(s.call("GET", "/bookings", token, nil, "Min-Log-Position", last.header.Get("Log-Position")), 200, "")
	for _, b := range a.at("data").([]any) {
		tickets, _ := b.(map[string]any)["tickets"].([]any)
		for _, t := range tickets {
			codes = append(codes, t.(map[string]any)["code"].(string))
		}
	}
	return codes
}

func TestTheDoor(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, other := s.schedule(3), s.schedule(3)
	_, olga := s.account("olga@example.com", "Olga", account.Customer)
	s.want(s.addOrganizer(event, "olga@example.com", "check_in"), 200, "")
	_, alice := s.account("alice@example.com", "Alice", account.Customer)
	code := s.ticket(alice, event)
	scan := func(code string, headers ...string) answer {
		t.Helper()
		return s.call("POST", "/events/"+event+"/check-ins", olga, map[string]string{"code": code}, headers...)
	}
	undo := func(reason string) answer {
		t.Helper()
		body := map[string]string{"code": code, "reason": reason}
		return s.call("POST", "/events/"+event+"/check-ins/undo", olga, body)
	}

	a := s.want(scan(code), 200, "")
	if a.at("name") != "Alice" || a.at("ticketType") != "General admission" || a.at("checkedIn") != 1.0 ||
		a.at("sold") != 1.0 || a.at("number") != 1.0 {
		t.Errorf("got %s", a.raw)
	}
	again := s.want(scan(" "+code+" "), 409, "already_checked_in")
	if again.at("checkedInAt") != a.at("checkedInAt") || again.at("checkedInBy") != "Olga" {
		t.Errorf("got %s after %s", again.raw, a.raw)
	}
	s.want(scan(s.ticket(alice, other)), 409, "not_this_event")
	s.want(scan("urn:uuid:"+uuid.NewString()), 409, "invalid_code")
	booking := a.at("bookingId").(string)
	s.want(s.call("DELETE", "/bookings/"+booking, alice, nil), 409, "booking_checked_in")

	s.want(undo(""), 400, "validation_failed")
	if a := s.want(undo("the wrong door"), 200, ""); a.at("checkedInAt") != nil || a.at("checkedIn") != 0.0 {
		t.Errorf("got %s", a.raw)
	}
	s.want(undo("the wrong door"), 200, "")
	undoing := func(code, key string) answer {
		t.Helper()
		body := map[string]string{"code": code, "reason": "the wrong door"}
		return s.call("POST", "/events/"+event+"/check-ins/undo", olga, body, idempotencyKey, key)
	}
	s.want(undoing("nonsense", "u"), 409, "invalid_code")
	first := s.want(scan(code, idempotencyKey, "k"), 200, "")
	repeated := s.want(scan(code, idempotencyKey, "k"), 200, "")
	if repeated.header.Get("Idempotency-Replayed") != "true" || string(repeated.raw) != string(first.raw) {
		t.Errorf("got %s, want %s", repeated.raw, first.raw)
	}
	s.want(scan("nonsense", idempotencyKey, "k"), 422, "idempotency_key_reused")
	var stored string
	must(t, s.pool.QueryRow(t.Context(), `select convert_from(answer, 'utf8') from idempotency_keys`).Scan(&stored))
	if strings.Contains(stored, "Alice") {
		t.Errorf("the name of a person is stored: %s", stored)
	}
	s.want(undoing(code, "u"), 200, "")
	s.want(undoing("nonsense", "u"), 422, "idempotency_key_reused")
	given := s.want(s.call("DELETE", "/bookings/"+booking, alice, nil), 200, "")
	s.want(scan(code), 409, "booking_cancelled")
	if codes := s.codes(alice, given); slices.Contains(codes, code) || len(codes) != 1 {
		t.Errorf("a cancelled booking has tickets: %v", codes)
	}
}

func TestAScanWithoutNetworkKeepsItsTime(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(3)
	code := s.ticket(s.token(account.Customer), event)
	at := time.Now().Add(-time.Hour).UTC().Truncate(time.Second).Format(time.RFC3339)
	a := s.want(s.call("POST", "/events/"+event+"/check-ins", s.token(account.Organizer), map[string]any{
		"code": code, "scannedAt": at,
	}), 200, "")
	if a.at("checkedInAt") != at || a.at("name") != "" {
		t.Errorf("got %s", a.raw)
	}
}

func TestTheKeysOfTicketsArePublished(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.want(s.call("GET", "/.well-known/ticket-keys.json", "", nil), 200, "")
	key := a.at("keys").([]any)[0].(map[string]any)
	if key["kty"] != "OKP" || key["crv"] != "Ed25519" || len(key["x"].(string)) != 43 {
		t.Errorf("got %s", a.raw)
	}
}

func TestTicketsAreShownUntilTheEventIsOver(t *testing.T) {
	t.Parallel()
	s := start(t)
	customer := s.token(account.Customer)
	ends := time.Now().Add(48 * time.Hour).UTC()
	event := s.schedule(3, "endsAt", ends.Format(time.RFC3339))
	s.want(s.order(customer, event), 201, "")
	cancelled := s.schedule(3)
	last := s.want(s.order(customer, cancelled), 201, "")
	if codes := s.codes(customer, last); len(codes) != 2 {
		t.Fatalf("got %d codes, want 2", len(codes))
	}
	last = s.want(s.call("POST", "/events/"+cancelled+"/cancel", s.token(account.Organizer), nil), 200, "")
	if codes := s.codes(customer, last); len(codes) != 1 {
		t.Errorf("of an event that is called off: got %d codes, want 1", len(codes))
	}
	o := s.options
	o.Now = func() time.Time { return ends.Add(time.Second) }
	later := *s
	later.url = s.serve(o)
	if codes := later.codes(customer, last); len(codes) != 0 {
		t.Errorf("after the end: got %d codes", len(codes))
	}
}

func TestASessionTellsWhoHasARoleAtAnEvent(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(1)
	_, hal := s.account("hal@example.com", "Hal", account.Customer)
	has := func() (me, session any) {
		t.Helper()
		a := s.want(s.call("POST", "/auth/login", "", map[string]string{
			"email": "hal@example.com", "password": "passw0rd 123",
		}), 200, "")
		return s.want(s.call("GET", "/auth/me", hal, nil), 200, "").at("hasEventRole"), a.at("user", "hasEventRole")
	}
	if me, session := has(); me != nil || session != nil {
		t.Errorf("before: %v, %v", me, session)
	}
	s.want(s.addOrganizer(event, "hal@example.com", "check_in"), 200, "")
	if me, session := has(); me != true || session != true {
		t.Errorf("with a role: %v, %v", me, session)
	}
}
