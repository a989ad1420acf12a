package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/boxoffice/boxoffice/httpapi"
)

func documentOfTheAPI(t *testing.T) []byte {
	t.Helper()
	text, err := httpapi.Document("test", "3.1")
	must(t, err)
	return text
}

// Controls that contract finds answers that are not as described.
func TestTheContractFindsWrongAnswers(t *testing.T) {
	t.Parallel()
	var d described
	must(t, d.read(documentOfTheAPI(t)))
	d.document.Paths.Value("/events/{id}").Get.Responses.Value("200").Value.Headers["ETag"].Value.Required = true
	const (
		event = `{"id":"0e0e0e0e-0000-4000-8000-000000000001","title":"T","description":"","category":"",` +
			`"date":"2100-01-01T00:00:00Z","endsAt":null,"timeZone":"Europe/Lisbon","venue":"V","organizerName":"",` +
			`"image":null,"totalTickets":1,"remainingTickets":1,"price":1.5,"currency":"EUR","requireProofOfWork":false,` +
			`"status":"SCHEDULED","version":1,"ticketTypes":[],"maxPerCustomer":1}`
		me = `{"id":"0e0e0e0e-0000-4000-8000-000000000001","email":"ann@example.com","name":"Ann","role":"customer",` +
			`"emailVerified":true}`
		lost      = `{"type":"about:blank","title":"Not Found","status":404,"detail":"Gone","code":"event_not_found"}`
		eventPath = "/events/0e0e0e0e-0000-4000-8000-000000000001"
	)
	type reply struct {
		method, path string
		status       int
		contentType  string
		header       map[string]string
		body         string
	}
	valid := map[string]reply{
		"event": {"GET", eventPath, 200, "application/json", map[string]string{"ETag": `"1"`, "Log-Position": "1"}, event},
		"head":  {"HEAD", eventPath, 200, "application/json", map[string]string{"ETag": `"1"`}, ""},
		"me":    {"GET", "/auth/me", 200, "application/json", nil, me},
		"lost":  {"GET", eventPath, 404, "application/problem+json", nil, lost},
		"gone":  {"GET", "/nowhere", 404, "application/problem+json", nil, lost},
	}
	compare := func(r reply) error {
		response := &http.Response{StatusCode: r.status, Header: http.Header{}}
		response.Header.Set("Content-Type", r.contentType)
		for name, value := range r.header {
			response.Header.Set(name, value)
		}
		return d.compare(httptest.NewRequest(r.method, r.path, nil), response, []byte(r.body))
	}
	for name, r := range valid {
		if err := compare(r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}

	replace := func(old, with string) func(*reply) {
		return func(r *reply) {
			if !strings.Contains(r.body, old) {
				t.Errorf("there is no %s in %s", old, r.body)
			}
			r.body = strings.Replace(r.body, old, with, 1)
		}
	}
	for _, c := range []struct {
		of, what, want string
		change         func(*reply)
	}{
		{"event", "a date-time with a day that does not exist", "date-time", replace(`2100-01-01T`, `2100-02-30T`)},
		{"event", "a date-time without a zone", "date-time", replace(`00:00:00Z`, `00:00:00`)},
		{"event", "a date-time or null that is neither", "date-time", replace(`"endsAt":null`, `"endsAt":"soon"`)},
		{"event", "a uuid that is too short", "uuid", replace(`-000000000001`, `-1`)},
		{"event", "a value outside of the enum", "/status", replace(`SCHEDULED`, `scheduled`)},
		{"event", "no required property", "missing property 'venue'", replace(`"venue":"V",`, ``)},
		{"event", "a property that is not described", "additional properties 'surplus'", replace(`{`, `{"surplus":1,`)},
		{"event", "null where it is not allowed", "got null, want string", replace(`"title":"T"`, `"title":null`)},
		{"event", "a string for a number", "got string, want integer", replace(`"version":1`, `"version":"1"`)},
		{"event", "a fraction for an integer", "/version", replace(`"version":1`, `"version":1.5`)},
		{"event", "an int64 that is too large", "int64", replace(`"version":1`, `"version":9223372036854775808`)},
		{"event", "a number below the minimum", "minimum", replace(`1.5`, `-1`)},
		{"event", "a mistake in an item of a list, behind a reference", "/ticketTypes/0",
			replace(`"ticketTypes":[]`, `"ticketTypes":[{}]`)},
		{"me", "an address without a host", "email", replace(`ann@example.com`, `ann`)},
		{"event", "no body", "read JSON", func(r *reply) { r.body = "" }},
		{"event", "broken JSON", "read JSON", replace(`{`, `{{`)},
		{"event", "more than one JSON value", "read JSON", func(r *reply) { r.body += "{}" }},
		{"event", "another content type", "content type", func(r *reply) { r.contentType = "text/plain" }},
		{"event", "no content type", "content type", func(r *reply) { r.contentType = "" }},
		{"lost", "a problem that is only JSON", "content type", func(r *reply) { r.contentType = "application/json" }},
		{"event", "a header that is no number", "header Log-Position", func(r *reply) { r.header["Log-Position"] = "soon" }},
		{"event", "a header below the minimum", "header Log-Position", func(r *reply) { r.header["Log-Position"] = "-1" }},
		{"event", "no required header", "header ETag is missing", func(r *reply) { delete(r.header, "ETag") }},
		{"event", "a status that is not described", "status 418", func(r *reply) { r.status = 418 }},
		{"event", "a method that is not described", "not documented", func(r *reply) { r.method = "PUT" }},
		{"event", "an address that is not described", "not documented", func(r *reply) { r.path = "/nowhere" }},
	} {
		r := valid[c.of]
		r.header = map[string]string{}
		for name, value := range valid[c.of].header {
			r.header[name] = value
		}
		c.change(&r)
		if err := compare(r); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.what, err, c.want)
		}
	}
	if err := d.complete(); err == nil || strings.Contains(err.Error(), "GET /events/{id} 200") ||
		!strings.Contains(err.Error(), "GET /events/{id} 304") {
		t.Errorf("only some answers were seen, but the contract says: %v", err)
	}
}

// Controls that documents with mistakes are found, by the options of
// TestTheDescriptionOfTheAPIIsServed.
func TestADocumentThatIsNotOpenAPIIsFound(t *testing.T) {
	t.Parallel()
	text := documentOfTheAPI(t)
	must(t, validateDocument(text))
	for what, change := range map[string][2]string{
		"a parameter in a wrong place":        {`"in":"query"`, `"in":"body"`},
		"no title":                            {`"title":"Boxoffice",`, ``},
		"a reference into nothing":            {`#/components/schemas/Event"`, `#/components/schemas/Nothing"`},
		"a type that does not exist":          {`"type":"boolean"`, `"type":"bool"`},
		"a keyword with a typing error":       {`"minItems"`, `"minItem"`},
		"an operation's name twice":           {`"operationId":"login"`, `"operationId":"logout"`},
		"a path parameter that is not listed": {`"/events/{id}":`, `"/events/{other}":`},
	} {
		changed := bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(changed, text) || !json.Valid(changed) {
			t.Errorf("%s: the change did not work", what)
		} else if validateDocument(changed) == nil {
			t.Errorf("%s was not found", what)
		}
	}
}

// validateDocument tells what is not OpenAPI in a document. Keywords that JSON Schema does not know
// are allowed there; patternDescription is what huma tells people whose value does not match.
func validateDocument(text []byte) error {
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return err
	}
	return document.Validate(context.Background(), openapi3.AllowExtraSiblingFields("patternDescription"))
}
