package history

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// The rules.
const (
	Gap          = "the log has a gap"
	Chain        = "the log is damaged"
	Lost         = "what was answered is not in the log"
	Unasked      = "a record that nobody may have asked for"
	Twice        = "done twice"
	KeyBroken    = "an Idempotency-Key was not kept"
	FalseRefusal = "refused for a reason that was not there"
	Oversold     = "oversold"
	Undersold    = "undersold"
	Remaining    = "the answer has a wrong number of tickets"
	ReadModel    = "the read model differs from the log"
	Early        = "an answer names a moment before its own effect"
	StaleRead    = "a read lacks what it was asked to contain"
	Unanswered   = "a request without an answer"
	StrangeReply = "an answer that should not be"
	Unreplicated = "confirmed while the synchronous standby received nothing"
	PassedOver   = "somebody on the waiting list was passed over"
	EarlyLapse   = "a hold lapsed before its time"
	Unlapsed     = "a lapse was not recorded"
	Needless     = "unavailable while nothing was broken"
)

// Check holds the requests against each other and against what the system holds in the end. Clean
// histories give nothing.
func Check(requests []Request, final Final) []Violation {
	requests = excuse(requests, final.Restores)
	c := &checker{
		requests: requests, final: final,
		byID: map[string]*Request{}, streams: map[uuid.UUID]*stream{},
		booked: map[uuid.UUID]*Record{}, cancelled: map[uuid.UUID]*Record{},
		byKey: map[key]*Record{}, byPair: map[pair][]*Record{}, caused: map[string]int64{},
		sales: map[uuid.UUID]*sale{},
	}
	for i := range requests {
		c.byID[requests[i].ID] = &requests[i]
	}
	c.follow()
	c.bound()
	for i := range requests {
		c.judge(&requests[i])
	}
	c.keys()
	c.demand()
	c.readModels()
	for event, s := range c.sales {
		c.endOfSale(event, s)
	}
	c.spans()
	return c.violations
}

// excuse turns the requests that a restore may have undone into such as may have taken effect or
// not.
func excuse(requests []Request, restores []Span) []Request {
	requests = slices.Clone(requests)
	for i := range requests {
		q := &requests[i]
		isExcused := slices.ContainsFunc(restores, func(s Span) bool { return s.touches(q) })
		if isExcused && q.Outcome != Strange {
			q.Outcome, q.Code, q.Answer = Unknown, "", Answer{}
		}
	}
	if len(restores) > 0 {
		forgetPositions(requests)
	}
	return requests
}

// forgetPositions lowers the positions that lists must contain to what their customers know from
// answers that count: those of the lost records say nothing.
func forgetPositions(requests []Request) {
	changes := map[uuid.UUID][]*Request{}
	for i := range requests {
		if q := &requests[i]; q.Outcome == Done && q.Kind != List {
			changes[q.Customer] = append(changes[q.Customer], q)
		}
	}
	for i := range requests {
		q := &requests[i]
		known := int64(0)
		for _, change := range changes[q.Customer] {
			if change.Answered <= q.Invoked {
				known = max(known, change.Answer.Position)
			}
		}
		q.Least = min(q.Least, known)
	}
}

// spans looks for answers that must not come in their time.
func (c *checker) spans() {
	for i := range c.requests {
		q := &c.requests[i]
		in := func(spans []Span) bool { return slices.ContainsFunc(spans, func(s Span) bool { return s.contains(q) }) }
		switch {
		case q.Outcome == Done && q.Kind != List && !c.changedNothing(q) && in(c.final.Frozen):
			c.bad(Unreplicated, "%s", q)
		case q.Outcome == NotDone && q.Kind == Book && q.Code == "unavailable" && in(c.final.Calm):
			c.bad(Needless, "%s", q)
		}
	}
}

// changedNothing tells whether a request about claims found what it asked for, and so added no record.
func (c *checker) changedNothing(q *Request) bool {
	_, caused := c.caused[q.ID]
	return c.sales[q.Event] != nil && !caused
}

type key struct {
	customer uuid.UUID
	name     string
}

