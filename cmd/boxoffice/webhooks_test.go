package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/boxoffice/boxoffice/internal/mailtest"
)

// An organizer adds a webhook, somebody books, and the receiver then wants no more.
func TestOrganizersGetWebhooks(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var bodies []string
	var headers []http.Header
	code := http.StatusNoContent
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		bodies, headers = append(bodies, string(body)), append(headers, r.Header)
		w.WriteHeader(code)
	}))
	t.Cleanup(receiver.Close)
	mails := mailtest.Start(t)
	env := append(secretsFor(newSeededDatabase(t)), "WEBHOOK_ALLOW_PRIVATE=true", "SMTP_URL="+mails.URL(),
		"MAIL_FROM=Boxoffice <tickets@example.com>")
	p := serve(t, env, "--seed")
	sign := func(email string) string {
		return p.post("/auth/login", "", map[string]any{"email": email, "password": "password123"})["accessToken"].(string)
	}
	organizer, alice := sign("organizer@example.com"), sign("alice@example.com")
	made := p.post("/webhooks", organizer, map[string]any{"url": receiver.URL, "types": []string{"booking.confirmed"}})
	got := func(n int) string {
		t.Helper()
		p.waitFor("a delivery", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(bodies) >= n
		})
		mu.Lock()
		defer mu.Unlock()
		return bodies[n-1]
	}
	p.post("/webhooks/"+made["id"].(string)+"/test", organizer, nil)
	if body := got(1); !strings.Contains(body, `"type":"webhook.test"`) {
		t.Errorf("the test is %s", body)
	}
	event := p.limitedConcert(alice)
	p.post("/book", alice, map[string]any{"eventId": event})
	body := got(2)
	official, err := standardwebhooks.NewWebhook(made["secret"].(string))
	must(t, err)
	err = official.Verify([]byte(body), headers[1])
	if err != nil || !strings.Contains(body, `"type":"booking.confirmed"`) {
		t.Errorf("%v: %s", err, body)
	}
	mu.Lock()
	code = http.StatusGone
	mu.Unlock()
	p.post("/book", sign("bob@example.com"), map[string]any{"eventId": event})
	p.waitFor("a mail to the owner", func() bool {
		for _, m := range mails.Mails() {
			if m.To == "organizer@example.com" && m.Subject() == "A webhook was switched off" {
				return strings.Contains(m.Text, receiver.URL)
			}
		}
		return false
	})
	if text := p.err.String(); strings.Contains(text, strings.TrimPrefix(made["secret"].(string), "whsec_")) {
		t.Errorf("the log has the secret:\n%s", text)
	}
	out, err := command(env, "reactors", "status").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "\nwebhooks ") {
		t.Errorf("%v\n%s", err, out)
	}
}
