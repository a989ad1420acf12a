package domain

import (
	"slices"
	"strings"
	"time"
)

// Decide returns the records that a command adds to a stream in state s. It returns none when the
// state is already as the command wants it, a [Refusal] when a rule forbids the command, and an
// [*InvalidError] when the capacity or the date is one that no event can have.
//
// Tickets that a command sets free are offered in the same records to those who wait for them.
func Decide(c Command, s State) ([]Record, error) {
	records, err := decide(c, s)
	if err != nil || len(records) == 0 || len(s.demands) == 0 {
		return records, err
	}
	return append(records, s.Evolve(records...).offers(momentOf(c))...), nil
}

func decide(c Command, s State) ([]Record, error) {
	switch c := c.(type) {
	case ScheduleEvent:
		return scheduleEvent(c, s)
	case PublishEvent:
		return publishEvent(c, s)
	case ChangeDetails:
		return changeDetails(c, s)
	case ChangeCapacity:
		return changeCapacity(c, s)
	case CancelEvent:
		return cancelEvent(s)
	case BookTicket:
		return bookTicket(c, s)
	case CancelBooking:
		return cancelBooking(c, s)
	case HoldTickets:
		return holdTickets(c, s)
	case ConfirmHold:
		return confirmHold(c, s)
	case ReleaseHold:
		return releaseHold(c, s)
	case JoinWaitlist:
		return joinWaitlist(c, s)
	case LeaveWaitlist:
		return leaveWaitlist(c, s)
	case LapseHolds:
		return lapseHolds(c, s)
	case AddOrganizer:
		return addOrganizer(c, s)
	case RemoveOrganizer:
		return removeOrganizer(c, s)
	case CheckInTicket:
		return checkInTicket(c, s)
	case UndoCheckIn:
		return undoCheckIn(c, s)
	case CancelBookingOf:
		return cancelBookingOf(c, s)
	case SendMessage:
		return sendMessage(c, s)
	}
	panic("domain: unknown command") // the interface is sealed and the linter checks the switch
}

// moment is when something is decided, and for how long tickets are offered then.
type moment struct {
	now       time.Time
	offerTime time.Duration
}

func momentOf(c Command) moment {
	switch c := c.(type) {
	case ChangeDetails:
		return moment{c.Now, c.OfferTime}
	case ChangeCapacity:
		return moment{c.Now, c.OfferTime}
	case BookTicket:
		return moment{c.Now, c.OfferTime}
	case CancelBooking:
		return moment{c.Now, c.OfferTime}
	case CancelBookingOf:
		return moment{c.Now, c.OfferTime}
	case HoldTickets:
		return moment{c.Now, c.OfferTime}
	case ReleaseHold:
		return moment{c.Now, c.OfferTime}
	case JoinWaitlist:
		return moment{c.Now, c.OfferTime}
	case LapseHolds:
		return moment{c.Now, c.OfferTime}
	case ScheduleEvent, PublishEvent, CancelEvent, ConfirmHold, LeaveWaitlist,
		AddOrganizer, RemoveOrganizer, CheckInTicket, UndoCheckIn, SendMessage: // they set no ticket free
	}
	return moment{}
}

func scheduleEvent(c ScheduleEvent, s State) ([]Record, error) {
	if err := CheckCapacity(c.Capacity); err != nil {
		return nil, err
	}
	asked := EventScheduled{Details: c.Details, Capacity: c.Capacity, Draft: c.Draft, OrganizerID: c.OrganizerID}
	switch {
	case s.status == statusNone:
		if err := CheckDate(c.Details.StartsAt, c.Now); err != nil {
			return nil, err
		}
		return []Record{asked}, nil
	case (s.status == statusScheduled || s.Draft() && c.Draft) &&
		s.details.Equal(asked.Details) && s.capacity == asked.Capacity && s.ownerOr(c.OrganizerID) == c.OrganizerID:
		return nil, nil
	}
	return nil, ErrEventExists
}

func publishEvent(c PublishEvent, s State) ([]Record, error) {
	if err := changeable(s); err != nil {
		return nil, err
	}
	if !s.Draft() {
		return nil, nil
	}
	if err := CheckDate(s.details.StartsAt, c.Now); err != nil {
		return nil, err
	}
	return []Record{EventPublished{}}, nil
}

func changeDetails(c ChangeDetails, s State) ([]Record, error) {
	if err := changeable(s); err != nil {
		return nil, err
	}
	details, err := s.withTypeIDs(c.Details)
	if err != nil {
		return nil, err
	}
	if s.details.Equal(details) {
		return nil, nil
	}
	if !s.details.StartsAt.Equal(details.StartsAt) {
		if err := CheckDate(details.StartsAt, c.Now); err != nil {
			return nil, err
		}
	}
	lapses, s := s.reclaim(momentOf(c), func(s State) bool { return s.checkTypes(details) == nil })
	if err := s.checkTypes(details); err != nil {
		return nil, err
	}
	return append(lapses, DetailsChanged{Details: details}), nil
}

// withTypeIDs gives new ticket types ids that were never used. A type without a known id takes the id
// of the existing type of the same name, unless that is listed too.
func (s State) withTypeIDs(d Details) (Details, error) {
	kept := func(id TypeID) bool {
		return slices.ContainsFunc(d.TicketTypes, func(t TicketType) bool { return t.ID == id })
	}
	types, last := slices.Clone(d.TicketTypes), int(s.lastType)
	for i, t := range types {
		if _, known := s.typeOf(t.ID); known {
			continue
		}
		at := slices.IndexFunc(s.details.TicketTypes, func(old TicketType) bool {
			return old.Name == t.Name && !kept(old.ID)
		})
		if at >= 0 {
			types[i].ID = s.details.TicketTypes[at].ID
			continue
		}
		if last++; last > maxTypeID {
			return d, ErrTooManyTypes
		}
		types[i].ID = TypeID(last) //nolint:gosec // below the maximum
	}
	d.TicketTypes = types
	return d, nil
}

