package httpapi_test

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/account"
)

const idempotencyKey = "Idempotency-Key"

func TestARepeatedRequestGetsTheSameAnswerAndHasNoSecondEffect(t *testing.T) {
	t.Parallel()
	s := start(t, withDelay(5*time.Millisecond))
	organizer, token := s.token(account.Organizer), s.token(account.Customer)
	event := map[string]any{
		"title": "Concert", "venue": "Hall", "date": "2100-01-01T20:00:00Z", "totalTickets": 3, "price": 10,
	}
	scheduled := s.repeat("POST", "/events", organizer, event, 201)
	id := scheduled.at("id").(string)
	booked := s.repeat("POST", "/book", token, map[string]any{"eventId": id}, 201)
	if got := s.call("GET", "/events/"+id, token, nil).at("remainingTickets"); got != 2.0 {
		t.Errorf("%v tickets remain, want 2", got)
	}
	s.want(s.order(token, id), 409, "already_booked")
	s.repeat("POST", "/events/"+id+"/cancel", organizer, nil, 200)
	// The answer is that of then, whatever has happened since.
	again := s.want(s.order(token, id, idempotencyKey, "key of /book"), 400, "validation_failed")
	if again.at("errors") == nil {
		t.Errorf("got %s", again.raw)
	}
	again = s.want(s.order(token, id, idempotencyKey, "key-of-/book"), 201, "")
	if string(again.raw) != string(booked.raw) {
		t.Errorf("got %s, want %s", again.raw, booked.raw)
	}
	// Another request, or somebody else, under the same key.
	s.want(s.order(token, uuid.NewString(), idempotencyKey, "key-of-/book"), 422, "idempotency_key_reused")
	s.want(s.order(s.token(account.Customer), id, idempotencyKey, "key-of-/book"), 409, "event_cancelled")
	used := "key-of-/events/" + id + "/cancel"
	s.want(s.call("POST", "/events", organizer, event, idempotencyKey, used), 422, "idempotency_key_reused")
}

// repeat sends a request twice with a key and once more with the key in quotes, and checks that the
// answers are the same.
func (s *system) repeat(method, path, token string, body any, status int) answer {
	s.Helper()
	key := "key-of-" + path
	first := s.want(s.call(method, path, token, body, idempotencyKey, key), status, "")
	if first.header.Get("Idempotency-Replayed") != "" {
		s.Errorf("the first answer says that it is a repeated one")
	}
	for _, header := range []string{key, `"` + key + `"`} {
		again := s.want(s.call(method, path, token, body, idempotencyKey, header), status, "")
		if string(again.raw) != string(first.raw) || again.header.Get("Idempotency-Replayed") != "true" ||
			again.header.Get("Log-Position") != first.header.Get("Log-Position") {
			s.Errorf("got %s, %v, want %s, %v", again.raw, again.header, first.raw, first.header)
		}
	}
	return first
}

func TestAMalformedKeyIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, token := s.schedule(5), s.token(account.Customer)
	for _, key := range []string{"two words", strings.Repeat("x", 256), `"open`, `close"`, `""`, "ü", `in"side`} {
		a := s.want(s.order(token, event, idempotencyKey, key), 400, "validation_failed")
		if !strings.Contains(string(a.raw), "Idempotency-Key") || len(a.at("errors").([]any)) != 1 {
			t.Errorf("%q: %s", key, a.raw)
		}
	}
	s.want(s.order(token, event, idempotencyKey, strings.Repeat("x", 255)), 201, "")
}

// Ten clicks that all carry one key are one booking; who asks while it is still on its way is told
// so.
func TestManyRequestsWithOneKeyAreOneBooking(t *testing.T) {
	t.Parallel()
	s := start(t, withDelay(50*time.Millisecond))
	event, token := s.schedule(5), s.token(account.Customer)
	book := func(int) (answer, error) {
		return s.try("POST", "/book", token, map[string]any{"eventId": event}, idempotencyKey, "k")
	}
	booked := 0
	for _, a := range s.together(10, book) {
		if a.status == 201 {
			booked++
			continue
		}
		s.want(a, 409, "idempotency_in_progress")
		if a.header.Get("Retry-After") != "1" {
			t.Errorf("no Retry-After: %v", a.header)
		}
	}
	if booked == 0 {
		t.Error("nobody was told of the booking")
	}
	s.want(s.order(token, event, idempotencyKey, "k"), 201, "")
	if got := s.call("GET", "/events/"+event, token, nil).at("remainingTickets"); got != 4.0 {
		t.Errorf("%v tickets remain, want 4", got)
	}
}

func TestARefusalIsNotKept(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, token, organizer := s.schedule(1), s.token(account.Customer), s.token(account.Organizer)
	s.want(s.order(s.token(account.Customer), event), 201, "")
	s.want(s.order(token, event, idempotencyKey, "k"), 409, "sold_out")
	s.want(s.call("PATCH", "/events/"+event, organizer, map[string]any{"totalTickets": 2}), 200, "")
	s.want(s.order(token, event, idempotencyKey, "k"), 201, "")
}

