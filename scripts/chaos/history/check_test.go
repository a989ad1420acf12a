package history_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/scripts/chaos/history"
)

// story is a history that is clean until somebody spoils it: an event with two tickets; Ann books
// with a key and hears nothing, comes again and is told; Bob books; Cid is too late; Ann is refused
// a second ticket; Bob cancels; Cid books after all; Bob wants one again, in vain.
type story struct {
	event         uuid.UUID
	ann, bob, cid uuid.UUID
	requests      []history.Request
	final         history.Final
}

func id(text string) uuid.UUID { return uuid.NewSHA1(uuid.Nil, []byte(text)) }

func at(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

// The places of the requests and records of the story.
const (
	annLost = iota
	annAgain
	bobBooks
	cidSoldOut
	annTwice
	bobLists
	bobCancels
	cidBooks
	bobSoldOut
	annBadToken
	annUnavailable
	annEnds
)

func tell() *story {
	s := &story{event: id("event"), ann: id("ann"), bob: id("bob"), cid: id("cid")}
	ask := func(
		name string, kind history.Kind, who uuid.UUID, from, to float64, outcome history.Outcome, code string,
	) *history.Request {
		s.requests = append(s.requests, history.Request{
			ID: name, Kind: kind, Customer: who, Event: s.event, Invoked: at(from),
			Answered: at(to), Outcome: outcome, Code: code,
		})
		return &s.requests[len(s.requests)-1]
	}
	book, cancel := history.Book, history.Cancel
	ask("r0", book, s.ann, 1, 2, history.Unknown, "").Key = "ann's"
	q := ask("r1", book, s.ann, 3, 4, history.Done, "")
	q.Key, q.Answer = "ann's", history.Answer{Booking: id("a"), Version: 2, Remaining: 1, Position: 2, Replayed: true}
	ask("r2", book, s.bob, 5, 6, history.Done, "").Answer =
		history.Answer{Booking: id("b"), Version: 3, Remaining: 0, Position: 3}
	ask("r3", book, s.cid, 7, 8, history.Refused, history.SoldOut)
	ask("r4", book, s.ann, 9, 10, history.Refused, history.AlreadyBooked)
	q = ask("r5", history.List, s.bob, 11, 12, history.Done, "")
	q.Least, q.Answer = 3, history.Answer{Listed: []uuid.UUID{id("b")}}
	q = ask("r6", cancel, s.bob, 13, 14, history.Done, "")
	q.Booking, q.Answer = id("b"), history.Answer{Booking: id("b"), Version: 4, Remaining: 1, Position: 4}
	ask("r7", book, s.cid, 15, 16, history.Done, "").Answer =
		history.Answer{Booking: id("c"), Version: 5, Remaining: 0, Position: 5}
	ask("r8", book, s.bob, 17, 18, history.Refused, history.SoldOut)
	ask("r9", book, s.ann, 19, 20, history.Refused, history.TokenExpired).BadToken = true
	ask("r10", book, s.ann, 21, 22, history.NotDone, "unavailable")
	ask("r11", book, s.ann, 23, 24, history.Refused, history.AlreadyBooked)

	s.final = history.Final{
		Head: 5,
		Log: []history.Record{
			{Position: 1, Event: s.event, Version: 1, Request: "setup", Change: history.Scheduled, Capacity: 2},
			{Position: 2, Event: s.event, Version: 2, Request: "r0", Change: history.Booked, Booking: id("a"), Customer: s.ann},
			{Position: 3, Event: s.event, Version: 3, Request: "r2", Change: history.Booked, Booking: id("b"), Customer: s.bob},
			{
				Position: 4, Event: s.event, Version: 4, Request: "r6", Change: history.Cancelled,
				Booking: id("b"), Customer: s.bob,
			},
			{Position: 5, Event: s.event, Version: 5, Request: "r7", Change: history.Booked, Booking: id("c"), Customer: s.cid},
		},
		Events: map[uuid.UUID]history.EventRow{s.event: {Remaining: 0, Version: 5}},
		Bookings: map[uuid.UUID]history.BookingRow{
			id("a"): {Event: s.event, Customer: s.ann},
			id("b"): {Event: s.event, Customer: s.bob, Cancelled: true},
			id("c"): {Event: s.event, Customer: s.cid},
		},
		Keys: []history.KeyRow{{Customer: s.ann, Event: s.event, Key: "ann's", Version: 2}},
	}
	return s
}

// add appends a record, as if nothing else had changed.
func (s *story) add(r history.Record) {
	r.Event = s.event
	r.Position, r.Version = int64(len(s.final.Log))+1, len(s.final.Log)+1
	s.final.Log = append(s.final.Log, r)
	s.final.Head++
}

func (s *story) drop(position int) { // and everything after it
	s.final.Log = s.final.Log[:position-1]
	s.final.Head = int64(position - 1)
}

func TestACleanHistoryPasses(t *testing.T) {
	t.Parallel()
	for name, vary := range map[string]func(*story){
		"as told": func(*story) {},
		"sold out is said while the last ticket is being booked": func(s *story) {
			s.requests[cidSoldOut].Invoked, s.requests[cidSoldOut].Answered = at(4.5), at(5.5)
		},
		"sold out is said while a ticket is being given back": func(s *story) {
			s.requests[cidSoldOut].Invoked, s.requests[cidSoldOut].Answered = at(13.5), at(14.5)
		},
		"a cancellation whose answer was lost": func(s *story) { s.requests[bobCancels].Outcome = history.Unknown },
		"a booking that may have taken effect and did not": func(s *story) {
			q := s.requests[annLost]
			q.ID, q.Key = "r12", "another"
			s.requests = append(s.requests, q)
		},
		"a list that says that it lags": func(s *story) {
			s.requests[bobLists].Answer = history.Answer{Lagging: true}
			s.requests[bobCancels].Outcome = history.Unknown
		},
		"a list that says that it lags, with what was cancelled": func(s *story) {
			s.requests[bobLists].Least, s.requests[bobLists].Answer.Lagging = 4, true
		},
		"a booking is not found by somebody who can't know of it yet": func(s *story) {
			q := s.requests[bobCancels]
			q.ID, q.Invoked, q.Answered, q.Outcome, q.Code = "r12", at(5.5), at(5.6), history.Refused, history.BookingNotFound
			s.requests = append(s.requests, q)
		},
		"what came after a dump is lost by intent": func(s *story) {
			s.drop(5)
			s.final.Events[s.event] = history.EventRow{Remaining: 1, Version: 4}
			delete(s.final.Bookings, id("c"))
			s.requests = s.requests[:cidBooks+1] // and nobody wants a ticket any more
			s.requests = slices.Delete(s.requests, cidSoldOut, cidSoldOut+1)
			s.final.Restores = []history.Span{{From: at(14.5), To: at(17)}}
			s.requests[len(s.requests)-1].Kind, s.requests[len(s.requests)-1].Booking = history.Cancel, id("c")
			s.requests = append(s.requests, history.Request{
				ID: "r12", Kind: history.Cancel, Customer: s.cid, Event: s.event, Booking: id("c"),
				Invoked: at(18), Answered: at(19), Outcome: history.Refused, Code: history.BookingNotFound,
			})
		},
		"a list is asked to contain positions of before a restore": func(s *story) {
			q := s.requests[bobLists]
			q.ID, q.Invoked, q.Answered, q.Least = "r12", at(12.1), at(12.2), 5 // bob's cancellation is at 4
			s.requests = append(s.requests, q)
			s.final.Restores = []history.Span{{From: at(10.2), To: at(10.4)}}
		},
		"unavailable is said while something is broken": func(s *story) {
			s.final.Calm = []history.Span{{From: at(21.5), To: at(30)}}
		},
		"a booking that was asked for before the standby froze": func(s *story) {
			s.final.Frozen = []history.Span{{From: at(15.5), To: at(16.5)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tell()
			vary(s)
			for _, v := range history.Check(s.requests, s.final) {
				t.Error(v)
			}
		})
	}
}

func TestPlantedViolationsAreFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule  string
		plant func(*story)
	}{
		"a booking that was confirmed is not in the log": {history.Lost, func(s *story) { s.drop(5) }},
		"a booking that was confirmed is somebody else's": {history.Lost, func(s *story) {
			s.requests[cidBooks].Answer.Booking = id("a")
		}},
		"a cancellation that was confirmed is not in the log": {history.Lost, func(s *story) { s.drop(4) }},
		"a booking that nobody asked for": {history.Unasked, func(s *story) {
			s.final.Log[4].Request = "nobody"
		}},
		"a booking for another than who asked": {history.Unasked, func(s *story) {
			s.final.Log[4].Customer = id("eve")
		}},
		"a booking after sold out was said": {history.Unasked, func(s *story) {
			s.final.Log[4].Request = "r3"
		}},
		"a booking after unavailable was said": {history.Unasked, func(s *story) {
			s.requests[annAgain].Outcome, s.requests[annLost].Outcome = history.Unknown, history.NotDone
		}},
		"a booking by a token that is not valid": {history.Unasked, func(s *story) {
			s.final.Log[1].Request = "r9"
		}},
		"a cancellation that nobody asked for": {history.Unasked, func(s *story) {
			s.final.Log[3].Request = "nobody"
		}},
		"a cancellation after a refusal": {history.Unasked, func(s *story) {
			s.requests[bobCancels].Outcome, s.requests[bobCancels].Code = history.Refused, history.BookingNotFound
		}},
		"a cancellation of what was not booked": {history.Unasked, func(s *story) {
			s.final.Log[3].Booking = id("x")
		}},
		"a cancellation of another's booking": {history.Unasked, func(s *story) {
			s.final.Log[3].Booking = id("a")
		}},
		"a record that was committed before it was asked for": {history.Unasked, func(s *story) {
			s.requests[annLost].Invoked = at(5.5)
			s.requests[annAgain].Answered = at(5.4)
			s.requests[annLost].Outcome, s.requests[annLost].Answer = history.Done, s.requests[annAgain].Answer
			s.requests[annLost].Answered = at(5.4)
		}},
		"a second booking of one customer": {history.Twice, func(s *story) { s.final.Log[4].Customer = s.ann }},
		"a booking twice in the log": {history.Twice, func(s *story) {
			s.final.Log[4].Booking = id("a")
		}},
		"a cancellation twice in the log": {history.Twice, func(s *story) { s.add(s.final.Log[3]) }},
		"one request books two tickets":   {history.Twice, func(s *story) { s.final.Log[2].Request = "r0" }},
		"another booking than the answer says": {history.Twice, func(s *story) {
			s.requests[bobBooks].Answer.Booking = id("c")
		}},
		"a key books twice": {history.Twice, func(s *story) {
			s.requests[bobBooks].Key, s.requests[bobBooks].Customer = "ann's", s.ann
			s.final.Log[2].Customer = s.ann
		}},
		"a key is answered with another booking": {history.KeyBroken, func(s *story) {
			s.requests[annAgain].Key = "ann's other"
		}},
		"a repetition without a key": {history.KeyBroken, func(s *story) {
			s.requests[bobBooks].Answer.Replayed = true
		}},
		"a key that had booked is refused": {history.KeyBroken, func(s *story) {
			s.requests[annTwice].Key = "ann's"
		}},
		"a key is not stored": {history.KeyBroken, func(s *story) { s.final.Keys = nil }},
		"a key is stored with another version": {history.KeyBroken, func(s *story) {
			s.final.Keys[0].Version = 3
		}},
		"a key is stored that booked nothing": {history.KeyBroken, func(s *story) {
			s.final.Keys = append(s.final.Keys, history.KeyRow{Key: "x"})
		}},
		"sold out is said before it is": {history.FalseRefusal, func(s *story) {
			s.requests[cidSoldOut].Invoked, s.requests[cidSoldOut].Answered = at(3.5), at(4.5)
		}},
		"sold out is said when it no longer is": {history.FalseRefusal, func(s *story) {
			s.requests[cidSoldOut].Invoked, s.requests[cidSoldOut].Answered = at(14.2), at(14.8)
		}},
		"already booked is said to somebody who has not": {history.FalseRefusal, func(s *story) {
			s.requests[annTwice].Customer = s.cid
		}},
		"already booked is said after the cancellation": {history.FalseRefusal, func(s *story) {
			s.requests[annTwice].Customer, s.requests[annTwice].Invoked, s.requests[annTwice].Answered = s.bob, at(14.5), at(15)
		}},
		"too many bookings is said to somebody with one": {history.FalseRefusal, func(s *story) {
			s.requests[annTwice].Code = history.TooManyBookings
		}},
		"a customer books for ever": {history.Twice, func(s *story) {
			for i := range 20 {
				b := id(strconv.Itoa(i))
				s.add(history.Record{Change: history.Booked, Booking: b, Customer: s.bob})
				s.add(history.Record{Change: history.Cancelled, Booking: b, Customer: s.bob})
			}
		}},
		"a booking that was confirmed is not found": {history.FalseRefusal, func(s *story) {
			q := s.requests[bobCancels]
			q.ID, q.Invoked, q.Answered, q.Outcome, q.Code = "r12", at(6.5), at(6.6), history.Refused, history.BookingNotFound
			s.requests = append(s.requests, q)
		}},
		"a refusal for a reason that is not known": {history.FalseRefusal, func(s *story) {
			s.requests[cidSoldOut].Code = "event_past"
		}},
		"more tickets than there are": {history.Oversold, func(s *story) {
			s.requests[cidSoldOut].Outcome = history.Done
			s.requests[cidSoldOut].Answer = history.Answer{Booking: id("c"), Version: 4}
			s.final.Log[3] = history.Record{
				Position: 4, Event: s.event, Version: 4, Request: "r3",
				Change: history.Booked, Booking: id("c"), Customer: s.cid,
			}
			s.drop(5)
		}},
		"tickets are left, and customers too": {history.Undersold, func(s *story) { s.final.Log[0].Capacity = 3 }},
		"a wrong number of tickets": {history.Remaining, func(s *story) {
			s.requests[bobBooks].Answer.Remaining = 1
		}},
		"a version that there is not": {history.Remaining, func(s *story) {
			s.requests[cidBooks].Answer.Version = 6
		}},
		"a booking without a position": {history.Early, func(s *story) {
			s.requests[bobBooks].Answer.Position = 0
		}},
		"a version before the booking": {history.Early, func(s *story) {
			s.requests[cidBooks].Answer.Version, s.requests[cidBooks].Answer.Remaining = 4, 1
		}},
		"a cancellation at the position of the booking": {history.Early, func(s *story) {
			s.requests[bobCancels].Answer.Position = 3
		}},
		"the read model lacks a booking": {history.ReadModel, func(s *story) {
			delete(s.final.Bookings, id("a"))
		}},
		"the read model has a booking cancelled": {history.ReadModel, func(s *story) {
			s.final.Bookings[id("a")] = history.BookingRow{Event: s.event, Customer: s.ann, Cancelled: true}
		}},
		"the read model has a booking of its own": {history.ReadModel, func(s *story) {
			s.final.Bookings[id("x")] = history.BookingRow{}
		}},
		"the read model has an event of its own": {history.ReadModel, func(s *story) {
			s.final.Events[id("x")] = history.EventRow{}
		}},
		"the read model has too many tickets": {history.ReadModel, func(s *story) {
			s.final.Events[s.event] = history.EventRow{Remaining: 1, Version: 5}
		}},
		"the read model is behind": {history.ReadModel, func(s *story) {
			s.final.Events[s.event] = history.EventRow{Version: 4}
		}},
		"a list has another's booking": {history.ReadModel, func(s *story) {
			s.requests[bobLists].Answer.Listed = []uuid.UUID{id("a")}
		}},
		"a list has what was cancelled by then": {history.StaleRead, func(s *story) {
			s.requests[bobLists].Least = 4
		}},
		"a list lacks what it must contain": {history.StaleRead, func(s *story) {
			s.requests[bobLists].Customer, s.requests[bobLists].Answer.Listed = s.ann, nil
		}},
		"nobody was told in the end": {history.Unanswered, func(s *story) {
			s.requests[annEnds].Outcome = history.NotDone
		}},
		"an answer that should not be": {history.StrangeReply, func(s *story) {
			s.requests[annUnavailable].Outcome = history.Strange
		}},
		"an expired token is believed": {history.StrangeReply, func(s *story) {
			s.requests[annBadToken].Outcome = history.Done
		}},
		"a booking from before a dump is lost": {history.Lost, func(s *story) {
			s.drop(5)
			s.final.Restores = []history.Span{{From: at(16.5), To: at(17)}}
		}},
		"oversold after a restore": {history.Oversold, func(s *story) {
			s.final.Restores = []history.Span{{From: at(4.5), To: at(16.5)}}
			s.final.Log[3] = history.Record{Change: history.Booked, Booking: id("c"), Customer: s.cid, Event: s.event,
				Position: 4, Version: 4, Request: "r7"}
		}},
		"a booking is confirmed while the standby is frozen": {history.Unreplicated, func(s *story) {
			s.final.Frozen = []history.Span{{From: at(14.5), To: at(16.5)}}
		}},
		"a booking is unavailable while all is well": {history.Needless, func(s *story) {
			s.final.Calm = []history.Span{{From: at(20.5), To: at(22.5)}}
		}},
		"the head is ahead of the log": {history.Gap, func(s *story) { s.final.Head++ }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tell()
			c.plant(s)
			found := history.Check(s.requests, s.final)
			if !slices.ContainsFunc(found, func(v history.Violation) bool { return v.Rule == c.rule }) {
				t.Errorf("want %q, got %v", c.rule, found)
			}
		})
	}
}

