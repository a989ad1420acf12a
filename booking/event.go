package booking

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/projections"
)

// Schedule makes a new event.
type Schedule struct {
	EventID  uuid.UUID // zero: a new one
	Details  domain.Details
	Capacity int
	Draft    bool // customers don't see it before Publish
	// AllowPast accepts every date, for events that are imported.
	AllowPast bool
	// Invalid is what the caller has found wrong already. It is reported together with the rest.
	Invalid error
}

// Schedule makes an event. Every mistake in it is reported at once.
func (s *Service) Schedule(ctx context.Context, r Request, c Schedule) (Result, error) {
	now := s.scheduleTime(c.AllowPast)
	details, err := domain.NewDetails(c.Details)
	errImage := s.keepImage(ctx, c.Details.Image)
	if err := domain.JoinInvalid(c.Invalid, err, errImage, domain.CheckCapacity(c.Capacity)); err != nil {
		// A date that is the only mistake is left to the decision, so that a repeated request gets its
		// answer even after the event has begun.
		return Result{}, domain.JoinInvalid(err, domain.CheckDate(c.Details.StartsAt, now))
	}
	id := cmp.Or(c.EventID, uuid.Must(uuid.NewV7()))
	schedule := domain.ScheduleEvent{
		Details: details, Capacity: c.Capacity, Draft: c.Draft, Now: now, OrganizerID: r.Actor,
	}
	cmd := command{StreamID: id, Decide: decider(schedule), Immediate: true}
	return s.execute(ctx, r, "schedule", cmd, eventResult(id))
}

// Change changes details and capacity of an event, both or neither.
type Change struct {
	EventID  uuid.UUID
	Expected int // version of the event; 0: any. Another one is an [*eventstore.ConflictError]
	// AllowPast accepts every date, for events that are imported.
	AllowPast bool
	// Edit changes the present details and capacity. It can be called several times, from other
	// goroutines, and must be a pure function. Its error is reported together with other mistakes.
	Edit func(details *domain.Details, capacity *int) error
	// Image is the picture that Edit sets, if it sets one; it must be stored.
	Image string
}

// Change changes an event.
func (s *Service) Change(ctx context.Context, r Request, c Change) (Result, error) {
	now, errImage := s.scheduleTime(c.AllowPast), s.keepImage(ctx, c.Image)
	decide := func(state domain.State) ([]domain.Record, error) {
		if !state.Exists() {
			return nil, domain.ErrEventNotFound
		}
		details, capacity := state.Details(), state.Capacity()
		errEdit := c.Edit(&details, &capacity)
		details, err := domain.ReviseDetails(state.Details(), details)
		if err := domain.JoinInvalid(errEdit, err, errImage, domain.CheckCapacity(capacity)); err != nil {
			return nil, err
		}
		records, err := domain.Decide(domain.ChangeDetails{Details: details, Now: now, OfferTime: s.HoldTime}, state)
		if err != nil {
			return nil, err
		}
		more, err := domain.Decide(
			domain.ChangeCapacity{Capacity: capacity, Now: now, OfferTime: s.HoldTime}, state.Evolve(records...))
		if err != nil {
			return nil, err
		}
		return append(records, more...), nil
	}
	return s.executeEvent(ctx, r, "change", command{StreamID: c.EventID, Decide: decide, Expected: c.Expected})
}

// keepImage makes sure that a picture that a command names is stored, and is kept.
func (s *Service) keepImage(ctx context.Context, id string) error {
	if s.Images == nil || !domain.IsImageID(id) { // the domain refuses other texts
		return nil
	}
	isThere, err := s.Images.Keep(ctx, id)
	if err != nil || isThere {
		return err
	}
	wrong := domain.FieldError{Field: "image", Message: "must be the id of an uploaded image"}
	return &domain.InvalidError{Fields: []domain.FieldError{wrong}}
}

// scheduleTime is the time that dates are compared with; zero: every date is accepted.
func (s *Service) scheduleTime(allowPast bool) time.Time {
	if allowPast {
		return time.Time{}
	}
	return s.Now()
}

// Publish shows a draft to customers. Publishing again changes nothing.
func (s *Service) Publish(ctx context.Context, r Request, eventID uuid.UUID, expected int) (Result, error) {
	publish := domain.PublishEvent{Now: s.Now()}
	return s.executeEvent(ctx, r, "publish", command{StreamID: eventID, Decide: decider(publish), Expected: expected})
}

// CancelEvent calls an event off. Its bookings stay as they are. Cancelling again changes nothing. At
// another version than the expected one, unless that is 0, the error is an
// [eventstore.ConflictError].
func (s *Service) CancelEvent(ctx context.Context, r Request, eventID uuid.UUID, expected int) (Result, error) {
	cancel := command{StreamID: eventID, Decide: decider(domain.CancelEvent{}), Expected: expected}
	return s.executeEvent(ctx, r, "cancel", cancel)
}

// executeEvent executes a command about an event as a whole, for those who manage it. None of them
// shares the delay of bookings.
func (s *Service) executeEvent(ctx context.Context, r Request, useCase string, c command) (Result, error) {
	return s.executeAs(ctx, r, domain.RoleManage, useCase, c, eventResult(c.StreamID))
}

// eventResult shows nothing but the event.
func eventResult(id uuid.UUID) func(outcome) Result {
	return func(o outcome) Result { return Result{Event: eventOf(id, o), Position: o.Position} }
}

// eventOf is an event as a command left it.
func eventOf(id uuid.UUID, o outcome) projections.Event {
	return projections.EventOf(id, o.Version, o.State)
}
