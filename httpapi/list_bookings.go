package httpapi

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/projections"
)

// maxBookings is how many bookings an answer has at most, also for clients that don't ask for pages.
const maxBookings = 1000

type listBookingsInput struct {
	Limit    int    `query:"limit" minimum:"1" maximum:"100" doc:"Without it: 1,000"`
	Cursor   string `query:"cursor" maxLength:"1000" doc:"meta.next of the page before; without it: the first page"`
	Status   string `query:"status" enum:"CONFIRMED,CANCELLED"`
	Upcoming bool   `query:"upcoming" doc:"Only bookings of events that have not begun"`
}

// BookingList are bookings of one user, newest first.
type BookingList struct {
	Data []BookingWithEvent `json:"data" nullable:"false"`
	Meta BookingMeta        `json:"meta"`
}

// BookingMeta says where the list goes on.
type BookingMeta struct {
	Limit int    `json:"limit" doc:"How many bookings a page has at most"`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page, when there is one"`
}

// BookingWithEvent is a booking and its event.
type BookingWithEvent struct {
	Booking
	Event   Event        `json:"event"`
	Tickets []TicketCode `json:"tickets,omitempty" doc:"While it is confirmed and the event is not over; absent where the server has no signing key"`
}

type listBookingsOutput struct {
	Link string `header:"Link" doc:"Where the next page is, when there is one (RFC 8288)"`
	Body BookingList
}

func (a *api) listBookings(ctx context.Context, in *listBookingsInput) (*listBookingsOutput, error) {
	list := fingerprintOf(in.filters().Encode())
	after, err := in.after(list)
	if err != nil {
		return nil, err
	}
	query := projections.BookingQuery{
		UserID: claimsOf(ctx).UserID, Status: in.Status, Limit: cmp.Or(in.Limit, maxBookings), After: after,
	}
	if in.Upcoming {
		query.BeginsAfter = a.Now()
	}
	rows, next, err := a.Bookings.OfUser(ctx, query)
	if err != nil {
		return nil, err
	}
	out := &listBookingsOutput{Body: BookingList{
		Data: make([]BookingWithEvent, 0, len(rows)), Meta: BookingMeta{Limit: query.Limit},
	}}
	for i := range rows {
		tickets, err := a.ticketsToShow(&rows[i])
		if err != nil {
			return nil, err
		}
		out.Body.Data = append(out.Body.Data,
			BookingWithEvent{bookingOf(&rows[i].Booking), eventOf(&rows[i].Event), tickets})
	}
	events := make([]*Event, len(out.Body.Data))
	for i := range events {
		events[i] = &out.Body.Data[i].Event
	}
	if err := a.showImages(ctx, events...); err != nil {
		return nil, err
	}
	if next.ID != uuid.Nil {
		out.Body.Meta.Next = cursor{List: list, Key: next.CreatedAt.Format(time.RFC3339Nano), ID: next.ID}.String()
		query := in.filters()
		query.Set("cursor", out.Body.Meta.Next)
		if in.Limit > 0 {
			query.Set("limit", strconv.Itoa(in.Limit))
		}
		out.Link = linkTo("next", query)
	}
	return out, nil
}

// filters writes the parameters that select the list, as a client would.
func (in *listBookingsInput) filters() url.Values {
	query := url.Values{}
	if in.Status != "" {
		query.Set("status", in.Status)
	}
	if in.Upcoming {
		query.Set("upcoming", "true")
	}
	return query
}

func (in *listBookingsInput) after(list string) (after projections.BookingCursor, err error) {
	if in.Cursor == "" || in.Cursor == firstCursor {
		return after, nil
	}
	at, err := cursorOf(in.Cursor, list)
	if err != nil {
		return after, err
	}
	createdAt, err := time.Parse(time.RFC3339, at.Key)
	if err != nil {
		return after, errNotACursor()
	}
	return projections.BookingCursor{CreatedAt: createdAt, ID: at.ID}, nil
}
