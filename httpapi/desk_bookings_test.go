package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
)

// lastRecord is the newest record of an event's stream, as auditors see it.
func (s *system) lastRecord(event string) (kind string, data, metadata map[string]any) {
	s.Helper()
	records := s.want(s.call("GET", "/audit/streams/"+event, s.token(account.Auditor), nil), 200, "").at("records").([]any)
	r := records[len(records)-1].(map[string]any)
	return r["type"].(string), r["data"].(map[string]any), r["metadata"].(map[string]any)
}

func TestAnOrganizerCancelsABooking(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, other, organizerToken := s.schedule(1), s.schedule(1), s.token(account.Organizer)
	_, alice := s.account("alice@example.com", "Alice", account.Customer)
	hal, seller := s.account("hal@example.com", "Hal", account.Customer)
	bookingID := s.want(s.order(alice, event), 201, "").at("booking", "id").(string)
	waiting := s.token(account.Customer)
	s.want(s.call("POST", "/events/"+event+"/waitlist", waiting, map[string]any{}), 201, "")
	cancel := func(token, event, booking, reason string, headers ...string) answer {
		t.Helper()
		path := "/desk/events/" + event + "/bookings/" + booking + "/cancel"
		return s.call("POST", path, token, map[string]string{"reason": reason}, headers...)
	}

	s.want(cancel(alice, event, bookingID, "Mine"), 403, "not_your_event")
	s.want(s.addOrganizer(event, "hal@example.com", "check_in"), 200, "")
	s.want(cancel(seller, event, bookingID, "Paid twice"), 403, "not_your_event")
	s.want(s.addOrganizer(event, "hal@example.com", "sell"), 200, "")
	s.want(cancel(seller, event, bookingID, " "), 400, "validation_failed")
	s.want(cancel(seller, event, bookingID, "two\nlines"), 400, "validation_failed")
	s.want(cancel(seller, event, uuid.NewString(), "Paid twice"), 404, "booking_not_found")
	s.want(cancel(organizerToken, other, bookingID, "Paid twice"), 404, "booking_not_found")
	s.want(cancel(organizerToken, uuid.NewString(), bookingID, "Paid twice"), 404, "event_not_found")

	a := s.want(cancel(seller, event, bookingID, "Paid twice", idempotencyKey, "c"), 200, "")
	if a.at("booking", "status") != "CANCELLED" || a.at("booking", "cancelledAt") == nil ||
		a.at("booking", "cancelReason") != "Paid twice" {
		t.Errorf("got %s", a.raw)
	}
	again := s.want(cancel(seller, event, bookingID, "Paid twice", idempotencyKey, "c"), 200, "")
	if again.header.Get("Idempotency-Replayed") != "true" || string(again.raw) != string(a.raw) {
		t.Errorf("got %s, want %s", again.raw, a.raw)
	}
	s.want(cancel(seller, event, bookingID, "Another reason", idempotencyKey, "c"), 422, "idempotency_key_reused")
	late := s.want(cancel(seller, event, bookingID, "Another reason"), 200, "")
	mine := s.want(s.call("GET", "/bookings", alice, nil, "Min-Log-Position", a.header.Get("Log-Position")), 200, "")
	booked := mine.at("data").([]any)[0].(map[string]any)
	if late.at("booking", "cancelReason") != "Paid twice" || booked["cancelReason"] != "Paid twice" {
		t.Errorf("the customer is told %s, and the other organizer %s", mine.raw, late.raw)
	}

	holds := s.want(s.call("GET", "/holds", waiting, nil, "Min-Log-Position", a.header.Get("Log-Position")), 200, "")
	if list := holds.at("data").([]any); len(list) != 1 || list[0].(map[string]any)["offered"] != true {
		t.Errorf("who waits was not offered the ticket: %s", holds.raw)
	}
	records := s.want(s.call("GET", "/audit/streams/"+event, s.token(account.Auditor), nil), 200, "").at("records").([]any)
	r := records[len(records)-2].(map[string]any)
	data, metadata := r["data"].(map[string]any), r["metadata"].(map[string]any)
	if r["type"] != "BookingCancelled" || data["reason"] != "Paid twice" || data["by"] != hal.String() ||
		metadata["actor"] != hal.String() {
		t.Errorf("the history says %v", r)
	}
}

