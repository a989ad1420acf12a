package httpapi

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/projections"
)

// AttendeeFilters select bookings of an event.
type AttendeeFilters struct {
	ID     uuid.UUID `path:"id" format:"uuid"`
	Status string    `query:"status" enum:"CONFIRMED,CANCELLED"`
	Type   int       `query:"ticketTypeId" minimum:"1" maximum:"255"`
	Search string    `query:"search" maxLength:"200" doc:"Words of which each is a part of the customer's name or e-mail address, without regard to case and accents"`
	// CheckedIn is not a bool, for which absent and false would be the same.
	CheckedIn string `query:"checkedIn" enum:"true,false" doc:"true: bookings with a ticket that is checked in; false: those with none"`
}

type listAttendeesInput struct {
	AttendeeFilters
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Cursor string `query:"cursor" maxLength:"1000" doc:"meta.next of the page before; without it: the first page"`
}

// AttendeeList are bookings of an event, oldest first.
type AttendeeList struct {
	Data []Attendee  `json:"data" nullable:"false"`
	Meta BookingMeta `json:"meta"`
}

// Attendee is a booking with its customer.
type Attendee struct {
	BookingID   uuid.UUID        `json:"bookingId" format:"uuid"`
	CustomerID  uuid.UUID        `json:"customerId" format:"uuid"`
	Name        string           `json:"name" doc:"Empty when the account was deleted"`
	Email       string           `json:"email" doc:"Empty when the account was deleted"`
	Status      string           `json:"status" enum:"CONFIRMED,CANCELLED"`
	BookedAt    time.Time        `json:"bookedAt"`
	CancelledAt *time.Time       `json:"cancelledAt,omitempty"`
	Tickets     []AttendeeTicket `json:"tickets" nullable:"false"`
}

// AttendeeTicket is a ticket, and when it was checked in.
type AttendeeTicket struct {
	TicketTypeID int        `json:"ticketTypeId"`
	Number       int        `json:"number"`
	CheckedInAt  *time.Time `json:"checkedInAt" nullable:"true" doc:"null: it is not checked in"`
}

func (a *api) listAttendees(ctx context.Context, in *listAttendeesInput) (*struct{ Body AttendeeList }, error) {
	if _, err := a.Service.Look(ctx, requestOf(ctx), in.ID, domain.RoleSell); err != nil {
		return nil, err
	}
	list := fingerprintOf(in.list())
	after, err := (&listBookingsInput{Cursor: in.Cursor}).after(list)
	if err != nil {
		return nil, err
	}
	query := in.query()
	query.Limit, query.After = in.Limit, after
	page, next, err := a.Bookings.Attendees(ctx, query)
	if err != nil {
		return nil, err
	}
	out := AttendeeList{Data: make([]Attendee, len(page)), Meta: BookingMeta{Limit: in.Limit}}
	for i := range page {
		out.Data[i] = attendeeOf(&page[i])
	}
	if next.ID != uuid.Nil {
		out.Meta.Next = cursor{List: list, Key: next.CreatedAt.Format(time.RFC3339Nano), ID: next.ID}.String()
	}
	return &struct{ Body AttendeeList }{out}, nil
}

// list identifies the list for cursors.
func (f AttendeeFilters) list() string {
	return url.Values{
		"id": {f.ID.String()}, "status": {f.Status}, "type": {strconv.Itoa(f.Type)}, "search": {f.Search},
		"checkedIn": {f.CheckedIn},
	}.Encode()
}

func (f AttendeeFilters) query() projections.AttendeeQuery {
	q := projections.AttendeeQuery{EventID: f.ID, Status: f.Status, Type: f.Type, Search: f.Search}
	if f.CheckedIn != "" {
		is := f.CheckedIn == "true"
		q.CheckedIn = &is
	}
	return q
}

func attendeeOf(b *projections.Attendee) Attendee {
	shown := Attendee{
		BookingID: b.ID, CustomerID: b.UserID, Name: b.Name, Email: b.Email, Status: b.Status, BookedAt: b.CreatedAt,
		CancelledAt: b.CancelledAt, Tickets: []AttendeeTicket{},
	}
	for _, t := range b.Lines.Tickets(b.ID) {
		ticket := AttendeeTicket{TicketTypeID: int(t.Type), Number: t.Number}
		for _, c := range b.CheckIns {
			if c.Type == t.Type && c.Number == t.Number {
				ticket.CheckedInAt = &c.At
			}
		}
		shown.Tickets = append(shown.Tickets, ticket)
	}
	return shown
}

