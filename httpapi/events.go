package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/projections"
)

// Event is an event as the API shows it.
type Event struct {
	ID                 uuid.UUID   `json:"id" format:"uuid"`
	Title              string      `json:"title" example:"Tech Conference 2025"`
	Description        string      `json:"description"`
	Category           string      `json:"category" example:"talk" doc:"music, theatre, comedy, film, sport, talk, workshop, festival, family, other; or empty"`
	Date               time.Time   `json:"date" doc:"When it begins, in UTC"`
	EndsAt             *time.Time  `json:"endsAt" nullable:"true" doc:"When it ends, in UTC; null: it is not said"`
	TimeZone           string      `json:"timeZone" example:"Europe/Lisbon" doc:"IANA name of the venue's time zone"`
	Venue              string      `json:"venue" example:"Convention Center"`
	OrganizerName      string      `json:"organizerName" example:"Tech Society" doc:"Or empty"`
	Image              *EventImage `json:"image"`
	TotalTickets       int         `json:"totalTickets" example:"100"`
	RemainingTickets   int         `json:"remainingTickets" example:"42"`
	Price              Decimal     `json:"price"`
	Currency           string      `json:"currency" example:"USD" doc:"ISO 4217 code"`
	RequireProofOfWork bool        `json:"requireProofOfWork" doc:"Whether a booking needs a proof of work"`
	Status             string      `json:"status" enum:"SCHEDULED,CANCELLED,DRAFT" doc:"Only organizers see a DRAFT"`
	Version            int         `json:"version" doc:"Grows with every change of the event, bookings included"`

	TicketTypes    []TicketType `json:"ticketTypes" nullable:"false" doc:"The first one's price is the event's"`
	MaxPerCustomer int          `json:"maxPerCustomer" doc:"How many tickets a customer can have"`
	SaleOpensAt    *time.Time   `json:"saleOpensAt,omitempty" doc:"When the sale opens, in UTC; absent: it is open from the beginning"`
	SaleClosesAt   *time.Time   `json:"saleClosesAt,omitempty" doc:"When the sale closes, in UTC; absent: when the event begins"`
}

func eventOf(e *projections.Event) Event {
	return Event{
		ID: e.ID, Title: e.Title, Description: e.Description, Category: e.Category, Date: e.StartsAt, EndsAt: e.EndsAt,
		TimeZone: e.TimeZone, Venue: e.Venue, OrganizerName: e.Organizer, Image: eventImageOf(e.Image),
		TotalTickets: e.Capacity, RemainingTickets: e.Remaining, Price: decimalOf(e.Price), Currency: e.Price.Currency,
		RequireProofOfWork: e.RequireProofOfWork, Status: e.Status, Version: e.Version,
		TicketTypes: ticketTypesOf(e), MaxPerCustomer: e.MaxPerCustomer,
		SaleOpensAt: e.SaleOpensAt, SaleClosesAt: e.SaleClosesAt,
	}
}

// seesDrafts tells whether the user of a request sees events that are not published.
func seesDrafts(ctx context.Context) bool {
	role := claimsOf(ctx).Role
	return role == account.Organizer || role == account.Admin
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
	if err == nil && !row.Published && !seesDrafts(ctx) {
		err = domain.ErrEventNotFound
	}
	if err != nil {
		return nil, err
	}
	out := &eventOutput{versionETag(row.Version), eventOf(row)}
	if err := a.showImages(ctx, &out.Body); err != nil {
		return nil, err
	}
	return out, nil
}

type scheduleEventInput struct {
	Idempotent
	Body struct {
		Title              string     `json:"title"`
		Description        string     `json:"description,omitempty"`
		Date               time.Time  `json:"date" doc:"When it begins; must be in the future, unless allowPast is true"`
		EndsAt             *time.Time `json:"endsAt,omitempty" nullable:"true" doc:"When it ends: after it begins, at most 31 days later"`
		TimeZone           string     `json:"timeZone,omitempty" default:"UTC" doc:"IANA name of the venue's time zone"`
		Venue              string     `json:"venue"`
		Category           string     `json:"category,omitempty" doc:"music, theatre, comedy, film, sport, talk, workshop, festival, family or other"`
		OrganizerName      string     `json:"organizerName,omitempty" doc:"One line of at most 100 characters"`
		Image              *string    `json:"image,omitempty" nullable:"true" doc:"The id of an uploaded picture"`
		RequireProofOfWork bool       `json:"requireProofOfWork,omitempty" doc:"Asks clients for a computation before each booking"`
		TotalTickets       int        `json:"totalTickets"`
		Price              Decimal    `json:"price,omitempty" doc:"Of every ticket; absent when there are ticketTypes"`
		Currency           string     `json:"currency,omitempty" default:"USD" doc:"ISO 4217 code"`
		AllowPast          bool       `json:"allowPast,omitempty" doc:"Accepts a date in the past, for events that are imported"`

		TicketTypes    []ticketTypeInput `json:"ticketTypes,omitempty" maxItems:"20" doc:"Kinds of tickets, which share the event's tickets; absent: one with the price"`
		MaxPerCustomer int               `json:"maxPerCustomer,omitempty" minimum:"1" maximum:"100" doc:"How many tickets a customer can have; absent: 1"`
		SaleOpensAt    *time.Time        `json:"saleOpensAt,omitempty" nullable:"true" doc:"When the sale opens"`
		SaleClosesAt   *time.Time        `json:"saleClosesAt,omitempty" nullable:"true" doc:"When the sale closes, if not when the event begins"`
		Draft          bool              `json:"draft,omitempty" doc:"Only organizers see the event before it is published"`
	}
}

