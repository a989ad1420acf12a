package domain_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// A hall with two types: 1 (floor) and 2 (balcony, of which there may be few).
func hall(perCustomer, balcony int) domain.Details {
	d := concert()
	d.MaxPerCustomer = perCustomer
	d.TicketTypes = []domain.TicketType{
		{ID: 1, Name: "Floor", Price: 49_99}, {ID: 2, Name: "Balcony", Price: 20_00, Capacity: balcony},
	}
	return d
}

func opened(capacity, perCustomer, balcony int) domain.Record {
	return domain.EventScheduled{Details: hall(perCustomer, balcony), Capacity: capacity}
}

// The times of a sale.
var (
	noon    = begins.Add(-8 * time.Hour)
	soon    = noon.Add(time.Minute)
	expiry  = noon.Add(10 * time.Minute)
	after   = expiry
	dan     = id(0xda)
	entryID = id(0x77)
)

func floor(n int) domain.Line   { return domain.Line{Type: 1, Quantity: n, Price: 49_99} }
func balcony(n int) domain.Line { return domain.Line{Type: 2, Quantity: n, Price: 20_00} }

func free(lines ...domain.Line) domain.Lines {
	unpriced := domain.Lines{}
	for _, l := range lines {
		unpriced = append(unpriced, domain.Line{Type: l.Type, Quantity: l.Quantity})
	}
	return unpriced
}

func sold(booking, customer uuid.UUID, lines ...domain.Line) domain.Record {
	return domain.TicketBooked{BookingID: booking, CustomerID: customer, Currency: "EUR", Lines: lines}
}

func held(hold, customer uuid.UUID, until time.Time, lines ...domain.Line) domain.Record {
	return domain.TicketsHeld{HoldID: hold, CustomerID: customer, Currency: "EUR", Lines: lines, ExpiresAt: until}
}

func renewed(hold, customer uuid.UUID, until time.Time, before domain.Line, lines ...domain.Line) domain.Record {
	r := held(hold, customer, until, lines...).(domain.TicketsHeld)
	r.Before = free(before)
	return r
}

func confirmed(hold, customer uuid.UUID, lines ...domain.Line) domain.Record {
	return domain.HoldConfirmed{HoldID: hold, CustomerID: customer, Currency: "EUR", Lines: lines}
}

func lapsed(hold, customer uuid.UUID, lines ...domain.Line) domain.Record {
	return domain.HoldLapsed{HoldID: hold, CustomerID: customer, Lines: free(lines...)}
}

func released(hold, customer uuid.UUID, lines ...domain.Line) domain.Record {
	return domain.HoldReleased{HoldID: hold, CustomerID: customer, Lines: free(lines...)}
}

func joined(entry, customer uuid.UUID, lines ...domain.Line) domain.Record {
	return domain.WaitlistJoined{EntryID: entry, CustomerID: customer, Lines: free(lines...)}
}

func offered(entry, customer uuid.UUID, until time.Time, lines ...domain.Line) domain.Record {
	return domain.TicketsOffered{EntryID: entry, CustomerID: customer, Currency: "EUR", Lines: lines, ExpiresAt: until}
}

func order(booking, customer uuid.UUID, now time.Time, lines ...domain.Line) domain.Command {
	return domain.BookTicket{BookingID: booking, CustomerID: customer, Lines: lines, Now: now}
}

func reserve(hold, customer uuid.UUID, now time.Time, lines ...domain.Line) domain.Command {
	return domain.HoldTickets{HoldID: hold, CustomerID: customer, Lines: lines, Until: now.Add(10 * time.Minute), Now: now}
}

func confirm(hold, customer uuid.UUID, now time.Time) domain.Command {
	return domain.ConfirmHold{HoldID: hold, CustomerID: customer, Now: now}
}

func release(hold, customer uuid.UUID, now time.Time) domain.Command {
	return domain.ReleaseHold{HoldID: hold, CustomerID: customer, Now: now}
}

func wait(entry, customer uuid.UUID, now time.Time, lines ...domain.Line) domain.Command {
	return domain.JoinWaitlist{EntryID: entry, CustomerID: customer, Lines: lines, Now: now}
}

func lapse(now time.Time) domain.Command { return domain.LapseHolds{Now: now} }

