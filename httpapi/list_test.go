package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

// titles are the titles of a list, in one line.
func (a answer) titles() string {
	var titles []string
	for _, e := range a.at("data").([]any) {
		row := e.(map[string]any)
		if event, ok := row["event"].(map[string]any); ok {
			row = event
		}
		titles = append(titles, row["title"].(string))
	}
	return strings.Join(titles, " ")
}

func (a answer) next() string {
	next, _ := a.at("meta").(map[string]any)["next"].(string)
	return next
}

func TestEventsAreListedByCursor(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.token(account.Customer)
	for i := range 5 {
		s.schedule(1, "title", fmt.Sprint("E", i), "date", fmt.Sprintf("2031-01-0%dT00:00:00Z", i+1))
	}
	get := func(query string) answer {
		t.Helper()
		return s.want(s.call("GET", "/events?"+query, token, nil), 200, "")
	}
	first := get("cursor=*&limit=2&sortOrder=desc")
	if first.titles() != "E4 E3" || fmt.Sprint(first.at("meta", "total"), first.at("meta", "page")) != "5 1" {
		t.Errorf("got %s", first.raw)
	}
	link := fmt.Sprintf(`<?cursor=%s&limit=2&sortBy=date&sortOrder=desc>; rel="next"`, first.next())
	if !strings.Contains(first.header.Get("Link"), link) {
		t.Errorf("%s is not in %s", link, first.header.Get("Link"))
	}
	s.schedule(1, "title", "Newer", "date", "2032-01-01T00:00:00Z") // a page by its number would show E3 again
	second := get("limit=2&sortOrder=desc&cursor=" + first.next())
	third := get("limit=2&sortOrder=desc&cursor=" + second.next())
	if second.titles() != "E2 E1" || third.titles() != "E0" || third.next() != "" ||
		strings.Contains(third.header.Get("Link"), "next") {
		t.Errorf("got %s and %s", second.raw, third.raw)
	}
	if plain := get("limit=2"); plain.next() != "" {
		t.Errorf("a page by its number has a cursor: %s", plain.raw)
	}
	for _, query := range []string{
		"cursor=" + first.next(),                                   // of another order
		"sortOrder=desc&search=e&cursor=" + first.next(),           // of another list
		"sortOrder=desc&cursor=" + first.next() + "x",              // cut or changed
		"sortOrder=desc&page=2&cursor=" + first.next(),             // both
		"cursor=nonsense", "cursor=e30", "cursor=%20", "cursor=**", // no cursors
	} {
		s.want(s.call("GET", "/events?"+query, token, nil), 400, "validation_failed")
	}
}

