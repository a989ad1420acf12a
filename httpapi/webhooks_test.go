package httpapi_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/endpoint"
)

// organizerWithAccount is the token of an organizer who has one.
func (s *system) organizerWithAccount() string {
	s.Helper()
	id := uuid.New()
	_, err := s.pool.Exec(context.Background(), `
		insert into users (id, email, name, role, password_hash, created_at, updated_at)
		values ($1, $2, 'An Organizer', 'organizer', '', now(), now())`, id, id.String()+"@example.com")
	must(s, err)
	return s.tokenOf(id, account.Organizer)
}

func TestWebhooksAreManagedByTheirOwner(t *testing.T) {
	t.Parallel()
	s := start(t)
	owner, other := s.organizerWithAccount(), s.organizerWithAccount()
	made := s.want(s.call("POST", "/webhooks", owner, `{"url":"https://example.com/hook","types":["booking.confirmed"]}`),
		201, "")
	path := "/webhooks/" + made.at("id").(string)
	if secret := made.at("secret").(string); !strings.HasPrefix(secret, "whsec_") {
		t.Errorf("the secret is %q", secret)
	}
	shown := s.want(s.call("GET", path, owner, nil), 200, "")
	types := fmt.Sprint(shown.at("types"))
	if shown.at("secret") != nil || shown.at("status") != "active" || types != "[booking.confirmed]" {
		t.Errorf("shown: %s", shown.raw)
	}
	changed := s.want(s.call("PATCH", path, owner, `{"status":"paused","types":[],"url":"https://example.org/"}`), 200, "")
	types = fmt.Sprint(changed.at("types"))
	if changed.at("status") != "paused" || changed.at("url") != "https://example.org/" || types != "[]" {
		t.Errorf("changed: %s", changed.raw)
	}
	s.want(s.call("POST", path+"/test", owner, nil), 409, "webhook_not_active")
	s.want(s.call("PATCH", path, owner, `{"status":"active"}`), 200, "")
	rotated := s.want(s.call("POST", path+"/secret", owner, nil), 200, "")
	if rotated.at("secret") == made.at("secret") || rotated.at("oldSecretUntil") == nil {
		t.Errorf("rotated: %s", rotated.raw)
	}
	for _, r := range [][2]string{
		{"GET", path}, {"PATCH", path}, {"DELETE", path}, {"POST", path + "/secret"}, {"POST", path + "/test"},
		{"GET", path + "/deliveries"}, {"POST", path + "/deliveries/1/redeliver"},
	} {
		var body any
		if r[0] == "PATCH" {
			body = `{"status":"paused"}`
		}
		s.want(s.call(r[0], r[1], other, body), 404, "webhook_not_found")
	}
	if n := len(s.want(s.call("GET", "/webhooks", owner, nil), 200, "").at("data").([]any)); n != 1 {
		t.Errorf("the owner has %d webhooks", n)
	}
	s.want(s.call("DELETE", path, owner, nil), 204, "")
	s.want(s.call("GET", path, owner, nil), 404, "webhook_not_found")
}

func TestWebhooksThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	owner := s.organizerWithAccount()
	for body, pointer := range map[string]string{
		`{"url":"http://example.com/"}`:                               "/url",
		`{"url":"https://127.0.0.1/"}`:                                "/url",
		`{"url":"https://example.com/","types":["booking.exploded"]}`: "/types",
		`{"url":"https://example.com/","eventId":"not an id"}`:        "/eventId",
		`{"types":[]}`: "/url",
		`{"url":"https://` + strings.Repeat("x", 2000) + `.example.com/"}`:                                        "/url",
		`{"url":"https://example.com/","types":[` + strings.Repeat(`"event.changed",`, 100) + `"event.changed"]}`: "/types",
	} {
		a := s.want(s.call("POST", "/webhooks", owner, body), 400, "validation_failed")
		if got := fmt.Sprint(a.at("errors")); !strings.Contains(got, "pointer:"+pointer+"]") {
			t.Errorf("%.60s: %s", body, a.raw)
		}
	}
	event := func(id string) string { return `{"url":"https://example.com/","eventId":"` + id + `"}` }
	s.want(s.call("POST", "/webhooks", owner, event(uuid.NewString())), 404, "event_not_found")
	s.want(s.call("POST", "/webhooks", owner, event(s.schedule(1))), 403, "not_your_event")
	// Somebody whose account was erased, and whose access token is still valid.
	s.want(s.call("POST", "/webhooks", s.tokenOf(uuid.New(), account.Organizer), `{"url":"https://example.com/"}`), 404,
		"user_not_found")
	made := s.want(s.call("POST", "/webhooks", owner, `{"url":"https://example.com/"}`), 201, "").at("id").(string)
	s.want(s.call("PATCH", "/webhooks/"+made, owner, `{"url":"ftp://example.com/"}`), 400, "validation_failed")
	for range endpoint.MaxPerOwner - 1 {
		s.want(s.call("POST", "/webhooks", owner, `{"url":"https://example.com/"}`), 201, "")
	}
	s.want(s.call("POST", "/webhooks", owner, `{"url":"https://example.com/"}`), 409, "too_many_webhooks")
}

func TestDeliveriesAreListedInPagesAndSentAgain(t *testing.T) {
	t.Parallel()
	s := start(t)
	owner := s.organizerWithAccount()
	path := "/webhooks/" + s.want(s.call("POST", "/webhooks", owner, `{"url":"https://example.com/"}`), 201, "").
		at("id").(string)
	var sent []string
	for range 5 {
		a := s.want(s.call("POST", path+"/test", owner, nil), 202, "")
		sent = append([]string{a.at("messageId").(string)}, sent...)
	}
	var listed []string
	for cursor := ""; ; {
		page := s.want(s.call("GET", path+"/deliveries?limit=2&cursor="+cursor, owner, nil), 200, "")
		for _, d := range page.at("data").([]any) {
			listed = append(listed, d.(map[string]any)["messageId"].(string))
		}
		next, more := page.at("meta", "next").(string)
		if !more {
			break
		}
		cursor = next
	}
	if fmt.Sprint(listed) != fmt.Sprint(sent) {
		t.Errorf("listed %v, want %v", listed, sent)
	}
	s.want(s.call("GET", path+"/deliveries?cursor=nonsense", owner, nil), 400, "validation_failed")
	first := s.want(s.call("GET", path+"/deliveries", owner, nil), 200, "").at("data").([]any)[0].(map[string]any)
	again := fmt.Sprintf("%s/deliveries/%v/redeliver", path, first["id"])
	if a := s.want(s.call("POST", again, owner, nil), 202, ""); a.at("messageId") != sent[0] {
		t.Errorf("sent again: %s", a.raw)
	}
	s.want(s.call("POST", path+"/deliveries/999999/redeliver", owner, nil), 404, "delivery_not_found")
	s.want(s.call("PATCH", path, owner, `{"status":"paused"}`), 200, "")
	s.want(s.call("POST", again, owner, nil), 409, "webhook_not_active")
}
