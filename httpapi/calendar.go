package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/calendar"
	"github.com/boxoffice/boxoffice/internal/ticket"
	"github.com/boxoffice/boxoffice/projections"
)

// calendarPath is the path of the feeds, before their secret.
const calendarPath = "/calendar/"

// maxEntries is how many entries a feed has at most: the newest bookings, or the events that begin
// last.
const maxEntries = 1000

func calendarRoutes(a *api) {
	route(a, op("GET /calendar", "listCalendars", "List the addresses that one's own calendars subscribe to", 200),
		a.listCalendars, a.signedIn(noKeys), a.needsDatabase)
	route(a, op("POST /calendar", "makeCalendar",
		"Make an address that calendars can subscribe to, in place of the older one", 201, 400),
		a.makeCalendar, a.signedIn(noKeys), a.limitedPerUser(a.Limiter.Cancelling), a.needsDatabase)
	route(a, op("DELETE /calendar", "endCalendar", "Switch an address off", 204, 400),
		a.endCalendar, a.signedIn(noKeys), a.limitedPerUser(a.Limiter.Cancelling), a.needsDatabase)
	route(a, op("GET "+calendarPath+"{secret}.ics", "getCalendar",
		"Read one's own bookings or events as iCalendar (RFC 5545)", 200, 404),
		a.getCalendar, a.needsDatabase, a.readsFeed, a.readsModels, servesCalendar, conditional)
}

// CalendarFeed is an address that a calendar can subscribe to.
type CalendarFeed struct {
	Kind      string    `json:"kind" enum:"bookings,events" doc:"bookings: one's own. events: that one organizes"`
	Path      string    `json:"path,omitempty" doc:"Below the address of the API. Whoever knows it can read the calendar. Absent when it can't be shown any more, because the secrets of the server have changed"`
	CreatedAt time.Time `json:"createdAt"`
}

func feedOf(f account.Feed) CalendarFeed {
	shown := CalendarFeed{Kind: string(f.Kind), CreatedAt: f.CreatedAt.UTC()}
	if f.Token != "" {
		shown.Path = calendarPath + f.Token + ".ics"
	}
	return shown
}

// CalendarFeedList are the addresses of a user.
type CalendarFeedList struct {
	Data []CalendarFeed `json:"data" nullable:"false"`
}

func (a *api) listCalendars(ctx context.Context, _ *struct{}) (*struct{ Body CalendarFeedList }, error) {
	feeds, err := a.Accounts.Feeds(ctx, claimsOf(ctx).UserID)
	if err != nil {
		return nil, err
	}
	list := CalendarFeedList{make([]CalendarFeed, len(feeds))}
	for i, f := range feeds {
		list.Data[i] = feedOf(f)
	}
	return &struct{ Body CalendarFeedList }{list}, nil
}

type makeCalendarInput struct {
	Body struct {
		Kind string `json:"kind" enum:"bookings,events" doc:"bookings: one's own. events: that one organizes"`
	}
}

type makeCalendarOutput struct {
	Location string `header:"Location"`
	Body     CalendarFeed
}

func (a *api) makeCalendar(ctx context.Context, in *makeCalendarInput) (*makeCalendarOutput, error) {
	made, err := a.Accounts.NewFeed(ctx, claimsOf(ctx).UserID, account.FeedKind(in.Body.Kind))
	if err != nil {
		return nil, unlessGone(err)
	}
	shown := feedOf(made)
	return &makeCalendarOutput{shown.Path, shown}, nil
}

type endCalendarInput struct {
	Kind string `query:"kind" required:"true" enum:"bookings,events"`
}

func (a *api) endCalendar(ctx context.Context, in *endCalendarInput) (*struct{}, error) {
	return nil, a.Accounts.EndFeed(ctx, claimsOf(ctx).UserID, account.FeedKind(in.Kind))
}

// feed is what a secret is for.
type feed struct {
	of   account.User
	kind account.FeedKind
}

type feedKey struct{}

