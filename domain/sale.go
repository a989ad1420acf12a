package domain

import (
	"time"

	"github.com/google/uuid"
)

// longAgo is before every event. Explain decides as of then, because a record does not say when it
// was decided.
func longAgo() time.Time { return time.Unix(-1<<40, 0) }

// onSale refuses what customers can do only while tickets are sold.
func (s State) onSale(now time.Time) error {
	switch {
	case !s.Published():
		return ErrEventNotFound
	case s.status == statusCancelled:
		return ErrEventCancelled
	case begun(s, now):
		return ErrEventPast
	case now.Before(s.details.SaleOpensAt) && !now.Equal(longAgo()):
		return ErrSaleNotOpen
	case !s.details.SaleClosesAt.IsZero() && !now.Before(s.details.SaleClosesAt):
		return ErrSaleClosed
	}
	return nil
}

// priced gives lines today's prices, in the order of the ticket types.
func (s State) priced(lines Lines) (Lines, error) {
	if len(lines) == 0 {
		first := Line{Type: FirstTypeID, Quantity: 1}
		if len(s.details.TicketTypes) > 0 {
			first.Type, first.Price = s.details.TicketTypes[0].ID, s.details.TicketTypes[0].Price
		}
		return Lines{first}, nil
	}
	var priced Lines
	for _, t := range s.details.TicketTypes {
		line := Line{Type: t.ID, Price: t.Price}
		for _, l := range lines {
			if l.Quantity < 1 || l.Quantity > MaxPerCustomer {
				return nil, &InvalidError{[]FieldError{{"lines", "must each have a quantity of at least 1"}}}
			}
			if l.Type == t.ID {
				line.Quantity += l.Quantity
			}
		}
		if line.Quantity > 0 {
			priced = append(priced, line)
		}
	}
	for _, l := range lines {
		if _, exists := s.typeOf(l.Type); !exists {
			return nil, ErrTypeNotFound
		}
	}
	return priced, nil
}

// perCustomer is how many tickets a customer can have.
func (d Details) perCustomer() int { return max(1, d.MaxPerCustomer) }

// checkLimit refuses more tickets than a customer can have, counting those that are set aside for the
// customer, except as many as are replaced, and those that the customer waits for.
func (s State) checkLimit(of uuid.UUID, lines Lines, replaced int, now time.Time) error {
	c, _ := s.customers.get(of)
	tickets, most := int(c.tickets), s.details.perCustomer()
	claimed, claim := -replaced, error(nil)
	if h, has := s.holds.get(of); has && !h.isOver(now) {
		claimed, claim = claimed+h.lines.Quantity(), ErrAlreadyHolding
	}
	if e, waits := s.EntryOf(of); waits {
		claimed, claim = claimed+e.Lines.Quantity(), ErrAlreadyWaiting
	}
	switch {
	case tickets+claimed+lines.Quantity() <= most:
		return nil
	case tickets > 0 && most == 1:
		return ErrAlreadyBooked
	case claimed > 0 && tickets+lines.Quantity() <= most:
		return claim
	}
	return ErrLimitPerCustomer
}

// shortage is the refusal when there are not enough free tickets.
func (s State) shortage(lines Lines) error {
	left := 0
	for _, line := range lines {
		left += s.Available(line.Type)
	}
	if left <= 0 {
		return ErrSoldOut
	}
	return ErrNotEnoughTickets
}

// reclaimFor is reclaim for a customer, whose own expired hold lapses first.
func (s State) reclaimFor(of uuid.UUID, m moment, enough func(State) bool) (records []Record, after State) {
	if h, has := s.holds.get(of); has && h.isOver(m.now) {
		own := h.lapse(of)
		records, after = s.Evolve(own).reclaim(m, enough)
		return append([]Record{own}, records...), after
	}
	return s.reclaim(m, enough)
}

// reclaim offers the free tickets to those who wait, and records the lapse of expired holds, one
// after the other, until there are enough free tickets or no more holds have expired.
func (s State) reclaim(m moment, enough func(State) bool) (records []Record, after State) {
	records = s.offers(m)
	s = s.Evolve(records...)
	for range MaxLapses {
		lapsed, is := s.nextLapse(m.now)
		if !is || enough(s) {
			break
		}
		more := append([]Record{lapsed}, s.Evolve(lapsed).offers(m)...)
		records, s = append(records, more...), s.Evolve(more...)
	}
	return records, s
}

// offers gives the free tickets to those who wait: each time to the first entry that they cover,
// until they cover none.
func (s State) offers(m moment) (records []Record) {
	if len(s.demands) == 0 || m.now.IsZero() || s.onSale(m.now) != nil {
		return nil
	}
	until := s.untilEnd(m.now.Add(max(m.offerTime, 0)))
	if m.offerTime == 0 {
		until = s.untilEnd(m.now.Add(DefaultHoldTime))
	}
	for {
		e, some := s.nextOffer()
		if !some {
			return records
		}
		lines, err := s.priced(e.Lines)
		if err != nil {
			return records
		}
		offer := TicketsOffered{e.ID, e.CustomerID, s.details.Currency, lines, until}
		records, s = append(records, offer), s.Evolve(offer)
	}
}

// untilEnd is t or the end of the sale, whichever is earlier, in whole microseconds.
func (s State) untilEnd(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Microsecond)
	for _, end := range []time.Time{s.details.StartsAt, s.details.SaleClosesAt} {
		if !end.IsZero() && end.Before(t) {
			t = end
		}
	}
	return t
}