const maxTypeID = 255

// checkTypes refuses details that lack tickets that somebody has or waits for.
func (s State) checkTypes(d Details) error {
	for _, old := range s.details.TicketTypes {
		taken := s.Taken(old.ID)
		at := slices.IndexFunc(d.TicketTypes, func(t TicketType) bool { return t.ID == old.ID })
		switch {
		case at < 0 && (taken > 0 || s.isWaitedFor(old.ID)):
			return ErrTypeInUse
		case at >= 0 && d.TicketTypes[at].Capacity > 0 && taken > d.TicketTypes[at].Capacity:
			return ErrCapacityBelowSold
		}
	}
	return nil
}

func (s State) isWaitedFor(id TypeID) bool {
	return slices.ContainsFunc(s.demands, func(d demand) bool {
		return slices.ContainsFunc(d.lines, func(l Line) bool { return l.Type == id })
	})
}

func changeCapacity(c ChangeCapacity, s State) ([]Record, error) {
	if err := changeable(s); err != nil {
		return nil, err
	}
	if err := CheckCapacity(c.Capacity); err != nil {
		return nil, err
	}
	if c.Capacity == s.capacity {
		return nil, nil
	}
	lapses, s := s.reclaim(momentOf(c), func(s State) bool { return c.Capacity >= s.sold+s.held })
	if c.Capacity < s.sold+s.held {
		return nil, ErrCapacityBelowSold
	}
	return append(lapses, CapacityChanged{Capacity: c.Capacity}), nil
}

func cancelEvent(s State) ([]Record, error) {
	switch s.status {
	case statusNone:
		return nil, ErrEventNotFound
	case statusCancelled, statusWithdrawn:
		return nil, nil
	case statusScheduled, statusDraft:
	}
	return []Record{EventCancelled{}}, nil
}

func bookTicket(c BookTicket, s State) ([]Record, error) {
	if !s.Published() {
		return nil, ErrEventNotFound
	}
	if b, made := s.bookings.get(c.BookingID); made {
		if b.customer != c.CustomerID {
			return nil, ErrBookingIDTaken
		}
		return nil, nil
	}
	if h, has := s.holds.get(c.CustomerID); has && h.id == c.BookingID {
		return nil, ErrBookingIDTaken
	}
	if e, waits := s.EntryOf(c.CustomerID); waits && e.ID == c.BookingID {
		return nil, ErrBookingIDTaken
	}
	lines, err := s.priced(c.Lines)
	if err != nil {
		return nil, err
	}
	if err := s.checkLimit(c.CustomerID, lines, 0, c.Now); err != nil {
		return nil, err
	}
	if err := s.onSale(c.Now); err != nil {
		return nil, err
	}
	customer, _ := s.customers.get(c.CustomerID)
	freed, s := s.reclaimFor(c.CustomerID, momentOf(c), func(s State) bool { return s.has(lines) })
	switch {
	case !s.has(lines):
		return nil, s.shortage(lines)
	case s.details.RequireProofOfWork && !c.WorkProved: // nobody works for a ticket that is not there
		return nil, ErrProofOfWorkRequired
	case customer.made >= MaxBookings: // the last rule: Explain relies on that
		return nil, ErrTooManyBookings
	}
	return append(freed, TicketBooked{c.BookingID, c.CustomerID, s.details.Currency, lines}), nil
}

func cancelBooking(c CancelBooking, s State) ([]Record, error) {
	if b, made := s.bookings.get(c.BookingID); made && b.customer != c.CustomerID {
		return nil, ErrNotBookingOwner
	}
	return s.cancelBooking(BookingCancelled{BookingID: c.BookingID}, c.Now)
}

func cancelBookingOf(c CancelBookingOf, s State) ([]Record, error) {
	reason := strings.TrimSpace(c.Reason)
	var wrong checks
	if wrong.line("reason", reason, MaxReason); len(wrong) > 0 {
		return nil, &InvalidError{wrong}
	}
	return s.cancelBooking(BookingCancelled{BookingID: c.BookingID, By: c.By, Reason: reason}, c.Now)
}

// cancelBooking completes the record of a cancellation from the booking.
func (s State) cancelBooking(r BookingCancelled, now time.Time) ([]Record, error) {
	b, made := s.bookings.get(r.BookingID)
	switch {
	case !made:
		return nil, ErrBookingNotFound
	case b.cancelled:
		return nil, nil
	case s.status == statusScheduled && begun(s, now):
		return nil, ErrEventPast
	case s.isCheckedIn(r.BookingID):
		return nil, ErrBookingCheckedIn
	}
	r.CustomerID, r.Lines = b.customer, s.linesOf(r.BookingID, b).cancelled()
	return []Record{r}, nil
}

func changeable(s State) error {
	switch s.status {
	case statusNone:
		return ErrEventNotFound
	case statusCancelled, statusWithdrawn:
		return ErrEventCancelled
	case statusScheduled, statusDraft:
	}
	return nil
}

func begun(s State, now time.Time) bool { return !now.Before(s.details.StartsAt) }
