package domain

import (
	"slices"

	"github.com/google/uuid"
)

// EventRole is what somebody may do at an event of another organizer.
type EventRole string

// The roles at an event. Each may do what the ones after it may.
const (
	RoleManage  EventRole = "manage"   // everything that the owner may
	RoleSell    EventRole = "sell"     // see and change bookings
	RoleCheckIn EventRole = "check_in" // check tickets in
)

// EventRoles lists the roles at an event, the one that may most first.
func EventRoles() []EventRole { return []EventRole{RoleManage, RoleSell, RoleCheckIn} }

// Includes reports whether r may do what the other role may.
func (r EventRole) Includes(other EventRole) bool {
	at := slices.Index(EventRoles(), r)
	return at >= 0 && at <= slices.Index(EventRoles(), other)
}

// MaxOrganizers is how many organizers an event has at most, besides its owner.
const MaxOrganizers = 100

// Actor is who acts on an event.
type Actor struct {
	ID    uuid.UUID
	Admin bool // may do everything at every event
	// Scheduler is who scheduled the event, for events whose records do not say who owns them: those
	// of schema version 1.
	Scheduler uuid.UUID
}

// coOrganizer is somebody who has a role at an event of another organizer.
type coOrganizer struct {
	UserID uuid.UUID `json:"userId"`
	Role   EventRole `json:"role"`
}

// Owner is who owns the event; zero if the records don't say.
func (s State) Owner() uuid.UUID { return s.owner }

// RoleOf is the role of a co-organizer; empty for everybody else, the owner included.
func (s State) RoleOf(user uuid.UUID) EventRole {
	for _, o := range s.organizers {
		if o.UserID == user {
			return o.Role
		}
	}
	return ""
}

// Organizers are the co-organizers, in a map of the caller's own.
func (s State) Organizers() map[uuid.UUID]EventRole {
	roles := make(map[uuid.UUID]EventRole, len(s.organizers))
	for _, o := range s.organizers {
		roles[o.UserID] = o.Role
	}
	return roles
}

// Permit refuses an actor who has neither the needed role at the event nor one that includes it. An
// actor without any role is told that a draft does not exist.
func (s State) Permit(by Actor, needed EventRole) error {
	role := s.RoleOf(by.ID)
	switch {
	case s.status == statusNone:
		return ErrEventNotFound
	case by.Admin, by.ID != uuid.Nil && by.ID == s.ownerOr(by.Scheduler), role.Includes(needed):
		return nil
	case s.Draft() && role == "":
		return ErrEventNotFound
	}
	return ErrNotYourEvent
}

func addOrganizer(c AddOrganizer, s State) ([]Record, error) {
	role := s.RoleOf(c.UserID)
	switch {
	case s.status == statusNone:
		return nil, ErrEventNotFound
	case !slices.Contains(EventRoles(), c.Role):
		return nil, &InvalidError{[]FieldError{{"role", "Choose manage, sell or check_in."}}}
	case c.UserID == s.ownerOr(c.Scheduler):
		return nil, ErrOwnerStays
	case role == c.Role:
		return nil, nil
	case role == "" && len(s.organizers) >= MaxOrganizers:
		return nil, ErrTooManyOrganizers
	}
	return []Record{OrganizerAdded{c.UserID, c.Role}}, nil
}

func removeOrganizer(c RemoveOrganizer, s State) ([]Record, error) {
	switch {
	case s.status == statusNone:
		return nil, ErrEventNotFound
	case c.UserID == s.ownerOr(c.Scheduler):
		return nil, ErrOwnerStays
	case s.RoleOf(c.UserID) == "":
		return nil, nil
	}
	return []Record{OrganizerRemoved{c.UserID}}, nil
}

func (s State) ownerOr(scheduler uuid.UUID) uuid.UUID {
	if s.owner == uuid.Nil {
		return scheduler
	}
	return s.owner
}

// setOrganizer gives somebody a role; none, if it is empty.
func (s State) setOrganizer(user uuid.UUID, role EventRole) State {
	s.organizers = slices.DeleteFunc(slices.Clone(s.organizers), func(o coOrganizer) bool { return o.UserID == user })
	if role != "" {
		s.organizers = append(s.organizers, coOrganizer{user, role})
	}
	return s
}
