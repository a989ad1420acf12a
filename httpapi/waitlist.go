package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/projections"
)

// WaitlistEntry is a place on the waiting list of an event.
type WaitlistEntry struct {
	ID       uuid.UUID `json:"id" format:"uuid" doc:"Also of the offer that it becomes, and of its booking"`
	EventID  uuid.UUID `json:"eventId" format:"uuid"`
	Status   string    `json:"status" enum:"WAITING,OFFERED,CONFIRMED,DECLINED,LAPSED,LEFT"`
	Lines    []Line    `json:"lines" nullable:"false"`
	Place    int       `json:"place" doc:"How many wait who have not joined later, from 1; 0: it does not wait any more"`
	JoinedAt time.Time `json:"joinedAt"`
}

func entryOf(e *projections.PlacedEntry) WaitlistEntry {
	return WaitlistEntry{
		ID: e.ID, EventID: e.EventID, Status: e.Status, Lines: linesOf(e.Lines), Place: e.Place, JoinedAt: e.JoinedAt,
	}
}

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