func TestEventsAreFilteredByParameters(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := uuid.New()
	token, organizer := s.token(account.Customer), s.tokenOf(me, account.Organizer)
	now := time.Now().UTC().Truncate(time.Second)
	at := func(hours int) string { return now.Add(time.Duration(hours) * time.Hour).Format(time.RFC3339) }
	create := func(title string, hours int, price, currency string) string {
		t.Helper()
		return s.want(s.call("POST", "/events", organizer, map[string]any{
			"title": title, "venue": "Hall", "date": at(hours), "totalTickets": 1, "price": json.Number(price),
			"currency": currency, "allowPast": true,
		}), 201, "").at("id").(string)
	}
	create("Past", -1, "10", "EUR")
	create("Soon", 1, "49.99", "EUR")
	cancelled := create("Cancelled", 2, "30", "EUR")
	create("Yen", 3, "3000", "JPY")
	booked := create("Full", 4, "50", "EUR")
	create("Free", 5, "0", "GBP")
	create("Gratis", 6, "0", "JPY")
	s.want(s.call("POST", "/events/"+cancelled+"/cancel", organizer, nil), 200, "")
	last := s.want(s.order(token, booked), 201, "")
	get := func(query string) answer {
		return s.call("GET", "/events?"+query, token, nil, "Min-Log-Position", last.header.Get("Log-Position"))
	}
	for query, want := range map[string]string{
		"":                               "Past Soon Cancelled Yen Full Free Gratis",
		"upcoming=true":                  "Soon Cancelled Yen Full Free Gratis",
		"upcoming=true&status=SCHEDULED": "Soon Yen Full Free Gratis",
		"available=true":                 "Soon Yen Free Gratis",
		"status=CANCELLED":               "Cancelled",
		"currency=EUR&maxPrice=49.99":    "Past Soon Cancelled",
		"currency=EUR&minPrice=49.990":   "Soon Full",
		"currency=JPY":                   "Yen Gratis",
		"maxPrice=0":                     "Free Gratis",
		"maxPrice=0.00&currency=GBP":     "Free",
		"organizer=" + me.String():       "Past Soon Cancelled Yen Full Free Gratis",
		"organizer=" + uuid.NewString():  "",
		"from=" + url.QueryEscape(at(1)) + "&to=" + url.QueryEscape(at(3)): "Soon Cancelled",
	} {
		if a := s.want(get(query), 200, ""); a.titles() != want {
			t.Errorf("%s: got %s, want %s", query, a.titles(), want)
		}
	}
	for query, pointer := range map[string]string{
		"minPrice=1": "currency", "maxPrice=1": "currency", "minPrice=0&maxPrice=0": "currency",
		"maxPrice=1&currency=EURO": "currency", "currency=EUR&minPrice=1.999": "minPrice",
		"currency=EUR&maxPrice=-1": "maxPrice", "status=GONE": "status", "from=tomorrow": "from",
		"upcoming=maybe": "upcoming",
		"organizer=me":   "organizer",
	} {
		if a := s.want(get(query), 400, "validation_failed"); !strings.Contains(string(a.raw), `"pointer":"`+pointer+`"`) {
			t.Errorf("%s: got %s", query, a.raw)
		}
	}
}

func TestBookingsAreListedByPage(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.token(account.Customer)
	var last answer
	for i := range 5 {
		last = s.want(s.order(token, s.schedule(1, "title", fmt.Sprint("E", i))), 201, "")
	}
	get := func(query string) answer {
		return s.call("GET", "/bookings"+query, token, nil, "Min-Log-Position", last.header.Get("Log-Position"))
	}
	if a := s.want(get(""), 200, ""); a.titles() != "E4 E3 E2 E1 E0" || a.next() != "" || a.header.Get("Link") != "" {
		t.Errorf("got %s, %v", a.raw, a.header)
	}
	first := s.want(get("?limit=3&status=CONFIRMED&upcoming=true"), 200, "")
	link, _, _ := strings.Cut(strings.TrimPrefix(first.header.Get("Link"), "<"), `>; rel="next"`)
	second := s.want(get(link), 200, "")
	if first.titles() != "E4 E3 E2" || second.titles() != "E1 E0" || second.next() != "" {
		t.Errorf("got %s and %s", first.raw, second.raw)
	}
	if a := s.want(get("?status=CANCELLED"), 200, ""); a.titles() != "" {
		t.Errorf("got %s", a.raw)
	}
	for _, query := range []string{"?limit=0", "?limit=101", "?status=GONE", "?cursor=x", "?cursor=" + first.next()} {
		s.want(get(query), 400, "validation_failed") // the last is one of another list
	}
}

