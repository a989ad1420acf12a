package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/audit"
)

const auditSecret = "a signing secret for tests, which is long enough"

// sale makes an event of three tickets that two people have booked and one of them has given back:
// four records.
func (s *system) sale() (event string, person uuid.UUID, booking string) {
	s.Helper()
	event, person = s.schedule(3), uuid.New()
	token := s.tokenOf(person, account.Customer)
	booking = s.want(s.call("POST", "/book", token, map[string]string{"eventId": event}), 201, "").at("booking",
		"id").(string)
	other := s.token(account.Customer)
	given := s.want(s.call("POST", "/book", other, map[string]string{"eventId": event}), 201, "").at("booking",
		"id").(string)
	s.want(s.call("DELETE", "/bookings/"+given, other, nil), 200, "")
	return event, person, booking
}

func TestParametersThatAreNoTextAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, _, _ := s.sale()
	for role, paths := range map[account.Role][]string{
		account.Customer: {"/events?search=%00", "/events?search=%ff", "/events?sortBy=%00", "/events?nothing=%ff"},
		account.Auditor: {
			"/audit/streams?search=%00", "/audit/streams?search=%ff", "/audit/streams?search=a%00b",
			"/audit/streams?search=a&search=%ff",
			"/audit/records?type=%00", "/audit/records?type=%c3%28", "/audit/records?actor=%00", "/audit/records?stream=%ff",
			"/audit/streams/" + event + "?at=%00", "/audit/streams/" + event + "/series?from=%ff", "/audit/export?format=%00",
			"/audit/export?since=%00", "/audit/reads?%ff=1", "/audit/checkpoints?after=%00",
		},
	} {
		for _, path := range paths {
			a := s.want(s.call("GET", path, s.token(role), nil), 400, "validation_failed")
			if !strings.Contains(string(a.raw), `"detail":"Use UTF-8 text without NUL characters."`) {
				t.Errorf("%s: %s", path, a.raw)
			}
		}
	}
	auditor := s.token(account.Auditor)
	for _, path := range []string{"/audit/streams/%00", "/audit/streams/%ff/diff?from=0&to=1", "/audit/records/%00/proof",
		"/events/%00"} {
		s.want(s.call("GET", path, auditor, nil), 400, "validation_failed")
	}
	s.want(s.call("GET", "/audit/streams?search=%C3%A9%E2%80%AE", auditor, nil), 200, "")

	// The bytes may come as they are, too, which no client of Go sends.
	for _, query := range []string{"search=\xff", "\xff=1", "a;b=\xff", "%zz=\xff"} {
		a := s.sendBytes("GET /audit/streams?" + query + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + auditor +
			"\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(a, "HTTP/1.1 400 ") {
			t.Errorf("%q: %s", query, a)
		}
	}
	for _, body := range []string{
		`{"email":"a\u0000@example.com","password":"passw0rd 123"}`,
		`{"email":"a@example.com","password":"password\u0000123"}`,
	} {
		s.want(s.call("POST", "/auth/login", "", body), 401, "invalid_credentials")
	}
	s.want(s.call("POST", "/auth/register", "", `{"email":"a\u0000@example.com","password":"passw0rd 123\u0000",`+
		`"name":"A\u0000B"}`), 400, "validation_failed")
	s.want(s.call("POST", "/auth/register", "", `{"email":"a@example.com","password":"passw0rd 123","name":"Ann"}`,
		"Idempotency-Key", "\xff"), 400, "validation_failed")
}

// sendBytes sends bytes as they are, and gives the answer.
func (s *system) sendBytes(request string) string {
	s.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	must(s, err)
	defer conn.Close() //nolint:errcheck // read to its end
	_, err = io.WriteString(conn, request)
	must(s, err)
	answer, err := io.ReadAll(conn)
	must(s, err)
	return string(answer)
}

