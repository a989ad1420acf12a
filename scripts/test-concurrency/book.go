package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi/client"
)

// preferred is the title of the seeded event that this test is for.
const preferred = "Limited Concert"

// runBook lets all users book at once.
func (t *test) runBook(ctx context.Context, users []*user, taken map[uuid.UUID]bool) (string, error) {
	e, before, err := t.findEvent(ctx, taken)
	if err != nil {
		return "", err
	}

	t.print("Event: %q (%d tickets available)", e.Title, e.RemainingTickets)
	t.print("Sending %d simultaneous booking requests...", t.users)
	answers := bookAtOnce(ctx, users, e.ID)
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	winners := t.judge(ctx, answers, e)
	t.inspect(ctx, answers, winners, e.ID, before)
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	return fmt.Sprintf("%d of %d bookings succeeded for %d tickets, and the stream is intact",
		len(winners), t.users, t.tickets), t.failure()
}

// findEvent looks for an upcoming event with exactly as many tickets left as the test needs and
// that no user has booked. When there is none, it schedules one.
func (t *test) findEvent(ctx context.Context, taken map[uuid.UUID]bool) (client.Event, *stream, error) {
	for _, search := range []string{preferred, ""} {
		for page, pages := 1, 1; page <= pages; page++ {
			list, total, err := t.auditing.Events(ctx, search, page)
			if err != nil {
				return client.Event{}, nil, err
			}
			pages = total
			for _, e := range list {
				if !t.fits(e) || taken[e.ID] || search != "" && e.Title != search {
					continue
				}
				// The list may be behind, or the event a busy one.
				s, err := readStream(ctx, t.auditing, e.ID)
				if err != nil {
					return client.Event{}, nil, err
				}
				if s.fold().Remaining() == t.tickets {
					return e, s, nil
				}
			}
		}
	}
	return t.scheduleEvent(ctx)
}

func (t *test) fits(e client.Event) bool {
	return e.RemainingTickets == t.tickets && e.Status == "SCHEDULED" && e.Date.After(time.Now().Add(t.timeout))
}

// outcomes counts the answers of the simultaneous requests by what they say.
type outcomes struct {
	winners []answer // those that got a ticket
	soldOut int
	others  map[string]int // that should not be, by their text
	waits   int            // how often the server asked to come back later
	slowest time.Duration
}

func countOutcomes(answers []answer, eventID uuid.UUID) *outcomes {
	o := &outcomes{others: map[string]int{}}
	for _, a := range answers {
		o.waits += a.user.api.Waits
		o.slowest = max(o.slowest, a.took)
		var r *client.Error
		switch {
		case a.err == nil:
			o.winners = append(o.winners, a)
			if err := checkBooked(a.booked, a.user, eventID); err != nil {
				o.others["201 with "+err.Error()]++
			}
		case errors.As(a.err, &r) && r.Status == http.StatusConflict && r.Code == client.SoldOut:
			o.soldOut++
		default:
			o.others[brief(a.err)]++
		}
	}
	return o
}

