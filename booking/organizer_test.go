package booking_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// asOrganizer is every command of organizers, with the role that it needs.
func (b *bundle) asOrganizer(event uuid.UUID) map[string]struct {
	needs domain.EventRole
	do    func(booking.Request) error
} {
	type command = struct {
		needs domain.EventRole
		do    func(booking.Request) error
	}
	return map[string]command{
		"change": {domain.RoleManage, func(r booking.Request) error {
			return second(b.Change(b.db.Context(), r, edit(event, uuid.NewString(), 9)))
		}},
		"add an organizer": {domain.RoleManage, func(r booking.Request) error {
			return second(b.AddOrganizer(b.db.Context(), r, event, uuid.New(), domain.RoleSell))
		}},
		"remove an organizer": {domain.RoleManage, func(r booking.Request) error {
			return second(b.RemoveOrganizer(b.db.Context(), r, event, uuid.New()))
		}},
		"cancel": {domain.RoleManage, func(r booking.Request) error {
			return second(b.CancelEvent(b.db.Context(), r, event, 0))
		}},
	}
}

func TestCommandsOfOrganizersAreForThoseWhoHaveTheRole(t *testing.T) {
	t.Parallel()
	b := setup(t).project()
	for name, c := range b.asOrganizer(b.schedule(3)) {
		stranger := by(uuid.New())
		if err := c.do(stranger); !errors.Is(err, domain.ErrNotYourEvent) {
			t.Errorf("%s: somebody else got %v, want %v", name, err, domain.ErrNotYourEvent)
		}
	}
	for name := range b.asOrganizer(uuid.Nil) {
		event, helper := b.schedule(3), uuid.New()
		c := b.asOrganizer(event)[name]
		for _, role := range domain.EventRoles() {
			_, err := b.AddOrganizer(t.Context(), by(organizer), event, helper, role)
			dbtest.Must(t, err)
			if err := c.do(by(helper)); role.Includes(c.needs) && err != nil ||
				!role.Includes(c.needs) && !errors.Is(err, domain.ErrNotYourEvent) {
				t.Errorf("%s with the role %s: got %v", name, role, err)
			}
		}
		_, err := b.RemoveOrganizer(t.Context(), by(organizer), event, helper)
		dbtest.Must(t, err)
		if err := c.do(by(helper)); !errors.Is(err, domain.ErrNotYourEvent) {
			t.Errorf("%s without the role again: got %v", name, err)
		}
		dbtest.Must(t, c.do(by(organizer)))
	}
}

func TestWhatAnAdminDidIsInTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t).project()
	event, admin := b.schedule(3), uuid.New()
	_, err := b.Change(t.Context(), booking.Request{Actor: admin, Admin: true}, edit(event, "Matinee", 3))
	dbtest.Must(t, err)
	_, err = b.Change(t.Context(), by(organizer), edit(event, "Soiree", 3))
	dbtest.Must(t, err)
	records, err := b.Log.Stream(t.Context(), event, 1, 9)
	dbtest.Must(t, err)
	if got, want := string(records[0].Metadata), `{"actor":"`+admin.String()+`","role":"admin"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := string(records[1].Metadata); got != `{"actor":"`+organizer.String()+`","correlationId":"a test"}` {
		t.Errorf("the owner: got %s", got)
	}
}

func TestAnEventOfVersion1BelongsToTheActorOfItsFirstRecord(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.restore()
	b.project()
	owner, err := b.Log.FirstActor(t.Context(), limited)
	dbtest.Must(t, err)
	if owner == uuid.Nil {
		t.Fatal("nobody scheduled the event")
	}
	_, err = b.Change(t.Context(), by(uuid.New()), edit(limited, "Matinee", 9))
	if !errors.Is(err, domain.ErrNotYourEvent) {
		t.Errorf("somebody else got %v", err)
	}
	_, err = b.Change(t.Context(), by(owner), edit(limited, "Matinee", 9))
	dbtest.Must(t, err)
	if _, err = b.RemoveOrganizer(t.Context(), by(owner), limited, owner); !errors.Is(err, domain.ErrOwnerStays) {
		t.Errorf("the owner was removed: %v", err)
	}
	helper := uuid.New()
	_, err = b.AddOrganizer(t.Context(), by(owner), limited, helper, domain.RoleManage)
	dbtest.Must(t, err)
	_, err = b.Change(t.Context(), by(helper), edit(limited, "Soiree", 9))
	dbtest.Must(t, err)
}