// readsFeed looks a secret up. Reads of a feed count against its owner's limit of reads. Only wrong
// secrets count against the client's network, because one service reads the calendars of many people.
func (a *api) readsFeed(op *huma.Operation) {
	op.Errors = append(op.Errors, http.StatusTooManyRequests)
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		wrong, site := a.Limiter.Address, "calendar "+middleware.ClientOf(ctx.Context()).Site()
		if wrong != nil {
			if p := wrong.Take(site).Problem(); p != nil {
				a.writeError(ctx, p)
				return
			}
		}
		user, kind, err := a.Accounts.FeedOf(ctx.Context(), ctx.Param("secret"))
		if err != nil {
			a.writeError(ctx, err)
			return
		}
		if wrong != nil {
			wrong.GiveBack(site)
		}
		if reading := a.Limiter.Reading; reading != nil {
			used := reading.Take("calendar " + user.ID.String() + string(kind))
			if p := used.Problem(); p != nil {
				a.writeError(ctx, p)
				return
			}
			used.Headers(ctx.SetHeader)
		}
		next(huma.WithValue(ctx, feedKey{}, feed{user, kind}))
	})
}

type getCalendarInput struct {
	Secret string `path:"secret"`
}

type getCalendarOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// servesCalendar describes an answer that is a calendar.
func servesCalendar(op *huma.Operation) {
	op.Responses["200"].Content = map[string]*huma.MediaType{
		"text/calendar": {Schema: &huma.Schema{Type: huma.TypeString}},
	}
}

func (a *api) getCalendar(ctx context.Context, _ *getCalendarInput) (*getCalendarOutput, error) {
	feed, _ := ctx.Value(feedKey{}).(feed)
	var c calendar.Calendar
	var err error
	if feed.kind == account.EventsFeed {
		c, err = a.eventsCalendar(ctx, feed.of)
	} else {
		c, err = a.bookingsCalendar(ctx, feed.of.ID)
	}
	if err != nil {
		return nil, err
	}
	return &getCalendarOutput{"text/calendar; charset=utf-8", []byte(c.Text())}, nil
}

func (a *api) bookingsCalendar(ctx context.Context, user uuid.UUID) (calendar.Calendar, error) {
	c := calendar.Calendar{Name: "My bookings"}
	rows, _, err := a.Bookings.OfUser(ctx, projections.BookingQuery{UserID: user, Limit: maxEntries})
	for i := range rows {
		b := &rows[i]
		e := a.entryOf(&b.Event, "/bookings")
		e.ID = b.ID // as in mails and in files
		e.Details = strings.Join(append(ticketsIn(b), "Ticket number "+ticket.NumberOf(b.ID)), "\n")
		for _, changed := range []*time.Time{&b.CreatedAt, b.CancelledAt} {
			if changed != nil && changed.After(e.ModifiedAt) {
				e.ModifiedAt = *changed
			}
		}
		if b.Status == projections.BookingCancelled {
			e.Status = calendar.Cancelled
		}
		c.Entries = append(c.Entries, e)
	}
	return c, err
}

// ticketsIn are the tickets of a booking by type.
func ticketsIn(b *projections.BookingWithEvent) (lines []string) {
	names := map[int]string{}
	for _, t := range b.Event.Types() {
		names[int(t.ID)] = t.Name
	}
	for _, l := range b.Lines.All() {
		lines = append(lines, fmt.Sprintf("%d × %s", l.Quantity, names[int(l.Type)]))
	}
	return lines
}

func (a *api) eventsCalendar(ctx context.Context, user account.User) (calendar.Calendar, error) {
	c := calendar.Calendar{Name: "My events"}
	rows, _, _, err := a.Events.After(ctx, projections.EventQuery{
		Organizer: user.ID, Drafts: user.Role == account.Organizer || user.Role == account.Admin,
		Sort: projections.SortByDate, Descending: true, Limit: maxEntries,
	}, projections.EventCursor{})
	for _, row := range rows {
		c.Entries = append(c.Entries, a.entryOf(row, "/events/"+row.ID.String()))
	}
	return c, err
}

// entryOf is an event in a calendar, with the address of a page of the user interface.
func (a *api) entryOf(e *projections.Event, page string) calendar.Entry {
	entry := calendar.Entry{
		ID: e.ID, Version: e.Version, ModifiedAt: e.UpdatedAt, Title: e.Title, Venue: e.Venue, StartsAt: e.StartsAt,
		TimeZone: e.TimeZone, Status: calendar.Confirmed,
	}
	set(&entry.EndsAt, e.EndsAt)
	if len(a.Origins) > 0 {
		entry.URL = a.Origins[0] + page
	}
	switch e.Status {
	case projections.EventCancelled:
		entry.Status = calendar.Cancelled
	case projections.EventDraft:
		entry.Status = calendar.Tentative
	}
	return entry
}