// What an earlier version of the program stored before an update: the request, its fingerprint and
// its answer.
var storedBefore = []struct{ key, path, body, fingerprint, answer string }{
	{
		"schedule", "/events", `{"title":" Tech & <Fun> ","venue":"Hall","date":"2100-01-01T20:00:00+02:00",` +
			`"totalTickets":3,"price":10.50,"currency":"EUR"}`,
		"da17cb92b723e0ecc981443bf1a20e8a33932959dea2a1f70a0e7fe6786741e7",
		`{"id":"01a22948-8f2c-7670-b95d-9e254c2face3","title":"Tech \u0026 \u003cFun\u003e","description":"",` +
			`"date":"2100-01-01T18:00:00Z","timeZone":"UTC","venue":"Hall","totalTickets":3,"remainingTickets":3,` +
			`"price":10.5,"currency":"EUR","status":"SCHEDULED","version":1}`,
	},
	{
		"book", "/book", `{"eventId":"01a22948-8f2c-7670-b95d-9e254c2face3"}`,
		"2df3380d40823a0e0719d87a55e1cc520723d99fd369c0fabefaa51b6bc44da5",
		`{"booking":{"id":"01a22948-905c-74bf-87b4-be591fd1079c","eventId":"01a22948-8f2c-7670-b95d-9e254c2face3",` +
			`"userId":"11111111-2222-4333-8444-555555555555","status":"CONFIRMED","createdAt":"2026-11-29T21:49:11.135294Z"},` +
			`"event":{"id":"01a22948-8f2c-7670-b95d-9e254c2face3","title":"Tech \u0026 \u003cFun\u003e",` +
			`"remainingTickets":2,"version":2}}`,
	},
	{
		"cancel", "/events/01a22948-8f2c-7670-b95d-9e254c2face3/cancel", ``,
		"9e2bac147c28f1384b9013e0f816fe71e4dbc26bfbd4d5cb0a10ca1e170dbaf8",
		`{"id":"01a22948-8f2c-7670-b95d-9e254c2face3","title":"Tech \u0026 \u003cFun\u003e","description":"",` +
			`"date":"2100-01-01T18:00:00Z","timeZone":"UTC","venue":"Hall","totalTickets":3,"remainingTickets":2,` +
			`"price":10.5,"currency":"EUR","status":"CANCELLED","version":3}`,
	},
}

// keepFields deletes fields that another object does not have.
func keepFields(of, known map[string]any) {
	for field, value := range of {
		inner, isObject := value.(map[string]any)
		knownInner, isKnownObject := known[field].(map[string]any)
		if _, isKnown := known[field]; !isKnown {
			delete(of, field)
		} else if isObject && isKnownObject {
			keepFields(inner, knownInner)
		}
	}
}

func TestAnswersThatAnEarlierVersionStoredAreGivenAgain(t *testing.T) {
	t.Parallel()
	s := start(t)
	actor := uuid.MustParse("11111111-2222-4333-8444-555555555555")
	event := uuid.MustParse("01a22948-8f2c-7670-b95d-9e254c2face3")
	by, token := booking.Request{Actor: actor}, s.tokenOf(actor, account.Organizer)
	schedule := booking.Schedule{EventID: event, Capacity: 3, Details: domain.Details{
		Title: "Tech & <Fun>", Venue: "Hall", StartsAt: time.Date(2100, 1, 1, 18, 0, 0, 0, time.UTC),
		Currency: "EUR", TicketTypes: domain.GeneralAdmission(1050),
	}}
	_, err := s.options.Service.Schedule(t.Context(), by, schedule)
	must(t, err)
	_, err = s.options.Service.Book(t.Context(), by, booking.Book{EventID: event})
	must(t, err)
	_, err = s.options.Service.CancelEvent(t.Context(), by, event, 0)
	must(t, err)
	for i, old := range storedBefore {
		_, err := s.pool.Exec(t.Context(), `
			insert into idempotency_keys (owner, name, fingerprint, stream_id, version, answer)
			values ($1, $2, decode($3, 'hex'), $4, $5, $6)`, actor, old.key, old.fingerprint, event, i+1, []byte(old.answer))
		must(t, err)
		var body any
		if old.body != "" {
			body = old.body
		}
		a := s.call("POST", old.path, token, body, idempotencyKey, old.key)
		var want map[string]any
		must(t, json.Unmarshal([]byte(old.answer), &want))
		keepFields(a.body, want) // without what events and bookings have said of themselves since then
		if !reflect.DeepEqual(a.body, want) ||
			a.header.Get("Idempotency-Replayed") != "true" || a.header.Get("Log-Position") != strconv.Itoa(i+1) {
			t.Errorf("%s: got %s, %v, want %s", old.key, a.raw, a.header, old.answer)
		}
	}
}

func TestTheSamePriceWrittenInAnotherWayIsTheSameRequest(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.token(account.Organizer)
	schedule := func(price string) answer {
		return s.call("POST", "/events", token, `{"title":"Concert","venue":"Hall","date":"2100-01-01T20:00:00Z",`+
			`"totalTickets":3,"price":`+price+`}`, idempotencyKey, "price")
	}
	first := s.want(schedule("1"), 201, "")
	for _, same := range []string{"1.0", "1.00", "1e0", "10e-1"} {
		if again := s.want(schedule(same), 201, ""); again.at("id") != first.at("id") {
			t.Errorf("the price %s makes another event", same)
		}
	}
	s.want(schedule("1.01"), 422, "idempotency_key_reused")
}
