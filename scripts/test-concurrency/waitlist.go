package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// What the users of the scenario waitlist do.
const (
	cancelling = 5 // bookings
	lapsing    = 3 // of the offers of these
	declining  = 2 // of the offers of these
	offers     = cancelling + lapsing + declining

	longestHold  = 30 * time.Second // an offer may take, so that the test does not take forever
	lapsesWithin = 2 * time.Second  // after its time
)

// runWaitlist sells an event out. Those who got no ticket wait, some of the others cancel, and some of
// those who are offered a ticket decline or do not answer: then it is offered to the next.
func (t *test) runWaitlist(ctx context.Context, users []*user) (string, error) {
	e, err := t.ownEvent(ctx)
	if err != nil {
		return "", err
	}
	t.print("%d users book at the same moment.", len(users))
	answers := bookAtOnce(ctx, users, e.ID)
	errs, bookings := make([]error, len(answers)), map[*user]uuid.UUID{}
	for i, a := range answers {
		errs[i], bookings[a.user] = a.err, a.booked.Booking.ID
	}
	got, waiting, err := split(users, errs)
	if err != nil {
		return "", err
	}
	if len(got) != t.tickets {
		return "", fmt.Errorf("%d bookings succeeded for %d tickets", len(got), t.tickets)
	}
	t.print("  %d got a ticket; the other %d wait", len(got), len(waiting))
	if _, err := all("join the waiting list", waiting, func(_ int, u *user) (struct{}, error) {
		return struct{}{}, u.api.Join(ctx, e.ID)
	}); err != nil {
		return "", err
	}
	t.print("  %d cancel at the same moment", cancelling)
	if _, err := all("cancel", got[:cancelling], func(_ int, u *user) (struct{}, error) {
		return struct{}{}, u.api.Cancel(ctx, bookings[u])
	}); err != nil {
		return "", err
	}
	r := &offerResponder{test: t, event: e.ID, users: map[uuid.UUID]*user{}}
	for _, u := range users {
		r.users[u.id] = u
	}
	if err := r.answerOffers(ctx); err != nil {
		return "", err
	}
	s, err := t.wholeStream(ctx, e.ID)
	if err != nil {
		return "", err
	}
	t.report(fmt.Sprintf("%d offers: %d confirmed, %d declined, %d lapsed", offers, cancelling, declining, lapsing),
		s.counts(map[string]int{
			domain.TypeTicketBooked: t.tickets, domain.TypeWaitlistJoined: len(waiting), domain.TypeWaitlistLeft: 0,
			domain.TypeBookingCancelled: cancelling, domain.TypeTicketsOffered: offers, domain.TypeHoldConfirmed: cancelling,
			domain.TypeOfferDeclined: declining, domain.TypeOfferLapsed: lapsing, domain.TypeTicketsHeld: 0,
		}))
	t.report("each freed ticket was offered in the next record, in the order of joining", s.inOrder())
	t.report("no lapse was recorded before its time, or long after it", s.lapsesInTime())
	t.report("the audit finds the waiting list fair", t.fairness(ctx, e.ID))
	return fmt.Sprintf("%d tickets, %d offers in the order of joining, %d still wait, and the stream is intact", t.tickets,
		offers, len(waiting)-offers), t.failure()
}

// offerResponder answers offers as they come.
type offerResponder struct {
	*test
	event uuid.UUID
	users map[uuid.UUID]*user
	seen  int // offers
}

