package main

import (
	"context"
	"fmt"
	"maps"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/httpapi/client"
)

// runHold lets all users set a ticket aside at once. Those who got one confirm it, some give it back,
// and others get those tickets.
func (t *test) runHold(ctx context.Context, users []*user) (string, error) {
	e, err := t.ownEvent(ctx)
	if err != nil {
		return "", err
	}
	t.print("%d users set a ticket aside at the same moment.", len(users))
	held, refused, err := holdAtOnce(ctx, e.ID, users)
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
	again, _, err := holdAtOnce(ctx, e.ID, refused)
	if err != nil {
		return "", err
	}
	t.print("  %d gave it back, and %d of the others got one then", len(returning), len(again))
	if want := min(len(returning), len(refused)); len(again) != want {
		return "", fmt.Errorf("%d tickets were given back, and %d set aside again", len(returning), len(again))
	}
	maps.Copy(held, again)
	for _, u := range returning {
		delete(held, u)
	}
	buyers := holdersOf(users, held)
	t.print("  %d confirm, each twice at the same moment", len(buyers))
	if _, err := all("confirm", append(buyers, buyers...), func(_ int, u *user) (client.BookingChange, error) {
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

// holdAtOnce has each of some users ask for a hold at the same moment.
func holdAtOnce(ctx context.Context, eventID uuid.UUID, users []*user) (map[*user]client.Hold, []*user, error) {
	holds, errs := together(users, func(_ int, u *user) (client.Hold, error) { return u.api.Hold(ctx, eventID) })
	_, refused, err := split(users, errs)
	held := map[*user]client.Hold{}
	for i, u := range users {
		if errs[i] == nil {
			held[u] = holds[i]
		}
	}
	return held, refused, err
}

// holdersOf are those of the users who have a hold, in the order of the users.
func holdersOf(users []*user, held map[*user]client.Hold) (holders []*user) {
	for _, u := range users {
		if _, has := held[u]; has {
			holders = append(holders, u)
		}
	}
	return holders
}
