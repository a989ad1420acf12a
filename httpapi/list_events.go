package httpapi

import (
	"cmp"
	"context"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/httpapi/problem"
	"github.com/boxoffice/boxoffice/projections"
)

type listEventsInput struct {
	Page      int       `query:"page" default:"1" minimum:"1" maximum:"1000000"`
	Limit     int       `query:"limit" default:"10" minimum:"1" maximum:"50"`
	Cursor    string    `query:"cursor" maxLength:"1000" doc:"Instead of page: * for the first page, then meta.next of the page before. Whoever goes through a list by cursors misses no event and gets none twice while others come and go"`
	Search    string    `query:"search" maxLength:"200" doc:"Words, each of which is in the title or the venue, also as a part of another word, without regard to order, case and accents"`
	SortBy    string    `query:"sortBy" default:"date" enum:"date,price,title" doc:"price: by the number, regardless of the currency"`
	SortOrder string    `query:"sortOrder" default:"asc" enum:"asc,desc"`
	Upcoming  bool      `query:"upcoming" doc:"Only events that have not begun"`
	Available bool      `query:"available" doc:"Only events that can be booked: on sale, neither begun nor cancelled nor sold out"`
	From      time.Time `query:"from" doc:"Only events that begin at this time or later"`
	To        time.Time `query:"to" doc:"Only events that begin before this time"`
	Status    string    `query:"status" enum:"SCHEDULED,CANCELLED,DRAFT" doc:"Only organizers find a DRAFT"`
	Category  []string  `query:"category" enum:"music,theatre,comedy,film,sport,talk,workshop,festival,family,other" doc:"Only events of this category, or of several with commas in between"`
	MinPrice  string    `query:"minPrice" pattern:"^[0-9]{1,13}([.][0-9]{1,6})?$" patternDescription:"decimal number" doc:"Needs currency" example:"10.50"`
	MaxPrice  string    `query:"maxPrice" pattern:"^[0-9]{1,13}([.][0-9]{1,6})?$" patternDescription:"decimal number" doc:"Needs currency, unless it is 0: free in any currency" example:"49.99"`
	Currency  string    `query:"currency" doc:"Only events with prices in this currency: an ISO 4217 code" example:"USD"`
	Organizer uuid.UUID `query:"organizer" format:"uuid" doc:"Only events that this user has scheduled"`
	Cacheable
	namesPage bool
}

// Resolve is asked for by huma.
func (in *listEventsInput) Resolve(ctx huma.Context) []error {
	in.namesPage = ctx.Query("page") != ""
	return nil
}

// EventPage is one page of a list of events.
type EventPage struct {
	Data []Event  `json:"data" nullable:"false"`
	Meta PageMeta `json:"meta"`
}

// PageMeta says which page of how many it is.
type PageMeta struct {
	Total      int    `json:"total" doc:"Events on all pages. With available=true it can be a second old"`
	Page       int    `json:"page"`
	Limit      int    `json:"limit"`
	TotalPages int    `json:"totalPages"`
	Next       string `json:"next,omitempty" doc:"The cursor of the next page, when there is one and cursor was given"`
}

// filters writes the parameters that select and order the list, as a client would.
func (in *listEventsInput) filters() url.Values {
	query := url.Values{"sortBy": {in.SortBy}, "sortOrder": {in.SortOrder}}
	for name, text := range map[string]string{
		"search": in.Search, "status": in.Status, "minPrice": in.MinPrice, "maxPrice": in.MaxPrice, "currency": in.Currency,
	} {
		if text != "" {
			query.Set(name, text)
		}
	}
	if categories := in.categories(); categories != "" {
		query.Set("category", categories)
	}
	for name, is := range map[string]bool{"upcoming": in.Upcoming, "available": in.Available} {
		if is {
			query.Set(name, "true")
		}
	}
	for name, at := range map[string]time.Time{"from": in.From, "to": in.To} {
		if !at.IsZero() {
			query.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	if in.Organizer != uuid.Nil {
		query.Set("organizer", in.Organizer.String())
	}
	return query
}

// categories lists each category once, sorted.
func (in *listEventsInput) categories() string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(in.Category))), ",")
}

// query is the query to the read model. The time is truncated to seconds, so that answers can come from
// the cache.
func (in *listEventsInput) query(now time.Time) (projections.EventQuery, error) {
	q := projections.EventQuery{
		Search: in.Search, From: in.From.UTC(), To: in.To.UTC(), Upcoming: in.Upcoming, Available: in.Available,
		Status: in.Status, Organizer: in.Organizer, Categories: in.categories(),
		Currency: in.Currency, MaxPrice: math.MaxInt64,
		Sort: projections.EventSort(in.SortBy), Descending: in.SortOrder == "desc", Page: in.Page, Limit: in.Limit,
	}
	if in.Upcoming || in.Available {
		q.Now = now.UTC().Truncate(time.Second)
	}
	if in.Currency == "" {
		isZero := in.MaxPrice != "" && strings.Trim(in.MaxPrice, "0.") == ""
		q.Free = isZero && in.MinPrice == ""
		if !q.Free && (in.MinPrice != "" || in.MaxPrice != "") {
			return q, problem.Invalid(problem.FieldProblem{Pointer: "currency", Detail: "Add the currency of the price."})
		}
		return q, nil
	}
	for _, bound := range []struct {
		name, text string
		minor      *int64
	}{{"minPrice", in.MinPrice, &q.MinPrice}, {"maxPrice", in.MaxPrice, &q.MaxPrice}} {
		money, err := moneyOf(Decimal(cmp.Or(bound.text, "0")), in.Currency)
		if err != nil {
			return q, aboutParameter(err, "price", bound.name)
		}
		if bound.text != "" {
			*bound.minor = money.Minor
		}
	}
	return q, nil
}