func TestAuditorsReplayAStream(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, person, _ := s.sale()
	auditor := s.token(account.Auditor)
	get := func(path string) answer { s.Helper(); return s.want(s.call("GET", path, auditor, nil), 200, "") }

	a := get("/audit/streams/" + event)
	records := a.at("records").([]any)
	if a.at("version") != 4.0 || len(records) != 4 || a.at("state", "remaining") != 2.0 ||
		a.at("state", "title") != "Concert" || a.at("next") != nil {
		t.Errorf("got %s", a.raw)
	}
	third := answer{body: records[2].(map[string]any)}
	if third.at("state", "sold") != 2.0 || third.at("type") != "TicketBooked" || third.at("version") != 3.0 ||
		len(third.at("hash").(string)) != 64 {
		t.Errorf("got %v", third.body)
	}
	second := answer{body: records[1].(map[string]any)}
	if second.at("metadata", "actor") != person.String() {
		t.Errorf("got %v", second.body)
	}
	if a := get("/audit/streams/" + event + "?at=2"); a.at("state", "sold") != 1.0 || len(a.at("records").([]any)) != 2 ||
		a.at("version") != 4.0 {
		t.Errorf("got %s", a.raw)
	}
	at := url.QueryEscape(second.at("recordedAt").(string))
	if a := get("/audit/streams/" + event + "?at=" + at); a.at("state", "version") != 2.0 {
		t.Errorf("got %s", a.raw)
	}
	if a := get("/audit/streams/" + event + "?at=2001-01-01T00:00:00Z"); a.at("state", "status") != "NONE" ||
		len(a.at("records").([]any)) != 0 {
		t.Errorf("got %s", a.raw)
	}
	if a := get("/audit/streams/" + event + "?limit=3&after=0"); a.at("next") != 3.0 || len(a.at("records").([]any)) != 3 {
		t.Errorf("got %s", a.raw)
	}
	if a := get("/audit/streams/" + event + "?limit=3&after=3"); a.at("next") != nil || len(a.at("records").([]any)) != 1 {
		t.Errorf("got %s", a.raw)
	}
	if a := get("/audit/streams/" + event + "/diff?from=2&to=4"); a.at("from", "sold") != 1.0 ||
		a.at("to", "version") != 4.0 || len(a.at("booked").([]any)) != 1 || len(a.at("cancelled").([]any)) != 0 {
		t.Errorf("got %s", a.raw)
	}
	series := get("/audit/streams/" + event + "/series?spans=1")
	span := answer{body: series.at("spans").([]any)[0].(map[string]any)}
	if span.at("bookings") != 2.0 || span.at("cancellations") != 1.0 || span.at("remaining") != 2.0 ||
		series.at("busiest") != 0.0 {
		t.Errorf("got %s", series.raw)
	}
	for path, want := range map[string]struct {
		status int
		code   string
	}{
		"/audit/streams/" + uuid.NewString():                       {404, "stream_not_found"},
		"/audit/streams/" + uuid.NewString() + "/series":           {404, "stream_not_found"},
		"/audit/streams/" + event + "?at=yesterday":                {400, "validation_failed"},
		"/audit/streams/" + event + "?at=0":                        {400, "validation_failed"},
		"/audit/streams/" + event + "/diff?from=1":                 {400, "validation_failed"},
		"/audit/streams/" + uuid.NewString() + "/diff?from=1&to=2": {404, "stream_not_found"},
		"/audit/streams?limit=0":                                   {400, "validation_failed"},
		"/audit/records?actor=me":                                  {400, "validation_failed"},
		"/audit/records/0/proof":                                   {400, "validation_failed"},
		"/audit/checkpoints?limit=0":                               {400, "validation_failed"},
		"/audit/reads?after=-1":                                    {400, "validation_failed"},
		"/audit/export?format=xml":                                 {400, "validation_failed"},
		"/audit/verify":                                            {404, "not_verified"},
		"/audit/records/99/proof":                                  {404, "record_not_found"},
	} {
		s.want(s.call("GET", path, auditor, nil), want.status, want.code)
	}
}