// Without parameters, the answer has all bookings, up to a thousand.
func TestAVeryLongListOfBookingsGoesOn(t *testing.T) {
	t.Parallel()
	s := start(t)
	me := uuid.New()
	token := s.tokenOf(me, account.Customer)
	booked := s.want(s.order(token, s.schedule(2)), 201, "")
	s.want(s.call("GET", "/bookings", token, nil, "Min-Log-Position", booked.header.Get("Log-Position")), 200, "")
	_, err := s.pool.Exec(t.Context(), `
		insert into bookings (id, event_id, user_id, status, created_at, version)
		select gen_random_uuid(), $1, $2, 'CONFIRMED', '2020-01-01', 2 from generate_series(1, 1001)`,
		booked.at("event", "id"), me)
	must(t, err)
	first := s.want(s.call("GET", "/bookings", token, nil), 200, "")
	second := s.want(s.call("GET", "/bookings?cursor="+first.next(), token, nil), 200, "")
	ids := map[any]bool{}
	for _, b := range slices.Concat(first.at("data").([]any), second.at("data").([]any)) {
		ids[b.(map[string]any)["id"]] = true
	}
	if n := len(first.at("data").([]any)); n != 1000 || len(ids) != 1002 || second.next() != "" ||
		!strings.Contains(first.header.Get("Link"), `rel="next"`) {
		t.Errorf("%d bookings, then in all %d, %v", n, len(ids), first.header)
	}
}

func TestAnUnknownParameterOfAListIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	customer, auditor := s.token(account.Customer), s.token(account.Auditor)
	for path, token := range map[string]string{
		"/events": customer, "/events/" + s.schedule(1): customer, "/bookings": customer, "/audit/streams": auditor,
		"/audit/records": auditor, "/audit/checkpoints": auditor, "/audit/reads": auditor,
	} {
		a := s.want(s.call("GET", path+"?Limit=5", token, nil), 400, "validation_failed")
		if !strings.Contains(string(a.raw), `"errors":[{"pointer":"Limit","detail":"This parameter doesn't exist here."}]`) {
			t.Errorf("%s: got %s", path, a.raw)
		}
	}
	s.want(s.call("GET", "/events?limit=5&limit=6", customer, nil), 400, "validation_failed")
}

func TestAnyWayToWriteAPriceIsTheSamePrice(t *testing.T) {
	t.Parallel()
	s := start(t)
	organizer := s.token(account.Organizer)
	event := map[string]any{"title": "T", "venue": "V", "date": "2100-01-01T00:00:00Z", "totalTickets": 1}
	schedule := func(price string, headers ...string) answer {
		event["price"] = json.Number(price)
		return s.call("POST", "/events", organizer, event, headers...)
	}
	for price, want := range map[string]string{
		"1E+2": "100", "4.999e1": "49.99", "100.000000000000000000": "100", "0.0": "0", "0e5": "0",
		"1234567.89": "1234567.89",
		"4999e-2":    "49.99", "12345.6789e-2": "",
		// What programs send that compute with float32: refused, not rounded.
		"0.10000000149": "", "0.10000000149011612": "", "49.9900016784668": "",
	} {
		a := schedule(price)
		if want == "" {
			s.want(a, 400, "validation_failed")
		} else if s.want(a, 201, ""); !strings.Contains(string(a.raw), `"price":`+want+`,`) {
			t.Errorf("%s: got %s", price, a.raw)
		}
	}
	for _, price := range []string{"1e99", "1e100", "-1e-99", "1e-99", strings.Repeat("9", 60)} {
		s.want(schedule(price), 400, "validation_failed")
	}
	first := s.want(schedule("1", "Idempotency-Key", "same"), 201, "")
	again := s.want(schedule("1.0", "Idempotency-Key", "same"), 201, "")
	if again.at("id") != first.at("id") {
		t.Errorf("1 and 1.0 are two requests: %s", again.raw)
	}
	s.want(schedule("1.01", "Idempotency-Key", "same"), 422, "idempotency_key_reused")
}