// aboutParameter makes errors about fields errors about parameters, and renames one field.
func aboutParameter(err error, field, name string) error {
	invalid, ok := err.(*domain.InvalidError) //nolint:errorlint // as it was made
	if !ok {
		return err
	}
	var wrong []problem.FieldProblem
	for _, f := range invalid.Fields {
		if f.Field == field {
			f.Field = name
		}
		wrong = append(wrong, problem.FieldProblem{Pointer: f.Field, Detail: f.Message})
	}
	return problem.Invalid(wrong...)
}

// eventsPage is the key of a page of a list of events in the cache.
type eventsPage struct {
	projections.EventQuery
	byCursor bool
	after    projections.EventCursor
}

// rowsOfPage are the rows of a page, the cursor of the next one, and the number of rows on all pages.
type rowsOfPage struct {
	rows  []*projections.Event
	next  projections.EventCursor
	total int
}

type listEventsOutput struct {
	Link string `header:"Link" doc:"Where the first, previous, next and last page are (RFC 8288)"`
	Body EventPage
}

func (a *api) listEvents(ctx context.Context, in *listEventsInput) (*listEventsOutput, error) {
	query, err := in.query(a.Now())
	if err != nil {
		return nil, err
	}
	query.Drafts = seesDrafts(ctx)
	list := fingerprintOf(in.filters().Encode())
	at, err := in.after(query.Sort, list)
	if err != nil {
		return nil, err
	}
	page := eventsPage{query, in.Cursor != "", projections.EventCursor{Key: at.Key, ID: at.ID}}
	found, err := a.pages.get(page, a.reached(ctx), in.noCache(), func() (p rowsOfPage, err error) {
		done, err := a.admitSearch(ctx, in.Search)
		if err != nil {
			return p, err
		}
		defer done()
		if page.byCursor {
			p.rows, p.next, p.total, err = a.Events.After(ctx, query, page.after)
		} else {
			p.rows, p.total, err = a.Events.List(ctx, query)
		}
		return p, err
	})
	if err != nil {
		return nil, err
	}
	out := &listEventsOutput{Body: EventPage{
		Data: make([]Event, 0, len(found.rows)),
		Meta: PageMeta{
			Total: found.total, Page: at.Page, Limit: in.Limit, TotalPages: (found.total + in.Limit - 1) / in.Limit,
		},
	}}
	for _, row := range found.rows {
		out.Body.Data = append(out.Body.Data, eventOf(row))
	}
	if err := a.showImages(ctx, pointers(out.Body.Data)...); err != nil {
		return nil, err
	}
	if found.next.ID != uuid.Nil {
		out.Body.Meta.Next = cursor{list, found.next.Key, found.next.ID, at.Page + 1}.String()
	}
	out.Link = in.links(out.Body.Meta)
	return out, nil
}

// after is where the page begins: after a cursor, or at the beginning of a page with a number.
func (in *listEventsInput) after(sort projections.EventSort, list string) (cursor, error) {
	switch {
	case in.Cursor == "":
		return cursor{Page: in.Page}, nil
	case in.namesPage:
		return cursor{}, problem.Invalid(problem.FieldProblem{
			Pointer: "page", Detail: "Leave this out when you use a cursor.",
		})
	case in.Cursor == firstCursor:
		return cursor{Page: 1}, nil
	}
	at, err := cursorOf(in.Cursor, list)
	if err == nil && (at.Page < 1 || !projections.EventCursor{Key: at.Key, ID: at.ID}.Valid(sort)) {
		err = errNotACursor()
	}
	return at, err
}

// links is the Link header of a page (RFC 8288). The addresses are relative, so that they work behind
// any proxy.
func (in *listEventsInput) links(meta PageMeta) string {
	query := in.filters()
	query.Set("limit", strconv.Itoa(in.Limit))
	var links []string
	add := func(rel, name, value string) {
		query.Set(name, value)
		links = append(links, linkTo(rel, query))
	}
	if in.Cursor != "" {
		add("first", "cursor", firstCursor)
		if meta.Next != "" {
			add("next", "cursor", meta.Next)
		}
		return strings.Join(links, ", ")
	}
	last := max(meta.TotalPages, 1)
	add("first", "page", "1")
	if in.Page > 1 {
		add("prev", "page", strconv.Itoa(min(in.Page-1, last)))
	}
	if in.Page < meta.TotalPages {
		add("next", "page", strconv.Itoa(in.Page+1))
	}
	add("last", "page", strconv.Itoa(last))
	return strings.Join(links, ", ")
}

func linkTo(rel string, query url.Values) string {
	return "<?" + query.Encode() + `>; rel="` + rel + `"`
}