func TestAuditorsSearchTheLogAndTheirOwnReadsAreNoted(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, person, _ := s.sale()
	s.schedule(5, "title", "A Night of Jazz")
	me := uuid.New()
	auditor := s.tokenOf(me, account.Auditor)
	get := func(path string) answer { s.Helper(); return s.want(s.call("GET", path, auditor, nil), 200, "") }
	if found := get("/audit/streams?search=jazz"); len(found.at("data").([]any)) != 1 {
		t.Errorf("got %s", found.raw)
	}
	list := get("/audit/streams?limit=1")
	first := answer{body: list.at("data").([]any)[0].(map[string]any)}
	if list.at("total") != 2.0 || get("/audit/streams?search=nothing").at("total") != 0.0 ||
		list.at("next") != 1.0 || first.at("id") != event || first.at("records") != 4.0 ||
		first.at("remaining") != 2.0 {
		t.Errorf("got %s", list.raw)
	}
	reads := 3 // each is a record too, and stands in the log before its answer
	for _, c := range []struct {
		query string
		want  int
	}{
		{"after=5&type=LogRead", 4}, {"type=TicketBooked", 2}, {"actor=" + person.String(), 1}, {"stream=" + event, 4},
		{"type=EventScheduled", 2}, {"type=Nothing", 0},
	} {
		reads++
		if a := get("/audit/records?" + c.query); len(a.at("records").([]any)) != c.want ||
			a.at("head") != float64(5+reads) {
			t.Errorf("%s: got %s", c.query, a.raw)
		}
	}
	s.want(s.call("GET", "/audit/verifications?limit=none", auditor, nil), 400, "validation_failed")
	s.want(s.call("POST", "/audit/verifications", auditor, map[string]string{"streamId": uuid.NewString()}), 404,
		"stream_not_found")
	if a := get("/audit/records?limit=2"); a.at("next") != 2.0 {
		t.Errorf("got %s", a.raw)
	}

	noted := get("/audit/reads?limit=1000").at("data").([]any)
	last := answer{body: noted[len(noted)-1].(map[string]any)}
	before := answer{body: noted[len(noted)-2].(map[string]any)}
	if last.at("operation") != "listReads" || before.at("target") != "/audit/records?limit=2" ||
		before.at("userId") != me.String() || before.at("requestId") == "" {
		t.Errorf("got %v and %v", before.body, last.body)
	}
	for _, role := range []account.Role{account.Customer, account.Organizer} {
		for _, path := range []string{"/audit/streams", "/audit/records", "/audit/checkpoints", "/audit/reads",
			"/audit/export", "/audit/verify", "/audit/verifications", "/audit/verifications/" + event,
			"/audit/streams/" + event, "/audit/records/1/proof"} {
			s.want(s.call("GET", path, s.token(role), nil), 403, "forbidden")
		}
		s.want(s.call("POST", "/audit/verify", s.token(role), nil), 403, "forbidden")
	}
	if n := len(get("/audit/reads?limit=1000").at("data").([]any)); n != len(noted)+1 {
		t.Errorf("%d reads, want %d: those that were refused are none", n, len(noted)+1)
	}
	// What can't be noted is not shown.
	_, err := s.pool.Exec(context.Background(), `alter table event_log add check (type <> 'LogRead') not valid`)
	must(t, err)
	if a := s.call("GET", "/audit/records", auditor, nil); a.status != 500 ||
		bytes.Contains(a.raw, []byte("TicketBooked")) {
		t.Errorf("got %d %s", a.status, a.raw)
	}
}

func TestAuditorsVerifyInTheBackground(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, _, _ := s.sale()
	auditor := s.token(account.Auditor)
	verify := func(body any) answer {
		t.Helper()
		s.want(s.call("POST", "/audit/verify", auditor, body), 202, "")
		var a answer
		eventually(t, "the verification has ended", func() bool {
			a = s.want(s.call("GET", "/audit/verify", auditor, nil), 200, "")
			return a.at("state") != "running"
		})
		return a
	}
	if a := verify(nil); a.at("state") != "passed" || a.at("report", "records") != 5.0 ||
		a.at("progress", "total") != 5.0 || a.at("finishedAt") == nil {
		t.Errorf("got %s", a.raw)
	}
	if a := verify(map[string]string{"streamId": event}); a.at("state") != "passed" || a.at("streamId") != event {
		t.Errorf("got %s", a.raw)
	}
	s.want(s.call("POST", "/audit/verify", auditor, map[string]string{"streamId": uuid.NewString()}), 404,
		"stream_not_found")
	s.tamper(`update event_log set data = '{}' where position = 3`)
	a := verify(nil)
	finding := answer{body: a.at("report", "findings").([]any)[0].(map[string]any)}
	if a.at("state") != "failed" || finding.at("check") != "hash" || finding.at("position") != 3.0 ||
		finding.at("streamId") != event {
		t.Errorf("got %s", a.raw)
	}
}