func TestWhoIsInsideKeepsTheBooking(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, organizerToken := s.schedule(3), s.token(account.Organizer)
	_, alice := s.account("alice@example.com", "Alice", account.Customer)
	code := s.ticket(alice, event)
	a := s.want(s.call("POST", "/events/"+event+"/check-ins", organizerToken, map[string]string{"code": code}), 200, "")
	bookingID := a.at("bookingId").(string)
	cancel := "/desk/events/" + event + "/bookings/" + bookingID + "/cancel"
	s.want(s.call("POST", cancel, organizerToken, `{"reason":"Paid twice"}`), 409, "booking_checked_in")

	undo := func(event, booking string, number int) answer {
		return s.call("POST", "/events/"+event+"/check-ins/undo", organizerToken, map[string]any{
			"reason": "the wrong door",
			"ticket": map[string]any{"bookingId": booking, "ticketTypeId": 1, "number": number},
		})
	}
	s.want(undo(event, bookingID, 2), 409, "invalid_code")
	s.want(undo(event, bookingID, 0), 400, "validation_failed")
	s.want(undo(s.schedule(3), bookingID, 1), 409, "invalid_code")
	s.want(s.call("POST", "/events/"+event+"/check-ins/undo", organizerToken, `{"reason":"why"}`), 409, "invalid_code")
	if a := s.want(undo(event, bookingID, 1), 200, ""); a.at("checkedInAt") != nil || a.at("name") != "Alice" {
		t.Errorf("got %s", a.raw)
	}
	s.want(s.call("POST", cancel, organizerToken, `{"reason":"Paid twice"}`), 200, "")
}

func TestAnOrganizerBooksForSomebody(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(2, "requireProofOfWork", true)
	alice, aliceToken := s.account("alice@example.com", "Alice", account.Customer)
	hal, seller := s.account("hal@example.com", "Hal", account.Customer)
	sell := func(email string, headers ...string) answer {
		t.Helper()
		return s.call("POST", "/desk/events/"+event+"/bookings", seller, map[string]any{
			"email": email, "lines": []any{map[string]any{"ticketTypeId": 1, "quantity": 1}},
		}, headers...)
	}
	s.want(sell("alice@example.com"), 403, "not_your_event")
	s.want(sell("nobody@example.com"), 403, "not_your_event")
	s.want(s.addOrganizer(event, "hal@example.com", "sell"), 200, "")
	s.want(sell("nobody@example.com"), 404, "user_not_found")
	s.want(sell(""), 404, "user_not_found")

	a := s.want(sell(" ALICE@example.com ", idempotencyKey, "k"), 201, "")
	if a.at("booking", "userId") != alice.String() || a.at("event", "remainingTickets") != 1.0 {
		t.Errorf("got %s", a.raw)
	}
	again := s.want(sell(" ALICE@example.com ", idempotencyKey, "k"), 201, "")
	if again.header.Get("Idempotency-Replayed") != "true" || string(again.raw) != string(a.raw) {
		t.Errorf("got %s, want %s", again.raw, a.raw)
	}
	s.want(sell("alice@example.com", idempotencyKey, "k"), 422, "idempotency_key_reused")
	s.want(sell("alice@example.com"), 409, "already_booked")
	kind, data, metadata := s.lastRecord(event)
	if kind != "TicketBooked" || data["customerId"] != alice.String() || metadata["actor"] != hal.String() {
		t.Errorf("the history says %s %v by %v", kind, data, metadata)
	}
	if codes := s.codes(aliceToken, a); len(codes) != 1 {
		t.Errorf("she has the tickets %v", codes)
	}
	s.want(sell("hal@example.com"), 201, "")
	s.account("carol@example.com", "Carol", account.Customer)
	s.want(sell("carol@example.com"), 409, "sold_out")
}