func onSaleFrom(opens, closes time.Time) domain.Record {
	d := hall(4, 0)
	d.SaleOpensAt, d.SaleClosesAt = opens, closes
	return domain.EventScheduled{Details: d, Capacity: 2}
}

func TestRulesOfTypesAndSales(t *testing.T) {
	t.Parallel()
	t.Run("rule 15: a booking names its types", func(t *testing.T) {
		given(t, opened(5, 4, 0)).when(order(first, ann, noon, balcony(2), floor(1))).
			then(sold(first, ann, floor(1), balcony(2)))
	})
	t.Run("rule 15: a booking without lines is one ticket of the first type", func(t *testing.T) {
		given(t, opened(5, 4, 0)).when(order(first, ann, noon)).then(sold(first, ann, floor(1)))
	})
	t.Run("rule 15: all lines are booked or none", func(t *testing.T) {
		given(t, opened(5, 4, 1), sold(first, bob, balcony(1))).when(order(second, ann, noon, floor(1), balcony(1))).
			refused(domain.ErrNotEnoughTickets)
	})
	t.Run("rule 15: types share the capacity of the event", func(t *testing.T) {
		given(t, opened(2, 4, 0), sold(first, bob, floor(2))).when(order(second, ann, noon, balcony(1))).
			refused(domain.ErrSoldOut)
	})
	t.Run("rule 15: a type can be sold out before the event", func(t *testing.T) {
		given(t, opened(5, 4, 1), sold(first, bob, balcony(1))).when(order(second, ann, noon, balcony(1))).
			refused(domain.ErrSoldOut)
	})
	t.Run("rule 15: there are only the types that there are", func(t *testing.T) {
		given(t, opened(5, 4, 0)).when(order(first, ann, noon, domain.Line{Type: 9, Quantity: 1})).
			refused(domain.ErrTypeNotFound)
	})
	t.Run("rule 15: nobody is told that all is sold who asks for more than is left", func(t *testing.T) {
		given(t, opened(2, 4, 0), sold(first, bob, floor(1))).when(order(second, ann, noon, floor(2))).
			refused(domain.ErrNotEnoughTickets)
	})
	t.Run("rule 15: a cancellation gives all lines back", func(t *testing.T) {
		given(t, opened(3, 4, 0), sold(first, bob, floor(1), balcony(2))).when(giveBack(first, bob, noon)).
			then(domain.BookingCancelled{BookingID: first, CustomerID: bob, Lines: free(floor(1), balcony(2))})
	})

	t.Run("rule 16: a customer can book again up to the limit", func(t *testing.T) {
		given(t, opened(9, 3, 0), sold(first, ann, floor(2))).when(order(second, ann, noon)).then(sold(second, ann, floor(1)))
	})
	t.Run("rule 16: and no further", func(t *testing.T) {
		given(t, opened(9, 3, 0), sold(first, ann, floor(2))).when(order(second, ann, noon, floor(2))).
			refused(domain.ErrLimitPerCustomer)
	})
	t.Run("rule 16: tickets that are set aside count", func(t *testing.T) {
		given(t, opened(9, 3, 0), held(first, ann, expiry, floor(2))).when(order(second, ann, noon, floor(2))).
			refused(domain.ErrAlreadyHolding)
	})
	t.Run("rule 16: tickets whose time is over do not", func(t *testing.T) {
		given(t, opened(9, 3, 0), held(first, ann, expiry, floor(2))).when(order(second, ann, after, floor(2))).
			then(lapsed(first, ann, floor(2)), sold(second, ann, floor(2)))
	})

	without := hall(4, 0)
	without.TicketTypes = without.TicketTypes[:1]
	t.Run("rule 17: a type without tickets can be removed", func(t *testing.T) {
		given(t, opened(9, 4, 0), sold(first, ann, floor(1))).when(change(without)).then(changed(without))
	})
	t.Run("rule 17: a type with tickets can't", func(t *testing.T) {
		given(t, opened(9, 4, 0), sold(first, ann, balcony(1))).when(change(without)).refused(domain.ErrTypeInUse)
	})
	t.Run("rule 17: the id of a removed type is not given again", func(t *testing.T) {
		asked, got := without, without
		asked.TicketTypes = append(asked.TicketTypes[:1:1], domain.TicketType{ID: 2, Name: "Box", Price: 1})
		got.TicketTypes = append(got.TicketTypes[:1:1], domain.TicketType{ID: 3, Name: "Box", Price: 1})
		given(t, opened(9, 4, 0), changed(without)).when(change(asked)).then(changed(got))
	})
	t.Run("rule 17: the capacity of a type does not fall below its tickets", func(t *testing.T) {
		given(t, opened(9, 4, 3), sold(first, ann, balcony(2))).when(change(hall(4, 1))).refused(domain.ErrCapacityBelowSold)
	})

	t.Run("rule 18: before the sale opens there are no tickets", func(t *testing.T) {
		given(t, onSaleFrom(soon, time.Time{})).when(order(first, ann, noon)).refused(domain.ErrSaleNotOpen)
	})
	t.Run("rule 18: from then on there are", func(t *testing.T) {
		given(t, onSaleFrom(noon, time.Time{})).when(order(first, ann, noon)).then(sold(first, ann, floor(1)))
	})
	t.Run("rule 18: until the sale closes", func(t *testing.T) {
		given(t, onSaleFrom(time.Time{}, noon)).when(reserve(first, ann, noon)).refused(domain.ErrSaleClosed)
	})
	t.Run("rule 18: a hold ends with the sale", func(t *testing.T) {
		given(t, onSaleFrom(time.Time{}, soon)).when(reserve(first, ann, noon)).then(held(first, ann, soon, floor(1)))
	})

	draft := domain.EventScheduled{Details: hall(4, 0), Capacity: 2, Draft: true}
	t.Run("rule 19: a draft can't be booked", func(t *testing.T) {
		given(t, draft).when(order(first, ann, noon)).refused(domain.ErrEventNotFound)
	})
	t.Run("rule 19: nor can its tickets be held", func(t *testing.T) {
		given(t, draft).when(reserve(first, ann, noon)).refused(domain.ErrEventNotFound)
	})
	t.Run("rule 19: nor waited for", func(t *testing.T) {
		given(t, draft).when(wait(first, ann, noon)).refused(domain.ErrEventNotFound)
	})
	t.Run("rule 19: a draft is published", func(t *testing.T) {
		given(t, draft).when(domain.PublishEvent{Now: noon}).then(domain.EventPublished{})
	})
	t.Run("rule 19: a draft that is cancelled stays hidden", func(t *testing.T) {
		given(t, draft, calledOff()).when(order(first, ann, noon)).refused(domain.ErrEventNotFound)
	})
	t.Run("rule 10: and is not published", func(t *testing.T) {
		given(t, draft, calledOff()).when(domain.PublishEvent{Now: noon}).refused(domain.ErrEventCancelled)
	})
	t.Run("rule 19: publishing again changes nothing", func(t *testing.T) {
		given(t, draft, domain.EventPublished{}).when(domain.PublishEvent{Now: noon}).nothing()
	})
	t.Run("rule 19: what is published can be booked", func(t *testing.T) {
		given(t, draft, domain.EventPublished{}).when(order(first, ann, noon)).then(sold(first, ann, floor(1)))
	})
	t.Run("rule 19: scheduling a draft again after it was published changes nothing", func(t *testing.T) {
		given(t, draft, domain.EventPublished{}).
			when(domain.ScheduleEvent{Details: hall(4, 0), Capacity: 2, Draft: true}).nothing()
	})
}