func TestIfMatchTakesSeveralAndWeakTags(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, organizer := s.schedule(10), s.token(account.Organizer)
	change := func(tags string) answer {
		return s.call("PATCH", "/events/"+id, organizer, map[string]any{"title": uuid.NewString()}, "If-Match", tags)
	}
	for _, tags := range []string{`W/"1"`, `"9", "2"`, `"1", W/"3-gzip"`, `"4.2"`, `"5","6"`} {
		s.want(change(tags), 200, "")
	}
	for _, tags := range []string{`W/"5"`, `"5", "7"`, `"99"`} {
		s.want(change(tags), 412, "version_mismatch")
	}
	for _, tags := range []string{`"6" "7"`, `w/"6"`, `W/`, `,`, `"6", *`} {
		s.want(change(tags), 400, "validation_failed")
	}
}

func TestWhatHasBecomeOfAReplayedRequestIsShown(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, token, organizer := s.schedule(2), s.token(account.Customer), s.token(account.Organizer)
	booked := s.want(s.order(token, event, idempotencyKey, "k"), 201, "")
	if booked.header.Get("Current-Status") != "" {
		t.Errorf("the first answer has a status of its own: %v", booked.header)
	}
	status := func(a answer, want string) {
		t.Helper()
		if s.want(a, 201, ""); a.header.Get("Current-Status") != want || a.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("got %v, want the status %s", a.header, want)
		}
	}
	status(s.order(token, event, idempotencyKey, "k"), "CONFIRMED")
	s.want(s.call("DELETE", "/bookings/"+booked.at("booking", "id").(string), token, nil), 200, "")
	replayed := s.order(token, event, idempotencyKey, "k")
	status(replayed, "CANCELLED")
	if string(replayed.raw) != string(booked.raw) {
		t.Errorf("got %s, want %s", replayed.raw, booked.raw)
	}
	schedule := func() answer {
		return s.call("POST", "/events", organizer, map[string]any{
			"title": "T", "venue": "V", "date": "2100-01-01T00:00:00Z", "totalTickets": 1, "price": 1,
		}, idempotencyKey, "k")
	}
	id := s.want(schedule(), 201, "").at("id").(string)
	s.want(s.call("POST", "/events/"+id+"/cancel", organizer, nil), 200, "")
	status(schedule(), "CANCELLED")

	person := map[string]any{"email": "again@example.com", "password": "passw0rd 123", "name": "Again"}
	register := func() answer { return s.call("POST", "/auth/register", "", person, idempotencyKey, "a-key-of-theirs") }
	if a := s.want(register(), 201, ""); a.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("the first registration is said to be repeated: %v", a.header)
	}
	if a := s.want(register(), 201, ""); a.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("the repeated registration is not marked: %v", a.header)
	}
}

func TestWhatIsMissingIsSaidInPlainWords(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.want(s.call("POST", "/auth/register", "", map[string]any{}), 400, "validation_failed")
	got := map[string]string{}
	for _, e := range a.at("errors").([]any) {
		field := e.(map[string]any)
		got[field["pointer"].(string)] = field["detail"].(string)
	}
	for _, field := range []string{"/email", "/password", "/name"} {
		if got[field] != "This field is required." {
			t.Errorf("%s: %q in %s", field, got[field], a.raw)
		}
	}
	a = s.want(s.call("POST", "/auth/login", "", map[string]any{"email": 1, "password": "x", "role": "y"}), 400,
		"validation_failed")
	for _, want := range []string{`"/email","detail":"Enter text."`, `"/role","detail":"This field isn't known here."`} {
		if !strings.Contains(string(a.raw), want) {
			t.Errorf("%s is not in %s", want, a.raw)
		}
	}
}

func TestBrowsersMaySendWhatTracingAndCachingNeed(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, name := range []string{"cache-control", "traceparent", "tracestate", "baggage"} {
		a := s.call("OPTIONS", "/events", "", nil, "Origin", "http://localhost:3000", "Access-Control-Request-Method", "GET",
			"Access-Control-Request-Headers", name)
		if !strings.EqualFold(a.header.Get("Access-Control-Allow-Headers"), name) {
			t.Errorf("%s: got %v", name, a.header)
		}
	}
}
