package history_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/scripts/chaos/history"
)

// claims is a history of an event with two tickets, one of them a box: ann holds and confirms the seat
// twice and cancels it, bob holds the box and lets it lapse, cid waits for it and confirms the offer,
// dan waits for a seat, is offered ann's, and declines.
type claims struct {
	event    uuid.UUID
	requests []history.Request
	final    history.Final
}

var (
	seat = domain.Lines{{Type: 1, Quantity: 1}}
	box  = domain.Lines{{Type: 2, Quantity: 1}}
)

func tellClaims() *claims {
	c := &claims{event: id("typed")}
	ann, bob, cid, dan := id("ann"), id("bob"), id("cid"), id("dan")
	moment := func(s float64) time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(at(s)) }
	record := func(request string, from float64, fact domain.Record) {
		n := len(c.final.Log) + 1
		c.final.Log = append(c.final.Log, history.Record{
			Position: int64(n), Event: c.event, Version: n, Request: request, Change: history.Other, At: moment(from),
			Fact: fact,
		})
	}
	ask := func(name string, kind history.Kind, who uuid.UUID, from float64, about string, lines domain.Lines) {
		q := history.Request{
			ID: name, Kind: kind, Customer: who, Event: c.event, Lines: lines, Invoked: at(from), Answered: at(from + 0.5),
			Outcome: history.Done, Answer: history.Answer{Booking: id(about)},
		}
		if kind == history.Confirm || kind == history.Cancel || kind == history.Release {
			q.Booking = id(about)
		}
		c.requests = append(c.requests, q)
	}
	record("setup", 0, domain.EventScheduled{Capacity: 2, Details: domain.Details{TicketTypes: []domain.TicketType{
		{ID: 1, Name: "Seat"}, {ID: 2, Name: "Box", Capacity: 1},
	}}})
	ask("q1", history.Hold, ann, 1, "a", seat)
	record("q1", 1, domain.TicketsHeld{HoldID: id("a"), CustomerID: ann, Lines: seat, ExpiresAt: moment(9)})
	ask("q2", history.Hold, bob, 2, "b", box)
	record("q2", 2, domain.TicketsHeld{HoldID: id("b"), CustomerID: bob, Lines: box, ExpiresAt: moment(6)})
	ask("q3", history.Hold, cid, 3, "", box)
	c.requests[2].Outcome, c.requests[2].Code = history.Refused, history.SoldOut
	ask("q4", history.Join, cid, 3.5, "c", box)
	record("q4", 3.5, domain.WaitlistJoined{EntryID: id("c"), CustomerID: cid, Lines: box})
	ask("q5", history.Confirm, ann, 4, "a", nil)
	record("q5", 4, domain.HoldConfirmed{HoldID: id("a"), CustomerID: ann, Lines: seat})
	ask("q6", history.Confirm, ann, 5, "a", nil)
	record("timer", 7, domain.HoldLapsed{HoldID: id("b"), CustomerID: bob, Lines: box})
	record("timer", 7, domain.TicketsOffered{EntryID: id("c"), CustomerID: cid, Lines: box, ExpiresAt: moment(12)})
	ask("q7", history.Confirm, cid, 8, "c", nil)
	record("q7", 8, domain.HoldConfirmed{HoldID: id("c"), CustomerID: cid, Lines: box, Offered: true})
	ask("q8", history.Join, dan, 9, "d", seat)
	record("q8", 9, domain.WaitlistJoined{EntryID: id("d"), CustomerID: dan, Lines: seat})
	ask("q9", history.Cancel, ann, 10, "a", nil)
	record("q9", 10, domain.BookingCancelled{BookingID: id("a"), CustomerID: ann, Lines: seat})
	record("q9", 10, domain.TicketsOffered{EntryID: id("d"), CustomerID: dan, Lines: seat, ExpiresAt: moment(15)})
	ask("q10", history.Release, dan, 11, "d", nil)
	record("q10", 11, domain.OfferDeclined{EntryID: id("d"), CustomerID: dan, Lines: seat})
	c.final.Head = int64(len(c.final.Log))
	c.final.Events = map[uuid.UUID]history.EventRow{c.event: {Remaining: 1, Version: len(c.final.Log)}}
	c.final.Bookings = map[uuid.UUID]history.BookingRow{
		id("a"): {Event: c.event, Customer: ann, Cancelled: true}, id("c"): {Event: c.event, Customer: cid},
	}
	return c
}

