package audit

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// replay judges and applies a record other than an offer. It returns a step if the record frees
// tickets.
func (f *fairness) replay(value domain.Record) *FairnessStep {
	switch r := value.(type) {
	case domain.EventScheduled:
		f.capacity, f.isPublished = r.Capacity, !r.Draft
		f.describe(&r.Details)
	case domain.DetailsChanged:
		return f.raise(func() { f.describe(&r.Details) })
	case domain.CapacityChanged:
		return f.raise(func() { f.capacity = r.Capacity })
	case domain.EventPublished:
		f.isPublished = true
	case domain.EventCancelled:
		f.isCancelled = true
	case domain.TicketBooked:
		f.takeNew(want(r.Lines))
		f.bookings[r.BookingID] = want(r.Lines)
	case domain.BookingCancelled:
		return f.cancelled(r)
	case domain.TicketsHeld:
		return f.held(r)
	case domain.HoldConfirmed:
		f.endHold(r.HoldID, r.CustomerID, r.Lines, r.Offered, time.Time{})
		f.takeFree(want(r.Lines))
		f.bookings[r.HoldID] = want(r.Lines)
	case domain.HoldReleased:
		return f.freeHold(r.HoldID, r.CustomerID, r.Lines, false, time.Time{})
	case domain.HoldLapsed:
		return f.freeHold(r.HoldID, r.CustomerID, r.Lines, false, f.record.RecordedAt)
	case domain.WaitlistJoined:
		f.join(r)
	case domain.WaitlistLeft:
		if e := f.waiting.entries[r.EntryID]; e == nil || e.by != r.CustomerID {
			f.wrong("entry %s of customer %s leaves the waiting list and is not on it", r.EntryID, r.CustomerID)
		}
		f.waiting.leave(r.EntryID)
	case domain.OfferDeclined:
		return f.freeHold(r.EntryID, r.CustomerID, r.Lines, true, time.Time{})
	case domain.OfferLapsed:
		return f.freeHold(r.EntryID, r.CustomerID, r.Lines, true, f.record.RecordedAt)
	case domain.TicketsOffered: // see offered
	case domain.OrganizerAdded, domain.OrganizerRemoved, domain.TicketCheckedIn, domain.CheckInUndone,
		domain.MessageSent: // free nothing
	}
	return nil
}

// takeNew takes tickets that must be free, and that nobody waits for.
func (f *fairness) takeNew(w wants) {
	if first, some := f.first(); some {
		f.wrong("the tickets go to somebody else, while %s waits for %d and %d are free", first.name(),
			first.wants.quantity(), f.free())
	}
	f.notEarly()
	f.takeFree(w)
}

// takeFree takes tickets that must be free.
func (f *fairness) takeFree(w wants) {
	if of, free, lacks := f.lacks(w); lacks && of > 0 {
		f.wrong("%s are taken, and %d of type %d are free", w, free, of)
	} else if lacks {
		f.wrong("%s are taken, and %d are free", w, free)
	}
	f.take(w)
}

// notEarly finds what only a sale allows. Its end can't be judged: a record does not say when it was
// decided, only that it was not later.
func (f *fairness) notEarly() {
	switch {
	case !f.isPublished:
		f.wrong("the event is not published")
	case f.isCancelled:
		f.wrong("the event is cancelled")
	case f.record.RecordedAt.Before(f.opens):
		f.wrong("the sale opens at %s only", f.opens.Format(time.RFC3339))
	}
}

// freed is the step of a record that gave tickets back.
func (f *fairness) freed(by uuid.UUID, lines []TicketCount) *FairnessStep {
	f.report.Freed++
	return &FairnessStep{CustomerID: &by, Lines: lines, Free: max(0, f.free()), Waiting: f.waiting.count}
}

// raise changes how many tickets there are, or when they are sold. It frees tickets if there are more
// than before, or if somebody waits for those that are free.
func (f *fairness) raise(change func()) *FairnessStep {
	before := f.free()
	change()
	if f.free() < 0 {
		f.wrong("%d tickets are taken, and the event has %d", f.total, f.capacity)
	}
	for id, capacity := range f.types {
		if taken := f.taken[id]; capacity > 0 && taken > capacity {
			f.wrong("%d tickets of type %d are taken, and there are %d", taken, id, capacity)
		}
	}
	if _, some := f.first(); !some && f.free() <= before {
		return nil
	}
	step := f.freed(uuid.Nil, []TicketCount{})
	step.CustomerID = nil
	return step
}

func (f *fairness) cancelled(r domain.BookingCancelled) *FairnessStep {
	w, has := f.bookings[r.BookingID]
	switch {
	case !has:
		f.wrong("booking %s gives tickets back that it does not have", r.BookingID)
		return nil
	case w != want(r.Lines):
		f.wrong("booking %s of %s gives back %s", r.BookingID, w, want(r.Lines))
	}
	delete(f.bookings, r.BookingID)
	f.give(w)
	return f.freed(r.CustomerID, w.lines())
}

