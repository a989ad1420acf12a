package httpapi

import (
	"context"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/projections"
)

type listDeskEventsInput struct {
	Limit    int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Cursor   string `query:"cursor" maxLength:"1000" doc:"meta.next of the page before; without it: the first page"`
	Status   string `query:"status" enum:"SCHEDULED,CANCELLED,DRAFT"`
	Upcoming bool   `query:"upcoming" doc:"Only events that have not begun, or did so in the last 24 hours, those that begin first at the beginning; otherwise it is the other way round"`
	Search   string `query:"q" maxLength:"200" doc:"Words, each of which is in the title or the venue, also as a part of another word, without regard to order, case and accents"`
}

// DeskEventList are the events that somebody organizes.
type DeskEventList struct {
	Data []DeskListedEvent `json:"data" nullable:"false"`
	Meta DeskEventMeta     `json:"meta"`
}

// DeskEventMeta says where the list goes on.
type DeskEventMeta struct {
	Total int    `json:"total" doc:"Events on all pages"`
	Limit int    `json:"limit" doc:"How many events a page has at most"`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page, when there is one"`
}

// DeskListedEvent is an event in the list of those who organize it, as the read models have it.
type DeskListedEvent struct {
	DeskHeading
	DeskCounts
}

// DeskHeading identifies an event, and says which role the user has there.
type DeskHeading struct {
	ID       uuid.UUID `json:"id" format:"uuid"`
	Title    string    `json:"title"`
	Venue    string    `json:"venue"`
	Date     time.Time `json:"date" doc:"When it begins, in UTC"`
	TimeZone string    `json:"timeZone" example:"Europe/Lisbon" doc:"IANA name of the venue's time zone"`
	Status   string    `json:"status" enum:"SCHEDULED,CANCELLED,DRAFT"`
	Draft    bool      `json:"draft" doc:"Whether customers don't see it, also when it is cancelled"`
	Role     string    `json:"role" enum:"owner,admin,manage,sell,check_in" doc:"What one is there. Owners and admins may do what manage may"`
}

// DeskCounts are numbers of tickets of an event, and of entries on its waiting list.
type DeskCounts struct {
	Capacity  int `json:"capacity"`
	Sold      int `json:"sold"`
	Held      int `json:"held" doc:"Tickets that are reserved or offered, and not booked yet"`
	Waiting   int `json:"waiting" doc:"Entries on the waiting list"`
	CheckedIn int `json:"checkedIn"`
}

// The roles of those who may do everything at an event.
const (
	roleOwner = "owner"
	roleAdmin = "admin"
)

// deskRole is the role of a user at an event that they may see.
func deskRole(ctx context.Context, roles map[uuid.UUID]domain.EventRole) string {
	r := requestOf(ctx)
	switch role := roles[r.Actor]; {
	case r.Admin:
		return roleAdmin
	case role != "":
		return string(role)
	}
	return roleOwner
}

func deskHeading(ctx context.Context, e *projections.Event) DeskHeading {
	return DeskHeading{
		ID: e.ID, Title: e.Title, Venue: e.Venue, Date: e.StartsAt, TimeZone: e.TimeZone, Status: e.Status,
		Draft: !e.Published, Role: deskRole(ctx, e.Organizers),
	}
}

func (a *api) listDeskEvents(ctx context.Context, in *listDeskEventsInput) (*struct{ Body DeskEventList }, error) {
	query := projections.EventQuery{
		Search: in.Search, Status: in.Status, Drafts: true, Organizer: claimsOf(ctx).UserID,
		Sort: projections.SortByDate, Descending: !in.Upcoming, Limit: in.Limit,
	}
	if requestOf(ctx).Admin {
		query.Organizer = uuid.Nil
	}
	if in.Upcoming { // truncated to hours, because totals are cached
		query.From = a.Now().UTC().Truncate(time.Hour).Add(-24 * time.Hour)
	}
	list := fingerprintOf(in.list(query.Organizer))
	after, err := in.after(list)
	if err != nil {
		return nil, err
	}
	page, next, total, err := a.Events.After(ctx, query, after)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(page))
	for i, e := range page {
		ids[i] = e.ID
	}
	counts, err := a.Events.Counts(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := DeskEventList{Data: make([]DeskListedEvent, len(page)), Meta: DeskEventMeta{Total: total, Limit: in.Limit}}
	for i, e := range page {
		c := counts[e.ID]
		out.Data[i] = DeskListedEvent{deskHeading(ctx, e), DeskCounts{e.Capacity, c.Sold, c.Held, c.Waiting, c.CheckedIn}}
	}
	if next.ID != uuid.Nil {
		out.Meta.Next = cursor{List: list, Key: next.Key, ID: next.ID}.String()
	}
	return &struct{ Body DeskEventList }{out}, nil
}