type pair struct{ customer, event uuid.UUID }

type checker struct {
	requests []Request
	final    Final

	byID              map[string]*Request
	streams           map[uuid.UUID]*stream
	sales             map[uuid.UUID]*sale   // the events with several ticket types; all else is about the others
	booked, cancelled map[uuid.UUID]*Record // by booking
	byKey             map[key]*Record       // what the requests with a key have booked
	byPair            map[pair][]*Record    // a customer's bookings of an event

	caused map[string]int64 // the position that each request caused

	// Bounds of the moment of each record's commit, by its place in the log.
	earliest, latest []time.Duration

	violations []Violation
}

// stream is what an event went through: one moment after each record.
type stream struct {
	moments []moment
	holds   map[uuid.UUID]uuid.UUID // customer to booking, in the end
}

type moment struct {
	record    int // its place in the log
	version   int
	remaining int
}

func (s *stream) end() moment { return s.moments[len(s.moments)-1] }

func (c *checker) bad(rule, format string, args ...any) {
	c.violations = append(c.violations, Violation{rule, fmt.Sprintf(format, args...)})
}

// keys compares what the system has stored of keys with the records that requests with a key have
// caused.
func (c *checker) keys() {
	stored := map[key]KeyRow{}
	for _, k := range c.final.Keys {
		stored[key{k.Customer, k.Key}] = k
	}
	for k, made := range c.byKey {
		if row, ok := stored[k]; !ok || row.Event != made.Event || row.Version != made.Version {
			c.bad(KeyBroken, "the key %s booked at position %d, and is not stored with it", k.name, made.Position)
		}
		delete(stored, k)
	}
	for k := range stored {
		c.bad(KeyBroken, "the key %s is stored and has booked nothing", k.name)
	}
}

// demand checks that as many tickets are sold as there are, or as there are customers who want one
// in the end: those whose last request for an event, whatever came of earlier ones, was to book.
func (c *checker) demand() {
	last := map[pair]*Request{}
	for i := range c.requests {
		q := &c.requests[i]
		if q.Kind == List || q.BadToken || c.sales[q.Event] != nil {
			continue
		}
		w := pair{q.Customer, q.Event}
		if known := last[w]; known == nil || known.Invoked < q.Invoked {
			last[w] = q
		}
	}
	wanted := map[uuid.UUID]int{}
	for _, q := range last {
		if q.Outcome == Unknown || q.Outcome == NotDone {
			c.bad(Unanswered, "%s", q)
		}
		if q.Kind == Book && q.Code != TooManyBookings {
			wanted[q.Event]++
		}
	}
	for id, s := range c.streams {
		end := s.end()
		sold := len(s.holds)
		tickets := end.remaining + sold
		if due := min(tickets, wanted[id]); sold < due {
			c.bad(Undersold, "event %s sold %d of %d tickets to %d customers", id, sold, tickets, wanted[id])
		} else if sold > due {
			c.bad(Oversold, "event %s sold %d of %d tickets to %d customers", id, sold, tickets, wanted[id])
		}
	}
}

func (c *checker) readModels() {
	for id, s := range c.streams {
		row, ok := c.final.Events[id]
		if end := s.end(); !ok || row.Remaining != end.remaining || row.Version != end.version {
			c.bad(ReadModel, "event %s: %+v, and the log has %d tickets at version %d", id, row, end.remaining, end.version)
		}
	}
	for id, made := range c.booked {
		row, ok := c.final.Bookings[id]
		if !ok || row != (BookingRow{made.Event, made.Customer, c.cancelled[id] != nil}) {
			c.bad(ReadModel, "booking %s: %+v", id, row)
		}
	}
	for id, row := range c.final.Bookings {
		if s := c.sales[row.Event]; c.booked[id] == nil && (s == nil || s.claims[id] == nil) {
			c.bad(ReadModel, "booking %s is not in the log", id)
		}
	}
	for id := range c.final.Events {
		if c.streams[id] == nil && c.sales[id] == nil {
			c.bad(ReadModel, "event %s is not in the log", id)
		}
	}
}
