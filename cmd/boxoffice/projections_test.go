package main

import (
	"context"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestReadModelsAreLookedAfterBesideARunningServer(t *testing.T) {
	t.Parallel()
	dir := "DATA_DIR=" + filepath.Join(t.TempDir(), "data")
	tool := func(args ...string) (string, error) {
		out, err := command([]string{dir}, append([]string{"projections"}, args...)...).CombinedOutput()
		return string(out), err
	}
	want := func(pattern string, args ...string) {
		t.Helper()
		for deadline := time.Now().Add(patient); ; {
			out, err := tool(args...)
			if err == nil && regexp.MustCompile(pattern).MatchString(out) {
				return
			}
			// A retry or rebuild takes the lease, and the server takes it back a little later.
			if args[0] != "status" || time.Now().After(deadline) {
				t.Errorf("projections %s: %v, want %q:\n%s", strings.Join(args, " "), err, pattern, out)
				return
			}
		}
	}
	p := serve(t, []string{dir})
	token := p.login("alice")
	event := p.limitedConcert(token)
	p.post("/book", token, map[string]any{"eventId": event})

	want(`(?m)^events +\d+ +0 +0 +0 +\S.*process \d+$`, "status")
	want(`(?m)^bookings +\d+ +0 +0 +0 +\S.*process \d+$`, "status")
	want(`events: \d+ records applied up to position \d+, 0 range\(s\) differ(.|\n)*bookings: \d+ records`, "verify")
	want(`events: \d+ records, \d+ rows, 0 parked stream\(s\); compared, no differences\nloaded in .* records/s\), in `+
		`place after`, "rebuild", "events")
	want(`bookings: \d+ records, \d+ rows, 0 parked stream\(s\); compared, no differences`, "rebuild", "bookings")
	want(`bookings: 0 parked stream\(s\), 0 record\(s\) applied, 0 stream\(s\) parked still`, "retry", "bookings")

	// The server goes on with what was put in place.
	if booked := p.post("/book", p.login("bob"), map[string]any{"eventId": event}); booked["booking"] == nil {
		t.Errorf("not booked: %v", booked)
	}
	if left := p.do("GET", "/events/"+event, token, nil)["remainingTickets"]; left != 0.0 {
		t.Errorf("%v tickets remain after both were booked", left)
	}

	url, err := command([]string{dir}, "database", "url").Output()
	must(t, err)
	pool := dbtest.Connect(t, strings.TrimSpace(string(url)))
	exec := func(sql string) {
		t.Helper()
		_, err := pool.Exec(context.Background(), sql)
		must(t, err)
	}
	fails := func(pattern string, args ...string) {
		t.Helper()
		if out, err := tool(args...); err == nil || !regexp.MustCompile(pattern).MatchString(out) {
			t.Errorf("projections %s: %v, want an error and %q:\n%s", strings.Join(args, " "), err, pattern, out)
		}
	}
	exec(`update events set remaining = 77 where title like 'Limited%'`)
	fails(`1 row\(s\) differ(.|\n)*in use: .*,77,(.|\n)*rebuilt: .*,0,`, "rebuild", "events")
	want(`1 row\(s\) differed, and were replaced`, "rebuild", "events", "--accept-differences")
	exec(`update applied_ranges set records = records - 1 where projection = 'events'`)
	fails(`positions 1 to \d+: \d+ records were applied, and the log has \d+`, "verify", "events")
	exec(`insert into parked_records (projection, stream_id, version, position, reason, correlation_id) select 'events',` +
		` stream_id, version, position, 'planted', 'that request' from event_log where position = 2`)
	want(`(?m)^events .* 1 +\S+.*process(.|\n)*position 2, request that request(.|\n)*planted`, "status")
	fails(`there is no projection "users"`, "rebuild", "users")
}

// One process serves the API, others keep the read models up to date, and people find their own
// writes.
func TestAPIAndProjectionsCanBeProcessesOfTheirOwn(t *testing.T) {
	t.Parallel()
	env := []string{"DATABASE_URL=" + newSeededDatabase(t), "JWT_ACCESS_SECRET=an access secret for tests",
		"JWT_REFRESH_SECRET=a refresh secret for tests", "BOOKING_DELAY=0s"}
	api := serve(t, env, "--seed", "--projections=false")
	projecting := serve(t, env)
	token := api.login("alice")
	var events []any
	for _, title := range []string{"One", "Another"} {
		events = append(events, api.post("/events", api.login("organizer"), map[string]any{"title": title, "venue": "Hall",
			"date": "2099-01-01T20:00:00Z", "totalTickets": 5, "price": 1})["id"])
	}
	book := func(n int) (position string) {
		t.Helper()
		request, err := http.NewRequest(http.MethodPost, api.api+"/book",
			strings.NewReader(`{"eventId":"`+events[n].(string)+`"}`))
		must(t, err)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		defer response.Body.Close() //nolint:errcheck // read to its end
		if response.StatusCode != http.StatusCreated {
			t.Fatalf("booking was answered with %s", response.Status)
		}
		return response.Header.Get("Log-Position")
	}
	bookings := func(position string) (n int, header http.Header) {
		t.Helper()
		request, err := http.NewRequest(http.MethodGet, api.api+"/bookings", nil)
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Min-Log-Position", position)
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		defer response.Body.Close() //nolint:errcheck // read to its end
		return len(api.do("GET", "/bookings", token, nil)["data"].([]any)), response.Header
	}
	had, _ := bookings("0")
	if n, header := bookings(book(0)); n != had+1 || header.Get("Read-Model-Lag") != "" {
		t.Errorf("%d bookings after the first: %v", n, header)
	}

	// Without anybody who projects, answers are late and say so.
	if err := projecting.stop(syscall.SIGKILL); err == nil {
		t.Fatal("the program ended well though it was killed")
	}
	position := book(1)
	if n, header := bookings(position); n != had+1 || header.Get("Read-Model-Lag") == "" {
		t.Errorf("%d bookings while nobody projects: %v", n, header)
	}
	serve(t, env)
	deadline := time.Now().Add(patient)
	for {
		n, header := bookings(position)
		if n == had+2 && header.Get("Read-Model-Lag") == "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d bookings after another process has started: %v", n, header)
		}
	}
}