type exportAttendeesInput struct {
	AttendeeFilters
	BOM       bool   `query:"bom" doc:"Begin with a byte order mark, which some versions of Excel need to read names right"`
	Separator string `query:"separator" enum:"comma,semicolon" default:"comma" doc:"Between columns. Excel wants a semicolon where the comma is the decimal separator"`
}

// totalRows is the header with the number of rows of a file, for clients that show progress.
const totalRows = "Total-Rows"

// exportAttendees streams a file of any length page by page. After an error it ends without the last
// chunk, by which clients notice that it is incomplete.
func (a *api) exportAttendees(ctx context.Context, in *exportAttendeesInput) (*huma.StreamResponse, error) {
	state, err := a.Service.Look(ctx, requestOf(ctx), in.ID, domain.RoleSell)
	if err != nil {
		return nil, err
	}
	query := in.query()
	total, err := a.Bookings.CountTickets(ctx, query)
	if err != nil {
		return nil, err
	}
	types := map[int]string{}
	for _, t := range state.Details().TicketTypes {
		types[int(t.ID)] = t.Name
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		_, w := humachi.Unwrap(ctx)
		ctx.SetHeader("Content-Type", "text/csv; charset=utf-8; header=present")
		ctx.SetHeader("Content-Disposition",
			fmt.Sprintf(`attachment; filename="attendees-%s.csv"`, a.Now().UTC().Format("20060102T150405Z")))
		ctx.SetHeader(totalRows, strconv.Itoa(total))
		to := patientWriter{ctx.BodyWriter(), w}
		err := error(nil)
		if in.BOM {
			_, err = io.WriteString(to, "\ufeff")
		}
		if err == nil {
			lines := csv.NewWriter(to)
			if in.Separator == "semicolon" {
				lines.Comma = ';'
			}
			err = a.writeAttendees(ctx.Context(), lines, query, types)
		}
		if err != nil {
			_ = problemOf(ctx.Context(), a.Logger, err) // logs it
			panic(http.ErrAbortHandler)
		}
	}}, nil
}

// exportPage is how many bookings of an export are in memory at once.
const exportPage = 2_000

// writeAttendees writes a line for each ticket, as RFC 4180 has it but for the separator.
func (a *api) writeAttendees(
	ctx context.Context, lines *csv.Writer, q projections.AttendeeQuery, types map[int]string,
) error {
	lines.UseCRLF = true
	_ = lines.Write([]string{ // lines.Error returns its error
		"booking", "ticket type", "number", "name", "e-mail", "status", "booked at", "checked in at",
	})
	q.Limit = exportPage
	for {
		page, next, err := a.Bookings.Attendees(ctx, q)
		if err != nil {
			return err
		}
		for i := range page {
			writeTickets(lines, attendeeOf(&page[i]), types)
		}
		if lines.Flush(); lines.Error() != nil || next.ID == uuid.Nil {
			return lines.Error()
		}
		q.After = next
	}
}

func writeTickets(lines *csv.Writer, of Attendee, types map[int]string) {
	for _, t := range of.Tickets {
		checkedIn := ""
		if t.CheckedInAt != nil {
			checkedIn = t.CheckedInAt.Format(time.RFC3339)
		}
		_ = lines.Write([]string{
			of.BookingID.String(), inert(types[t.TicketTypeID]), strconv.Itoa(t.Number), inert(of.Name), inert(of.Email),
			of.Status, of.BookedAt.Format(time.RFC3339), checkedIn,
		})
	}
}

// inert keeps spreadsheets from evaluating a name, or what follows a separator in it, as a formula:
// the one who opens the file may have another separator than the file.
func inert(cell string) string {
	var safe strings.Builder
	for len(cell) > 0 {
		end := strings.IndexAny(cell, ",;\t") + 1
		if end == 0 {
			end = len(cell)
		}
		if isFormula(cell[:end]) {
			safe.WriteByte('\'')
		}
		safe.WriteString(cell[:end])
		cell = cell[end:]
	}
	return safe.String()
}

// isFormula knows that some spreadsheets take full-width signs for the usual ones, and skip invisible
// characters and quotation marks.
func isFormula(cell string) bool {
	seen := strings.TrimLeftFunc(cell, func(r rune) bool {
		return r == '"' || unicode.IsSpace(r) ||
			unicode.In(r, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point)
	})
	first, _ := utf8.DecodeRuneInString(seen)
	return strings.ContainsRune("=+-@＝＋－＠", first)
}
