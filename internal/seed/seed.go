// Package seed fills a system with accounts and events to try it with. Events and bookings are
// written through commands, so their history is real. Seeding again adds what is missing, moves
// events that have come near to a later date, and leaves the rest alone.
package seed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/account"
)

// Password is that of all seeded accounts.
const Password = "password123"

// ids of seeded things are derived from their names, so that seeding again finds them.
var namespace = uuid.MustParse("6f0f5c3e-3a55-4d0c-9d53-6d9a4f3f2b10")

func idOf(kind, name string) uuid.UUID { return uuid.NewSHA1(namespace, []byte(kind+"/"+name)) }

type person struct {
	email, name string
	role        account.Role
}

var people = []person{
	{"organizer@example.com", "Olivia Organizer", account.Organizer},
	{"auditor@example.com", "Arthur Auditor", account.Auditor},
	{"alice@example.com", "Alice Martin", account.Customer},
	{"bob@example.com", "Bob Santos", account.Customer},
	{"carol@example.com", "Carol Nguyen", account.Customer},
}

// Result says what there is after seeding.
type Result struct{ Accounts, Events int }

// Run seeds. Dates are counted from the service's time.
func Run(ctx context.Context, accounts *account.Accounts, service *booking.Service) (Result, error) {
	unread := *service
	unread.Progress = nil // nothing may be projecting yet
	group, ctx := errgroup.WithContext(ctx)
	organizer := idOf("user", people[0].email)
	for _, p := range people {
		group.Go(func() error {
			user := account.User{ID: idOf("user", p.email), Email: p.email, Name: p.name, Role: p.role, EmailVerified: true}
			_, err := accounts.Ensure(ctx, user, Password)
			return err
		})
	}
	all := slices.Clone(sales)
	for _, e := range events {
		all = append(all, sale{event: e})
	}
	for _, e := range all {
		group.Go(func() error {
			if err := seedEvent(ctx, &unread, e, organizer); err != nil {
				return fmt.Errorf("seed event %q: %w", e.title, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Result{}, err
	}
	return Result{len(people), len(all)}, nil
}

// WithKnownPassword returns the seeded accounts that still have [Password], which everybody knows.
func WithKnownPassword(ctx context.Context, accounts *account.Accounts) ([]account.User, error) {
	emails := make([]string, len(people))
	for i, p := range people {
		emails[i] = p.email
	}
	return accounts.WithPassword(ctx, emails, Password)
}

// soon is how near an event may come before seeding moves it to a later date.
const soon = 48 * time.Hour

func seedEvent(ctx context.Context, service *booking.Service, e sale, organizer uuid.UUID) error {
	now := service.Now()
	details, err := e.details(now)
	if err != nil {
		return err
	}
	id := idOf("event", e.name)
	_, err = service.Schedule(ctx, by(organizer), booking.Schedule{
		EventID: id, Details: details, Capacity: e.capacity, Draft: e.isDraft,
	})
	if errors.Is(err, domain.ErrEventExists) {
		_, err = service.Change(ctx, by(organizer), booking.Change{EventID: id, Edit: func(d *domain.Details, _ *int) error {
			if !d.StartsAt.After(now.Add(soon)) {
				d.StartsAt, d.EndsAt, d.SaleOpensAt = details.StartsAt, details.EndsAt, details.SaleOpensAt
			}
			return nil
		}})
	}
	if err != nil && !errors.Is(err, domain.ErrEventCancelled) {
		return err
	}
	book := func(ctx context.Context, guest string) error {
		book := booking.Book{EventID: id, BookingID: idOf("booking", guest), Immediate: true}
		_, err := service.Book(ctx, by(idOf("guest", guest)), book)
		return err
	}
	if err := e.eachGuest(ctx, 0, e.sold, book); err != nil {
		return err
	}
	return e.eachGuest(ctx, e.sold, e.waiting, func(ctx context.Context, guest string) error {
		_, err := service.JoinWaitlist(ctx, by(idOf("guest", guest)), booking.Join{EventID: id})
		return err
	})
}

// eachGuest calls do for so many guests, first and those after it. Refusals are fine: people may have
// been faster, or the event was called off.
func (e event) eachGuest(ctx context.Context, first, n int, do func(_ context.Context, guest string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := first; i < first+n; i++ {
		group.Go(func() error {
			err := do(ctx, fmt.Sprintf("%s/%d", e.name, i))
			if _, isRefused := errors.AsType[domain.Refusal](err); isRefused {
				return nil
			}
			return err
		})
	}
	return group.Wait()
}

func by(actor uuid.UUID) booking.Request { return booking.Request{Actor: actor, CorrelationID: "seed"} }

func (e sale) details(now time.Time) (domain.Details, error) {
	zone, err := time.LoadLocation(e.zone)
	if err != nil {
		return domain.Details{}, err
	}
	day := now.In(zone).AddDate(0, 0, e.days)
	startsAt := time.Date(day.Year(), day.Month(), day.Day(), e.hour, 0, 0, 0, zone)
	types := e.types
	if types == nil {
		types = domain.GeneralAdmission(e.price)
	}
	var opensAt time.Time
	if e.opensIn > 0 {
		opensAt = time.Date(day.Year(), day.Month(), day.Day()-e.days+e.opensIn, 10, 0, 0, 0, zone)
	}
	return domain.Details{
		Title: e.title, Description: e.description, Venue: e.venue, TimeZone: e.zone,
		StartsAt: startsAt, EndsAt: startsAt.Add(e.lasts), Category: e.category, OrganizerName: e.organizer,
		Currency: e.currency, TicketTypes: types,
		MaxPerCustomer: e.maxPerCustomer, SaleOpensAt: opensAt,
	}, nil
}