// held judges a new hold, or a renewal, which can give tickets back.
func (f *fairness) held(r domain.TicketsHeld) *FairnessStep {
	w := want(r.Lines)
	hold := heldTickets{r.CustomerID, w, r.ExpiresAt, false}
	before, renews := f.holds[r.HoldID]
	// A renewal keeps the time of a hold that is older than a change of the sale.
	if end := f.endOfSale(); r.ExpiresAt.After(end) && r.ExpiresAt.After(before.expiresAt) {
		f.wrong("the hold ends at %s, after the end of the sale at %s", r.ExpiresAt.Format(time.RFC3339),
			end.Format(time.RFC3339))
	}
	f.holds[r.HoldID] = hold
	switch {
	case !renews && len(r.Before) > 0:
		f.wrong("hold %s is renewed and is not there", r.HoldID)
		f.takeFree(w)
		return nil
	case !renews:
		f.takeNew(w)
		return nil
	case before.by != r.CustomerID || before.isOffer || want(r.Before) != before.wants:
		f.wrong("hold %s is renewed, and is another one: %s of customer %s", r.HoldID, before.wants,
			before.by)
	}
	if w == before.wants {
		return nil
	}
	first, some := f.first()
	if some {
		f.wrong("the hold changes, while %s waits for %d and %d are free", first.name(), first.wants.quantity(), f.free())
	}
	f.give(before.wants)
	f.takeFree(w)
	if back := fewer(before.wants.lines(), w.lines()); len(back) > 0 {
		return f.freed(r.CustomerID, back)
	}
	return nil
}

// fewer is what some lines have more than others.
func fewer(before, now []TicketCount) (back []TicketCount) {
	for _, line := range before {
		at := slices.IndexFunc(now, func(l TicketCount) bool { return l.Type == line.Type })
		if at >= 0 {
			line.Quantity -= now[at].Quantity
		}
		if line.Quantity > 0 {
			back = append(back, line)
		}
	}
	return back
}

// freeHold is endHold of one whose tickets are free then.
func (f *fairness) freeHold(id, by uuid.UUID, lines domain.Lines, isOffer bool, lapses time.Time) *FairnessStep {
	w, has := f.endHold(id, by, lines, isOffer, lapses)
	if !has {
		return nil
	}
	return f.freed(by, w.lines())
}

// endHold ends a hold or an offer, and tells what it held. One that lapses has to be over at a time,
// which is zero for other ends.
func (f *fairness) endHold(id, by uuid.UUID, lines domain.Lines, isOffer bool, lapses time.Time) (wants, bool) {
	hold, has := f.holds[id]
	switch {
	case !has:
		f.wrong("hold %s ends and is not there, or has ended before", id)
		return "", false
	case hold.by != by || hold.wants != want(lines) || hold.isOffer != isOffer:
		f.wrong("hold %s ends as another one than it was: %s of customer %s", id, hold.wants, hold.by)
	case !lapses.IsZero() && lapses.Before(hold.expiresAt):
		f.wrong("the lapse is recorded before its time, which is %s", hold.expiresAt.Format(time.RFC3339Nano))
	}
	delete(f.holds, id)
	f.give(hold.wants)
	return hold.wants, true
}

func (f *fairness) join(r domain.WaitlistJoined) {
	w := want(r.Lines)
	if _, _, lacks := f.lacks(w); !lacks {
		f.wrong("%s join the waiting list, while %d tickets are free", w, f.free())
	}
	if f.waiting.entries[r.EntryID] != nil {
		f.wrong("entry %s joins twice", r.EntryID)
	}
	f.notEarly()
	f.waiting.join(r.EntryID, r.CustomerID, w, f.record.Version)
	f.report.Joined++
}

// endOfSale is when the last hold and the last offer end.
func (f *fairness) endOfSale() time.Time {
	if !f.closes.IsZero() && f.closes.Before(f.starts) {
		return f.closes
	}
	return f.starts
}

// offered judges an offer: it has to go to the first entry that the free tickets are enough for.
func (f *fairness) offered(r domain.TicketsOffered) *FairnessStep {
	f.report.Offers++
	w := want(r.Lines)
	step := &FairnessStep{
		CustomerID: &r.CustomerID, Lines: w.lines(), Free: max(0, f.free()), Waiting: f.waiting.count,
		Offer: &OfferReason{EntryID: r.EntryID, ExpiresAt: r.ExpiresAt, Skipped: []Skipped{}},
	}
	e, waits := f.waiting.entries[r.EntryID]
	hold, isHeld := f.holds[r.EntryID]
	switch first, some := f.first(); {
	case isHeld && hold.isOffer:
		f.wrong("entry %s has an offer already: its tickets are offered twice", r.EntryID)
	case !waits:
		f.wrong("entry %s is not on the waiting list", r.EntryID)
	case e.by != r.CustomerID:
		f.wrong("the entry is of customer %s", e.by)
	case e.wants != w:
		f.wrong("the entry is for %s", e.wants)
	case !some:
		f.wrong("no free tickets are enough for anybody who waits")
	case first != e:
		f.wrong("%s comes first: %d are free, and that is enough for %s", first.name(), f.free(),
			first.wants)
	case r.ExpiresAt.After(f.endOfSale()):
		f.wrong("the offer ends after the end of the sale at %s", f.endOfSale().Format(time.RFC3339))
	}
	f.notEarly()
	if waits {
		step.Offer.Number, step.Offer.Joined = e.number, e.version
		step.Offer.Skipped, step.Offer.Before = f.skipped(e.number)
	}
	f.waiting.leave(r.EntryID)
	if isHeld {
		f.give(hold.wants)
	}
	f.take(w)
	f.holds[r.EntryID] = heldTickets{r.CustomerID, w, r.ExpiresAt, true}
	return step
}
