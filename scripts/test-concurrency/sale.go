package main

import (
	"context"
	"errors"
	"fmt"
	"io"
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

// test is one run against one system.
type test struct {
	options
	out, progress io.Writer

	shared   *client.Client // for all requests that are not simultaneous
	auditing *client.Client
	problems []string
}

// run returns in one sentence why the system passes. The error says why it does not, or why it
// could not be tested.
func (t *test) run(ctx context.Context) (string, error) {
	t.print("=== Concurrency Test ===")
	t.shared = client.New(t.url)
	defer t.shared.Close()

	auditor, err := t.seeded(ctx, t.auditor, "-auditor")
	if err != nil {
		return "", err
	}
	t.auditing = t.shared.As(auditor.AccessToken)
	users, err := signIn(ctx, t.shared, t.users, t.progress)
	defer func() {
		for _, u := range users {
			if u != nil {
				u.api.Close()
			}
		}
	}()
	if err != nil {
		return "", err
	}
	taken, err := connect(ctx, users, t.progress)
	if err != nil {
		return "", err
	}
	switch t.scenario {
	case "hold":
		return t.runHold(ctx, users)
	case "waitlist":
		return t.runWaitlist(ctx, users)
	}
	return t.runBook(ctx, users, taken)
}

// runBook lets all users book at once.
func (t *test) runBook(ctx context.Context, users []*user, taken map[uuid.UUID]bool) (string, error) {
	e, before, err := t.findEvent(ctx, taken)
	if err != nil {
		return "", err
	}

	t.print("Event: %q (%d tickets available)", e.Title, e.RemainingTickets)
	t.print("Sending %d simultaneous booking requests...", t.users)
	answers := storm(ctx, users, e.ID)
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

// failure is the first problem; nil if there is none.
func (t *test) failure() error {
	switch n := len(t.problems); n {
	case 0:
		return nil
	case 1:
		return errors.New(t.problems[0])
	default:
		return fmt.Errorf("%s; and %d more", t.problems[0], n-1)
	}
}

func (t *test) print(format string, args ...any) { _, _ = fmt.Fprintf(t.out, format+"\n", args...) }

// seeded signs one of the accounts in that the system should have.
func (t *test) seeded(ctx context.Context, email, flag string) (session, error) {
	s, err := t.shared.Login(ctx, email, t.password)
	if client.CodeOf(err) == "invalid_credentials" {
		return s, fmt.Errorf("can't sign in as %s: seed the database (bin/boxoffice seed), "+
			"or name another account with %s and -password", email, flag)
	}
	if err != nil {
		return s, fmt.Errorf("sign in as %s: %w", email, err)
	}
	return s, nil
}

// findEvent looks for an upcoming event with exactly as many tickets left as the test needs and
// that no user has booked. When there is none, it schedules one.
func (t *test) findEvent(ctx context.Context, taken map[uuid.UUID]bool) (event, *stream, error) {
	for _, search := range []string{preferred, ""} {
		for page, pages := 1, 1; page <= pages; page++ {
			list, total, err := t.auditing.Events(ctx, search, page)
			if err != nil {
				return event{}, nil, err
			}
			pages = total
			for _, e := range list {
				if !t.fits(e) || taken[e.ID] || search != "" && e.Title != search {
					continue
				}
				// The list may be behind, or the event a busy one.
				s, err := readStream(ctx, t.auditing, e.ID)
				if err != nil {
					return event{}, nil, err
				}
				if s.fold().Remaining() == t.tickets {
					return e, s, nil
				}
			}
		}
	}
	return t.scheduleEvent(ctx)
}

func (t *test) fits(e event) bool {
	return e.RemainingTickets == t.tickets && e.Status == "SCHEDULED" && e.Date.After(time.Now().Add(t.timeout))
}

func (t *test) scheduleEvent(ctx context.Context) (event, *stream, error) {
	organizer, err := t.seeded(ctx, t.organizer, "-organizer")
	if err != nil {
		return event{}, nil, err
	}
	now := time.Now().UTC()
	made, err := t.shared.As(organizer.AccessToken).Schedule(ctx, newEvent{
		Title:       "Concurrency Test of " + now.Format("2 January 2006, 15:04:05"),
		Description: "Scheduled by the concurrency test.", Venue: "Test Hall",
		Date: now.AddDate(0, 1, 0).Truncate(time.Hour), TimeZone: "Europe/Lisbon",
		TotalTickets: t.tickets, Price: 25, Currency: "EUR",
	})
	if err != nil {
		return event{}, nil, fmt.Errorf("schedule an event: %w", err)
	}
	if t.scenario == "book" {
		t.print("No upcoming event has exactly %d tickets left that these users could book: scheduled a new one.", t.tickets)
	}
	var e event
	err = t.within(ctx, func() error {
		e, err = t.auditing.Event(ctx, made.ID)
		return err
	})
	if err != nil {
		return event{}, nil, fmt.Errorf("read the event that was just scheduled: %w", err)
	}
	s, err := readStream(ctx, t.auditing, e.ID)
	return e, s, err
}

// within repeats a read for as long as the read models may be behind. Whatever the last one says,
// counts.
func (t *test) within(ctx context.Context, read func() error) error {
	for deadline := time.Now().Add(t.lag); ; {
		err := read()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(min(50*time.Millisecond, t.lag)):
		}
	}
}

// expected is how many bookings must succeed.
func (t *test) expected() int { return min(t.users, t.tickets) }

// judge compares the answers with what they must be, prints the results, and returns those that got
// a ticket.
func (t *test) judge(ctx context.Context, answers []answer, e event) (winners []answer) {
	var (
		soldOut int
		waits   int
		slowest time.Duration
		others  = map[string]int{}
	)
	for _, a := range answers {
		waits += a.user.api.Waits
		slowest = max(slowest, a.took)
		var r *client.Error
		switch {
		case a.err == nil:
			winners = append(winners, a)
			if err := checkBooked(a.booked, a.user, e.ID); err != nil {
				others["201 with "+err.Error()]++
			}
		case errors.As(a.err, &r) && r.Status == http.StatusConflict && r.Code == "sold_out":
			soldOut++
		default:
			others[brief(a.err)]++
		}
	}
	_, _ = fmt.Fprintf(t.progress, "all %d answers within %s", len(answers), slowest.Round(time.Millisecond))
	if waits > 0 {
		_, _ = fmt.Fprintf(t.progress, ", after being asked to come back later %d times", waits)
	}
	_, _ = fmt.Fprintln(t.progress)

	want := t.tickets - t.expected()
	remaining := "unknown"
	err := t.within(ctx, func() error {
		now, err := t.auditing.Event(ctx, e.ID)
		if err != nil {
			return err
		}
		remaining = strconv.Itoa(now.RemainingTickets)
		if now.RemainingTickets != want {
			return fmt.Errorf("%d tickets remain, and should be %d", now.RemainingTickets, want)
		}
		return nil
	})

	t.print("\nResults:")
	t.print("  Successful bookings: %d", len(winners))
	t.print("  Rejected (no tickets): %d", soldOut)
	for _, text := range slices.Sorted(maps.Keys(others)) {
		t.print("  Unexpected: %d × %s", others[text], text)
	}
	t.print("  Remaining tickets after test: %s", remaining)
	switch {
	case len(winners) > t.expected():
		t.problem("oversold: there were %d tickets, and %d bookings succeeded", t.tickets, len(winners))
	case len(winners) < t.expected():
		t.problem("undersold: %d bookings should have succeeded, and %d did", t.expected(), len(winners))
	}
	for _, text := range slices.Sorted(maps.Keys(others)) {
		t.problem("unexpected answers (%d): %s", others[text], text)
	}
	if err != nil {
		t.problem("%v", err)
	}
	if len(t.problems) > 0 {
		t.print("\nTEST FAILED: %s", strings.Join(t.problems, "; "))
	} else {
		t.print("\nTEST PASSED: No overselling detected")
	}
	return winners
}

// checkBooked tells whether the answer to a successful booking says what it must.
func checkBooked(b booked, u *user, eventID uuid.UUID) error {
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

// report prints the outcome of a check of the stream.
func (t *test) report(what string, err error) {
	if err != nil {
		t.print("  FAILED  %s: %s", what, oneLine(err.Error()))
		t.problem("%s", oneLine(err.Error()))
		return
	}
	t.print("  ok      %s", what)
}

func (t *test) problem(format string, args ...any) {
	t.problems = append(t.problems, fmt.Sprintf(format, args...))
}
