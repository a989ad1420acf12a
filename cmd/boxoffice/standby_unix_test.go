//go:build unix

package main

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// Whatever is confirmed to somebody must not be lost with the primary. While the synchronous standby
// does not answer, nothing is confirmed.
func TestNothingIsConfirmedThatTheSynchronousStandbyLacks(t *testing.T) {
	t.Parallel()
	primary := dbtest.Primary(t)
	standby := dbtest.NewReplica(t, primary)
	p := serve(t, secretsFor(primary.URL()), "--seed")
	standby.MakeSynchronous(primary)
	signIn := func(who string) (access, refresh string) {
		session := p.post("/auth/login", "", map[string]string{"email": who + "@example.com", "password": "password123"})
		access, _ = session["accessToken"].(string)
		refresh, _ = session["refreshToken"].(string)
		return access, refresh
	}
	alice, rotated := signIn("alice")
	_, ended := signIn("alice")
	leaver, _ := signIn("bob")
	organizer, _ := signIn("organizer")
	auditor, _ := signIn("auditor")
	event := p.limitedConcert(alice)
	hooks := make([]string, 4)
	for i := range hooks {
		hook := map[string]string{"url": "https://receiver.invalid/"}
		hooks[i], _ = p.post("/webhooks", organizer, hook)["id"].(string)
	}
	changed, secret := "/webhooks/"+hooks[0], "/webhooks/"+hooks[1]+"/secret"
	deleted, tested := "/webhooks/"+hooks[2], "/webhooks/"+hooks[3]
	failed := failedDelivery(t, primary.URL(), hooks[3])
	writes := map[string]struct{ method, path, token, body string }{
		"a registration": {"POST", "/auth/register", "", `{"email":"new@example.com","password":"passw0rd 1","name":"New"}`},
		"a sign-in":      {"POST", "/auth/login", "", `{"email":"carol@example.com","password":"password123"}`},
		"a rotation":     {"POST", "/auth/refresh", "", `{"refreshToken":"` + rotated + `"}`},
		"a sign-out":     {"POST", "/auth/logout", alice, `{"refreshToken":"` + ended + `"}`},
		"a deletion":     {"DELETE", "/auth/me", leaver, `{"password":"password123"}`},
		"a booking":      {"POST", "/book", alice, `{"eventId":"` + event + `"}`},
		"an event": {"POST", "/events", organizer,
			`{"title":"T","venue":"V","date":"2100-01-01T00:00:00Z","totalTickets":1,"price":1}`},
		"a picture":                   {"POST", "/images", organizer, smallPicture(t)},
		"a webhook":                   {"POST", "/webhooks", organizer, `{"url":"https://receiver.invalid/"}`},
		"a change of a webhook":       {"PATCH", changed, organizer, `{"status":"paused"}`},
		"a new secret of a webhook":   {"POST", secret, organizer, ""},
		"the deletion of a webhook":   {"DELETE", deleted, organizer, ""},
		"a test of a webhook":         {"POST", tested + "/test", organizer, ""},
		"a delivery that is repeated": {"POST", tested + "/deliveries/" + failed + "/redeliver", organizer, ""},
		"an API key": {"POST", "/auth/keys", alice,
			`{"name":"Key","scopes":["read"],"password":"password123"}`},
		"a calendar":     {"POST", "/calendar", alice, `{"kind":"bookings"}`},
		"a verification": {"POST", "/audit/verifications", auditor, "{}"},
		"evidence, of which it is stored who saw it": {"GET", "/audit/records", auditor, ""},
	}
	thaw := standby.Freeze()
	type answer struct {
		name  string
		check func()
	}
	answers := make(chan answer, len(writes))
	for name, w := range writes {
		go func() {
			status, header, problem := p.ask(w.method, w.path, w.token, w.body)
			answers <- answer{name, func() {
				if status != 503 || header.Get("Retry-After") == "" {
					t.Errorf("%s: %d %+v, Retry-After %q", name, status, problem, header.Get("Retry-After"))
				}
			}}
		}()
	}
	waiting, timeout := maps.Clone(writes), time.After(patient)
	for len(waiting) > 0 {
		select {
		case a := <-answers:
			delete(waiting, a.name)
			a.check()
		case <-timeout:
			t.Fatalf("no answer to %q", slices.Sorted(maps.Keys(waiting)))
		}
	}
	thaw()
	p.waitFor("a sign-in", func() bool {
		status, _, _ := p.ask("POST", "/auth/login", "", writes["a sign-in"].body)
		return status == 200
	})
	p.waitFor("the booking", func() bool {
		status, _, problem := p.ask("POST", "/book", alice, writes["a booking"].body)
		return status == 201 || problem.Code == "already_booked"
	})
}

func smallPicture(t *testing.T) string {
	t.Helper()
	var file bytes.Buffer
	must(t, png.Encode(&file, image.NewGray(image.Rect(0, 0, 400, 300))))
	return file.String()
}

// failedDelivery adds one to a webhook, and returns its id.
func failedDelivery(t *testing.T, url, hook string) (id string) {
	t.Helper()
	must(t, dbtest.Connect(t, url).QueryRow(context.Background(), `
		insert into webhook_deliveries (endpoint_id, message_id, type, payload, status, created_at)
		values ($1, 'before', 'event.changed', '{}', 'failed', now())
		returning id::text`, hook).Scan(&id))
	return id
}
