package domain

import "time"

// Decide returns the records that a command adds to a stream in state s. It returns none when the
// state is already as the command wants it, a [Refusal] when a rule forbids the command, and an
// [*InvalidError] when the capacity or the date is one that no event can have.
func Decide(c Command, s State) ([]Record, error) {
	switch c := c.(type) {
	case ScheduleEvent:
		return scheduleEvent(c, s)
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
	}
	panic("domain: unknown command") // the interface is sealed and the linter checks the switch
}

func scheduleEvent(c ScheduleEvent, s State) ([]Record, error) {
	if err := CheckCapacity(c.Capacity); err != nil {
		return nil, err
	}
	asked := EventScheduled{Details: c.Details, Capacity: c.Capacity}
	switch {
	case s.status == statusNone:
		if err := CheckDate(c.Details.StartsAt, c.Now); err != nil {
			return nil, err
		}
		return []Record{asked}, nil
	case s.status == statusScheduled && s.details.Equal(asked.Details) && s.capacity == asked.Capacity:
		return nil, nil
	}
	return nil, ErrEventExists
}

func changeDetails(c ChangeDetails, s State) ([]Record, error) {
	if err := changeable(s); err != nil {
		return nil, err
	}
	if s.details.Equal(c.Details) {
		return nil, nil
	}
	if !s.details.StartsAt.Equal(c.Details.StartsAt) {
		if err := CheckDate(c.Details.StartsAt, c.Now); err != nil {
			return nil, err
		}
	}
	return []Record{DetailsChanged{Details: c.Details}}, nil
}

func changeCapacity(c ChangeCapacity, s State) ([]Record, error) {
	if err := changeable(s); err != nil {
		return nil, err
	}
	if err := CheckCapacity(c.Capacity); err != nil {
		return nil, err
	}
	switch {
	case c.Capacity < s.Sold():
		return nil, ErrCapacityBelowSold
	case c.Capacity == s.capacity:
		return nil, nil
	}
	return []Record{CapacityChanged(c)}, nil
}

func cancelEvent(s State) ([]Record, error) {
	switch s.status {
	case statusNone:
		return nil, ErrEventNotFound
	case statusCancelled:
		return nil, nil
	case statusScheduled:
	}
	return []Record{EventCancelled{}}, nil
}

func bookTicket(c BookTicket, s State) ([]Record, error) {
	if s.status == statusNone {
		return nil, ErrEventNotFound
	}
	if b, made := s.bookings.get(c.BookingID); made {
		if b.customer != c.CustomerID {
			return nil, ErrBookingIDTaken
		}
		return nil, nil
	}
	// "Already booked" comes before "sold out": a customer with a ticket to a sold-out event must not
	// hear that there is none.
	customer, _ := s.customers.get(c.CustomerID)
	if customer.tickets > 0 {
		return nil, ErrAlreadyBooked
	}
	switch {
	case s.status == statusCancelled:
		return nil, ErrEventCancelled
	case begun(s, c.Now):
		return nil, ErrEventPast
	case s.Remaining() <= 0:
		return nil, ErrSoldOut
	case s.details.RequireProofOfWork && !c.WorkProved: // nobody works for a ticket that is not there
		return nil, ErrProofOfWorkRequired
	case customer.made >= MaxBookings: // the last rule: Explain relies on that
		return nil, ErrTooManyBookings
	}
	line := Line{Type: FirstTypeID, Quantity: 1, Price: s.details.Price().Minor}
	if len(s.details.TicketTypes) > 0 {
		line.Type = s.details.TicketTypes[0].ID
	}
	return []Record{TicketBooked{c.BookingID, c.CustomerID, s.details.Currency, Lines{line}}}, nil
}

func cancelBooking(c CancelBooking, s State) ([]Record, error) {
	b, made := s.bookings.get(c.BookingID)
	switch {
	case !made:
		return nil, ErrBookingNotFound
	case b.customer != c.CustomerID:
		return nil, ErrNotBookingOwner
	case b.cancelled:
		return nil, nil
	case s.status == statusScheduled && begun(s, c.Now):
		return nil, ErrEventPast
	}
	return []Record{BookingCancelled{c.BookingID, c.CustomerID, s.linesOf(c.BookingID, b).cancelled()}}, nil
}

func changeable(s State) error {
	switch s.status {
	case statusNone:
		return ErrEventNotFound
	case statusCancelled:
		return ErrEventCancelled
	case statusScheduled:
	}
	return nil
}

func begun(s State, now time.Time) bool { return !now.Before(s.details.StartsAt) }
