//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// get asks with a Min-Log-Position, where one is given.
func (p *process) get(path, token, position string) (answer map[string]any, header http.Header) {
	p.Helper()
	r, err := http.NewRequest(http.MethodGet, p.api+path, nil)
	must(p, err)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Cache-Control", "no-cache")
	if position != "" {
		r.Header.Set("Min-Log-Position", position)
	}
	response, err := http.DefaultClient.Do(r)
	must(p, err)
	defer response.Body.Close() //nolint:errcheck // read to its end
	must(p, json.NewDecoder(response.Body).Decode(&answer))
	if response.StatusCode != http.StatusOK {
		p.Fatalf("GET %s: %d %v", path, response.StatusCode, answer)
	}
	return answer, response.Header
}

func TestReadsComeFromReplicas(t *testing.T) {
	t.Parallel()
	primary := dbtest.Primary(t)
	replica := dbtest.NewReplica(t, primary)
	p := serve(t, append(secretsFor(primary.URL()), "DATABASE_READ_URL="+replica.URL), "--seed")
	used := func() float64 {
		health, _ := p.get("/readyz", "", "")
		replicas, _ := health["replicas"].(map[string]any)
		if replicas["configured"] != 1.0 {
			t.Fatalf("%v", health)
		}
		return replicas["used"].(float64)
	}
	alice, organizer, auditor := p.login("alice"), p.login("organizer"), p.login("auditor")
	var event string
	p.waitFor("the seed at the replica", func() bool {
		list, _ := p.get("/events?search=limited+concert", alice, "")
		if events := list["data"].([]any); len(events) == 1 {
			event = events[0].(map[string]any)["id"].(string)
		}
		return used() == 1 && event != ""
	})
	remaining := func(position string) (any, http.Header) {
		answer, header := p.get("/events/"+event, alice, position)
		return answer["remainingTickets"], header
	}

	replica.Pause()
	status, header, told := p.ask("POST", "/book", alice, `{"eventId":"`+event+`"}`)
	if status != 201 {
		t.Fatalf("book: %d %+v", status, told)
	}
	position := header.Get("Log-Position")
	old, header := remaining("")
	if before, err := strconv.Atoi(header.Get("Log-Position")); err != nil || old != 2.0 ||
		strconv.Itoa(before) == position {
		t.Errorf("%v tickets remain as of %v, want what the paused replica has: it is not read from", old, header)
	}
	if now, header := remaining(position); now != 1.0 || header.Get("Log-Position") < position {
		t.Errorf("%v tickets remain as of %v, want what is so at position %s", now, header, position)
	}
	if mine, _ := p.get("/bookings", alice, position); len(mine["data"].([]any)) != 1 {
		t.Errorf("the booking is missing: %v", mine)
	}
	list, _ := p.get("/bookings", alice, "")
	if len(list["data"].([]any)) != 0 {
		t.Errorf("the list of bookings was not read from the replica: %v", list)
	}
	// Nobody is told that something does not exist because a replica is behind, and evidence is
	// never old.
	scheduled := p.post("/events", organizer, map[string]any{"title": "New", "venue": "Hall",
		"date": "2099-01-01T20:00:00Z", "totalTickets": 5, "price": 1})
	if answer, _ := p.get("/events/"+scheduled["id"].(string), alice, ""); answer["title"] != "New" {
		t.Errorf("a new event: %v", answer)
	}
	stream, _ := p.get("/audit/streams/"+event, auditor, "")
	if state := stream["state"].(map[string]any); state["remaining"] != 1.0 {
		t.Errorf("the audit shows %v", state)
	}
	mine, _ := p.get("/bookings", alice, position)
	id := mine["data"].([]any)[0].(map[string]any)["id"].(string)
	if status, _, told := p.ask("DELETE", "/bookings/"+id, alice, ""); status != 200 {
		t.Errorf("cancel a booking that the replica does not have: %d %+v", status, told)
	}

	p.waitFor("the paused replica to be left out", func() bool { return used() == 0 })
	if mine, _ := p.get("/bookings", alice, ""); len(mine["data"].([]any)) != 1 {
		t.Errorf("without a replica the primary answers, and did not: %v", mine)
	}
	replica.Resume()
	p.waitFor("the replica to be used again", func() bool { return used() == 1 })

	replica.Kill()
	began := time.Now()
	for left := false; !left; left = used() == 0 {
		remaining("") // fails with any other answer than 200
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it was left out after %s", took)
	}
	remaining("")
	replica.Start()
	p.waitFor("the replica to be used after it was gone", func() bool { return used() == 1 })
	if strings.Contains(p.err.String(), fmt.Sprint(primary.URL())) {
		t.Errorf("an address was logged: %s", p.err)
	}
}
