package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/httpapi/client"
)

// together calls do for each of some users at the same moment, and tells what came of each.
func together[V any](users []*user, do func(i int, u *user) (V, error)) (values []V, errs []error) {
	values, errs = make([]V, len(users)), make([]error, len(users))
	allAtOnce(len(users), func(i int) { values[i], errs[i] = do(i, users[i]) })
	return values, errs
}

// all is together where everybody has to succeed.
func all[V any](what string, users []*user, do func(i int, u *user) (V, error)) ([]V, error) {
	values, errs := together(users, do)
	return values, errAll(what, errs)
}

func errAll(what string, errs []error) error {
	failed := slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })
	if len(failed) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %d of %d failed: %w", what, len(failed), len(errs), failed[0])
}

// split tells who got tickets, and fails if anybody was refused for another reason than that there are
// no more.
func split(users []*user, errs []error) (got, refused []*user, err error) {
	for i, u := range users {
		switch {
		case errs[i] == nil:
			got = append(got, u)
		case client.CodeOf(errs[i]) == "sold_out":
			refused = append(refused, u)
		default:
			return nil, nil, fmt.Errorf("%s: %w", u.email, errs[i])
		}
	}
	return got, refused, nil
}

// runHold lets all users set a ticket aside at once. Those who got one confirm it, some give it back,
// and others get those tickets.
func (t *test) runHold(ctx context.Context, users []*user) (string, error) {
	e, err := t.ownEvent(ctx)
	if err != nil {
		return "", err
	}
	t.print("%d users set a ticket aside at the same moment.", len(users))
	reserve := func(users []*user) (map[*user]hold, []*user, error) {
		held, errs := together(users, func(_ int, u *user) (hold, error) { return u.api.Hold(ctx, e.ID) })
		got, refused, err := split(users, errs)
		of := map[*user]hold{}
		for i, u := range users {
			if slices.Contains(got, u) {
				of[u] = held[i]
			}
		}
		return of, refused, err
	}
	held, refused, err := reserve(users)
	if err != nil {
		return "", err
	}
	t.print("  %d got one, %d were told that it is sold out", len(held), len(refused))
	if len(held) != t.expected() {
		return "", fmt.Errorf("%d tickets were set aside of %d", len(held), t.tickets)
	}
	holders := holdersOf(users, held)
	returning := holders[:len(holders)/5]
	if _, err := all("give a ticket back", returning, func(_ int, u *user) (struct{}, error) {
		return struct{}{}, u.api.Release(ctx, held[u].ID)
	}); err != nil {
		return "", err
	}
	again, _, err := reserve(refused)
	if err != nil {
		return "", err
	}
	t.print("  %d gave it back, and %d of the others got one then", len(returning), len(again))
	if want := min(len(returning), len(refused)); len(again) != want {
		return "", fmt.Errorf("%d tickets were given back, and %d set aside again", len(returning), len(again))
	}
	for u, h := range again {
		held[u] = h
	}
	for _, u := range returning {
		delete(held, u)
	}
	buyers := holdersOf(users, held)
	t.print("  %d confirm, each twice at the same moment", len(buyers))
	if _, err := all("confirm", append(buyers, buyers...), func(_ int, u *user) (booked, error) {
		return u.api.Confirm(ctx, held[u].ID)
	}); err != nil {
		return "", err
	}
	s, err := t.wholeStream(ctx, e.ID)
	if err != nil {
		return "", err
	}
	t.report(fmt.Sprintf("%d holds became one booking each", len(buyers)), s.counts(map[string]int{
		domain.TypeTicketsHeld: t.expected() + len(again), domain.TypeHoldReleased: len(returning),
		domain.TypeHoldConfirmed: len(buyers), domain.TypeTicketBooked: 0,
	}))
	return fmt.Sprintf("%d of %d users hold one of %d tickets each, and the stream is intact", len(buyers), t.users,
		t.tickets), t.failure()
}

func holdersOf(users []*user, held map[*user]hold) (holders []*user) {
	for _, u := range users {
		if _, has := held[u]; has {
			holders = append(holders, u)
		}
	}
	return holders
}

// ownEvent is a new one, which nobody else uses.
func (t *test) ownEvent(ctx context.Context) (event, error) {
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

// taken counts the tickets itself, by the records.
func (s *stream) taken() error {
	capacity, taken, tickets := 0, 0, map[uuid.UUID]int{}
	set := func(id uuid.UUID, n int) { taken, tickets[id] = taken+n-tickets[id], n }
	for i, r := range s.decoded {
		switch r := r.(type) {
		case domain.EventScheduled:
			capacity = r.Capacity
		case domain.TicketBooked:
			set(r.BookingID, r.Lines.Quantity())
		case domain.TicketsHeld:
			set(r.HoldID, r.Lines.Quantity())
		case domain.TicketsOffered:
			set(r.EntryID, r.Lines.Quantity())
		case domain.BookingCancelled:
			set(r.BookingID, 0)
		case domain.HoldReleased:
			set(r.HoldID, 0)
		case domain.HoldLapsed:
			set(r.HoldID, 0)
		case domain.OfferDeclined:
			set(r.EntryID, 0)
		case domain.OfferLapsed:
			set(r.EntryID, 0)
		default: // it takes no tickets and gives none back
		}
		if taken > capacity {
			return fmt.Errorf("at version %d, %d tickets were taken of %d", s.records[i].Version, taken, capacity)
		}
	}
	return nil
}

// counts compares how many records there are of some types.
func (s *stream) counts(want map[string]int) error {
	got := map[string]int{}
	for _, r := range s.records {
		got[r.Type]++
	}
	var wrong []string
	for name, n := range want {
		if got[name] != n {
			wrong = append(wrong, fmt.Sprintf("%d records %s, want %d", got[name], name, n))
		}
	}
	slices.Sort(wrong)
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "; "))
	}
	return nil
}