// tamper does what only a superuser can.
func (s *system) tamper(sql string) {
	s.Helper()
	err := pgx.BeginFunc(context.Background(), s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(context.Background(), `set local session_replication_role = replica; `+sql)
		return err
	})
	must(s, err)
}

func TestReceiptsAndProofsCanBeCheckedByAnybodyWithThePublicKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, person, booking := s.sale()
	auditor, customer := s.token(account.Auditor), s.tokenOf(person, account.Customer)
	list := func() answer {
		t.Helper()
		return s.want(s.call("GET", "/audit/checkpoints", auditor, nil), 200, "")
	}
	public := list().at("publicKey").(string)
	keys, err := audit.NewKeys("", public)
	must(t, err)
	check := func(raw []byte) audit.Receipt {
		t.Helper()
		var r audit.Receipt
		must(t, json.Unmarshal(raw, &r))
		if _, err := r.Verify(keys); err != nil {
			t.Errorf("%v: %s", err, raw)
		}
		return r
	}
	a := s.want(s.call("GET", "/bookings/"+booking+"/receipt", customer, nil), 200, "")
	var carried struct{ Receipt json.RawMessage }
	must(t, json.Unmarshal(a.raw, &carried))
	if r := check(carried.Receipt); r.Record.StreamID.String() != event || r.Record.Version != 2 ||
		!bytes.Contains(r.Record.Data, []byte(booking)) {
		t.Errorf("got %s", a.raw)
	}
	if got := a.header.Get("Content-Disposition"); !strings.Contains(got, booking) {
		t.Errorf("Content-Disposition is %q", got)
	}
	s.want(s.call("GET", "/bookings/"+booking+"/receipt", s.token(account.Customer), nil), 403, "not_booking_owner")
	s.want(s.call("GET", "/bookings/"+uuid.NewString()+"/receipt", customer, nil), 404, "booking_not_found")
	s.want(s.call("DELETE", "/bookings/"+booking, customer, nil), 200, "")
	a = s.want(s.call("GET", "/bookings/"+booking+"/receipt", customer, nil), 200, "")
	if a.at("receipt", "record", "type") != "BookingCancelled" || a.at("booking", "status") != "CANCELLED" {
		t.Errorf("got %s", a.raw)
	}
	for position := 1; position <= 5; position++ {
		check(s.want(s.call("GET", fmt.Sprintf("/audit/records/%d/proof", position), auditor, nil), 200, "").raw)
	}
	checkpoints := list()
	if n := len(checkpoints.at("data").([]any)); n != 2 {
		t.Errorf("%d checkpoints, want one for each receipt that was not covered: %s", n, checkpoints.raw)
	}
	s.tamper(`update event_log set data = '{}' where position = 3`)
	s.want(s.call("GET", "/audit/records/3/proof", auditor, nil), 500, "internal")
	if !strings.Contains(s.logs.String(), "is not what was signed") {
		t.Error("nothing was logged about it")
	}
}

func TestExportsAreStreamedAndVerify(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, _, _ := s.sale()
	s.schedule(7)
	auditor := s.token(account.Auditor)
	// one line is JSON
	if a := s.want(s.call("GET", "/audit/export?upTo=1", auditor, nil), 200, ""); a.at("position") != 1.0 {
		t.Errorf("got %s", a.raw)
	}
	for query, c := range map[string]struct {
		mediaType string
		records   int64
	}{
		"?upTo=5":                    {"application/jsonl", 5},
		"?format=cloudevents&upTo=5": {"application/cloudevents+jsonl", 5},
		"?stream=" + event:           {"application/jsonl", 4},
		"?after=1&upTo=3":            {"application/jsonl", 2},
		"?since=2999-01-01":          {"", 0},
		"?until=2001-01-01T00:00Z":   {"", 0},
	} {
		request, err := http.NewRequest(http.MethodGet, s.url+"/audit/export"+query, nil)
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+auditor)
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		defer response.Body.Close() //nolint:errcheck // read to its end
		if c.mediaType == "" {
			if response.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: got %s", query, response.Status)
			}
			continue
		}
		if got := response.Header.Get("Content-Type"); got != c.mediaType ||
			!strings.HasPrefix(response.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: got %q", query, got)
		}
		keys, err := audit.NewKeys(auditSecret)
		must(t, err)
		if r, err := audit.VerifyExport(response.Body, keys, ""); err != nil || !r.OK() || r.Records != c.records {
			t.Errorf("%s: got %+v, %v", query, r, err)
		}
	}
	s.tamper(`update event_log set recorded_at = 'infinity' where position = 1`) // which can't be read
	request, err := http.NewRequest(http.MethodGet, s.url+"/audit/export", nil)
	must(t, err)
	request.Header.Set("Authorization", "Bearer "+auditor)
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an export that broke off ended with %v", err)
	}
}

