package history

import (
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// follow folds the log and looks for the request behind each record.
func (c *checker) follow() {
	if last := int64(len(c.final.Log)); c.final.Head != last {
		c.bad(Gap, "the log has %d records, and its head is at %d", last, c.final.Head)
	}
	for i := range c.final.Log {
		r := &c.final.Log[i]
		r.place = i
		if e, is := r.Fact.(domain.EventScheduled); is && len(e.Details.TicketTypes) > 1 {
			c.sales[r.Event] = newSale(e)
		}
		if s := c.sales[r.Event]; s != nil {
			c.followClaim(r, s)
			c.caused[r.Request] = r.Position
			continue
		}
		if first, caused := c.caused[r.Request]; caused {
			c.bad(Twice, "request %s caused positions %d and %d", r.Request, first, r.Position)
		}
		c.caused[r.Request] = r.Position
		s := c.streams[r.Event]
		if s == nil {
			s = &stream{holds: map[uuid.UUID]uuid.UUID{}}
			c.streams[r.Event] = s
		}
		now := moment{record: i, version: r.Version}
		if len(s.moments) > 0 {
			now.remaining = s.end().remaining
		}
		switch r.Change {
		case Scheduled:
			now.remaining += r.Capacity
		case Booked:
			c.followBooking(r, s)
			now.remaining--
			s.holds[r.Customer] = r.Booking
		case Cancelled:
			c.followCancellation(r)
			now.remaining++
			delete(s.holds, r.Customer)
		case Other:
		}
		if now.remaining < 0 {
			c.bad(Oversold, "event %s has %d tickets after version %d", r.Event, now.remaining, r.Version)
		}
		s.moments = append(s.moments, now)
	}
}

func (c *checker) followBooking(r *Record, s *stream) {
	if c.booked[r.Booking] != nil {
		c.bad(Twice, "booking %s was made by positions %d and %d", r.Booking, c.booked[r.Booking].Position, r.Position)
	}
	c.booked[r.Booking] = r
	p := pair{r.Customer, r.Event}
	c.byPair[p] = append(c.byPair[p], r)
	if n := len(c.byPair[p]); n > maxBookings {
		c.bad(Twice, "%s has made %d bookings of event %s", r.Customer, n, r.Event)
	}
	if held, holds := s.holds[r.Customer]; holds {
		c.bad(Twice, "%s holds the bookings %s and %s of event %s", r.Customer, held, r.Booking, r.Event)
	}
	q := c.byID[r.Request]
	switch {
	case q == nil || q.Kind != Book || q.Customer != r.Customer || q.Event != r.Event || q.BadToken:
		c.bad(Unasked, "position %d books for %s on %s, caused by %q", r.Position, r.Customer, r.Event, r.Request)
		return
	case q.Outcome == Refused || q.Outcome == NotDone:
		c.bad(Unasked, "position %d is of a request that was told the opposite: %s", r.Position, q)
	case q.Outcome == Done && q.Answer.Booking != r.Booking:
		c.bad(Twice, "position %d made booking %s, and the answer was booking %s: %s",
			r.Position, r.Booking, q.Answer.Booking, q)
	}
	if q.Key == "" {
		return
	}
	k := key{q.Customer, q.Key}
	if first := c.byKey[k]; first != nil {
		c.bad(Twice, "the key %s booked at positions %d and %d", q.Key, first.Position, r.Position)
	}
	c.byKey[k] = r
}

func (c *checker) followCancellation(r *Record) {
	switch b := c.booked[r.Booking]; {
	case b == nil:
		c.bad(Unasked, "position %d cancels booking %s, which was not made", r.Position, r.Booking)
	case b.Event != r.Event || b.Customer != r.Customer:
		c.bad(Unasked, "position %d cancels a booking of somebody else: %s", r.Position, r.Booking)
	}
	if c.cancelled[r.Booking] != nil {
		c.bad(Twice, "booking %s was cancelled by positions %d and %d",
			r.Booking, c.cancelled[r.Booking].Position, r.Position)
	}
	c.cancelled[r.Booking] = r
	q := c.byID[r.Request]
	switch {
	case q == nil || q.Kind != Cancel || q.Booking != r.Booking || q.BadToken:
		c.bad(Unasked, "position %d cancels booking %s, caused by %q", r.Position, r.Booking, r.Request)
	case q.Outcome == Refused || q.Outcome == NotDone:
		c.bad(Unasked, "position %d is of a request that was told the opposite: %s", r.Position, q)
	}
}

// bound finds between which moments each record was committed. Records commit in the order of their
// positions.
func (c *checker) bound() {
	n := len(c.final.Log)
	c.earliest, c.latest = make([]time.Duration, n), make([]time.Duration, n)
	at := time.Duration(0)
	for i := range n {
		if q := c.byID[c.final.Log[i].Request]; q != nil {
			at = max(at, q.Invoked)
		}
		c.earliest[i] = at
	}
	at = math.MaxInt64
	for i := n - 1; i >= 0; i-- {
		if q := c.byID[c.final.Log[i].Request]; q != nil && q.Outcome == Done {
			at = min(at, q.Answered)
		}
		c.latest[i] = at
	}
	for i, latest := range c.latest {
		if latest < c.earliest[i] {
			c.bad(Unasked, "position %d was committed before it was asked for", c.final.Log[i].Position)
		}
	}
}