func TestTicketsAreSoldToVerifiedAddresses(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *httpapi.Options, _ *eventstore.Options) { o.RequireVerifiedEmail = true })
	event := s.schedule(2)
	registration := `{"email":"new@example.com","password":"passw0rd 123","name":"New"}`
	s.want(s.call("POST", "/auth/register", "", registration), 201, "")
	body := `{"email":"new@example.com"}`
	s.want(s.call("POST", "/desk/events/"+event+"/bookings", s.token(account.Organizer), body), 403, "email_not_verified")
	_, err := s.pool.Exec(t.Context(), `update users set email_verified_at = now()`)
	must(t, err)
	s.want(s.call("POST", "/desk/events/"+event+"/bookings", s.token(account.Organizer), body), 201, "")
}

func TestAnOrganizerWritesToAttendees(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(3)
	_, ann := s.account("olga@example.com", "Olga", account.Organizer)
	_, alice := s.account("alice@example.com", "Alice", account.Customer)
	path := "/desk/events/" + event + "/messages"
	send := func(token, subject, text string, headers ...string) answer {
		t.Helper()
		return s.call("POST", path, token, map[string]string{"subject": subject, "text": text}, headers...)
	}
	s.want(send(ann, "Doors", "Early"), 403, "not_your_event")
	s.want(s.addOrganizer(event, "olga@example.com", "sell"), 200, "")
	s.want(send(ann, "Doors", "Early"), 403, "not_your_event")
	s.want(s.addOrganizer(event, "olga@example.com", "manage"), 200, "")
	s.want(send(ann, "Doors", "Early"), 409, "no_attendees")
	s.want(s.order(alice, event), 201, "")
	for _, wrong := range [][2]string{
		{"", "Early"}, {"Doors", ""}, {"Doors\r\nBcc: all@example.com", "Early"}, {"Doors", "a\x00b"},
		{strings.Repeat("x", 151), "Early"}, {"Doors", strings.Repeat("x", 2001)}, {"\u200b", "Early"},
	} {
		s.want(send(ann, wrong[0], wrong[1]), 400, "validation_failed")
	}
	first := s.want(send(ann, " Doors ", "Come early.\r\nThanks.", idempotencyKey, "m"), 201, "")
	if first.at("subject") != "Doors" || first.at("text") != "Come early.\nThanks." || first.at("recipients") != 1.0 ||
		first.at("sentBy", "name") != "Olga" || first.at("sentAt") == nil {
		t.Errorf("got %s", first.raw)
	}
	again := s.want(send(ann, " Doors ", "Come early.\r\nThanks.", idempotencyKey, "m"), 201, "")
	if again.header.Get("Idempotency-Replayed") != "true" || string(again.raw) != string(first.raw) {
		t.Errorf("got %s, want %s", again.raw, first.raw)
	}
	s.want(send(ann, "Doors", "Another", idempotencyKey, "m"), 422, "idempotency_key_reused")
	for n := range 4 {
		s.want(send(ann, "Doors "+string(rune('1'+n)), "Come early."), 201, "")
	}
	s.want(send(ann, "Doors", "Once more"), 409, "too_many_messages")

	list := s.want(s.call("GET", path, ann, nil), 200, "")
	var messages struct{ Data []httpapi.Message }
	must(t, json.Unmarshal(list.raw, &messages))
	if m := messages.Data; len(m) != 5 || m[0].Subject != "Doors 4" || m[4].Subject != "Doors" ||
		m[4].SentBy.Name != "Olga" || m[4].Recipients != 1 {
		t.Errorf("got %s", list.raw)
	}
	s.want(s.call("GET", path, alice, nil), 403, "not_your_event")
	kind, data, metadata := s.lastRecord(event)
	if kind != "MessageSent" || data["subject"] != "Doors 4" || metadata["actor"] != data["by"] {
		t.Errorf("the history says %s %v by %v", kind, data, metadata)
	}
}
