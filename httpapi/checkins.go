package httpapi

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/httpapi/problem"
	"github.com/boxoffice/boxoffice/internal/audit"
	"github.com/boxoffice/boxoffice/internal/ticket"
	"github.com/boxoffice/boxoffice/projections"
)

// CheckedTicket is a scanned ticket.
type CheckedTicket struct {
	BookingID    uuid.UUID  `json:"bookingId" format:"uuid"`
	TicketTypeID int        `json:"ticketTypeId"`
	TicketType   string     `json:"ticketType" example:"General admission"`
	Number       int        `json:"number" doc:"Of the booking's tickets of the type, from 1"`
	CustomerID   uuid.UUID  `json:"customerId" format:"uuid"`
	Name         string     `json:"name" doc:"Of the customer; empty when the account was deleted"`
	CheckedInAt  *time.Time `json:"checkedInAt" nullable:"true" doc:"null: it is not checked in"`
	CheckedIn    int        `json:"checkedIn" doc:"Tickets of the event that are checked in"`
	Sold         int        `json:"sold" doc:"Tickets of the event that are sold"`
}

// checkedTicketOf leaves the name out: the answer is stored for repeated requests, and names must be
// erasable.
func checkedTicketOf(r booking.Result) CheckedTicket {
	d := r.Ticket
	shown := CheckedTicket{
		BookingID: d.Ticket.BookingID, TicketTypeID: int(d.Ticket.Type), TicketType: d.TypeName, Number: d.Ticket.Number,
		CustomerID: d.CustomerID, CheckedIn: d.CheckedIn, Sold: d.Sold,
	}
	if !d.At.IsZero() {
		shown.CheckedInAt = &d.At
	}
	return shown
}

type checkInInput struct {
	Idempotent
	ID   uuid.UUID `path:"id" format:"uuid"`
	Body struct {
		Code      string     `json:"code" maxLength:"1000" doc:"What the ticket's QR code shows"`
		ScannedAt *time.Time `json:"scannedAt,omitempty" doc:"When it was scanned, if that was before now, without network. A time in the future, or more than 72 hours ago, is replaced by the server's"`
	}
}

func (a *api) checkIn(ctx context.Context, in *checkInInput) (*changed[CheckedTicket], error) {
	c := a.checkInOf(in.ID, in.Body.Code)
	set(&c.At, in.Body.ScannedAt)
	named := once{key: in.key, asked: []any{in.ID, in.Body}}
	return a.atTheDoor(ctx, named, func(r booking.Request) (booking.Result, error) { return a.Service.CheckIn(ctx, r, c) })
}

// TicketRef names a ticket without its code.
type TicketRef struct {
	BookingID    uuid.UUID `json:"bookingId" format:"uuid"`
	TicketTypeID int       `json:"ticketTypeId" minimum:"1" maximum:"255"`
	Number       int       `json:"number" minimum:"1" maximum:"100"`
}

type undoCheckInInput struct {
	Idempotent
	ID   uuid.UUID `path:"id" format:"uuid"`
	Body struct {
		Code   string     `json:"code,omitempty" maxLength:"1000" doc:"What the ticket's QR code shows"`
		Ticket *TicketRef `json:"ticket,omitempty" doc:"Instead of the code: a ticket of the list of attendees"`
		Reason string     `json:"reason" doc:"One line of at most 200 characters, without personal data: it is kept for good"`
	}
}

func (a *api) undoCheckIn(ctx context.Context, in *undoCheckInInput) (*changed[CheckedTicket], error) {
	c := a.checkInOf(in.ID, in.Body.Code)
	if t := in.Body.Ticket; t != nil {
		typeID := domain.TypeID(t.TicketTypeID) //nolint:gosec // up to 255
		c = booking.CheckIn{
			EventID: in.ID, OfEvent: in.ID, Ticket: domain.TicketID{BookingID: t.BookingID, Type: typeID, Number: t.Number},
		}
	}
	named := once{key: in.key, asked: []any{in.ID, in.Body}}
	return a.atTheDoor(ctx, named, func(r booking.Request) (booking.Result, error) {
		return a.Service.UndoCheckIn(ctx, r, c, in.Body.Reason)
	})
}

