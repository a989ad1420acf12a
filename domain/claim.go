package domain

import (
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"
)

// hold is tickets that are set aside for a customer, as a reservation or as an offer.
type hold struct {
	id       uuid.UUID
	expires  int64 // microseconds since 1970
	first    int64 // when it expired before it was renewed
	offered  bool  // to somebody on the waiting list
	currency string
	lines    Lines
}

func (h hold) isOver(now time.Time) bool { return h.expires <= now.UnixMicro() }

// setHold stores a hold and replaces the one that the customer has, if any.
func (s State) setHold(of uuid.UUID, h hold, by *builder) State {
	h.first = h.expires
	isNew := !h.offered // an offer was counted when its customer joined
	if before, has := s.holds.get(of); has {
		if before.id == h.id {
			h.first, h.offered = before.first, before.offered
			isNew = !slices.Equal(before.lines, h.lines)
		}
		s = s.endHold(of, before.id)
	}
	c, _ := s.customers.get(of)
	if isNew {
		c.claims++
	}
	s.customers = s.customers.set(of, c, by)
	s.holds = s.holds.set(of, h, by)
	s.expiries = s.expiries.push(h.expires, of)
	var n int
	s, n = s.take(h.lines, +1)
	s.held += n
	return s
}

// endHold removes a hold, if the customer has it.
func (s State) endHold(of, id uuid.UUID) State {
	h, has := s.holds.get(of)
	if !has || h.id != id {
		return s
	}
	s.holds = s.holds.remove(of)
	var n int
	s, n = s.take(h.lines, -1)
	s.held += n
	for s.expiries != nil {
		if first, has := s.holds.get(s.expiries.customer); has && first.expires == s.expiries.at {
			break
		}
		s.expiries = s.expiries.pop()
	}
	return s
}

// nextLapse is the record that ends the first expired hold.
func (s State) nextLapse(now time.Time) (Record, bool) {
	if s.expiries == nil || s.expiries.at > now.UnixMicro() {
		return nil, false
	}
	h, _ := s.holds.get(s.expiries.customer)
	return h.lapse(s.expiries.customer), true
}

func (h hold) lapse(of uuid.UUID) Record {
	if h.offered {
		return OfferLapsed{h.id, of, h.lines.unpriced()}
	}
	return HoldLapsed{h.id, of, h.lines.unpriced()}
}

// demand is one combination of tickets and the queue of those who wait for it.
type demand struct {
	number uint16 // of the demand, from 1
	lines  Lines
	queue  queue
}

// join puts a customer at the end of the waiting list.
func (s State) join(of, entry uuid.UUID, lines Lines, by *builder) State {
	s = s.leave(of, by)
	s.joined++
	s.demands = slices.Clone(s.demands)
	at := slices.IndexFunc(s.demands, func(d demand) bool { return slices.Equal(d.lines, lines) })
	if at < 0 {
		at = len(s.demands)
		s.demands = append(s.demands, demand{number: s.freeDemand(), lines: lines})
	}
	s.demands[at].queue = s.demands[at].queue.add(s.joined, of)
	c, _ := s.customers.get(of)
	c.claims++
	c.demand, c.number, c.entry = s.demands[at].number, s.joined, entry
	s.customers = s.customers.set(of, c, by)
	return s
}

// freeDemand is the lowest number that no demand has.
func (s State) freeDemand() (number uint16) {
	for number = 1; s.demandAt(number) >= 0; number++ {
	}
	return number
}

func (s State) demandAt(number uint16) int {
	return slices.IndexFunc(s.demands, func(d demand) bool { return d.number == number })
}

// leave takes a customer off the waiting list.
func (s State) leave(of uuid.UUID, by *builder) State {
	c, _ := s.customers.get(of)
	at := s.demandAt(c.demand)
	if at < 0 {
		return s
	}
	s.demands = slices.Clone(s.demands)
	if s.demands[at].queue = s.demands[at].queue.remove(c.number); s.demands[at].queue.count == 0 {
		s.demands = slices.Delete(s.demands, at, at+1)
	}
	c.demand, c.number, c.entry = 0, 0, uuid.UUID{}
	s.customers = s.customers.set(of, c, by)
	return s
}

