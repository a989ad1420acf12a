package booking

import (
	"context"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/projections"
)

// Join puts the actor on the waiting list of an event. No lines are one ticket of the first type.
type Join struct {
	EventID    uuid.UUID
	Lines      domain.Lines
	WorkProved bool // see [domain.JoinWaitlist]
}

// JoinWaitlist waits for tickets. Joining again for the same changes nothing.
func (s *Service) JoinWaitlist(ctx context.Context, r Request, c Join) (Result, error) {
	join := domain.JoinWaitlist{
		EntryID: uuid.Must(uuid.NewV7()), CustomerID: r.Actor, Lines: c.Lines, Now: s.Now(), WorkProved: c.WorkProved,
		OfferTime: s.HoldTime,
	}
	cmd := command{StreamID: c.EventID, Decide: decider(join), Immediate: true}
	result, err := s.execute(ctx, r, "join the waiting list", cmd, func(o outcome) Result {
		entry, _ := o.State.EntryOf(r.Actor)
		waits := projections.PlacedEntry{Place: o.State.Place(r.Actor), Entry: projections.Entry{
			ID: entry.ID, EventID: c.EventID, UserID: r.Actor, Status: projections.EntryWaiting, Lines: entry.Lines,
			Version: o.Version,
		}}
		if joined, ok := recordOf(o, domain.TypeWaitlistJoined); ok {
			waits.JoinedVersion, waits.JoinedAt = joined.Version, joined.RecordedAt
		}
		return Result{Event: eventOf(c.EventID, o), Entry: waits, Position: o.Position}
	})
	if err != nil || result.Replayed != nil || !result.Entry.JoinedAt.IsZero() || s.Progress == nil {
		return result, err
	}
	return result, s.lookUpEntry(ctx, &result.Entry)
}

// lookUpEntry completes an entry that was on the waiting list already.
func (s *Service) lookUpEntry(ctx context.Context, e *projections.PlacedEntry) error {
	s.WaitForAnswered(ctx)
	entries, err := s.Waitlist.OfUser(ctx, e.UserID, s.Now())
	if err != nil {
		return err
	}
	for _, found := range entries {
		if found.ID == e.ID {
			e.JoinedVersion, e.JoinedAt = found.JoinedVersion, found.JoinedAt
		}
	}
	return nil
}

// LeaveWaitlist takes the actor off the waiting list. Leaving again changes nothing. An offer is
// declined with [Service.Release].
func (s *Service) LeaveWaitlist(ctx context.Context, r Request, eventID uuid.UUID) (Result, error) {
	leave := domain.LeaveWaitlist{CustomerID: r.Actor}
	cmd := command{StreamID: eventID, Decide: decider(leave), Immediate: true}
	return s.execute(ctx, r, "leave the waiting list", cmd, eventResult(eventID))
}
