package httpapi

import (
	"context"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
)

type holdTicketsInput struct {
	Idempotent
	Proof
	Body struct {
		EventID uuid.UUID `json:"eventId" format:"uuid"`
		Lines   []Line    `json:"lines,omitempty" minItems:"1" maxItems:"20" doc:"Absent: one ticket of the first type"`
	}
}

func (a *api) holdTickets(ctx context.Context, in *holdTicketsInput) (*changed[Hold], error) {
	hold := booking.Hold{EventID: in.Body.EventID, Lines: domainLines(in.Body.Lines)}
	named := once{key: in.key, asked: in.Body}
	encode := func(r booking.Result) Hold { return holdOf(&r.Hold) }
	return execute(ctx, named, encode, func(r booking.Request) (booking.Result, error) {
		var err error
		if hold.WorkProved, err = a.redeem(ctx, in.Proof, r.Actor.String(), in.key); err != nil {
			return booking.Result{}, err
		}
		return a.limitedOfEvent(ctx, hold.EventID, func() (booking.Result, error) { return a.Service.Hold(ctx, r, hold) })
	})
}

type confirmHoldInput struct {
	Idempotent
	ID uuid.UUID `path:"id" format:"uuid"`
}

func (a *api) confirmHold(ctx context.Context, in *confirmHoldInput) (*changed[BookingChange], error) {
	named := once{key: in.key, asked: in.ID}
	out, err := execute(ctx, named, bookingChangeOf, func(r booking.Request) (booking.Result, error) {
		return a.Service.Confirm(ctx, r, in.ID)
	})
	if err != nil {
		return nil, err
	}
	return a.noteBookingStatus(ctx, out), nil
}

// positioned is the answer to a command that has nothing to show.
type positioned struct {
	LogPosition int64 `header:"Log-Position" doc:"A read with this as Min-Log-Position sees the change"`
}

// executeBare executes a command that has nothing to show.
func executeBare(ctx context.Context, command func(booking.Request) (booking.Result, error)) (*positioned, error) {
	out, err := execute(ctx, once{}, func(booking.Result) struct{} { return struct{}{} }, command)
	if err != nil {
		return nil, err
	}
	return &positioned{out.LogPosition}, nil
}

type holdInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

func (a *api) releaseHold(ctx context.Context, in *holdInput) (*positioned, error) {
	return executeBare(ctx, func(r booking.Request) (booking.Result, error) { return a.Service.Release(ctx, r, in.ID) })
}