func TestRulesOfHolds(t *testing.T) {
	t.Parallel()
	t.Run("rule 20: a hold takes tickets", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(2))).when(order(second, bob, soon)).
			refused(domain.ErrSoldOut)
	})
	t.Run("rule 20: asking again renews it", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(2))).when(reserve(second, ann, soon, floor(2))).
			then(renewed(first, ann, soon.Add(10*time.Minute), floor(2), floor(2)))
	})
	t.Run("rule 20: to a hard end", func(t *testing.T) {
		end := expiry.Add(domain.RenewalTime)
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(2)),
			renewed(first, ann, end.Add(-time.Minute), floor(2), floor(2))).
			when(reserve(second, ann, end.Add(-2*time.Minute), floor(2))).
			then(renewed(first, ann, end, floor(2), floor(2)))
	})
	t.Run("rule 20: asking again at once changes nothing", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(2))).when(reserve(second, ann, noon, floor(2))).nothing()
	})
	t.Run("rule 20: a hold can change what it is for", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(2))).
			when(reserve(second, ann, noon, floor(1), balcony(1))).
			then(renewed(first, ann, expiry, floor(2), floor(1), balcony(1)))
	})
	t.Run("rule 20: as far as the tickets allow", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(1)), sold(second, bob, floor(1))).
			when(reserve(third, ann, noon, floor(2))).refused(domain.ErrNotEnoughTickets)
	})

	t.Run("rule 21: a hold becomes a booking", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(2))).when(confirm(first, ann, soon)).
			then(confirmed(first, ann, floor(2)))
	})
	t.Run("rule 21: at the price of before", func(t *testing.T) {
		dearer := hall(4, 0)
		dearer.TicketTypes[0].Price, dearer.Currency = 99_99, "USD"
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(2)), changed(dearer)).when(confirm(first, ann, soon)).
			then(confirmed(first, ann, floor(2)))
	})
	t.Run("rule 21: once", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(2)), confirmed(first, ann, floor(2))).
			when(confirm(first, ann, soon)).nothing()
	})
	t.Run("rule 21: not by another customer", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(2))).when(confirm(first, bob, soon)).
			refused(domain.ErrHoldNotFound)
	})
	t.Run("rule 21: not when its time is over", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(2))).when(confirm(first, ann, after)).
			refused(domain.ErrHoldLapsed)
	})
	t.Run("rule 21: the booking can be cancelled", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(2)), confirmed(first, ann, floor(2))).
			when(giveBack(first, ann, soon)).
			then(domain.BookingCancelled{BookingID: first, CustomerID: ann, Lines: free(floor(2))})
	})
	t.Run("rule 18: a hold can be confirmed after the sale was closed", func(t *testing.T) {
		closed := hall(4, 0)
		closed.SaleClosesAt = noon
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(2)), changed(closed)).when(confirm(first, ann, soon)).
			then(confirmed(first, ann, floor(2)))
	})

	t.Run("rule 22: a hold counts to its last moment", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(2))).
			when(order(second, bob, expiry.Add(-time.Microsecond))).refused(domain.ErrSoldOut)
	})
	t.Run("rule 22: whoever needs its tickets records the lapse", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(2))).when(order(second, bob, after)).
			then(lapsed(first, ann, floor(2)), sold(second, bob, floor(1)))
	})
	t.Run("rule 22: and no more lapses than that", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(1)), held(second, bob, expiry, floor(1))).
			when(order(third, eve, after)).
			then(lapsed(first, ann, floor(1)), sold(third, eve, floor(1)))
	})
	t.Run("rule 22: nobody needs to", func(t *testing.T) {
		given(t, opened(3, 4, 0), held(first, ann, expiry, floor(2))).when(order(second, bob, after)).
			then(sold(second, bob, floor(1)))
	})
	t.Run("rule 22: the lapse of one customer can be recorded alone", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(1)), held(second, bob, expiry, floor(1))).
			when(domain.LapseHolds{CustomerID: bob, Now: after}).then(lapsed(second, bob, floor(1)))
	})
	t.Run("rule 22: and not before its time", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(1))).
			when(domain.LapseHolds{CustomerID: ann, Now: soon}).nothing()
	})
	t.Run("rule 22: a lapse that is recorded is not recorded again", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(2)), lapsed(first, ann, floor(2))).
			when(lapse(after)).nothing()
	})
	t.Run("rule 22: the capacity can fall to what is sold when the holds have lapsed", func(t *testing.T) {
		given(t, opened(3, 4, 0), held(first, ann, expiry, floor(2))).
			when(domain.ChangeCapacity{Capacity: 1, Now: after}).
			then(lapsed(first, ann, floor(2)), resized(1))
	})
	t.Run("rule 9: tickets that are set aside count like those that are sold", func(t *testing.T) {
		given(t, opened(3, 4, 0), held(first, ann, expiry, floor(2))).
			when(domain.ChangeCapacity{Capacity: 1, Now: soon}).refused(domain.ErrCapacityBelowSold)
	})
	t.Run("rule 20: who lets a hold lapse can hold again", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(1))).when(reserve(second, ann, after)).
			then(lapsed(first, ann, floor(1)), held(second, ann, after.Add(10*time.Minute), floor(1)))
	})
	t.Run("rule 20: a hold can be released", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(1))).when(release(first, ann, soon)).
			then(released(first, ann, floor(1)))
	})
	t.Run("rule 11: releasing a hold again changes nothing", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(1)), released(first, ann, floor(1))).
			when(release(first, ann, soon)).nothing()
	})
	t.Run("rule 20: what has become a booking is not released", func(t *testing.T) {
		given(t, opened(2, 4, 0), held(first, ann, expiry, floor(1)), confirmed(first, ann, floor(1))).
			when(release(first, ann, soon)).refused(domain.ErrHoldConfirmed)
	})

	t.Run("rule 27: nobody can hold and release for ever", func(t *testing.T) {
		history := []domain.Record{opened(2, 4, 0)}
		for range domain.MaxClaims {
			one := uuid.New()
			history = append(history, held(one, ann, expiry, floor(1)), released(one, ann, floor(1)))
		}
		given(t, history...).when(reserve(first, ann, noon)).refused(domain.ErrTooManyClaims)
	})
}

