// Package seed fills a system with accounts and events to try it with. Events and bookings are
// written through commands, so their history is real. Seeding again adds what is missing, moves
// events that have come near to a later date, and leaves the rest alone.
package seed

import (
	"context"
	"errors"
	"fmt"
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

// event is a seeded event. It takes place in so many days from the first seeding, at an hour of its
// time zone.
type event struct {
	name, title, venue, zone, currency string
	days, hour                         int
	lasts                              time.Duration
	category, organizer                string
	price                              int64 // minor units
	capacity, sold                     int
	description                        string
}

var events = []event{
	{"limited-concert", "Limited Concert", "The Listening Room", "Europe/Lisbon", "EUR", 6, 20,
		2 * time.Hour, "music", "The Listening Room", 120_00, 2, 0,
		"An evening with two chairs and one piano. Only two tickets exist, and everyone wants them."},
	{"tech-conference", "Tech Conference", "Convention Center", "America/New_York", "USD", 45, 10,
		32 * time.Hour, "talk", "Uptime Society", 49_99, 100, 58,
		"Two days of talks about systems that stay up: storage, scheduling, and the art of saying no."},
	{"jazz-night", "Jazz Night", "Blue Door Club", "Europe/Berlin", "EUR", 9, 21,
		5 * time.Hour, "music", "Blue Door Club", 25_00, 80, 22,
		"Late sets by the Marlowe Quartet, with an open stage after midnight."},
	{"harbour-run", "Harbour Half Marathon", "Harbour Promenade", "Europe/Copenhagen", "EUR", 62, 9,
		6 * time.Hour, "sport", "Harbour Runners", 39_50, 1_500, 310,
		"21 kilometres along the water. Your ticket is your bib."},
	{"opera-premiere", "Opera Premiere", "State Opera", "Europe/Vienna", "EUR", 20, 19,
		3 * time.Hour, "music", "State Opera", 185_00, 64, 60,
		"A new staging on opening night. Evening dress is welcome and not required."},
	{"comedy-club", "Comedy Club: New Faces", "The Cellar", "Europe/London", "GBP", 4, 20,
		2 * time.Hour, "comedy", "The Cellar", 15_00, 40, 40,
		"Eight comedians, seven minutes each, one bell."},
	{"street-food", "Street Food Festival", "Old Market Square", "Europe/Madrid", "EUR", 28, 12,
		10 * time.Hour, "festival", "Old Town Association", 0, 5_000, 640,
		"Thirty kitchens, one street, no reservations."},
	{"pottery", "Pottery for Beginners", "Studio North", "America/Toronto", "USD", 13, 14,
		3 * time.Hour, "workshop", "Studio North", 68_00, 12, 7,
		"Three hours at the wheel. Clay, firing and a towel are included."},
	{"film-marathon", "Silent Film Marathon", "Rex Cinema", "Europe/Paris", "EUR", 17, 18,
		12 * time.Hour, "film", "Rex Cinema", 32_00, 220, 96,
		"Five films with live accompaniment, and coffee until dawn."},
	{"derby", "City Derby", "Riverside Stadium", "America/Sao_Paulo", "USD", 34, 17,
		2 * time.Hour, "sport", "City Football League", 55_00, 42_000, 420,
		"The match that divides the town, once more under floodlights."},
	{"planetarium", "Night at the Planetarium", "City Planetarium", "Asia/Tokyo", "JPY", 24, 19,
		90 * time.Minute, "talk", "City Planetarium", 2_400, 150, 141,
		"The winter sky, explained slowly, from reclining seats."},
	{"chess-open", "Chess Open", "Library Hall", "Asia/Kolkata", "USD", 52, 10,
		9 * time.Hour, "sport", "Library Chess Club", 12_00, 300, 35,
		"Seven rounds, Swiss system. Spectators are welcome in silence."},
	{"wine-tasting", "Wine Tasting in the Vineyard", "Quinta do Vale", "Europe/Lisbon", "EUR", 38, 16,
		3 * time.Hour, "other", "Quinta do Vale", 74_00, 36, 31,
		"Six glasses and the stories behind them, at a long table between the rows."},
	{"robotics-lab", "Robotics Lab for Kids", "Makerspace", "America/Los_Angeles", "USD", 11, 10,
		4 * time.Hour, "family", "Makerspace", 20_00, 24, 9,
		"Build a robot that follows a line, and take the plans home."},
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
	for _, e := range events {
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
	return Result{len(people), len(events)}, nil
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

func seedEvent(ctx context.Context, service *booking.Service, e event, organizer uuid.UUID) error {
	now := service.Now()
	details, err := e.details(now)
	if err != nil {
		return err
	}
	id := idOf("event", e.name)
	_, err = service.Schedule(ctx, by(organizer), booking.Schedule{EventID: id, Details: details, Capacity: e.capacity})
	if errors.Is(err, domain.ErrEventExists) {
		_, err = service.Change(ctx, by(organizer), booking.Change{EventID: id, Edit: func(d *domain.Details, _ *int) error {
			if !d.StartsAt.After(now.Add(soon)) {
				d.StartsAt, d.EndsAt = details.StartsAt, details.EndsAt
			}
			return nil
		}})
	}
	if err != nil && !errors.Is(err, domain.ErrEventCancelled) {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for i := range e.sold {
		group.Go(func() error {
			name := fmt.Sprintf("%s/%d", e.name, i)
			book := booking.Book{EventID: id, BookingID: idOf("booking", name), Immediate: true}
			_, err := service.Book(ctx, by(idOf("guest", name)), book)
			var refused domain.Refusal
			if errors.As(err, &refused) { // people may have been faster, or the event was called off
				return nil
			}
			return err
		})
	}
	return group.Wait()
}

func by(actor uuid.UUID) booking.Request { return booking.Request{Actor: actor, CorrelationID: "seed"} }

func (e event) details(now time.Time) (domain.Details, error) {
	zone, err := time.LoadLocation(e.zone)
	if err != nil {
		return domain.Details{}, err
	}
	day := now.In(zone).AddDate(0, 0, e.days)
	startsAt := time.Date(day.Year(), day.Month(), day.Day(), e.hour, 0, 0, 0, zone)
	return domain.Details{
		Title: e.title, Description: e.description, Venue: e.venue, TimeZone: e.zone,
		StartsAt: startsAt, EndsAt: startsAt.Add(e.lasts), Category: e.category, OrganizerName: e.organizer,
		Currency: e.currency, TicketTypes: domain.GeneralAdmission(e.price),
	}, nil
}
