package httpapi_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

// The tables of the log and the read models, as a dump has them.
var dumped = []string{
	"event_log", "log_head", "projection_checkpoints", "applied_ranges", "parked_records", "events", "bookings",
}

// dump keeps the database as it is at one time; restore brings it back, below the running server.
func (s *system) dump() {
	s.Helper()
	tables := ""
	for _, table := range dumped {
		tables += `create table dump.` + table + ` as table ` + table + `; `
	}
	s.exec(`begin isolation level repeatable read; create schema dump; ` + tables + ` commit`)
}

func (s *system) restore() {
	s.Helper()
	tables := ""
	for _, table := range dumped {
		var columns string // but those that PostgreSQL computes
		must(s, s.pool.QueryRow(context.Background(), `
			select string_agg(quote_ident(attname), ', ')
			from pg_attribute
			where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`, table).Scan(&columns))
		tables += `delete from ` + table + `; insert into ` + table + ` (` + columns + `) select ` + columns +
			` from dump.` + table + `; `
	}
	s.exec(`begin; set local session_replication_role = replica; ` + tables + ` commit`)
}

// wantAfterReset reads until, after a reset, an event has a number.
func (c *client) wantAfterReset(event string, remaining int) frame {
	c.Helper()
	for isReset := false; ; {
		f, err := c.next()
		must(c, err)
		switch {
		case f.Type == "reset":
			isReset = true
		case isReset && f.Type == "event" && f.EventID == event && f.RemainingTickets == remaining:
			return f
		}
	}
}

func TestClientsAreToldOfARestore(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes() // the system's own process projects
	event, other := s.schedule(50), s.schedule(50)
	s.book(event)
	s.dump()
	for range 5 {
		s.book(event)
	}
	all, _ := p.join()
	one, _ := p.join("events", []string{event})
	last := s.book(event)
	one.wantEvent(event, 43)
	all.wantEvent(event, 43)

	s.restore()
	for _, c := range []*client{all, one} {
		if f := c.wantAfterReset(event, 49); f.Version != 2 || f.Position >= last {
			t.Errorf("after the restore came %+v", f)
		}
	}
	// A position of the history that is gone is no place to go on from.
	late, ready := p.join("after", last)
	if f := late.want("reset"); f.Position >= last || ready.Position >= last {
		t.Errorf("got %+v and %+v", ready, f)
	}
	s.book(other)
	for _, c := range []*client{all, late} {
		c.wantEvent(other, 49)
	}
	s.book(event)
	if f := one.wantEvent(event, 48); f.Version != 3 {
		t.Errorf("got %+v", f)
	}
	a := s.call("GET", "/events/"+event, s.token(account.Customer), nil)
	if a.at("remainingTickets") != 48.0 {
		t.Errorf("got %s", a.raw)
	}
}

// The positions are the same as before, and the records are others.
func TestClientsAreToldOfARestoreThatIsOverwritten(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, other := s.schedule(50), s.schedule(50)
	p := s.pushes()
	s.dump()
	c, _ := p.join()
	s.book(event)
	c.wantEvent(event, 49)
	s.exec(stopProjecting)
	s.restore()
	s.appendBooking(other, uuid.New())
	s.exec(`update projection_checkpoints set lease_until = null`)
	if f := c.wantAfterReset(other, 49); f.Version != 2 {
		t.Errorf("got %+v", f)
	}
}

func TestAPositionBeyondTheEndOfTheLogIsAnsweredByAReset(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes()
	event := s.schedule(5)
	at := s.book(event)
	c, ready := p.join("after", at+1000)
	if f := c.want("reset"); f.Position > at || ready.Position > at {
		t.Errorf("got %+v and %+v", ready, f)
	}
	s.book(event)
	c.wantEvent(event, 3)
	c.say("type", "subscribe", "events", []string{event}, "after", 1<<62)
	c.want("reset")
}
