package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/projections"
)

// Event is an event as the API shows it.
type Event struct {
	ID               uuid.UUID `json:"id" format:"uuid"`
	Title            string    `json:"title" example:"Tech Conference 2025"`
	Description      string    `json:"description"`
	Date             time.Time `json:"date" doc:"When it begins, in UTC"`
	TimeZone         string    `json:"timeZone" example:"Europe/Lisbon" doc:"IANA name of the venue's time zone"`
	Venue            string    `json:"venue" example:"Convention Center"`
	TotalTickets     int       `json:"totalTickets" example:"100"`
	RemainingTickets int       `json:"remainingTickets" example:"42"`
	Price            Decimal   `json:"price"`
	Currency         string    `json:"currency" example:"USD" doc:"ISO 4217 code"`
	Status           string    `json:"status" enum:"SCHEDULED,CANCELLED"`
	Version          int       `json:"version" doc:"Grows with every change of the event, bookings included"`
}

func eventOf(e *projections.Event) Event {
	return Event{
		ID: e.ID, Title: e.Title, Description: e.Description, Date: e.StartsAt, TimeZone: e.TimeZone, Venue: e.Venue,
		TotalTickets: e.Capacity, RemainingTickets: e.Remaining, Price: decimalOf(e.Price), Currency: e.Price.Currency,
		Status: e.Status, Version: e.Version,
	}
}

type eventInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
	Cacheable
}

type eventOutput struct {
	ETag string `header:"ETag" doc:"For If-Match and If-None-Match. It changes with the event's version, and when the API shows events differently"`
	Body Event
}

func (a *api) getEvent(ctx context.Context, in *eventInput) (*eventOutput, error) {
	row, err := a.single.get(in.ID, a.reached(ctx), in.noCache(), func() (*projections.Event, error) {
		return a.Events.Get(ctx, in.ID)
	})
	if errors.Is(err, projections.ErrNotFound) {
		err = a.missing(ctx, in.ID)
	}
	if err != nil {
		return nil, err
	}
	return &eventOutput{versionETag(row.Version), eventOf(row)}, nil
}

type scheduleEventInput struct {
	Idempotent
	Body struct {
		Title        string    `json:"title"`
		Description  string    `json:"description,omitempty"`
		Date         time.Time `json:"date" doc:"When it begins; must be in the future, unless allowPast is true"`
		TimeZone     string    `json:"timeZone,omitempty" default:"UTC" doc:"IANA name of the venue's time zone"`
		Venue        string    `json:"venue"`
		TotalTickets int       `json:"totalTickets"`
		Price        Decimal   `json:"price"`
		Currency     string    `json:"currency,omitempty" default:"USD" doc:"ISO 4217 code"`
		AllowPast    bool      `json:"allowPast,omitempty" doc:"Accepts a date in the past, for events that are imported"`
	}
}

func (a *api) scheduleEvent(ctx context.Context, in *scheduleEventInput) (*changed[Event], error) {
	b := in.Body
	price, err := moneyOf(b.Price, b.Currency)
	schedule := booking.Schedule{Invalid: err, Capacity: b.TotalTickets, AllowPast: b.AllowPast, Details: domain.Details{
		Title: b.Title, Description: b.Description, Venue: b.Venue, StartsAt: b.Date, TimeZone: b.TimeZone,
		Currency: price.Currency, TicketTypes: domain.GeneralAdmission(price.Minor),
	}}
	asked := b
	asked.Price = b.Price.plain()
	// Earlier versions took 1 and 1.0 for different requests.
	same := once{key: in.key, asked: asked, formerly: b}
	out, err := execute(ctx, same, changedEventOf, func(r booking.Request) (booking.Result, error) {
		return a.Service.Schedule(ctx, r, schedule)
	})
	if err != nil {
		return nil, err
	}
	return out.noteStatus(func(e Event) (string, error) {
		if err := a.caughtUp(ctx); err != nil {
			return "", err
		}
		now, err := a.Events.Get(ctx, e.ID)
		if err != nil {
			return "", err
		}
		return now.Status, nil
	}), nil
}

func changedEventOf(r booking.Result) Event { return eventOf(&r.Event) }

type changeEventInput struct {
	ID      uuid.UUID `path:"id" format:"uuid"`
	IfMatch string    `header:"If-Match" doc:"The ETag of the event that was read, or several: when the event has changed since, also by a booking, the answer is 412"`
	Body    struct {
		Title        *string    `json:"title,omitempty"`
		Description  *string    `json:"description,omitempty"`
		Date         *time.Time `json:"date,omitempty"`
		TimeZone     *string    `json:"timeZone,omitempty"`
		Venue        *string    `json:"venue,omitempty"`
		TotalTickets *int       `json:"totalTickets,omitempty"`
		Price        *Decimal   `json:"price,omitempty"`
		Currency     *string    `json:"currency,omitempty"`
		AllowPast    bool       `json:"allowPast,omitempty" doc:"Accepts a date in the past, for events that are imported"`
	}
}

// changeEvent changes what the request names and leaves the rest as it is then, whatever it was
// when the client last looked.
func (a *api) changeEvent(ctx context.Context, in *changeEventInput) (*changed[Event], error) {
	expected, err := versionsOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	b := in.Body
	change := booking.Change{EventID: in.ID, AllowPast: b.AllowPast}
	change.Edit = func(d *domain.Details, capacity *int) (err error) {
		price, currency := decimalOf(d.Price()), d.Currency
		set(&d.Title, b.Title)
		set(&d.Description, b.Description)
		set(&d.StartsAt, b.Date)
		set(&d.TimeZone, b.TimeZone)
		set(&d.Venue, b.Venue)
		set(capacity, b.TotalTickets)
		set(&price, b.Price)
		set(&currency, b.Currency)
		money, err := moneyOf(price, currency)
		d.SetPrice(money)
		return err
	}
	return execute(ctx, once{}, changedEventOf, func(r booking.Request) (booking.Result, error) {
		return expecting(expected, func(version int) (booking.Result, error) {
			change := change
			change.Expected = version
			return a.Service.Change(ctx, r, change)
		})
	})
}

func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

type cancelEventInput struct {
	Idempotent
	ID uuid.UUID `path:"id" format:"uuid"`
}

func (a *api) cancelEvent(ctx context.Context, in *cancelEventInput) (*changed[Event], error) {
	named := once{key: in.key, asked: in.ID}
	return execute(ctx, named, changedEventOf, func(r booking.Request) (booking.Result, error) {
		return a.Service.CancelEvent(ctx, r, in.ID)
	})
}