// list identifies the list for cursors.
func (in *listDeskEventsInput) list(organizer uuid.UUID) string {
	query := url.Values{"organizer": {organizer.String()}, "status": {in.Status}, "q": {in.Search}}
	if in.Upcoming {
		query.Set("upcoming", "true")
	}
	return query.Encode()
}

func (in *listDeskEventsInput) after(list string) (after projections.EventCursor, err error) {
	if in.Cursor == "" || in.Cursor == firstCursor {
		return after, nil
	}
	at, err := cursorOf(in.Cursor, list)
	after = projections.EventCursor{Key: at.Key, ID: at.ID}
	if err == nil && !after.Valid(projections.SortByDate) {
		err = errNotACursor()
	}
	return after, err
}

// DeskEvent is what organizers see of an event at a glance. The numbers are those of the stream; the
// revenue is from a read model.
type DeskEvent struct {
	DeskHeading
	DeskCounts
	TicketTypes []DeskTicketType `json:"ticketTypes" nullable:"false"`
	Revenue     []DeskTurnover   `json:"revenue,omitzero" nullable:"false" doc:"What the confirmed bookings come to, by ticket type and currency; absent for those who only check tickets in"`
}

// DeskTicketType is a ticket type, and how many of its tickets are sold, reserved or offered.
type DeskTicketType struct {
	ID       int     `json:"id"`
	Name     string  `json:"name"`
	Price    Decimal `json:"price"`
	Currency string  `json:"currency" example:"USD" doc:"ISO 4217 code"`
	Capacity int     `json:"capacity,omitempty" doc:"Tickets of this type; absent: as many as the event has"`
	Taken    int     `json:"taken"`
}

// DeskTurnover is the number and the price of tickets of one type.
type DeskTurnover struct {
	TicketTypeID int      `json:"ticketTypeId"`
	Tickets      int      `json:"tickets"`
	Currency     string   `json:"currency,omitempty" example:"USD" doc:"An ISO 4217 code; absent: the prices are not known"`
	Amount       *Decimal `json:"amount,omitempty" maximum:"1e15" doc:"Absent where the prices are not known"`
}

func turnoverOf(rows []projections.Turnover) []DeskTurnover {
	shown := make([]DeskTurnover, len(rows))
	for i, t := range rows {
		shown[i] = DeskTurnover{TicketTypeID: int(t.Type), Tickets: t.Tickets, Currency: t.Currency}
		if t.Currency != "" {
			amount := decimalOf(domain.Money{Minor: t.Amount, Currency: t.Currency})
			shown[i].Amount = &amount
		}
	}
	return shown
}

type deskEventInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

func (a *api) deskEvent(ctx context.Context, in *deskEventInput) (*struct{ Body DeskEvent }, error) {
	s, err := a.Service.Look(ctx, requestOf(ctx), in.ID, domain.RoleCheckIn)
	if err != nil {
		return nil, err
	}
	row := projections.EventOf(in.ID, 0, s)
	e := DeskEvent{
		DeskHeading: deskHeading(ctx, &row), TicketTypes: []DeskTicketType{},
		DeskCounts: DeskCounts{s.Capacity(), s.Sold(), s.Held(), s.Waiting(), s.CheckedIn()},
	}
	for _, t := range s.Details().TicketTypes {
		price := domain.Money{Minor: t.Price, Currency: s.Details().Currency}
		e.TicketTypes = append(e.TicketTypes, DeskTicketType{
			ID: int(t.ID), Name: t.Name, Price: decimalOf(price), Currency: price.Currency, Capacity: t.Capacity,
			Taken: s.Taken(t.ID),
		})
	}
	if e.Role != string(domain.RoleCheckIn) {
		revenue, err := a.Bookings.Revenue(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		e.Revenue = turnoverOf(revenue)
	}
	return &struct{ Body DeskEvent }{e}, nil
}