// written are records as the log has them.
func written(t *testing.T) []eventstore.Record {
	t.Helper()
	var records []eventstore.Record
	var hash eventstore.Hash
	for i, d := range []domain.Record{
		domain.EventScheduled{Capacity: 2}, domain.TicketBooked{BookingID: id("a"), CustomerID: id("ann")},
		domain.BookingCancelled{BookingID: id("a"), CustomerID: id("ann")}, domain.EventCancelled{},
	} {
		name, schema, data, err := domain.Codec{}.Encode(d)
		if err != nil {
			t.Fatal(err)
		}
		r := eventstore.Record{
			Position: int64(i) + 1, StreamID: id("event"), Version: i + 1, Type: name, SchemaVersion: schema, Data: data,
			Metadata: []byte(`{"correlationId":"r` + string(rune('0'+i)) + `"}`), RecordedAt: time.Unix(int64(i), 0).UTC(),
		}
		r.Hash = r.Sum(hash)
		hash = r.Hash
		records = append(records, r)
	}
	return records
}

func TestALogIsRead(t *testing.T) {
	t.Parallel()
	got, violations := history.ReadLog(written(t))
	want := []history.Record{
		{Position: 1, Event: id("event"), Version: 1, Request: "r0", Change: history.Scheduled, Capacity: 2},
		{
			Position: 2, Event: id("event"), Version: 2, Request: "r1", Change: history.Booked,
			Booking: id("a"), Customer: id("ann"),
		},
		{
			Position: 3, Event: id("event"), Version: 3, Request: "r2", Change: history.Cancelled,
			Booking: id("a"), Customer: id("ann"),
		},
		{Position: 4, Event: id("event"), Version: 4, Request: "r3", Change: history.Other},
	}
	for i := range got {
		if at := time.Unix(int64(i), 0).UTC(); got[i].Fact == nil || !got[i].At.Equal(at) {
			t.Errorf("position %d: got %v at %v, want a fact at %v", i+1, got[i].Fact, got[i].At, at)
		}
		got[i].Fact, got[i].At = nil, time.Time{} // a fact can't be compared
	}
	if len(violations) > 0 || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, violations)
	}
}

func TestADamagedLogIsFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule  string
		plant func([]eventstore.Record) []eventstore.Record
	}{
		"a missing record": {history.Gap, func(r []eventstore.Record) []eventstore.Record {
			return slices.Delete(r, 1, 2)
		}},
		"a position twice": {history.Gap, func(r []eventstore.Record) []eventstore.Record {
			r[2].Position = 2
			return r
		}},
		"a version twice": {history.Gap, func(r []eventstore.Record) []eventstore.Record {
			r[2].Version = 2
			return r
		}},
		"changed data": {history.Chain, func(r []eventstore.Record) []eventstore.Record {
			r[0].Data = []byte(strings.Replace(string(r[0].Data), "2", "9", 1))
			return r
		}},
		"changed metadata": {history.Chain, func(r []eventstore.Record) []eventstore.Record {
			r[1].Metadata = []byte(`{"actor":"x"}`)
			return r
		}},
		"a changed hash": {history.Chain, func(r []eventstore.Record) []eventstore.Record {
			r[3].Hash[0] ^= 1
			return r
		}},
		"an unknown record": {history.Chain, func(r []eventstore.Record) []eventstore.Record {
			r[3].Type = "Unknown"
			return r
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, found := history.ReadLog(c.plant(written(t)))
			if !slices.ContainsFunc(found, func(v history.Violation) bool { return v.Rule == c.rule }) {
				t.Errorf("want %q, got %v", c.rule, found)
			}
		})
	}
}
