package httpapi_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
)

var update = flag.Bool("update", false, "write docs/api.md anew")

const referencePath = "../docs/api.md"

// docs/api.md holds a conversation with the API that really took place. What differs each time
// (ids, times, tokens, hashes) is made the same; everything else must be what the file says.
func TestTheReferenceShowsWhatTheAPIAnswers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)
	s := start(t, func(o *httpapi.Options, _ *eventstore.Options) { o.Now = func() time.Time { return now } })
	r := &reference{system: s, started: time.Now(), ids: map[string]string{}, examples: map[string][]example{}}
	berlin, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	year, month, day := r.started.In(berlin).Date()
	r.today = time.Date(year, month, day, 0, 0, 0, 0, berlin)
	r.converse()
	got := r.markdown()
	if *update {
		must(t, os.WriteFile(referencePath, got, 0o644))
		return
	}
	want, err := os.ReadFile(filepath.FromSlash(referencePath))
	must(t, err)
	if bytes.Equal(got, want) {
		return
	}
	gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i, line := range gotLines {
		if i == len(wantLines) || line != wantLines[i] {
			t.Fatalf("docs/api.md is not what the API answers; `make docs` writes it anew. Line %d is\n  %s\nand should be\n  "+
				"%s", i+1, wantLines[min(i, len(wantLines)-1)], line)
		}
	}
	t.Fatal("docs/api.md has more lines than there should be; `make docs` writes it anew")
}

// reference is a conversation, in which each operation comes up at least once.
type reference struct {
	*system
	started  time.Time
	today    time.Time         // when the day of the event's time zone began: sales are counted by it
	ids      map[string]string // stand-ins
	audited  bool              // reads of the audit are in the log, and how many differs: one waits for verifications
	examples map[string][]example
	order    []string // operations, as they came up
}

// example is one request with its answer, as they are shown.
type example struct{ title, request, response string }