// types reads the ticket types, or makes one of the price.
func (in *scheduleEventInput) types() (types []domain.TicketType, currency string, err error) {
	b := in.Body
	if len(b.TicketTypes) > 0 {
		if b.Price != "" {
			return nil, "XXX", &domain.InvalidError{Fields: []domain.FieldError{{Field: "price", Message: givenByTypes}}}
		}
		return typesOf(b.TicketTypes, b.Currency)
	}
	if b.Price == "" {
		return nil, "XXX", &domain.InvalidError{Fields: []domain.FieldError{{
			Field: "price", Message: "This field is required.",
		}}}
	}
	price, err := moneyOf(b.Price, b.Currency)
	return domain.GeneralAdmission(price.Minor), price.Currency, err
}

const givenByTypes = "Leave this out: each of the ticket types has a price."

func (a *api) scheduleEvent(ctx context.Context, in *scheduleEventInput) (*changed[Event], error) {
	b := in.Body
	types, currency, err := in.types()
	schedule := booking.Schedule{Invalid: err, Capacity: b.TotalTickets, Draft: b.Draft, AllowPast: b.AllowPast}
	schedule.Details = domain.Details{
		Title: b.Title, Description: b.Description, Venue: b.Venue, StartsAt: b.Date, TimeZone: b.TimeZone,
		Currency: currency, TicketTypes: types, MaxPerCustomer: b.MaxPerCustomer,
		Category: b.Category, OrganizerName: b.OrganizerName, RequireProofOfWork: b.RequireProofOfWork,
	}
	set(&schedule.Details.SaleOpensAt, b.SaleOpensAt)
	set(&schedule.Details.SaleClosesAt, b.SaleClosesAt)
	set(&schedule.Details.EndsAt, b.EndsAt)
	set(&schedule.Details.Image, b.Image)
	asked := b
	asked.Price = b.Price.plain()
	asked.TicketTypes = slices.Clone(b.TicketTypes)
	for i := range asked.TicketTypes {
		asked.TicketTypes[i].Price = asked.TicketTypes[i].Price.plain()
	}
	// Earlier versions of the program hashed prices as they were written, such as 1 and 1.0.
	same := once{key: in.key, asked: asked, formerly: b}
	out, err := a.executeEvent(ctx, same, func(r booking.Request) (booking.Result, error) {
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

// executeEvent executes a command that is answered with its event.
func (a *api) executeEvent(
	ctx context.Context, o once, command func(booking.Request) (booking.Result, error),
) (*changed[Event], error) {
	out, err := execute(ctx, o, func(r booking.Result) Event { return eventOf(&r.Event) }, command)
	if err != nil {
		return nil, err
	}
	if len(out.Body.TicketTypes) == 0 { // a stored answer of a version without them
		e := projections.Event{Remaining: out.Body.RemainingTickets, Capacity: out.Body.TotalTickets}
		out.Body.TicketTypes, out.Body.MaxPerCustomer = ticketTypesOf(&e), 1
		out.Body.TicketTypes[0].Price = out.Body.Price
	}
	if a.showImages(ctx, &out.Body) != nil {
		out.Body.Image = nil // the command is done all the same
	}
	return out, nil
}

type changeEventInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
	IfMatching
	Body struct {
		Title              *string              `json:"title,omitempty"`
		Description        *string              `json:"description,omitempty"`
		Date               *time.Time           `json:"date,omitempty"`
		EndsAt             Clearable[time.Time] `json:"endsAt,omitzero" doc:"null: it is not said"`
		TimeZone           *string              `json:"timeZone,omitempty"`
		Venue              *string              `json:"venue,omitempty"`
		Category           *string              `json:"category,omitempty" doc:"Empty: none"`
		OrganizerName      *string              `json:"organizerName,omitempty" doc:"Empty: none"`
		Image              Clearable[string]    `json:"image,omitzero" doc:"The id of an uploaded picture; null or empty: none"`
		RequireProofOfWork *bool                `json:"requireProofOfWork,omitempty"`
		TotalTickets       *int                 `json:"totalTickets,omitempty"`
		Price              *Decimal             `json:"price,omitempty"`
		Currency           *string              `json:"currency,omitempty"`
		AllowPast          bool                 `json:"allowPast,omitempty" doc:"Accepts a date in the past, for events that are imported"`

		TicketTypes    []ticketTypeInput    `json:"ticketTypes,omitempty" minItems:"1" maxItems:"20" doc:"All that there are to be: one that has the id, or without an id the name, of a type that there is changes it"`
		MaxPerCustomer *int                 `json:"maxPerCustomer,omitempty" minimum:"1" maximum:"100"`
		SaleOpensAt    Clearable[time.Time] `json:"saleOpensAt,omitzero" doc:"null: from the beginning"`
		SaleClosesAt   Clearable[time.Time] `json:"saleClosesAt,omitzero" doc:"null: when the event begins"`
	}
}

// changeEvent changes the fields that the request names, and leaves the others as they are at that
// moment.
func (a *api) changeEvent(ctx context.Context, in *changeEventInput) (*changed[Event], error) {
	b := in.Body
	change := booking.Change{EventID: in.ID, AllowPast: b.AllowPast, Image: b.Image.Value}
	change.Edit = func(d *domain.Details, capacity *int) (err error) {
		set(&d.Title, b.Title)
		set(&d.Description, b.Description)
		set(&d.StartsAt, b.Date)
		set(&d.TimeZone, b.TimeZone)
		set(&d.Venue, b.Venue)
		set(&d.Category, b.Category)
		set(&d.OrganizerName, b.OrganizerName)
		set(&d.RequireProofOfWork, b.RequireProofOfWork)
		b.EndsAt.set(&d.EndsAt)
		b.Image.set(&d.Image)
		b.SaleOpensAt.set(&d.SaleOpensAt)
		b.SaleClosesAt.set(&d.SaleClosesAt)
		set(&d.MaxPerCustomer, b.MaxPerCustomer)
		set(capacity, b.TotalTickets)
		return in.setPrices(d)
	}
	return a.executeEvent(ctx, once{}, func(r booking.Request) (booking.Result, error) {
		return expecting(in.versions, func(version int) (booking.Result, error) {
			change := change
			change.Expected = version
			return a.Service.Change(ctx, r, change)
		})
	})
}

// setPrices changes ticket types, prices and the currency. A new currency leaves the numbers of other
// prices as they are.
func (in *changeEventInput) setPrices(d *domain.Details) (err error) {
	b := in.Body
	types, currency := b.TicketTypes, d.Currency
	set(&currency, b.Currency)
	if len(types) > 0 && b.Price != nil {
		return &domain.InvalidError{Fields: []domain.FieldError{{Field: "price", Message: givenByTypes}}}
	}
	if len(types) == 0 {
		for i, t := range d.TicketTypes {
			price := decimalOf(domain.Money{Minor: t.Price, Currency: d.Currency})
			if i == 0 {
				set(&price, b.Price)
			}
			types = append(types, ticketTypeInput{ID: int(t.ID), Name: t.Name, Price: price, Capacity: t.Capacity})
		}
	}
	d.TicketTypes, d.Currency, err = typesOf(types, currency)
	return err
}

func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

// Clearable is a field of a change that can be left out, set, or cleared with null.
type Clearable[T any] struct {
	IsGiven bool
	Value   T // zero: cleared
}

// UnmarshalJSON reads a field that is given.
func (c *Clearable[T]) UnmarshalJSON(data []byte) error {
	c.IsGiven = true
	return json.Unmarshal(data, &c.Value)
}

// Schema tells huma that it is T or null.
func (c Clearable[T]) Schema(r huma.Registry) *huma.Schema {
	schema := *huma.SchemaFromType(r, reflect.TypeFor[T]())
	schema.Nullable = true
	return &schema
}

func (c Clearable[T]) set(field *T) {
	if c.IsGiven {
		*field = c.Value
	}
}

type eventCommandInput struct {
	Idempotent
	ID uuid.UUID `path:"id" format:"uuid"`
	IfMatching
}

func (a *api) publishEvent(ctx context.Context, in *eventCommandInput) (*changed[Event], error) {
	return a.commandEvent(ctx, in, a.Service.Publish)
}

func (a *api) cancelEvent(ctx context.Context, in *eventCommandInput) (*changed[Event], error) {
	return a.commandEvent(ctx, in, a.Service.CancelEvent)
}

func (a *api) commandEvent(
	ctx context.Context, in *eventCommandInput,
	command func(_ context.Context, _ booking.Request, event uuid.UUID, expected int) (booking.Result, error),
) (*changed[Event], error) {
	named := once{key: in.key, asked: in.ID}
	return a.executeEvent(ctx, named, func(r booking.Request) (booking.Result, error) {
		return expecting(in.versions, func(version int) (booking.Result, error) {
			return command(ctx, r, in.ID, version)
		})
	})
}
