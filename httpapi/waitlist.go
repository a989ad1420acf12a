package httpapi

import (
	"context"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
)

type joinWaitlistInput struct {
	Idempotent
	Proof
	ID   uuid.UUID `path:"id" format:"uuid"`
	Body struct {
		Lines []Line `json:"lines,omitempty" minItems:"1" maxItems:"20" doc:"Absent: one ticket of the first type"`
	}
}

func (a *api) joinWaitlist(ctx context.Context, in *joinWaitlistInput) (*changed[WaitlistEntry], error) {
	join := booking.Join{EventID: in.ID, Lines: domainLines(in.Body.Lines)}
	named := once{key: in.key, asked: []any{in.ID, in.Body}}
	encode := func(r booking.Result) WaitlistEntry { return entryOf(&r.Entry) }
	return execute(ctx, named, encode, func(r booking.Request) (booking.Result, error) {
		var err error
		if join.WorkProved, err = a.redeem(ctx, in.Proof, r.Actor.String(), in.key); err != nil {
			return booking.Result{}, err
		}
		return a.limitedOfEvent(ctx, join.EventID, func() (booking.Result, error) {
			return a.Service.JoinWaitlist(ctx, r, join)
		})
	})
}

type leaveWaitlistInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

func (a *api) leaveWaitlist(ctx context.Context, in *leaveWaitlistInput) (*positioned, error) {
	return executeBare(ctx, func(r booking.Request) (booking.Result, error) {
		return a.Service.LeaveWaitlist(ctx, r, in.ID)
	})
}
