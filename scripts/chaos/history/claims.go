package history

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// sale is what holds, bookings and the waiting list of one event add up to. It counts by itself and
// does not use the rules of the domain: a mistake in those would hide itself.
type sale struct {
	capacity int
	types    map[domain.TypeID]int // capacities; 0: as many as the event has
	claims   map[uuid.UUID]*claim  // by the one id of entry, hold and booking
	queue    []*claim              // in the order of joining
	moments  []saleMoment
}

// claim is an entry on the waiting list, then a hold, then a booking, as far as it gets.
type claim struct {
	id, customer uuid.UUID
	lines        domain.Lines
	stage        stage
	until        time.Time
	held         *Record // that set its tickets aside at first
	confirmed    *Record
}

type stage int

const (
	waiting stage = iota
	live
	booked
	over
)

type saleMoment struct {
	record, version int
	left            map[domain.TypeID]int // tickets of each type; 0 is the key of the event's
	offers          time.Time             // while somebody waits: when the first hold is over; else zero
}

// theEvent is no type: they begin at 1.
const theEvent domain.TypeID = 0

func newSale(e domain.EventScheduled) *sale {
	s := &sale{capacity: e.Capacity, types: map[domain.TypeID]int{}, claims: map[uuid.UUID]*claim{}}
	for _, t := range e.Details.TicketTypes {
		s.types[t.ID] = cmp.Or(t.Capacity, e.Capacity)
	}
	return s
}

func (s *sale) left() map[domain.TypeID]int {
	left := maps.Clone(s.types)
	left[theEvent] = s.capacity
	for _, c := range s.claims {
		if c.stage == live || c.stage == booked {
			for _, line := range c.lines.All() {
				left[line.Type] -= line.Quantity
				left[theEvent] -= line.Quantity
			}
		}
	}
	return left
}

func areEnough(left map[domain.TypeID]int, lines domain.Lines) bool {
	return lines.Quantity() <= left[theEvent] && !slices.ContainsFunc(lines.All(), func(l domain.Line) bool {
		return l.Quantity > left[l.Type]
	})
}

// next is the first who waits for no more than is left; nil: nobody.
func (s *sale) next() *claim {
	left := s.left()
	if i := slices.IndexFunc(s.queue, func(c *claim) bool { return areEnough(left, c.lines) }); i >= 0 {
		return s.queue[i]
	}
	return nil
}

func (c *checker) followClaim(r *Record, s *sale) {
	next := s.next()
	switch offer, isOffer := r.Fact.(domain.TicketsOffered); {
	case next != nil && (!isOffer || offer.EntryID != next.id):
		c.bad(PassedOver, "position %d is %T, and entry %s is next for the free tickets", r.Position, r.Fact, next.id)
	case isOffer && next == nil:
		c.bad(PassedOver, "position %d offers tickets that are not free to entry %s", r.Position, offer.EntryID)
	}
	s.apply(c, r)
	c.causeOf(r)
	left := s.left()
	for id, n := range left {
		if n < 0 {
			c.bad(Oversold, "event %s has %d tickets of type %d after version %d", r.Event, n, id, r.Version)
		}
	}
	s.moments = append(s.moments, saleMoment{r.place, r.Version, left, s.offers()})
}

// offers is when the first hold is over, if somebody waits. From then on its tickets, and those that
// are left with them, may be somebody's who waits, although no lapse is recorded yet: the disk may be
// full, and whoever is refused records nothing.
func (s *sale) offers() (first time.Time) {
	if len(s.queue) == 0 {
		return first
	}
	for _, c := range s.claims {
		if c.stage == live && (first.IsZero() || c.until.Before(first)) {
			first = c.until
		}
	}
	return first
}

func (s *sale) apply(c *checker, r *Record) {
	switch v := r.Fact.(type) {
	case domain.TicketsHeld:
		if s.claims[v.HoldID] == nil {
			s.claims[v.HoldID] = &claim{id: v.HoldID, customer: v.CustomerID, stage: live, held: r}
		}
		held := s.move(c, r, v.HoldID, v.CustomerID, live, live)
		held.lines, held.until = v.Lines, v.ExpiresAt
	case domain.WaitlistJoined:
		if s.claims[v.EntryID] != nil {
			c.bad(Twice, "position %d: entry %s exists", r.Position, v.EntryID)
		}
		s.claims[v.EntryID] = &claim{id: v.EntryID, customer: v.CustomerID, lines: v.Lines}
		s.queue = append(s.queue, s.claims[v.EntryID])
	case domain.WaitlistLeft:
		s.move(c, r, v.EntryID, v.CustomerID, waiting, over)
	case domain.TicketsOffered:
		offered := s.move(c, r, v.EntryID, v.CustomerID, waiting, live)
		offered.until, offered.held = v.ExpiresAt, r
	case domain.HoldConfirmed:
		s.move(c, r, v.HoldID, v.CustomerID, live, booked).confirmed = r
	case domain.BookingCancelled:
		s.move(c, r, v.BookingID, v.CustomerID, booked, over)
	case domain.HoldReleased:
		s.move(c, r, v.HoldID, v.CustomerID, live, over)
	case domain.OfferDeclined:
		s.move(c, r, v.EntryID, v.CustomerID, live, over)
	case domain.HoldLapsed:
		s.lapse(c, r, v.HoldID, v.CustomerID)
	case domain.OfferLapsed:
		s.lapse(c, r, v.EntryID, v.CustomerID)
	default: // it changes no claim
	}
}

