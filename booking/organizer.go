package booking

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// executeAs executes a command of an organizer. It is decided only if the actor has the needed role at
// the event. Every command that is not a customer's own passes through here. It does not share the
// delay of bookings.
func (s *Service) executeAs(
	ctx context.Context, r Request, needed domain.EventRole, useCase string, c command, show func(outcome) Result,
) (Result, error) {
	c.Immediate = true
	by, decide := domain.Actor{ID: r.Actor, Admin: r.Admin}, c.Decide
	permitted := func(by domain.Actor) func(domain.State) ([]domain.Record, error) {
		return func(state domain.State) ([]domain.Record, error) {
			if err := state.Permit(by, needed); err != nil {
				return nil, err
			}
			return decide(state)
		}
	}
	c.Decide = permitted(by)
	result, err := s.execute(ctx, r, useCase, c, show)
	if !errors.Is(err, domain.ErrNotYourEvent) {
		return result, err
	}
	// The records of old events do not say who owns them.
	scheduler, errLog := s.Log.FirstActor(ctx, c.StreamID)
	if errLog != nil {
		return Result{}, errLog
	}
	if scheduler != r.Actor {
		return Result{}, err
	}
	by.Scheduler = scheduler
	c.Decide = permitted(by)
	return s.execute(ctx, r, useCase, c, show)
}

// AddOrganizer gives somebody a role at an event, which replaces an earlier one.
func (s *Service) AddOrganizer(
	ctx context.Context, r Request, eventID, userID uuid.UUID, role domain.EventRole,
) (Result, error) {
	scheduler, err := s.Log.FirstActor(ctx, eventID)
	if err != nil {
		return Result{}, err
	}
	add := domain.AddOrganizer{UserID: userID, Role: role, Scheduler: scheduler}
	return s.executeEvent(ctx, r, "add organizer", command{StreamID: eventID, Decide: decider(add)})
}

// RemoveOrganizer takes somebody's role at an event away. Removing them again changes nothing.
func (s *Service) RemoveOrganizer(ctx context.Context, r Request, eventID, userID uuid.UUID) (Result, error) {
	scheduler, err := s.Log.FirstActor(ctx, eventID)
	if err != nil {
		return Result{}, err
	}
	remove := domain.RemoveOrganizer{UserID: userID, Scheduler: scheduler}
	return s.executeEvent(ctx, r, "remove organizer", command{StreamID: eventID, Decide: decider(remove)})
}
