package httpapi

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/httpapi/problem"
)

type bookForInput struct {
	Idempotent
	ID   uuid.UUID `path:"id" format:"uuid"`
	Body struct {
		Email string `json:"email" maxLength:"320" doc:"Of the account that gets the tickets"`
		Lines []Line `json:"lines,omitempty" minItems:"1" maxItems:"20" doc:"All of them are booked or none; absent: one ticket of the first type"`
	}
}

// bookFor books tickets for somebody who has an account. It does not create one.
func (a *api) bookFor(ctx context.Context, in *bookForInput) (*changed[BookingChange], error) {
	// This goes first, so that only sellers can find out who has an account.
	if _, err := a.Service.Look(ctx, requestOf(ctx), in.ID, domain.RoleSell); err != nil {
		return nil, err
	}
	user, err := a.Accounts.Find(ctx, in.Body.Email)
	if err != nil {
		return nil, err
	}
	if a.RequireVerifiedEmail && !user.EmailVerified {
		return nil, problem.New(http.StatusForbidden, "email_not_verified",
			"The person must confirm this e-mail address first: until then it can be somebody else's")
	}
	book := booking.BookFor{EventID: in.ID, CustomerID: user.ID, Lines: domainLines(in.Body.Lines)}
	named := once{key: in.key, asked: []any{in.ID, in.Body}}
	out, err := execute(ctx, named, bookingChangeOf, func(r booking.Request) (booking.Result, error) {
		return a.Service.BookFor(ctx, r, book)
	})
	if err != nil {
		return nil, err
	}
	return a.noteBookingStatus(ctx, out), nil
}

type cancelBookingOfInput struct {
	Idempotent
	ID        uuid.UUID `path:"id" format:"uuid"`
	BookingID uuid.UUID `path:"bookingId" format:"uuid"`
	Body      struct {
		Reason string `json:"reason" doc:"For the customer, who gets it by mail. One line of at most 200 characters, without personal data: it is kept for good"`
	}
}

func (a *api) cancelBookingOf(ctx context.Context, in *cancelBookingOfInput) (*changed[BookingChange], error) {
	named := once{key: in.key, asked: []any{in.ID, in.BookingID, in.Body}}
	out, err := execute(ctx, named, bookingChangeOf, func(r booking.Request) (booking.Result, error) {
		return a.Service.CancelBookingOf(ctx, r, in.ID, in.BookingID, in.Body.Reason)
	})
	if err != nil {
		return nil, err
	}
	return a.noteBookingStatus(ctx, out), nil
}