func (r *reference) converse() {
	r.Helper()
	const (
		password = `"password":"securePassword123"`
		userKey  = "5f0c7a52-5d0e-4a35-9c7b-9b4d6d0f3a10"
	)
	organizer, auditor := r.token(account.Organizer), r.token(account.Auditor)
	credentials := `{"email":"user@example.com",` + password + `}`

	registered := r.show("", 201, "POST", "/auth/register", "",
		`{"email":"user@example.com",`+password+`,"name":"John Doe"}`)
	r.show("The e-mail has an account already", 409, "POST", "/auth/register", "",
		`{"email":"user@example.com",`+password+`,"name":"John Doe"}`)
	r.show("Fields with mistakes", 400, "POST", "/auth/register", "", `{"email":"nobody","password":"short","name":"J"}`)
	signedIn := r.show("", 200, "POST", "/auth/login", "", credentials)
	r.show("Wrong password, or no such account", 401, "POST", "/auth/login", "",
		`{"email":"user@example.com","password":"wrongPassword1"}`)
	r.show("In a browser", 200, "POST", "/auth/login", "", credentials, "Refresh-Token-Mode", "cookie")
	r.show("", 200, "POST", "/auth/refresh", "", fmt.Sprintf(`{"refreshToken":%q}`, registered.at("refreshToken")))
	r.show("Not a token that can be exchanged", 401, "POST", "/auth/refresh", "", `{"refreshToken":"nonsense"}`)
	user := signedIn.at("accessToken").(string)
	r.show("", 200, "GET", "/auth/me", user, "")
	r.show("Without an access token", 401, "GET", "/auth/me", "", "")

	r.show("", 200, "GET", "/proof-of-work/challenge", "", "")

	concert := r.show("", 201, "POST", "/events", organizer,
		`{"title":"Limited Concert","description":"Two chairs and one piano.","date":"2026-06-20T20:00:00+02:00",`+
			`"timeZone":"Europe/Berlin","venue":"The Listening Room","totalTickets":2,"price":49.99,"currency":"EUR",`+
			`"category":"music","endsAt":"2026-06-20T22:00:00+02:00","organizerName":"The Listening Room"}`,
		"Idempotency-Key", userKey)
	event := concert.at("id").(string)
	body := fmt.Sprintf(`{"eventId":%q}`, event)
	r.show("The role does not allow it", 403, "POST", "/events", user,
		`{"title":"My Party","venue":"Home","date":"2026-06-20T20:00:00Z","totalTickets":9,"price":0}`)
	file := string(picture(1200, 800))
	uploaded := r.show("", 201, "POST", "/images", organizer, file, "Content-Type", "image/png")
	r.show("Not a picture", 400, "POST", "/images", organizer, "<svg/>", "Content-Type", "image/png")
	r.show("", 200, "GET", uploaded.at("url").(string)+"?width=480", "", "")
	conference := r.schedule(100, "title", "Tech Conference", "date", "2026-09-15T10:00:00Z")

	r.show("", 200, "GET", "/events?search=con&sortBy=price&limit=1", user, "")
	one := r.show("", 200, "GET", "/events/"+event, user, "")
	r.show("Not changed since", 304, "GET", "/events/"+event, user, "", "If-None-Match", one.header.Get("ETag"))
	r.show("There is no such event", 404, "GET", "/events/"+uuid.NewString(), user, "")

	booked := r.show("", 201, "POST", "/book", user, body, "Idempotency-Key", "8d1f6f3e-21f7-4a0e-8a53-6f1f0f3f7f55")
	r.show("The same request once more, because the answer was lost", 201, "POST", "/book", user, body, "Idempotency-Key",
		"8d1f6f3e-21f7-4a0e-8a53-6f1f0f3f7f55")
	r.show("The key was used for another request", 422, "POST", "/book", user, fmt.Sprintf(`{"eventId":%q}`, conference),
		"Idempotency-Key", "8d1f6f3e-21f7-4a0e-8a53-6f1f0f3f7f55")
	r.show("The user has a ticket already", 409, "POST", "/book", user, body)
	rival := r.token(account.Customer)
	rivals := r.want(r.call("POST", "/book", rival, body), 201, "").at("booking", "id").(string)
	r.show("No tickets are left", 409, "POST", "/book", r.token(account.Customer), body)
	r.show("There is no such event", 404, "POST", "/book", user, fmt.Sprintf(`{"eventId":%q}`, uuid.NewString()))

	seen := r.call("GET", "/events/"+event, organizer, nil).header.Get("ETag")
	r.show("", 200, "PATCH", "/events/"+event, organizer, `{"venue":"Town Hall","totalTickets":20}`, "If-Match", seen)
	r.show("It has changed since it was read", 412, "PATCH", "/events/"+event, organizer, `{"venue":"City Hall"}`,
		"If-Match", seen)
	r.show("Fewer tickets than are sold", 409, "PATCH", "/events/"+event, organizer, `{"totalTickets":1}`)

	booking := "/bookings/" + booked.at("booking", "id").(string)
	r.show("", 200, "GET", "/bookings", user, "", "Min-Log-Position", booked.header.Get("Log-Position"))
	r.show("", 200, "GET", booking+"/receipt", user, "")
	feed := r.show("", 201, "POST", "/calendar", user, `{"kind":"bookings"}`)
	r.show("", 200, "GET", "/calendar", user, "")
	r.show("", 200, "GET", feed.at("path").(string), "", "")
	r.show("Not an address, or not any more", 404, "GET", "/calendar/ABCDEFGHIJKLMNOPQRSTUVWXYZ234567.ics", "", "")
	r.show("", 204, "DELETE", "/calendar?kind=bookings", user, "")
	r.desk(event, user, organizer, booked)
	r.show("", 200, "DELETE", booking, user, "")
	r.show("Another user's", 403, "DELETE", "/bookings/"+rivals, user, "")

	held := r.show("", 201, "POST", "/holds", user,
		fmt.Sprintf(`{"eventId":%q,"lines":[{"ticketTypeId":1,"quantity":1}]}`, conference))
	r.show("", 200, "GET", "/holds", user, "")
	r.show("", 200, "GET", "/holds/"+held.at("id").(string)+"/receipt", user, "")
	r.show("", 201, "POST", "/holds/"+held.at("id").(string)+"/confirm", user, "")
	unwanted := r.want(r.reserve(rival, conference), 201, "").at("id").(string)
	r.show("", 204, "DELETE", "/holds/"+unwanted, rival, "")
	full := r.schedule(1, "title", "House Concert", "date", "2026-08-15T19:00:00Z")
	r.want(r.system.order(rival, full), 201, "")
	entry := r.show("", 201, "POST", "/events/"+full+"/waitlist", user, `{"lines":[{"ticketTypeId":1,"quantity":1}]}`)
	r.show("", 200, "GET", "/waitlist", user, "")
	r.show("", 200, "GET", "/waitlist/"+entry.at("id").(string)+"/receipt", user, "")
	r.show("", 204, "DELETE", "/events/"+full+"/waitlist", user, "")

	draft := r.show("With several types of tickets, as a draft", 201, "POST", "/events", organizer,
		`{"title":"Premiere","date":"2026-10-01T19:30:00Z","venue":"City Theatre","totalTickets":300,"currency":"EUR",`+
			`"ticketTypes":[{"name":"Floor","price":49.99},{"name":"Balcony","price":20,"capacity":80}],`+
			`"maxPerCustomer":4,"saleOpensAt":"2026-06-01T10:00:00Z","draft":true}`)
	r.show("", 200, "POST", "/events/"+draft.at("id").(string)+"/publish", organizer, "")

	r.show("", 200, "POST", "/events/"+event+"/cancel", organizer, "")

	r.audit(event, auditor)
	r.audited = true

	r.show("", 204, "POST", "/auth/logout", user, fmt.Sprintf(`{"refreshToken":%q}`, signedIn.at("refreshToken")))
	r.show("", 200, "GET", "/auth/me/sessions", user, "", "User-Agent",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0")
	changed := r.show("", 200, "POST", "/auth/me/password", user, `{`+password+`,"newPassword":"otherPassword456"}`)
	r.show("The password is wrong", 403, "POST", "/auth/me/password", changed.at("accessToken").(string),
		`{`+password+`,"newPassword":"otherPassword456"}`)
	r.show("", 202, "POST", "/auth/password-reset", "", `{"email":"user@example.com"}`)
	token := r.linkToken()
	r.show("", 204, "POST", "/auth/password-reset/confirm", "",
		fmt.Sprintf(`{"token":%q,`+password+`}`, token))
	r.show("The link was used already, or has expired", 400, "POST", "/auth/password-reset/confirm", "",
		fmt.Sprintf(`{"token":%q,`+password+`}`, token))
	signedIn = r.want(r.call("POST", "/auth/login", "", credentials), 200, "")
	r.want(r.call("POST", "/auth/login", "", credentials), 200, "")
	user = signedIn.at("accessToken").(string)
	sessions := r.want(r.call("GET", "/auth/me/sessions", user, nil), 200, "").at("data").([]any)
	for _, session := range sessions {
		if session := session.(map[string]any); session["current"] == false {
			r.show("", 204, "DELETE", "/auth/me/sessions/"+session["id"].(string), user, "")
			break
		}
	}
	user = r.want(r.call("POST", "/auth/login", "", credentials), 200, "").at("accessToken").(string)
	r.show("", 204, "DELETE", "/auth/me/sessions", user, "")
	user = r.want(r.call("POST", "/auth/login", "", credentials), 200, "").at("accessToken").(string)
	r.keys(user, password, body)
	r.show("", 202, "POST", "/auth/me/email/verification", user, "")
	token = r.linkToken()
	r.show("", 204, "POST", "/auth/email/confirm", "", fmt.Sprintf(`{"token":%q}`, token))
	r.show("", 202, "POST", "/auth/me/email", user, `{"email":"new@example.com",`+password+`}`)
	r.show("The password is wrong", 403, "POST", "/auth/me/delete", user, `{"password":"wrongPassword1"}`)
	r.show("", 204, "DELETE", "/auth/me", user, `{`+password+`}`)
	r.webhooks()
	r.show("", 200, "GET", "/healthz", "", "")
	r.show("", 200, "GET", "/readyz", "", "")
}

// keys is what a program gets from its user, and does with it.
func (r *reference) keys(user, password, order string) {
	r.Helper()
	made := r.show("", 201, "POST", "/auth/keys", user,
		`{"name":"Ticket printer","scopes":["read"],"expiresAt":"2099-12-31T23:59:59Z",`+password+`}`)
	key := made.at("key").(string)
	end, err := r.options.Log.Head(r.Context())
	must(r, err)
	r.want(r.call("GET", "/bookings", user, nil, "Min-Log-Position", fmt.Sprint(end)), 200, "") // what is shown says so
	r.show("With an API key", 200, "GET", "/bookings", key, "")
	r.show("With an API key that lacks the scope", 403, "POST", "/book", key, order)
	r.show("", 200, "GET", "/auth/keys", user, "")
	r.show("", 204, "DELETE", "/auth/keys/"+made.at("id").(string), user, "")
}

// desk is what organizers do, and those at the door.
func (r *reference) desk(event, customer, organizer string, booked answer) {
	r.Helper()
	at := "/events/" + event
	r.show("", 200, "POST", at+"/organizers", organizer, `{"email":"user@example.com","role":"check_in"}`)
	list := r.show("", 200, "GET", at+"/organizers", organizer, "").at("data").([]any)
	r.show("Nobody with a role at this event", 403, "GET", at+"/organizers", r.token(account.Auditor), "")
	r.show("", 200, "GET", "/.well-known/ticket-keys.json", "", "")
	scan := fmt.Sprintf(`{"code":%q}`, r.codes(customer, booked)[0])
	r.show("", 200, "POST", at+"/check-ins", customer, scan)
	r.show("Somebody is inside with this ticket", 409, "POST", at+"/check-ins", organizer, scan)
	r.show("Not a ticket", 409, "POST", at+"/check-ins", organizer, `{"code":"nonsense"}`)
	r.show("", 200, "GET", "/desk/events?q=limited", organizer, "")
	r.show("", 200, "GET", at+"/check-ins", organizer, "")
	r.show("", 200, "GET", "/desk"+at, organizer, "")
	r.show("", 200, "GET", "/desk"+at+"/sales?interval=day", organizer, "")
	r.show("", 200, "GET", "/desk"+at+"/attendees?status=CONFIRMED", organizer, "")
	r.show("", 200, "GET", "/desk"+at+"/attendees.csv", organizer, "")
	r.show("", 200, "POST", at+"/check-ins/undo", organizer, strings.Replace(scan, "}", `,"reason":"the wrong door"}`, 1))
	r.account("jane@example.com", "Jane Roe", account.Customer)
	sold := r.show("", 201, "POST", "/desk"+at+"/bookings", organizer,
		`{"email":"jane@example.com","lines":[{"ticketTypeId":1,"quantity":1}]}`)
	r.show("Nobody has an account with this address", 404, "POST", "/desk"+at+"/bookings", organizer,
		`{"email":"nobody@example.com"}`)
	r.show("", 200, "POST", "/desk"+at+"/bookings/"+sold.at("booking", "id").(string)+"/cancel", organizer,
		`{"reason":"It was paid for twice."}`)
	r.show("", 201, "POST", "/desk"+at+"/messages", organizer,
		`{"subject":"Doors open at seven","text":"The doors open an hour earlier than usual."}`)
	r.show("", 200, "GET", "/desk"+at+"/messages", organizer, "")
	helper := list[1].(map[string]any)["userId"].(string)
	r.show("", 200, "DELETE", at+"/organizers/"+helper, organizer, "")
}

// webhooks is what organizers do so that their programs are told.
func (r *reference) webhooks() {
	r.Helper()
	owner := r.organizerWithAccount()
	made := r.show("", 201, "POST", "/webhooks", owner,
		`{"url":"https://example.com/webhooks","types":["booking.confirmed","booking.cancelled"]}`)
	r.show("Not a public address", 400, "POST", "/webhooks", owner, `{"url":"https://10.0.0.1/"}`)
	path := "/webhooks/" + made.at("id").(string)
	r.show("", 200, "GET", "/webhooks", owner, "")
	r.show("", 200, "GET", path, owner, "")
	r.show("", 202, "POST", path+"/test", owner, "")
	list := r.show("", 200, "GET", path+"/deliveries", owner, "").at("data").([]any)
	r.show("", 202, "POST", fmt.Sprintf("%s/deliveries/%v/redeliver", path, list[0].(map[string]any)["id"]), owner, "")
	r.show("", 200, "POST", path+"/secret", owner, "")
	r.show("", 200, "PATCH", path, owner, `{"status":"paused"}`)
	r.show("It is paused", 409, "POST", path+"/test", owner, "")
	r.show("", 204, "DELETE", path, owner, "")
}

// audit is the auditor's part of the conversation.
func (r *reference) audit(event, auditor string) {
	r.Helper()
	get := func(title string, status int, path string) {
		r.Helper()
		r.show(title, status, "GET", "/audit"+path, auditor, "")
	}
	get("", 200, "/streams?search=limited")
	get("The event as it was at version 2", 200, "/streams/"+event+"?at=2")
	get("There is no such stream", 404, "/streams/"+uuid.NewString())
	get("", 200, "/streams/"+event+"/diff?from=2&to=4")
	get("", 200, "/streams/"+event+"/series?spans=1")
	get("", 200, "/streams/"+event+"/fairness")
	get("", 200, "/records?type=BookingCancelled")
	get("", 200, "/records/3/proof")
	checkpoints := r.show("", 200, "GET", "/audit/checkpoints", auditor, "").at("data").([]any)
	size := checkpoints[len(checkpoints)-1].(map[string]any)["size"]
	get("", 200, fmt.Sprintf("/checkpoints/%v/consistency?from=3", size))
	get("", 200, "/export?stream="+event+"&upTo=3")
	a := r.show("", 202, "POST", "/audit/verifications", auditor, fmt.Sprintf(`{"streamId":%q}`, event))
	isDone := func() bool { return r.call("GET", "/audit/verify", auditor, nil).at("state") != "running" }
	eventually(r.T, "the verification is done", isDone)
	get("", 200, "/verifications/"+a.at("id").(string))
	get("", 200, "/verifications?limit=1")
	get("There is no such verification", 404, "/verifications/"+uuid.NewString())
	r.show("", 202, "POST", "/audit/verify", auditor, fmt.Sprintf(`{"streamId":%q}`, event))
	eventually(r.T, "the other verification is done", isDone)
	get("", 200, "/verify")
	get("", 200, "/reads?limit=2")
}

// show sends a request and keeps it with its answer.
func (r *reference) show(title string, status int, method, path, token, body string, headers ...string) answer {
	r.Helper()
	var sent any
	if body != "" {
		sent = body
	}
	var a answer
	var err error
	if strings.HasPrefix(path, "/audit/export") || strings.HasPrefix(path, "/images/") ||
		strings.HasSuffix(path, ".csv") || strings.HasSuffix(path, ".ics") { // which is not one JSON value
		a, err = r.raw(method, path, token, sent, headers...)
	} else {
		a, err = r.try(method, path, token, sent, headers...)
	}
	must(r, err)
	if a.status != status {
		r.Fatalf("%s %s was answered with %d, want %d: %s", method, path, a.status, status, a.raw)
	}

	var request, response strings.Builder
	fmt.Fprintf(&request, "%s %s\n", method, path)
	if token != "" {
		fmt.Fprintf(&request, "Authorization: Bearer %s\n", token)
	}
	for i := 0; i < len(headers); i += 2 {
		fmt.Fprintf(&request, "%s: %s\n", headers[i], headers[i+1])
	}
	switch {
	case path == "/images":
		request.WriteString("\n(the file)\n")
	case body != "":
		fmt.Fprintf(&request, "Content-Type: application/json\n\n%s", indented([]byte(body)))
	}
	fmt.Fprintf(&response, "%d %s\n", status, http.StatusText(status))
	for _, name := range []string{
		"Content-Type", "Content-Disposition", "Total-Rows", "ETag", "Link", "Log-Position", "Idempotency-Replayed",
		"Retry-After", "Set-Cookie", "WWW-Authenticate",
	} {
		for _, value := range a.header.Values(name) {
			if name == "Log-Position" && r.audited {
				value = "25"
			}
			fmt.Fprintf(&response, "%s: %s\n", name, value)
		}
	}
	switch {
	case a.header.Get("Content-Type") == "image/jpeg":
		response.WriteString("\n(the picture)\n")
	case len(a.raw) > 0:
		fmt.Fprintf(&response, "\n%s", indented(a.raw))
	}

	asked, err := http.NewRequest(method, r.url+path, nil)
	must(r, err)
	route, err := contract.find(asked)
	must(r, err)
	id := route.Operation.OperationID
	if r.examples[id] == nil {
		r.order = append(r.order, id)
	}
	r.examples[id] = append(r.examples[id], example{title, r.lasting(request.String()), r.lasting(response.String())})
	return a
}

// indented makes JSON readable, and leaves lines that are JSON each as they are.
func indented(body []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, body, "", "  ") != nil {
		return string(body)
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

var (
	anyID       = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	anyTime     = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	anyToken    = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`)
	anyKey      = regexp.MustCompile(`bx_live_[0-9A-Za-z]{4,49}`)
	anyHash     = regexp.MustCompile(`[0-9a-f]{64}`)
	anyRoot     = regexp.MustCompile(`[A-Za-z0-9+/]{43}=`)
	anyHex      = regexp.MustCompile(`("(?:keyPrefix|nonce|salt)": )"[0-9a-f]{32}"`)
	anySecond   = regexp.MustCompile(`("expiresAt": )\d+`)
	anyCode     = regexp.MustCompile(`("code": )"AQ[\w-]{130}"`)
	anyNote     = regexp.MustCompile(`(— boxoffice/audit(?:/[0-9a-f]{16})? )[A-Za-z0-9+/=]+`)
	anyOrigin   = regexp.MustCompile(`boxoffice/audit/[0-9a-f]{16}`)
	noAnchor    = regexp.MustCompile(`[^\p{L}\d _-]`)
	anyExpiry   = regexp.MustCompile(`Expires=[^;]+`)
	anyAge      = regexp.MustCompile(`Max-Age=[1-9]\d*;`)
	anyLink     = regexp.MustCompile(`("token": ")[A-Z2-7]{26,32}"`)
	anyFeed     = regexp.MustCompile(`/calendar/[A-Z2-7]{32}`)
	anyStamp    = regexp.MustCompile(`((?:DTSTAMP|LAST-MODIFIED):)\d{8}T\d{6}Z`)
	anyTag      = regexp.MustCompile(`(ETag: )"[\w-]{16}"`) // of a list; that of an event is its version
	anyNumber   = regexp.MustCompile(`Ticket number \w{4} \w{4} \w{4}`)
	anyProgress = regexp.MustCompile(`("name": "\w+",\s+"position": )\d+`) // of a read model
	anyDuration = regexp.MustCompile(`("(?:spanSeconds|seconds)": )[\d.e+-]+`)
)

// lasting makes the same what is different each time.
func (r *reference) lasting(text string) string {
	text = anyCode.ReplaceAllString(text, `${1}"AQGWILWibB9-M51EWlpsfY6eD3888bKk1eT2…"`)
	text = anyID.ReplaceAllStringFunc(text, func(id string) string {
		if r.ids[id] == "" {
			r.ids[id] = fmt.Sprintf("0196dd1c-7a00-7000-8000-%012d", len(r.ids)+1)
		}
		return r.ids[id]
	})
	text = anyTime.ReplaceAllStringFunc(text, func(s string) string {
		at, err := time.Parse(time.RFC3339Nano, s)
		must(r, err)
		if at.Equal(r.today) {
			return "2026-05-16T22:00:00Z"
		}
		if at.Before(r.started.Add(-time.Hour)) || at.After(r.started.Add(time.Hour)) {
			return s // one that the conversation chose
		}
		return "2026-05-17T12:00:00.123456Z"
	})
	text = anyToken.ReplaceAllString(text, "eyJhbGciOiJIUzI1NiIs…")
	text = anyKey.ReplaceAllStringFunc(text, func(key string) string { // not of the form that scanners look for
		if account.IsAPIKey(key) {
			return "bx_live_3fQzK1vT…"
		}
		return "bx_live_3fQz"
	})
	text = anyHash.ReplaceAllStringFunc(text, func(s string) string {
		if strings.Trim(s, "0") == "" { // before the first record of a stream
			return s
		}
		return "9b74c9897bac770ffc029102a200c5de…"
	})
	text = anyHex.ReplaceAllString(text, `${1}"c5de9b74c9897bac770ffc029102a200"`)
	text = anySecond.ReplaceAllString(text, "${1}1779019800")
	text = anyNote.ReplaceAllString(text, "${1}kJ3x…")
	text = anyRoot.ReplaceAllString(text, "m8DbjVZ4dHCsvE3eQjIh3O7yq1wQqN3tE8o0m4q7C1s=")
	text = anyOrigin.ReplaceAllString(text, "boxoffice/audit/9b74c9897bac770f")
	text = anyExpiry.ReplaceAllString(text, "Expires=Sun, 24 May 2026 12:00:00 GMT")
	text = anyAge.ReplaceAllString(text, "Max-Age=604800;")
	text = anyTag.ReplaceAllString(text, `${1}"LXX9wlQZGgDp-hot"`)
	text = anyLink.ReplaceAllString(text, `${1}ABCDEFGHIJKLMNOPQRSTUVWXYZ"`)
	text = anyFeed.ReplaceAllString(text, "/calendar/ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
	text = anyStamp.ReplaceAllString(text, "${1}20260517T120000Z")
	text = anyNumber.ReplaceAllString(text, "Ticket number 0000 0000 0000")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = anyProgress.ReplaceAllString(text, "${1}18")
	return anyDuration.ReplaceAllString(text, "${1}0.25")
}

func (r *reference) markdown() []byte {
	r.Helper()
	var out bytes.Buffer
	out.WriteString(strings.ReplaceAll(preface, "~", "`"))
	described := map[string]*openapi3.Operation{}
	route := map[string]string{}
	for at, operation := range contract.operations() {
		if r.examples[operation.OperationID] == nil {
			r.Errorf("%s is missing in the conversation of this test", operation.OperationID)
		}
		described[operation.OperationID], route[operation.OperationID] = operation, at.Method+" "+at.Path
	}
	out.WriteString("\n## Overview\n\n| request | for | what |\n| --- | --- | --- |\n")
	for _, tag := range contract.document.Tags {
		for _, id := range r.order {
			if o := described[id]; slices.Contains(o.Tags, tag.Name) {
				fmt.Fprintf(&out, "| `%s` | %s | [%s](#%s) |\n", route[id], audience(o), o.Summary, anchor(o.Summary))
			}
		}
	}
	for _, tag := range contract.document.Tags {
		fmt.Fprintf(&out, "\n## %s\n", tag.Description)
		for _, id := range r.order {
			if slices.Contains(described[id].Tags, tag.Name) {
				r.operation(&out, route[id], described[id])
			}
		}
	}
	return out.Bytes()
}

// audience is who may send a request, before the event or the booking is looked at.
func audience(o *openapi3.Operation) string {
	if roles, ok := o.Extensions["x-roles"].([]any); ok {
		return roles[0].(string) + "s"
	}
	if o.Security != nil && len(*o.Security) > 0 {
		return "signed-in users"
	}
	return "anyone"
}

// anchor is what a heading is linked by, as renderers of Markdown on the web agree.
func anchor(heading string) string {
	return strings.ReplaceAll(noAnchor.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

func (r *reference) operation(out *bytes.Buffer, route string, o *openapi3.Operation) {
	who := audience(o)
	if scope, ok := o.Extensions["x-scope"].(string); ok {
		who += ", and API keys with the scope `" + scope + "`"
	}
	fmt.Fprintf(out, "\n### %s\n\n`%s`, for %s.\n", o.Summary, route, who)
	if len(o.Parameters) > 0 {
		out.WriteString("\n| parameter | in | |\n| --- | --- | --- |\n")
		for _, parameter := range o.Parameters {
			p := parameter.Value
			schema := p.Schema.Value
			var about []string
			if p.Description != "" {
				about = append(about, p.Description)
			}
			if values := schema.Enum; len(values) > 0 {
				var all []string
				for _, v := range values {
					all = append(all, fmt.Sprintf("`%v`", v))
				}
				about = append(about, strings.Join(all, ", "))
			}
			if schema.Max != nil {
				about = append(about, fmt.Sprintf("at most %.0f", *schema.Max))
			}
			if schema.Default != nil {
				about = append(about, "otherwise `"+cmp.Or(fmt.Sprint(schema.Default), `""`)+"`")
			}
			fmt.Fprintf(out, "| `%s` | %s | %s |\n", p.Name, p.In, strings.Join(about, "; "))
		}
	}
	for i, e := range r.examples[o.OperationID] {
		if e.title != "" {
			fmt.Fprintf(out, "\n%s:\n", e.title)
		}
		if i == 0 || e.request != r.examples[o.OperationID][i-1].request {
			fmt.Fprintf(out, "\n```http\n%s\n```\n", strings.TrimRight(e.request, "\n"))
		}
		fmt.Fprintf(out, "\n```http\n%s\n```\n", strings.TrimRight(e.response, "\n"))
	}
	var errors []string
	for _, status := range statuses(o) {
		if status >= "400" {
			errors = append(errors, status)
		}
	}
	if len(errors) > 0 {
		fmt.Fprintf(out, "\nErrors: %s.\n", strings.Join(errors, ", "))
	}
}

// preface is the beginning of the document, with ~ for the backquotes.
const preface = `# API

<!-- Written by make docs, from what the API answers. Not to be changed by hand. -->

Every request of the API, with examples recorded from a running server; ids, times, tokens and hashes
are replaced. [api-guide.md](api-guide.md) is the place to begin. A running server
describes itself at http://localhost:3001/docs, and as OpenAPI at
http://localhost:3001/openapi.json (3.0: /openapi-3.0.json). The WebSocket at ~/ws~ is described in
[websocket.md](websocket.md), the audit in [audit.md](audit.md).

- Requests of a signed-in user carry the access token, valid for 15 minutes, as
  ~Authorization: Bearer <token>~. Programs send an API key in its place, which has scopes, and ends when it is
  revoked or expires: 403 ~insufficient_scope~ names the ~scope~ that it lacks, and 403 ~session_required~ says
  that no key will do. A key never allows more than the role of its user.
- Errors are problem documents (RFC 9457) with a stable ~code~ for programs. Any request may be answered
  with 400 ~validation_failed~, 401 ~invalid_token~ or ~token_expired~, 403 ~forbidden~, 408, 413 or 415 for
  a body that is late, too long or not JSON, 429 ~rate_limited~, 500 ~internal~, and 503 ~busy~ or
  ~unavailable~ with ~Retry-After~.
- After 503 ~outcome_unknown~ the request may or may not have taken effect. With an ~Idempotency-Key~ it
  can be repeated: within 24 hours the first answer is sent again, marked with ~Idempotency-Replayed~.
- ~Log-Position~ tells how much of the log an answer contains. A ~GET~ with ~Min-Log-Position~ waits up to
  two seconds until the read models contain that position.
- An access token from before a change of the password or the role, or from before sessions were ended, is
  401 ~invalid_token~ in every process within a second. The next pair has the new rights. An API key has them
  by itself; it goes on after a change of the password.
`