// answerOffers lets the first ones lapse, declines the next ones and confirms all others.
func (r *offerResponder) answerOffers(ctx context.Context) error {
	deadline := time.Now().Add(longestHold + lapsesWithin + r.lag)
	for r.seen < offers {
		s, err := readStream(ctx, r.auditing, r.event)
		if err != nil {
			return err
		}
		made := s.offers()
		for ; r.seen < min(len(made), offers); r.seen++ {
			if err := r.answer(ctx, made[r.seen]); err != nil {
				return err
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d offers were made in %s, want %d", r.seen, time.Since(deadline.Add(-longestHold)), offers)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

func (r *offerResponder) answer(ctx context.Context, o domain.TicketsOffered) error {
	u := r.users[o.CustomerID]
	if u == nil {
		return fmt.Errorf("an offer goes to %s, who is none of the users", o.CustomerID)
	}
	switch {
	case r.seen < lapsing:
		if left := time.Until(o.ExpiresAt); left > longestHold {
			return fmt.Errorf("offers take %s here: start the server with HOLD_TIME=5s for this scenario",
				left.Round(time.Second))
		}
		if r.seen == 0 {
			r.print("  %d do not answer their offers, %d decline, and the next in the order accept", lapsing, declining)
		}
		return nil
	case r.seen < lapsing+declining:
		return u.api.Release(ctx, o.EntryID)
	}
	_, err := u.api.Confirm(ctx, o.EntryID)
	return err
}

func (s *stream) offers() (made []domain.TicketsOffered) {
	for _, r := range s.decoded {
		if o, is := r.(domain.TicketsOffered); is {
			made = append(made, o)
		}
	}
	return made
}

// inOrder checks, by the records alone, that whoever joined first is offered the first ticket, in the
// record after the one that has freed it. All want one ticket.
func (s *stream) inOrder() error {
	var queue []uuid.UUID
	isFreed := false
	for i, r := range s.decoded {
		version := s.records[i].Version
		o, isOffer := r.(domain.TicketsOffered)
		switch {
		case isFreed && !isOffer:
			return fmt.Errorf("the ticket that version %d frees is not offered, while %d wait", version-1, len(queue))
		case isOffer && !isFreed:
			return fmt.Errorf("version %d offers a ticket that was not freed before", version)
		case isOffer && (len(queue) == 0 || o.EntryID != queue[0]):
			return fmt.Errorf("version %d offers a ticket to entry %s: another one joined before", version, o.EntryID)
		case isOffer:
			queue = queue[1:]
		}
		isFreed = false
		switch r := r.(type) {
		case domain.WaitlistJoined:
			queue = append(queue, r.EntryID)
		case domain.WaitlistLeft:
			queue = slices.DeleteFunc(queue, func(id uuid.UUID) bool { return id == r.EntryID })
		case domain.BookingCancelled, domain.OfferDeclined, domain.OfferLapsed:
			isFreed = len(queue) > 0
		default:
		}
	}
	return nil
}

// lapsesInTime checks that lapses are recorded after their time, and soon.
func (s *stream) lapsesInTime() error {
	expires := map[uuid.UUID]time.Time{}
	for i, r := range s.decoded {
		switch r := r.(type) {
		case domain.TicketsOffered:
			expires[r.EntryID] = r.ExpiresAt
		case domain.OfferLapsed:
			switch late := s.records[i].RecordedAt.Sub(expires[r.EntryID]); {
			case late < 0:
				return fmt.Errorf("version %d records a lapse %s before its time", s.records[i].Version, -late)
			case late > lapsesWithin:
				return fmt.Errorf("version %d records a lapse %s after its time", s.records[i].Version, late)
			}
		default:
		}
	}
	return nil
}

// fairness asks the system's own audit.
func (t *test) fairness(ctx context.Context, eventID uuid.UUID) error {
	var report struct {
		Offers   int
		Findings []struct{ Detail string }
	}
	err := t.auditing.Do(ctx, http.MethodGet, "/audit/streams/"+eventID.String()+"/fairness", nil, &report, http.StatusOK)
	switch {
	case err != nil:
		return err
	case len(report.Findings) > 0:
		return errors.New(report.Findings[0].Detail)
	case report.Offers != offers:
		return fmt.Errorf("it knows %d offers, and there are %d", report.Offers, offers)
	}
	return nil
}
