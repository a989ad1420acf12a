package main

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A prepared statement can't be used any more when a column that it returns has another type, as
// after a migration by the next version.
func TestATableThatChangesUnderLoadFailsNoRequest(t *testing.T) {
	t.Parallel()
	url := newSeededDatabase(t)
	p := serve(t, append(secretsFor(url), "RATE_LIMITS=off"))
	admin := administer(t, url)
	alice, organizer := p.login("alice"), p.login("organizer")
	event := p.limitedConcert(alice)
	requests := []struct{ method, path, token, body string }{
		{"GET", "/events", alice, ""},
		{"GET", "/events/" + event, alice, ""},
		{"GET", "/bookings", alice, ""},
		{"GET", "/auth/me", alice, ""},
		{"PATCH", "/events/" + event, organizer, `{"title":"Limited Concert"}`},
	}
	var stop atomic.Bool
	var answered atomic.Int64
	var all sync.WaitGroup
	for i := range 2 * len(requests) {
		all.Go(func() {
			for !stop.Load() {
				r := requests[i%len(requests)]
				status, _, problem := p.ask(r.method, r.path, r.token, r.body)
				if status != 200 && !t.Failed() {
					t.Errorf("%s %s: %d %+v", r.method, r.path, status, problem)
				}
				answered.Add(1)
			}
		})
	}
	for n, sql := range []string{
		`alter table events alter column title type varchar(500)`,
		`alter table users alter column name type varchar(500)`,
		`alter table bookings alter column status type varchar(500)`,
		`alter table events alter column title type text`,
		`alter table users alter column name type text`,
		`alter table bookings alter column status type text`,
	} {
		before := answered.Load() // every statement is prepared on some connections
		p.waitFor(fmt.Sprintf("answers before change %d", n), func() bool { return answered.Load() > before+100 })
		admin.do(sql)
	}
	before := answered.Load()
	p.waitFor("answers after the changes", func() bool { return answered.Load() > before+100 })
	stop.Store(true)
	all.Wait()
	if strings.Contains(p.err.String(), "request failed") {
		t.Error(p.err)
	}
}