func TestRulesOfTheWaitingList(t *testing.T) {
	t.Parallel()
	full := []domain.Record{opened(2, 4, 0), sold(first, ann, floor(1)), sold(second, bob, floor(1))}
	cancelled := func(booking, customer uuid.UUID) domain.Record {
		return givenBack(booking, customer)
	}
	then := func(more ...domain.Record) []domain.Record { return append(full[:len(full):len(full)], more...) }
	t.Run("rule 23: a customer can wait for what is sold out", func(t *testing.T) {
		given(t, full...).when(wait(entryID, eve, noon)).then(joined(entryID, eve, floor(1)))
	})
	t.Run("rule 23: not for what there is", func(t *testing.T) {
		given(t, opened(2, 4, 0)).when(wait(entryID, eve, noon)).refused(domain.ErrTicketsAvailable)
	})
	t.Run("rule 23: not for more than there could ever be", func(t *testing.T) {
		given(t, full...).when(wait(entryID, eve, noon, floor(3))).refused(domain.ErrNotEnoughTickets)
	})
	t.Run("rule 23: not twice", func(t *testing.T) {
		given(t, then(joined(entryID, eve, floor(1)))...).when(wait(third, eve, noon, floor(2))).
			refused(domain.ErrAlreadyWaiting)
	})
	t.Run("rule 11: waiting for the same again changes nothing", func(t *testing.T) {
		given(t, then(joined(entryID, eve, floor(1)))...).when(wait(third, eve, noon, floor(1))).nothing()
	})
	t.Run("rule 16: what a customer waits for counts", func(t *testing.T) {
		given(t, then(joined(entryID, eve, floor(2)))...).when(order(third, eve, noon, floor(3))).
			refused(domain.ErrAlreadyWaiting)
	})

	t.Run("rule 24: a cancelled ticket is offered to the first", func(t *testing.T) {
		given(t, then(joined(entryID, eve, floor(1)), joined(third, dan, floor(1)))...).
			when(giveBack(first, ann, noon)).
			then(cancelled(first, ann), offered(entryID, eve, expiry, floor(1)))
	})
	t.Run("rule 24: nobody else gets it", func(t *testing.T) {
		given(t, then(joined(entryID, eve, floor(1)), cancelled(first, ann), offered(entryID, eve, expiry, floor(1)))...).
			when(order(third, dan, noon)).refused(domain.ErrSoldOut)
	})
	t.Run("rule 24: a larger entry keeps its place and does not hold up a smaller one", func(t *testing.T) {
		given(t, then(joined(entryID, eve, floor(2)), joined(third, dan, floor(1)))...).
			when(giveBack(first, ann, noon)).
			then(cancelled(first, ann), offered(third, dan, expiry, floor(1)))
	})
	t.Run("rule 24: the first gets its two when two are free", func(t *testing.T) {
		given(t, opened(2, 4, 0), sold(first, ann, floor(2)), joined(entryID, eve, floor(2)), joined(third, dan, floor(1))).
			when(giveBack(first, ann, noon)).
			then(domain.BookingCancelled{BookingID: first, CustomerID: ann, Lines: free(floor(2))},
				offered(entryID, eve, expiry, floor(2)))
	})
	t.Run("rule 24: two tickets are two offers", func(t *testing.T) {
		given(t, opened(2, 4, 0), sold(first, ann, floor(2)), joined(entryID, eve, floor(1)), joined(third, dan, floor(1))).
			when(giveBack(first, ann, noon)).
			then(domain.BookingCancelled{BookingID: first, CustomerID: ann, Lines: free(floor(2))},
				offered(entryID, eve, expiry, floor(1)), offered(third, dan, expiry, floor(1)))
	})
	t.Run("rule 24: a free ticket that is enough for nobody who waits is sold to everybody", func(t *testing.T) {
		given(t, then(joined(entryID, eve, floor(2)), cancelled(first, ann))...).when(order(third, dan, noon)).
			then(sold(third, dan, floor(1)))
	})
	t.Run("rule 24: a lapse is offered, too, before what comes", func(t *testing.T) {
		given(t, opened(1, 4, 0), held(first, ann, expiry, floor(1)), joined(entryID, eve, floor(1))).when(lapse(after)).
			then(lapsed(first, ann, floor(1)), offered(entryID, eve, after.Add(10*time.Minute), floor(1)))
	})
	t.Run("rule 24: who comes after a lapse is behind those who wait", func(t *testing.T) {
		given(t, opened(1, 4, 0), held(first, ann, expiry, floor(1)), joined(entryID, eve, floor(1))).
			when(order(third, dan, after)).refused(domain.ErrSoldOut)
	})
	t.Run("rule 24: who joins after a lapse, too", func(t *testing.T) {
		given(t, opened(1, 4, 0), held(first, ann, expiry, floor(1)), joined(entryID, eve, floor(1))).
			when(wait(third, dan, after)).
			then(lapsed(first, ann, floor(1)), offered(entryID, eve, after.Add(10*time.Minute), floor(1)),
				joined(third, dan, floor(1)))
	})
	t.Run("rule 24: a released hold is offered", func(t *testing.T) {
		given(t, opened(1, 4, 0), held(first, ann, expiry, floor(1)), joined(entryID, eve, floor(1))).
			when(release(first, ann, noon)).
			then(released(first, ann, floor(1)), offered(entryID, eve, expiry, floor(1)))
	})
	t.Run("rule 24: more capacity is offered", func(t *testing.T) {
		given(t, then(joined(entryID, eve, floor(1)))...).when(domain.ChangeCapacity{Capacity: 3, Now: noon}).
			then(resized(3), offered(entryID, eve, expiry, floor(1)))
	})
	t.Run("rule 24: more capacity of a type is offered", func(t *testing.T) {
		given(t, opened(9, 4, 1), sold(first, ann, balcony(1)), joined(entryID, eve, balcony(1))).
			when(changeAt(hall(4, 2), noon)).
			then(changed(hall(4, 2)), offered(entryID, eve, expiry, balcony(1)))
	})
	t.Run("rule 24: a ticket of another type is not", func(t *testing.T) {
		given(t, opened(9, 4, 1), sold(first, ann, balcony(1)), sold(second, bob, floor(1)),
			joined(entryID, eve, balcony(1))).
			when(giveBack(second, bob, noon)).then(givenBack(second, bob))
	})

	after1 := then(joined(entryID, eve, floor(1)), cancelled(first, ann), offered(entryID, eve, expiry, floor(1)))
	t.Run("rule 25: an offer is confirmed", func(t *testing.T) {
		given(t, after1...).when(confirm(entryID, eve, soon)).
			then(domain.HoldConfirmed{HoldID: entryID, CustomerID: eve, Currency: "EUR", Lines: domain.Lines{floor(1)},
				Offered: true})
	})
	t.Run("rule 25: a declined offer goes to the next", func(t *testing.T) {
		given(t, append(after1[:len(after1):len(after1)], joined(third, dan, floor(1)))...).when(release(entryID, eve, noon)).
			then(domain.OfferDeclined{EntryID: entryID, CustomerID: eve, Lines: free(floor(1))},
				offered(third, dan, expiry, floor(1)))
	})
	t.Run("rule 25: an offer that is not answered, too", func(t *testing.T) {
		given(t, append(after1[:len(after1):len(after1)], joined(third, dan, floor(1)))...).when(lapse(after)).
			then(domain.OfferLapsed{EntryID: entryID, CustomerID: eve, Lines: free(floor(1))},
				offered(third, dan, after.Add(10*time.Minute), floor(1)))
	})
	t.Run("rule 25: who let an offer lapse can wait again, at the end", func(t *testing.T) {
		given(t, append(after1[:len(after1):len(after1)], joined(third, dan, floor(1)))...).when(wait(id(0x78), eve, after)).
			then(domain.OfferLapsed{EntryID: entryID, CustomerID: eve, Lines: free(floor(1))},
				offered(third, dan, after.Add(10*time.Minute), floor(1)), joined(id(0x78), eve, floor(1)))
	})
	t.Run("rule 25: reserving what is offered changes nothing", func(t *testing.T) {
		given(t, after1...).when(reserve(third, eve, noon)).nothing()
	})

	t.Run("rule 26: nobody is offered a ticket of an event that was called off", func(t *testing.T) {
		given(t, then(joined(entryID, eve, floor(1)), calledOff())...).when(giveBack(first, ann, noon)).
			then(cancelled(first, ann))
	})
	t.Run("rule 26: nor when the sale has closed", func(t *testing.T) {
		closed := hall(4, 0)
		closed.SaleClosesAt = noon
		given(t, then(joined(entryID, eve, floor(1)), changed(closed))...).when(giveBack(first, ann, noon)).
			then(cancelled(first, ann))
	})
	t.Run("rule 26: when it opens again, they are offered what became free", func(t *testing.T) {
		closed := hall(4, 0)
		closed.SaleClosesAt = noon
		given(t, then(joined(entryID, eve, floor(1)), changed(closed), cancelled(first, ann))...).
			when(changeAt(hall(4, 0), noon)).
			then(changed(hall(4, 0)), offered(entryID, eve, expiry, floor(1)))
	})
	t.Run("rule 26: an entry can be left", func(t *testing.T) {
		given(t, then(joined(entryID, eve, floor(1)), calledOff())...).when(domain.LeaveWaitlist{CustomerID: eve}).
			then(domain.WaitlistLeft{EntryID: entryID, CustomerID: eve, Lines: free(floor(1))})
	})
	t.Run("rule 26: leaving again changes nothing", func(t *testing.T) {
		given(t, full...).when(domain.LeaveWaitlist{CustomerID: eve}).nothing()
	})
	t.Run("rule 17: a type that somebody waits for is not removed", func(t *testing.T) {
		d := hall(4, 0)
		d.TicketTypes = d.TicketTypes[:1]
		given(t, opened(1, 4, 0), sold(first, ann, floor(1)), joined(entryID, eve, balcony(1))).when(change(d)).
			refused(domain.ErrTypeInUse)
	})
}

func TestOffersThatPassSomebodyOverCantBeExplained(t *testing.T) {
	t.Parallel()
	state := domain.Fold(opened(1, 4, 0), sold(first, ann, floor(1)), joined(entryID, eve, floor(1)),
		joined(third, dan, floor(1)), givenBack(first, ann))
	for name, r := range map[string]domain.Record{
		"an offer to the second": offered(third, dan, expiry, floor(1)),
		"an offer of more":       offered(entryID, eve, expiry, floor(2)),
		"a booking":              sold(second, bob, floor(1)),
		"a hold":                 held(second, bob, expiry, floor(1)),
		"a lapse of no hold":     lapsed(second, bob, floor(1)),
	} {
		if err := domain.Explain(state, r); err == nil {
			t.Errorf("%s is explained", name)
		}
	}
	if err := domain.Explain(state, offered(entryID, eve, expiry, floor(1))); err != nil {
		t.Errorf("the offer to the first: %v", err)
	}

	if e, d, a := state.Place(eve), state.Place(dan), state.Place(ann); e != 1 || d != 2 || a != 0 {
		t.Errorf("the places are %d, %d and %d, want 1, 2 and 0", e, d, a)
	}
}