func (s *sale) lapse(c *checker, r *Record, id, customer uuid.UUID) {
	if lapsed := s.move(c, r, id, customer, live, over); r.At.Before(lapsed.until) {
		c.bad(EarlyLapse, "position %d: hold %s, which had time until %s", r.Position, id, lapsed.until)
	}
}

// move brings a claim to its next stage. Each is given back, booked and offered once.
func (s *sale) move(c *checker, r *Record, id, customer uuid.UUID, from, to stage) *claim {
	of := s.claims[id]
	if of == nil {
		c.bad(Unasked, "position %d is about %s, which there is not", r.Position, id)
		return &claim{}
	}
	if of.stage != from || of.customer != customer {
		c.bad(Twice, "position %d (%T) is about %s of %s, at stage %d and not %d", r.Position, r.Fact, id, customer,
			of.stage, from)
	}
	of.stage = to
	s.queue = slices.DeleteFunc(s.queue, func(c *claim) bool { return c == of && to != waiting })
	return of
}

// causeOf looks for the request behind a record. Lapses and offers follow from those of others.
func (c *checker) causeOf(r *Record) {
	var kind Kind
	var customer uuid.UUID
	switch v := r.Fact.(type) {
	case domain.TicketsHeld:
		kind, customer = Hold, v.CustomerID
	case domain.HoldConfirmed:
		kind, customer = Confirm, v.CustomerID
	case domain.HoldReleased:
		kind, customer = Release, v.CustomerID
	case domain.OfferDeclined:
		kind, customer = Release, v.CustomerID
	case domain.BookingCancelled:
		kind, customer = Cancel, v.CustomerID
	case domain.WaitlistJoined:
		kind, customer = Join, v.CustomerID
	case domain.WaitlistLeft:
		kind, customer = Leave, v.CustomerID
	default:
		return
	}
	q := c.byID[r.Request]
	switch {
	case q == nil || q.Kind != kind || q.Customer != customer || q.Event != r.Event:
		c.bad(Unasked, "position %d (%T) for %s, caused by %q", r.Position, r.Fact, customer, r.Request)
	case q.Outcome == Refused || q.Outcome == NotDone:
		c.bad(Unasked, "position %d is of a request that was told the opposite: %s", r.Position, q)
	}
}

func (c *checker) judgeClaim(q *Request, s *sale) {
	id := cmp.Or(q.Booking, q.Answer.Booking)
	of := s.claims[id]
	isMine := of != nil && of.customer == q.Customer
	switch {
	case q.Outcome == Strange:
		c.bad(StrangeReply, "%s", q)
	case q.Outcome == Refused:
		c.judgeClaimRefusal(q, s, of)
	case q.Outcome != Done:
	case (q.Kind == Hold || q.Kind == Join) && !isMine:
		c.bad(Lost, "%s: %s", id, q)
	case q.Kind == Confirm && (!isMine || of.confirmed == nil):
		c.bad(Lost, "the booking of hold %s: %s", id, q)
	case q.Kind == Confirm && q.Answer.Booking != q.Booking:
		c.bad(Twice, "hold %s became booking %s: %s", q.Booking, q.Answer.Booking, q)
	case q.Kind == Cancel && (!isMine || of.confirmed == nil || of.stage != over):
		c.bad(Lost, "the cancellation of booking %s: %s", id, q)
	case q.Kind == Release && isMine && of.stage != over:
		c.bad(Lost, "the release of hold %s: %s", id, q)
	}
}

func (c *checker) judgeClaimRefusal(q *Request, s *sale, of *claim) {
	switch {
	case q.Kind == Hold && (q.Code == SoldOut || q.Code == "not_enough_tickets") && !c.wasShort(q, s):
		c.bad(FalseRefusal, "%s", q)
	case q.Kind == Confirm && of != nil && of.confirmed != nil && of.stage == booked:
		before := c.latest[of.confirmed.place] < q.Invoked
		after := c.latest[of.held.place] < q.Invoked && c.earliest[of.confirmed.place] > q.Answered
		if before || after {
			c.bad(FalseRefusal, "position %d has confirmed it: %s", of.confirmed.Position, q)
		}
	}
}

// wasShort tells whether there may have been too few tickets at some moment while a request was under
// way.
func (c *checker) wasShort(q *Request, s *sale) bool {
	for i, m := range s.moments {
		if c.earliest[m.record] > q.Answered {
			return false
		}
		isLast := i+1 == len(s.moments)
		isOver := !isLast && c.latest[s.moments[i+1].record] < q.Invoked
		isOffered := !m.offers.IsZero() && (isLast || m.offers.Before(c.final.Log[s.moments[i+1].record].At))
		if !isOver && (isOffered || !areEnough(m.left, q.Lines)) {
			return true
		}
	}
	return false
}

// endOfSale checks what must be so when all holds are over.
func (c *checker) endOfSale(event uuid.UUID, s *sale) {
	if next := s.next(); next != nil {
		c.bad(PassedOver, "tickets of event %s are free, and entry %s waits for them", event, next.id)
	}
	end := s.moments[len(s.moments)-1]
	if row := c.final.Events[event]; row != (EventRow{end.left[theEvent], end.version}) {
		c.bad(ReadModel, "event %s: %+v, and the log has %d tickets at version %d", event, row, end.left[theEvent],
			end.version)
	}
	for id, of := range s.claims {
		row, has := c.final.Bookings[id]
		switch {
		case of.stage == live:
			c.bad(Unlapsed, "hold %s had time until %s", id, of.until)
		case has != (of.confirmed != nil), has && row != (BookingRow{event, of.customer, of.stage == over}):
			c.bad(ReadModel, "booking %s: %+v", id, row)
		}
	}
}