func (a *api) checkInOf(event uuid.UUID, code string) booking.CheckIn {
	c := booking.CheckIn{EventID: event}
	t, err := a.Tickets.Read(code)
	if err != nil {
		c.Invalid = domain.ErrNoSuchTicket
		return c
	}
	c.OfEvent = t.EventID
	c.Ticket = domain.TicketID{BookingID: t.BookingID, Type: domain.TypeID(t.Type), Number: t.Number}
	return c
}

// atTheDoor executes a command about a ticket, and adds names.
func (a *api) atTheDoor(
	ctx context.Context, o once, command func(booking.Request) (booking.Result, error),
) (*changed[CheckedTicket], error) {
	out, err := execute(ctx, o, checkedTicketOf, command)
	if already := new(domain.AlreadyCheckedInError); errors.As(err, &already) {
		p := problem.New(http.StatusConflict, domain.ErrAlreadyCheckedIn.Code(), already.Error())
		p.CheckedInAt = &already.At
		p.CheckedInBy = a.nameOf(ctx, already.By)
		return nil, p
	}
	if err != nil {
		return nil, err
	}
	out.Body.Name = a.nameOf(ctx, out.Body.CustomerID)
	return out, nil
}

// nameOf returns the name of a user, or "" on an error, because the decision stands without it.
func (a *api) nameOf(ctx context.Context, id uuid.UUID) string {
	users, err := a.Accounts.Named(ctx, []uuid.UUID{id})
	if err != nil {
		a.Logger.WarnContext(ctx, "a name at the door was not found", "error", err)
	}
	return users[id].Name
}

// TicketCode is one ticket of a booking.
type TicketCode struct {
	TicketTypeID int    `json:"ticketTypeId"`
	Number       int    `json:"number" doc:"Of the booking's tickets of the type, from 1"`
	Code         string `json:"code" doc:"For the ticket's QR code: what a door checks"`
}

// longestEvent is how long an event without an end is assumed to take at most.
const longestEvent = 24 * time.Hour

// overAt is when the tickets of an event are no longer needed.
func overAt(starts, ends time.Time) time.Time {
	if ends.IsZero() {
		return starts.Add(longestEvent)
	}
	return ends
}

// ticketsToShow are the codes of a booking's tickets until the event is over. There are none if the
// program has no key to sign them.
func (a *api) ticketsToShow(b *projections.BookingWithEvent) ([]TicketCode, error) {
	var ends time.Time
	set(&ends, b.Event.EndsAt)
	over := overAt(b.Event.StartsAt, ends)
	if b.Status != projections.BookingConfirmed || b.Event.Status == projections.EventCancelled || a.Now().After(over) {
		return nil, nil
	}
	var codes []TicketCode
	for _, t := range b.Lines.Tickets(b.ID) {
		code, err := a.Tickets.Code(ticket.Ticket{
			EventID: b.EventID, BookingID: b.ID, Type: uint8(t.Type), Number: t.Number,
		})
		switch {
		case errors.Is(err, audit.ErrNoKey):
			return nil, nil
		case err != nil:
			return nil, err
		}
		codes = append(codes, TicketCode{int(t.Type), t.Number, code})
	}
	return codes, nil
}

// TicketKeys is a set of public keys (RFC 7517, RFC 8037).
type TicketKeys struct {
	Keys []TicketKey `json:"keys" nullable:"false" doc:"The one that signs now comes first"`
}

// TicketKey is an Ed25519 key.
type TicketKey struct {
	Type  string `json:"kty" example:"OKP"`
	Curve string `json:"crv" example:"Ed25519"`
	Use   string `json:"use" example:"sig"`
	X     string `json:"x" doc:"The key, in base64url"`
}

type ticketKeysOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         TicketKeys
}

func (a *api) ticketKeys(context.Context, *struct{}) (*ticketKeysOutput, error) {
	out := &ticketKeysOutput{CacheControl: "public, max-age=300", Body: TicketKeys{Keys: []TicketKey{}}}
	for _, key := range a.Tickets.Keys.PublicKeys() {
		out.Body.Keys = append(out.Body.Keys, TicketKey{"OKP", "Ed25519", "sig", base64.RawURLEncoding.EncodeToString(key)})
	}
	return out, nil
}
