package history

import (
	"cmp"
	"slices"
	"time"
)

// wasSoldOut tells whether an event may have had no tickets at some moment while a request was
// under way.
func (c *checker) wasSoldOut(q *Request) bool {
	s := c.streams[q.Event]
	if s == nil {
		return false
	}
	// Bounds never decrease along the log, so the moments in question stand together.
	first, _ := slices.BinarySearchFunc(s.moments[min(1, len(s.moments)):], q.Invoked,
		func(next moment, at time.Duration) int { return cmp.Compare(c.latest[next.record], at) })
	for _, m := range s.moments[first:] {
		if c.earliest[m.record] > q.Answered {
			return false
		}
		if m.remaining <= 0 {
			return true
		}
	}
	return false
}

// wasBooked tells whether the customer may have held a ticket at some moment while a request was
// under way.
func (c *checker) wasBooked(q *Request) bool {
	for _, made := range c.byPair[pair{q.Customer, q.Event}] {
		cancelled := c.cancelled[made.Booking]
		if c.earliest[made.place] <= q.Answered && (cancelled == nil || c.latest[cancelled.place] >= q.Invoked) {
			return true
		}
	}
	return false
}

func (c *checker) judge(q *Request) {
	if s := c.sales[q.Event]; s != nil {
		c.judgeClaim(q, s)
		return
	}
	switch {
	case q.Outcome == Strange:
		c.bad(StrangeReply, "%s", q)
	case q.BadToken && q.Outcome == Done:
		c.bad(StrangeReply, "a token that is not valid was believed: %s", q)
	case q.BadToken:
	case q.Kind == List:
		c.judgeList(q)
	case q.Outcome == Done:
		c.judgeDone(q)
	case q.Outcome == Refused:
		c.judgeRefusal(q)
	}
}

func (c *checker) judgeDone(q *Request) {
	made := c.booked[q.Answer.Booking]
	switch {
	case made == nil || made.Customer != q.Customer || made.Event != q.Event:
		c.bad(Lost, "booking %s: %s", q.Answer.Booking, q)
		return
	case q.Kind == Cancel && (c.cancelled[q.Booking] == nil || q.Answer.Booking != q.Booking):
		c.bad(Lost, "the cancellation of booking %s: %s", q.Booking, q)
		return
	case q.Kind == Book && made.Request != q.ID && (q.Key == "" || c.byKey[key{q.Customer, q.Key}] != made):
		c.bad(KeyBroken, "answered with the booking of another request, %s: %s", made.Request, q)
	case q.Answer.Replayed && q.Key == "":
		c.bad(KeyBroken, "answered as the repetition of a request, and has no key: %s", q)
	}
	// The position is what later reads must contain: were it too low, or not told at all, none of
	// them could be found stale.
	effect := made
	if q.Kind == Cancel {
		effect = c.cancelled[q.Booking]
	}
	if q.Answer.Position < effect.Position || q.Answer.Version < effect.Version {
		c.bad(Early, "told of position %d and version %d, and the effect is at %d and %d: %s",
			q.Answer.Position, q.Answer.Version, effect.Position, effect.Version, q)
	}
	s := c.streams[q.Event]
	if v := q.Answer.Version; v < 1 || v > len(s.moments) || s.moments[v-1].remaining != q.Answer.Remaining {
		c.bad(Remaining, "%d tickets at version %d: %s", q.Answer.Remaining, v, q)
	}
}

func (c *checker) judgeRefusal(q *Request) {
	isTrue := false
	switch {
	case q.Kind == Book && q.Code == SoldOut:
		isTrue = c.wasSoldOut(q)
	case q.Kind == Book && q.Code == AlreadyBooked:
		isTrue = c.wasBooked(q)
	case q.Kind == Book && q.Code == TooManyBookings:
		all := c.byPair[pair{q.Customer, q.Event}]
		isTrue = len(all) >= maxBookings && c.earliest[all[maxBookings-1].place] <= q.Answered
	case q.Kind == Cancel && q.Code == BookingNotFound:
		made := c.booked[q.Booking]
		isTrue = made == nil || c.latest[made.place] >= q.Invoked
	}
	if !isTrue {
		c.bad(FalseRefusal, "%s", q)
	}
	made := c.byKey[key{q.Customer, q.Key}]
	if q.Key != "" && q.Kind == Book && made != nil && c.latest[made.place] < q.Invoked {
		c.bad(KeyBroken, "the key had booked at position %d, and was refused: %s", made.Position, q)
	}
}

// judgeList looks for bookings that the list must contain: made by then and never cancelled. What
// is listed must have been made, and not be cancelled by then.
func (c *checker) judgeList(q *Request) {
	if q.Outcome != Done {
		return
	}
	for _, b := range q.Answer.Listed {
		if made := c.booked[b]; made == nil || made.Customer != q.Customer {
			c.bad(ReadModel, "the list has booking %s: %s", b, q)
		}
		if gone := c.cancelled[b]; gone != nil && gone.Position <= q.Least && !q.Answer.Lagging {
			c.bad(StaleRead, "booking %s, cancelled at position %d, is listed at position %d: %s", b, gone.Position, q.Least, q)
		}
	}
	if q.Answer.Lagging {
		return
	}
	for id, made := range c.booked {
		if made.Customer != q.Customer || made.Position > q.Least || c.cancelled[id] != nil ||
			slices.Contains(q.Answer.Listed, id) {
			continue
		}
		c.bad(StaleRead, "booking %s, made at position %d, is missing at position %d: %s", id, made.Position, q.Least, q)
	}
}
