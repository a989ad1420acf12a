package domain

import (
	"slices"
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

func lapseHolds(c LapseHolds, s State) ([]Record, error) {
	if s.status == statusNone {
		return nil, ErrEventNotFound
	}
	if c.CustomerID != uuid.Nil {
		h, has := s.holds.get(c.CustomerID)
		if !has || !h.isOver(c.Now) {
			return nil, nil
		}
		return []Record{h.lapse(c.CustomerID)}, nil
	}
	records, _ := s.reclaim(momentOf(c), func(State) bool { return false })
	return records, nil
}

func holdTickets(c HoldTickets, s State) ([]Record, error) {
	if !s.Published() {
		return nil, ErrEventNotFound
	}
	if b, made := s.bookings.get(c.HoldID); made {
		if b.customer != c.CustomerID {
			return nil, ErrHoldIDTaken
		}
		return nil, nil
	}
	lines, err := s.priced(c.Lines)
	if err != nil {
		return nil, err
	}
	now, has := s.holds.get(c.CustomerID)
	if has && now.isOver(c.Now) {
		has = false
	}
	replaced := 0
	if has {
		if now.offered {
			if slices.Equal(now.lines.unpriced(), lines.unpriced()) {
				return nil, nil
			}
			return nil, ErrAlreadyHolding
		}
		replaced = now.lines.Quantity()
	}
	if _, waits := s.EntryOf(c.CustomerID); waits {
		return nil, ErrAlreadyWaiting
	}
	if err := s.checkLimit(c.CustomerID, lines, replaced, c.Now); err != nil {
		return nil, err
	}
	if err := s.onSale(c.Now); err != nil {
		return nil, err
	}
	held := TicketsHeld{c.HoldID, c.CustomerID, s.details.Currency, lines, nil, s.untilEnd(c.Until)}
	if !held.ExpiresAt.After(c.Now) {
		return nil, ErrHoldLapsed
	}
	if has {
		return s.renew(held, now, c)
	}
	customer, _ := s.customers.get(c.CustomerID)
	freed, s := s.reclaimFor(c.CustomerID, momentOf(c), func(s State) bool { return s.has(lines) })
	switch {
	case !s.has(lines):
		return nil, s.shortage(lines)
	case s.details.RequireProofOfWork && !c.WorkProved:
		return nil, ErrProofOfWorkRequired
	case customer.claims >= MaxClaims:
		return nil, ErrTooManyClaims
	case customer.made >= MaxBookings:
		return nil, ErrTooManyBookings
	}
	return append(freed, held), nil
}

// minRenewal is what a renewal must gain, so that a hold can't fill its stream.
const minRenewal = 5 * time.Second

// renew prolongs a hold, and changes its lines, as far as the free tickets allow.
func (s State) renew(held TicketsHeld, now hold, c HoldTickets) ([]Record, error) {
	held.HoldID, held.Before = now.id, now.lines.unpriced()
	if last := time.UnixMicro(now.first).Add(RenewalTime).UTC(); held.ExpiresAt.After(last) {
		held.ExpiresAt = last
	}
	same := slices.Equal(held.Lines, now.lines)
	if customer, _ := s.customers.get(c.CustomerID); customer.claims >= MaxClaims && !same {
		return nil, ErrTooManyClaims
	}
	if same {
		if held.ExpiresAt.Sub(time.UnixMicro(now.expires)) < minRenewal {
			return nil, nil
		}
		return []Record{held}, nil
	}
	held.ExpiresAt = time.UnixMicro(max(held.ExpiresAt.UnixMicro(), now.expires)).UTC()
	without := func(s State) State { return s.endHold(c.CustomerID, now.id) }
	freed, s := s.reclaim(momentOf(c), func(s State) bool { return without(s).has(held.Lines) })
	if s := without(s); !s.has(held.Lines) {
		return nil, s.shortage(held.Lines)
	}
	return append(freed, held), nil
}

func confirmHold(c ConfirmHold, s State) ([]Record, error) {
	if !s.Published() {
		return nil, ErrEventNotFound
	}
	if b, made := s.bookings.get(c.HoldID); made {
		if b.customer != c.CustomerID {
			return nil, ErrHoldNotFound
		}
		return nil, nil
	}
	h, has := s.holds.get(c.CustomerID)
	switch {
	case !has || h.id != c.HoldID:
		return nil, ErrHoldNotFound
	case s.status == statusCancelled:
		return nil, ErrEventCancelled
	case begun(s, c.Now):
		return nil, ErrEventPast
	case h.isOver(c.Now):
		return nil, ErrHoldLapsed
	}
	return []Record{HoldConfirmed{h.id, c.CustomerID, h.currency, h.lines, h.offered}}, nil
}

func releaseHold(c ReleaseHold, s State) ([]Record, error) {
	if !s.Published() {
		return nil, ErrEventNotFound
	}
	if b, made := s.bookings.get(c.HoldID); made && b.customer == c.CustomerID {
		return nil, ErrHoldConfirmed
	}
	h, has := s.holds.get(c.CustomerID)
	switch {
	case !has || h.id != c.HoldID:
		return nil, nil // it is over
	case h.offered:
		return []Record{OfferDeclined{h.id, c.CustomerID, h.lines.unpriced()}}, nil
	}
	return []Record{HoldReleased{h.id, c.CustomerID, h.lines.unpriced()}}, nil
}

// maxDemands bounds how many different combinations of tickets people wait for.
const maxDemands = 1_000

func joinWaitlist(c JoinWaitlist, s State) ([]Record, error) {
	if !s.Published() {
		return nil, ErrEventNotFound
	}
	if b, made := s.bookings.get(c.EntryID); made && b.customer == c.CustomerID {
		return nil, nil
	}
	if h, has := s.holds.get(c.CustomerID); has && h.id == c.EntryID {
		return nil, nil
	}
	lines, err := s.priced(c.Lines)
	if err != nil {
		return nil, err
	}
	lines = lines.unpriced()
	if e, waits := s.EntryOf(c.CustomerID); waits {
		if slices.Equal(e.Lines, lines) {
			return nil, nil
		}
		return nil, ErrAlreadyWaiting
	}
	if h, has := s.holds.get(c.CustomerID); has && !h.isOver(c.Now) {
		return nil, ErrAlreadyHolding
	}
	if err := s.checkLimit(c.CustomerID, lines, 0, c.Now); err != nil {
		return nil, err
	}
	if err := s.onSale(c.Now); err != nil {
		return nil, err
	}
	return s.waitFor(c, lines)
}

func (s State) waitFor(c JoinWaitlist, lines Lines) ([]Record, error) {
	customer, _ := s.customers.get(c.CustomerID)
	full := s // as if all tickets were free
	full.sold, full.held, full.taken = 0, 0, nil
	freed, s := s.reclaimFor(c.CustomerID, momentOf(c), func(s State) bool { return s.has(lines) })
	switch {
	case !full.has(lines):
		return nil, ErrNotEnoughTickets
	case s.has(lines):
		return nil, ErrTicketsAvailable
	case s.details.RequireProofOfWork && !c.WorkProved:
		return nil, ErrProofOfWorkRequired
	case customer.claims >= MaxClaims, len(s.demands) >= maxDemands:
		return nil, ErrTooManyClaims
	case customer.made >= MaxBookings:
		return nil, ErrTooManyBookings
	}
	return append(freed, WaitlistJoined{c.EntryID, c.CustomerID, lines}), nil
}

func leaveWaitlist(c LeaveWaitlist, s State) ([]Record, error) {
	if !s.Published() {
		return nil, ErrEventNotFound
	}
	e, waits := s.EntryOf(c.CustomerID)
	if !waits {
		return nil, nil
	}
	return []Record{WaitlistLeft{e.ID, c.CustomerID, e.Lines}}, nil
}