// has reports whether there are enough free tickets, in all and of each type.
func (s State) has(lines Lines) bool {
	if lines.Quantity() > s.Remaining() {
		return false
	}
	for _, line := range lines {
		t, exists := s.typeOf(line.Type)
		if !exists || t.Capacity > 0 && s.Taken(t.ID)+line.Quantity > t.Capacity {
			return false
		}
	}
	return true
}

func (s State) typeOf(id TypeID) (TicketType, bool) {
	at := slices.IndexFunc(s.details.TicketTypes, func(t TicketType) bool { return t.ID == id })
	if at < 0 {
		return TicketType{}, false
	}
	return s.details.TicketTypes[at], true
}

// Taken is the number of tickets of a type that are sold or set aside.
func (s State) Taken(id TypeID) int {
	if id == 0 || int(id) > len(s.taken) {
		return 0
	}
	return s.taken[id-1]
}

// nextOffer is the first entry on the waiting list that the free tickets cover.
func (s State) nextOffer() (e Entry, ok bool) {
	for _, d := range s.demands {
		if number, of, some := d.queue.first(); some && (!ok || number < e.Number) && s.has(d.lines) {
			c, _ := s.customers.get(of)
			e, ok = Entry{c.entry, of, number, d.lines}, true
		}
	}
	return e, ok
}

// Entry is an entry on the waiting list.
type Entry struct {
	ID         uuid.UUID `json:"id"`
	CustomerID uuid.UUID `json:"customerId"`
	Number     uint32    `json:"number"` // in the order of joining, from 1, ended entries included
	Lines      Lines     `json:"lines"`
}

// Waiting is the number of entries on the waiting list.
func (s State) Waiting() (n int) {
	for _, d := range s.demands {
		n += d.queue.count
	}
	return n
}

// Waitlist iterates over the entries of the waiting list, in an order of its own.
func (s State) Waitlist() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for _, d := range s.demands {
			more := true
			d.queue.each(func(number uint32, of uuid.UUID) bool {
				c, _ := s.customers.get(of)
				more = yield(Entry{c.entry, of, number, d.lines})
				return more
			})
			if !more {
				return
			}
		}
	}
}

// Hold is tickets that are set aside.
type Hold struct {
	ID         uuid.UUID `json:"id"`
	CustomerID uuid.UUID `json:"customerId"`
	Offered    bool      `json:"offered"` // to somebody who waited
	Currency   string    `json:"currency"`
	Lines      Lines     `json:"lines"`
	ExpiresAt  time.Time `json:"expiresAt"`
}

// Holds iterates over the holds and offers whose end is not recorded, in an order that depends on
// ids only.
func (s State) Holds() iter.Seq[Hold] {
	return func(yield func(Hold) bool) {
		s.holds.each(func(of uuid.UUID, h hold) bool { return yield(h.exported(of)) })
	}
}

// HoldOf is the hold or offer of a customer whose end is not recorded.
func (s State) HoldOf(customer uuid.UUID) (Hold, bool) {
	h, has := s.holds.get(customer)
	return h.exported(customer), has
}

func (h hold) exported(of uuid.UUID) Hold {
	return Hold{h.id, of, h.offered, h.currency, h.lines, time.UnixMicro(h.expires).UTC()}
}

// EntryOf is the entry of a customer who waits.
func (s State) EntryOf(customer uuid.UUID) (Entry, bool) {
	c, _ := s.customers.get(customer)
	at := s.demandAt(c.demand)
	if at < 0 {
		return Entry{}, false
	}
	return Entry{c.entry, customer, c.number, s.demands[at].lines}, true
}

// Place is the place of a customer on the waiting list, from 1; 0: the customer does not wait. It counts
// those who joined before, unless the customer was the last.
func (s State) Place(customer uuid.UUID) (place int) {
	entry, waits := s.EntryOf(customer)
	switch {
	case !waits:
		return 0
	case entry.Number == s.joined:
		return s.Waiting()
	}
	for _, d := range s.demands {
		d.queue.each(func(number uint32, _ uuid.UUID) bool {
			if number <= entry.Number {
				place++
			}
			return number < entry.Number
		})
	}
	return place
}

// Available is the number of tickets of a type that are neither sold nor set aside. Other types may
// take them, too, if the event has fewer.
func (s State) Available(id TypeID) int {
	t, exists := s.typeOf(id)
	switch {
	case !exists:
		return 0
	case t.Capacity == 0:
		return s.Remaining()
	}
	return max(0, min(s.Remaining(), t.Capacity-s.Taken(id)))
}
