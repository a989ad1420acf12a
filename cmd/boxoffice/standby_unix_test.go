//go:build unix

package main

import (
	"testing"

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
	writes := map[string]struct{ method, path, token, body string }{
		"a registration": {"POST", "/auth/register", "", `{"email":"new@example.com","password":"passw0rd 1","name":"New"}`},
		"a sign-in":      {"POST", "/auth/login", "", `{"email":"carol@example.com","password":"password123"}`},
		"a rotation":     {"POST", "/auth/refresh", "", `{"refreshToken":"` + rotated + `"}`},
		"a sign-out":     {"POST", "/auth/logout", alice, `{"refreshToken":"` + ended + `"}`},
		"a deletion":     {"DELETE", "/auth/me", leaver, `{"password":"password123"}`},
		"a booking":      {"POST", "/book", alice, `{"eventId":"` + event + `"}`},
		"an event": {"POST", "/events", organizer,
			`{"title":"T","venue":"V","date":"2100-01-01T00:00:00Z","totalTickets":1,"price":1}`},
		"evidence, of which it is stored who saw it": {"GET", "/audit/records", auditor, ""},
	}
	thaw := standby.Freeze()
	answers := make(chan func(), len(writes))
	for name, w := range writes {
		go func() {
			status, header, problem := p.ask(w.method, w.path, w.token, w.body)
			answers <- func() {
				if status != 503 || header.Get("Retry-After") == "" {
					t.Errorf("%s: %d %+v, Retry-After %q", name, status, problem, header.Get("Retry-After"))
				}
			}
		}()
	}
	for range writes {
		(<-answers)()
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
