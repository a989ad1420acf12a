package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

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

type listEventsInput struct {
	Page      int    `query:"page" default:"1" minimum:"1" maximum:"1000000"`
	Limit     int    `query:"limit" default:"10" minimum:"1" maximum:"50"`
	Search    string `query:"search" maxLength:"200" doc:"Part of the title, without regard to case"`
	SortBy    string `query:"sortBy" default:"date" enum:"date,price,title"`
	SortOrder string `query:"sortOrder" default:"asc" enum:"asc,desc"`
}

// EventPage is one page of a list of events.
type EventPage struct {
	Data []Event  `json:"data" nullable:"false"`
	Meta PageMeta `json:"meta"`
}

// PageMeta says which page of how many it is.
type PageMeta struct {
	Total      int `json:"total" doc:"Events on all pages"`
	Page       int `json:"page"`
	Limit      int `json:"limit"`
	TotalPages int `json:"totalPages"`
}

type listEventsOutput struct{ Body EventPage }

func (a *api) listEvents(ctx context.Context, in *listEventsInput) (*listEventsOutput, error) {
	rows, total, err := a.Events.List(ctx, projections.EventQuery{
		Search: in.Search, Sort: projections.EventSort(in.SortBy), Descending: in.SortOrder == "desc", Page: in.Page, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	page := EventPage{
		Data: make([]Event, 0, len(rows)),
		Meta: PageMeta{Total: total, Page: in.Page, Limit: in.Limit, TotalPages: (total + in.Limit - 1) / in.Limit},
	}
	for _, row := range rows {
		page.Data = append(page.Data, eventOf(row))
	}
	return &listEventsOutput{page}, nil
}

type eventInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

type eventOutput struct {
	LogPosition int64 `header:"Log-Position" doc:"A read with this as Min-Log-Position sees the change"`
	Body        Event
}

func (a *api) getEvent(ctx context.Context, in *eventInput) (*struct{ Body Event }, error) {
	row, err := a.Events.Get(ctx, in.ID)
	if err != nil {
		return nil, notFound(err, errEventMissing)
	}
	return &struct{ Body Event }{eventOf(row)}, nil
}

type scheduleEventInput struct {
	Body struct {
		Title        string    `json:"title"`
		Description  string    `json:"description,omitempty"`
		Date         time.Time `json:"date" doc:"When it begins"`
		TimeZone     string    `json:"timeZone,omitempty" default:"UTC" doc:"IANA name of the venue's time zone"`
		Venue        string    `json:"venue"`
		TotalTickets int       `json:"totalTickets"`
		Price        Decimal   `json:"price"`
		Currency     string    `json:"currency,omitempty" default:"USD" doc:"ISO 4217 code"`
	}
}

func (a *api) scheduleEvent(ctx context.Context, in *scheduleEventInput) (*eventOutput, error) {
	b := in.Body
	price, errPrice := moneyOf(b.Price, b.Currency)
	details, errDetails := domain.NewDetails(domain.Details{
		Title: b.Title, Description: b.Description, Venue: b.Venue, StartsAt: b.Date, TimeZone: b.TimeZone, Price: price,
	})
	if err := domain.JoinInvalid(errPrice, errDetails, domain.CheckCapacity(b.TotalTickets)); err != nil {
		return nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	result, err := a.execute(ctx, id, domain.ScheduleEvent{Details: details, Capacity: b.TotalTickets}, true)
	if err != nil {
		return nil, err
	}
	a.catchUp(ctx, result.Position)
	return &eventOutput{result.Position, Event{
		ID: id, Title: details.Title, Description: details.Description, Date: details.StartsAt, TimeZone: details.TimeZone, Venue: details.Venue,
		TotalTickets: result.State.Capacity(), RemainingTickets: result.State.Remaining(), Price: decimalOf(details.Price),
		Currency: details.Price.Currency, Status: projections.EventScheduled, Version: result.Version,
	}}, nil
}
