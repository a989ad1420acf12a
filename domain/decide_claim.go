package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

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