// without drops a record, as if it had never been.
func (c *claims) without(position int) {
	c.final.Log = slices.Delete(c.final.Log, position-1, position)
	for i := range c.final.Log {
		c.final.Log[i].Position, c.final.Log[i].Version = int64(i)+1, i+1
	}
	c.final.Head--
}

func TestACleanHistoryOfClaimsPasses(t *testing.T) {
	t.Parallel()
	c := tellClaims()
	for _, v := range history.Check(c.requests, c.final) {
		t.Error(v)
	}
}

func TestPlantedViolationsOfClaimsAreFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule  string
		plant func(*claims)
	}{
		"more tickets than the event has": {history.Oversold, func(c *claims) {
			c.final.Log[0].Fact = domain.EventScheduled{Capacity: 1, Details: domain.Details{
				TicketTypes: []domain.TicketType{{ID: 1}, {ID: 2}},
			}}
		}},
		"more tickets than the type has": {history.Oversold, func(c *claims) {
			held := c.final.Log[1].Fact.(domain.TicketsHeld)
			held.Lines = box
			c.final.Log[1].Fact = held
		}},
		"a confirmed hold is no booking":  {history.Lost, func(c *claims) { c.without(5) }},
		"a hold is not in the log":        {history.Lost, func(c *claims) { c.requests[0].Answer.Booking = id("x") }},
		"a confirmation makes another id": {history.Twice, func(c *claims) { c.requests[5].Answer.Booking = id("c") }},
		"a hold is confirmed twice": {history.Twice, func(c *claims) {
			c.final.Log[7].Fact = domain.HoldConfirmed{HoldID: id("a"), CustomerID: id("ann"), Lines: seat}
		}},
		"a lapse gives back twice": {history.Twice, func(c *claims) {
			again := c.final.Log[5]
			again.Position, again.Version = c.final.Head+1, int(c.final.Head)+1
			c.final.Log = append(c.final.Log, again)
			c.final.Head++
		}},
		"a lapse before its time": {history.EarlyLapse, func(c *claims) {
			c.final.Log[5].At = c.final.Log[3].At
		}},
		"a hold that does not lapse":       {history.Unlapsed, func(c *claims) { c.without(12) }},
		"a freed ticket is not offered":    {history.PassedOver, func(c *claims) { c.without(11) }},
		"nobody waits for what is offered": {history.PassedOver, func(c *claims) { c.without(4) }},
		"somebody else gets the ticket": {history.PassedOver, func(c *claims) {
			c.final.Log[6].Fact = domain.TicketsHeld{HoldID: id("e"), CustomerID: id("bob"), Lines: box}
		}},
		"sold out is said before it is": {history.FalseRefusal, func(c *claims) {
			c.requests[2].Invoked, c.requests[2].Answered = at(1.6), at(1.8)
		}},
		"a booking is refused as lapsed": {history.FalseRefusal, func(c *claims) {
			c.requests[6].Outcome, c.requests[6].Code = history.Unknown, ""
			q := c.requests[6]
			q.ID, q.Outcome, q.Code, q.Invoked, q.Answered = "q11", history.Refused, "hold_lapsed", at(9.6), at(9.7)
			c.requests = append(c.requests, q)
		}},
		"a release is not in the log":  {history.Lost, func(c *claims) { c.without(12) }},
		"a hold that nobody asked for": {history.Unasked, func(c *claims) { c.final.Log[1].Request = "nobody" }},
		"a hold after a refusal": {history.Unasked, func(c *claims) {
			c.requests[1].Outcome, c.requests[1].Code = history.Refused, history.SoldOut
		}},
		"the read model has too many tickets": {history.ReadModel, func(c *claims) {
			c.final.Events[c.event] = history.EventRow{Remaining: 2, Version: len(c.final.Log)}
		}},
		"the read model lacks a booking": {history.ReadModel, func(c *claims) { delete(c.final.Bookings, id("c")) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tellClaims()
			c.plant(s)
			found := history.Check(s.requests, s.final)
			if !slices.ContainsFunc(found, func(v history.Violation) bool { return v.Rule == c.rule }) {
				t.Errorf("want %q, got %v", c.rule, found)
			}
		})
	}
}
