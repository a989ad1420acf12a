package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi/client"
)

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
func (t *test) seeded(ctx context.Context, email, flag string) (client.Session, error) {
	s, err := t.shared.Login(ctx, email, t.password)
	if client.CodeOf(err) == client.InvalidCredentials {
		return s, fmt.Errorf("can't sign in as %s: seed the database (bin/boxoffice seed), "+
			"or name another account with %s and -password", email, flag)
	}
	if err != nil {
		return s, fmt.Errorf("sign in as %s: %w", email, err)
	}
	return s, nil
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

// expected is how many bookings must succeed.
func (t *test) expected() int { return min(t.users, t.tickets) }

// ownEvent is a new one, which nobody else uses.
func (t *test) ownEvent(ctx context.Context) (client.Event, error) {
	e, _, err := t.scheduleEvent(ctx)
	if err == nil {
		t.print("Event: %q (%d tickets)", e.Title, e.TotalTickets)
	}
	return e, err
}

// wholeStream reads the stream and checks what has to be so of every stream.
func (t *test) wholeStream(ctx context.Context, eventID uuid.UUID) (*stream, error) {
	t.print("\nStream integrity:")
	s, err := readStream(ctx, t.auditing, eventID)
	if err != nil {
		return nil, err
	}
	t.report(fmt.Sprintf("versions 1 to %d follow each other without a gap", s.version), s.order())
	t.report("the hash chain is unbroken", s.chain())
	t.report("never were more tickets sold and set aside than there are", s.taken())
	t.report("the read model shows what the stream adds up to", t.within(ctx, func() error {
		e, err := t.auditing.Event(ctx, eventID)
		if err != nil {
			return err
		}
		return same(e, s.fold())
	}))
	return s, nil
}

func (t *test) scheduleEvent(ctx context.Context) (client.Event, *stream, error) {
	organizer, err := t.seeded(ctx, t.organizer, "-organizer")
	if err != nil {
		return client.Event{}, nil, err
	}
	now := time.Now().UTC()
	made, err := t.shared.As(organizer.AccessToken).Schedule(ctx, client.NewEvent{
		Title:       "Concurrency Test of " + now.Format("2 January 2006, 15:04:05"),
		Description: "Scheduled by the concurrency test.", Venue: "Test Hall",
		Date: now.AddDate(0, 1, 0).Truncate(time.Hour), TimeZone: "Europe/Lisbon",
		TotalTickets: t.tickets, Price: 25, Currency: "EUR",
	})
	if err != nil {
		return client.Event{}, nil, fmt.Errorf("schedule an event: %w", err)
	}
	if t.scenario == "book" {
		t.print("No upcoming event has exactly %d tickets left that these users could book: scheduled a new one.", t.tickets)
	}
	var e client.Event
	err = t.within(ctx, func() error {
		e, err = t.auditing.Event(ctx, made.ID)
		return err
	})
	if err != nil {
		return client.Event{}, nil, fmt.Errorf("read the event that was just scheduled: %w", err)
	}
	s, err := readStream(ctx, t.auditing, e.ID)
	return e, s, err
}