func TestPeopleEraseThemselvesAndTheHistoryStaysProvable(t *testing.T) {
	t.Parallel()
	s := start(t)
	ctx := context.Background()
	const email, name, password = "Wilhelmina.Quux@example.com", "Wilhelmina Quux", "securePassword123"
	a := s.want(s.call("POST", "/auth/register", "", map[string]string{"email": email, "password": password, "name": name},
		"Idempotency-Key", uuid.NewString()), 201, "")
	token, refresh, id := a.at("accessToken").(string), a.at("refreshToken").(string), a.at("user", "id").(string)
	event := s.schedule(3)
	s.want(s.call("POST", "/book", token, map[string]string{"eventId": event}, "Idempotency-Key", uuid.NewString()), 201,
		"")
	auditor := s.token(account.Auditor)
	s.want(s.call("GET", "/audit/records?actor="+id, auditor, nil), 200, "")
	before := s.want(s.call("GET", "/audit/records/2/proof", auditor, nil), 200, "")
	if found := s.occurrences(ctx, "quux"); len(found) == 0 {
		t.Fatal("the search finds nothing while there is something to find")
	}

	s.want(s.call("DELETE", "/auth/me", token, map[string]string{"password": "another password 1"}), 403, "wrong_password")
	s.want(s.call("DELETE", "/auth/me", "", map[string]string{"password": password}), 401, "invalid_token")
	s.want(s.call("DELETE", "/auth/me", token, map[string]string{}), 400, "validation_failed")
	gone := s.want(s.call("DELETE", "/auth/me", token, map[string]string{"password": password}), 204, "")
	if c := gone.header.Get("Set-Cookie"); !strings.Contains(c, "boxoffice_refresh=;") {
		t.Errorf("the cookie is not cleared: %q", c)
	}

	if found := s.occurrences(ctx, "quux"); len(found) > 0 {
		t.Errorf("still there: %v", found)
	}
	s.want(s.call("POST", "/auth/login", "", map[string]string{"email": email, "password": password}), 401,
		"invalid_credentials")
	s.want(s.call("POST", "/auth/refresh", "", map[string]string{"refreshToken": refresh}), 401, "invalid_token")
	// though it has not expired
	s.want(s.call("POST", "/book", token, map[string]string{"eventId": s.schedule(3)}), 401, "invalid_token")
	s.want(s.call("POST", "/auth/register", "", map[string]string{"email": email, "password": password,
		"name": "Another"}), 201, "")

	after := s.want(s.call("GET", "/audit/records/2/proof", auditor, nil), 200, "")
	if !bytes.Equal(before.raw, after.raw) {
		t.Error("the proof of the booking has changed")
	}
	report, err := audit.Verify(ctx, audit.VerifyOptions{Pool: s.pool})
	if err != nil || !report.OK() || report.Records != 7 || report.Streams != 3 { // three of them are reads
		t.Errorf("got %+v, %v", report, err)
	}
}

// occurrences lists the tables in which a word is found, in whatever case, and within bytes too.
func (s *system) occurrences(ctx context.Context, word string) (found []string) {
	s.Helper()
	rows, _ := s.pool.Query(ctx, `select table_name::text from information_schema.tables where table_schema = 'public' `+
		`and table_type = 'BASE TABLE'`)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(s, err)
	capital := strings.ToUpper(word[:1]) + word[1:]
	for _, table := range tables {
		var n int
		must(s, s.pool.QueryRow(ctx, `
			select count(*)
			from `+pgx.Identifier{table}.Sanitize()+` t
			where strpos(lower(t::text), $1) > 0
				or strpos(t::text, encode(convert_to($1, 'UTF8'), 'hex')) > 0
				or strpos(t::text, encode(convert_to($2, 'UTF8'), 'hex')) > 0`,
			word, capital).Scan(&n))
		if n > 0 {
			found = append(found, table)
		}
	}
	return found
}