// judge compares the answers with what they must be, prints the results, and returns those that got
// a ticket.
func (t *test) judge(ctx context.Context, answers []answer, e client.Event) (winners []answer) {
	o := countOutcomes(answers, e.ID)
	_, _ = fmt.Fprintf(t.progress, "all %d answers within %s", len(answers), o.slowest.Round(time.Millisecond))
	if o.waits > 0 {
		_, _ = fmt.Fprintf(t.progress, ", after being asked to come back later %d times", o.waits)
	}
	_, _ = fmt.Fprintln(t.progress)
	remaining, err := t.awaitRemaining(ctx, e.ID, t.tickets-t.expected())

	t.print("\nResults:")
	t.print("  Successful bookings: %d", len(o.winners))
	t.print("  Rejected (no tickets): %d", o.soldOut)
	for _, text := range slices.Sorted(maps.Keys(o.others)) {
		t.print("  Unexpected: %d × %s", o.others[text], text)
	}
	t.print("  Remaining tickets after test: %s", remaining)
	switch {
	case len(o.winners) > t.expected():
		t.problem("oversold: there were %d tickets, and %d bookings succeeded", t.tickets, len(o.winners))
	case len(o.winners) < t.expected():
		t.problem("undersold: %d bookings should have succeeded, and %d did", t.expected(), len(o.winners))
	}
	for _, text := range slices.Sorted(maps.Keys(o.others)) {
		t.problem("unexpected answers (%d): %s", o.others[text], text)
	}
	if err != nil {
		t.problem("%v", err)
	}
	if len(t.problems) > 0 {
		t.print("\nTEST FAILED: %s", strings.Join(t.problems, "; "))
	} else {
		t.print("\nTEST PASSED: No overselling detected")
	}
	return o.winners
}

// awaitRemaining waits until the read model shows so many tickets. It returns the last number that it
// showed, for printing.
func (t *test) awaitRemaining(ctx context.Context, eventID uuid.UUID, want int) (last string, err error) {
	last = "unknown"
	err = t.within(ctx, func() error {
		now, err := t.auditing.Event(ctx, eventID)
		if err != nil {
			return err
		}
		last = strconv.Itoa(now.RemainingTickets)
		if now.RemainingTickets != want {
			return fmt.Errorf("%d tickets remain, and should be %d", now.RemainingTickets, want)
		}
		return nil
	})
	return last, err
}

// checkBooked tells whether the answer to a successful booking says what it must.
func checkBooked(b client.BookingChange, u *user, eventID uuid.UUID) error {
	switch {
	case b.Booking.ID == uuid.Nil:
		return errors.New("no id of the booking")
	case b.Booking.EventID != eventID || b.Event.ID != eventID:
		return errors.New("another event")
	case b.Booking.UserID != u.id:
		return errors.New("another user")
	case b.Booking.Status != "CONFIRMED":
		return fmt.Errorf("the status %q", b.Booking.Status)
	case b.Booking.CreatedAt.IsZero():
		return errors.New("no time of the booking")
	case b.Event.RemainingTickets == nil:
		return errors.New("no number of remaining tickets")
	}
	return nil
}

// brief leaves out what differs from one connection to the next.
func brief(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}

// inspect checks the stream, and that everything else follows from it.
func (t *test) inspect(ctx context.Context, answers, winners []answer, eventID uuid.UUID, before *stream) {
	t.print("\nStream integrity:")
	after, err := readStream(ctx, t.auditing, eventID)
	if err != nil {
		t.report("the stream can be read", err)
		return
	}
	t.report(fmt.Sprintf("versions 1 to %d follow each other without a gap", after.version), after.order())
	t.report("the hash chain is unbroken", after.chain())
	if err := after.extends(before); err != nil {
		t.report("what was there before is unchanged", err)
		return
	}
	t.report("what was there before is unchanged", nil)

	list, err := after.booked(before)
	if err == nil && len(list) != t.expected() {
		err = fmt.Errorf("%d tickets were booked, and not %d", len(list), t.expected())
	}
	t.report(fmt.Sprintf("exactly %d tickets were booked", t.expected()), err)
	t.report("never were more tickets sold than there are", after.capacity(t.tickets-t.expected()))
	t.report("the bookings are those that were confirmed, each by its customer", matches(list, winners))
	t.report("the answers count the remaining tickets down", countsDown(list, winners, t.tickets))
	t.report("the read model shows what the stream adds up to", t.within(ctx, func() error {
		e, err := t.auditing.Event(ctx, eventID)
		if err != nil {
			return err
		}
		return same(e, after.fold())
	}))
	t.report("every winner finds the booking, and nobody else has one", t.within(ctx, func() error {
		return holds(ctx, answers, eventID)
	}))
}
