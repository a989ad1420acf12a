package domain_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/boxoffice/boxoffice/domain"
)

func ownedBy(owner uuid.UUID) domain.Record {
	return domain.EventScheduled{Details: concert(), Capacity: 5, OrganizerID: owner}
}

func added(user uuid.UUID, role domain.EventRole) domain.Record {
	return domain.OrganizerAdded{UserID: user, Role: role}
}

func ticketOf(booking uuid.UUID, number int) domain.TicketID {
	return domain.TicketID{BookingID: booking, Type: domain.FirstTypeID, Number: number}
}

func checkIn(booking uuid.UUID) domain.CheckInTicket {
	return domain.CheckInTicket{Ticket: ticketOf(booking, 1), By: eve, Now: inTime}
}

func checkedIn(booking uuid.UUID) domain.Record {
	return domain.TicketCheckedIn{TicketID: ticketOf(booking, 1), At: inTime, By: eve}
}

func undo(booking uuid.UUID, reason string) domain.Command {
	return domain.UndoCheckIn{Ticket: ticketOf(booking, 1), By: eve, Reason: reason}
}

func undone(booking uuid.UUID) domain.Record {
	return domain.CheckInUndone{TicketID: ticketOf(booking, 1), By: eve, Reason: "the wrong person"}
}

func TestRulesOfOrganizers(t *testing.T) {
	t.Parallel()
	t.Run("rule 29: who schedules an event owns it", func(t *testing.T) {
		given(t).when(domain.ScheduleEvent{Details: concert(), Capacity: 5, OrganizerID: ann}).then(ownedBy(ann))
	})
	t.Run("rule 29: an event is not scheduled a second time for somebody else", func(t *testing.T) {
		given(t, ownedBy(ann)).when(domain.ScheduleEvent{Details: concert(), Capacity: 5, OrganizerID: bob}).
			refused(domain.ErrEventExists)
	})
	t.Run("rule 29: others get a role, or another one, or the one that they have", func(t *testing.T) {
		given(t, ownedBy(ann)).when(domain.AddOrganizer{UserID: bob, Role: domain.RoleSell}).
			then(added(bob, domain.RoleSell))
	})
	t.Run("rule 29: another role takes the place of the one before", func(t *testing.T) {
		given(t, ownedBy(ann), added(bob, domain.RoleSell)).
			when(domain.AddOrganizer{UserID: bob, Role: domain.RoleManage}).then(added(bob, domain.RoleManage))
	})
	t.Run("rule 29: the same role again changes nothing", func(t *testing.T) {
		given(t, ownedBy(ann), added(bob, domain.RoleSell)).
			when(domain.AddOrganizer{UserID: bob, Role: domain.RoleSell}).nothing()
	})
	t.Run("rule 29: there is no other role", func(t *testing.T) {
		given(t, ownedBy(ann)).when(domain.AddOrganizer{UserID: bob, Role: "owner"}).invalid("role")
	})
	t.Run("rule 29: who has no role can't lose it", func(t *testing.T) {
		given(t, ownedBy(ann)).when(domain.RemoveOrganizer{UserID: bob}).nothing()
	})
	t.Run("rule 29: the owner stays the owner", func(t *testing.T) {
		given(t, ownedBy(ann)).when(domain.RemoveOrganizer{UserID: ann}).refused(domain.ErrOwnerStays)
	})
	t.Run("rule 29: the owner gets no lesser role", func(t *testing.T) {
		given(t, ownedBy(ann)).when(domain.AddOrganizer{UserID: ann, Role: domain.RoleCheckIn}).
			refused(domain.ErrOwnerStays)
	})
	t.Run("rule 29: the scheduler of an older event is its owner", func(t *testing.T) {
		given(t, scheduled(5)).when(domain.RemoveOrganizer{UserID: ann, Scheduler: ann}).refused(domain.ErrOwnerStays)
	})
	t.Run("rule 29: what was never scheduled has no organizers", func(t *testing.T) {
		given(t).when(domain.AddOrganizer{UserID: bob, Role: domain.RoleSell}).refused(domain.ErrEventNotFound)
	})
	t.Run("rule 29: there is a limit of organizers", func(t *testing.T) {
		records := []domain.Record{ownedBy(ann)}
		for n := range domain.MaxOrganizers {
			records = append(records, added(uuid.UUID{0: 1, 15: byte(n)}, domain.RoleSell))
		}
		given(t, records...).when(domain.AddOrganizer{UserID: bob, Role: domain.RoleSell}).
			refused(domain.ErrTooManyOrganizers)
	})
}

func TestWhoMayDoWhatAtAnEvent(t *testing.T) {
	t.Parallel()
	team := []domain.Record{
		ownedBy(ann), added(bob, domain.RoleManage), added(eve, domain.RoleSell), added(dan, domain.RoleCheckIn),
	}
	event := domain.Fold(team...)
	older := domain.Fold(scheduled(5))
	draft := domain.Fold(domain.EventScheduled{Details: concert(), Capacity: 5, OrganizerID: ann, Draft: true},
		added(dan, domain.RoleCheckIn))
	somebody := id(0x99)
	for _, c := range []struct {
		name  string
		state domain.State
		by    domain.Actor
		may   string // initials of manage, sell, check_in
		else_ domain.Refusal
	}{
		{"the owner", event, domain.Actor{ID: ann}, "msc", ""},
		{"a manager", event, domain.Actor{ID: bob}, "msc", ""},
		{"a seller", event, domain.Actor{ID: eve}, "sc", domain.ErrNotYourEvent},
		{"one at the door", event, domain.Actor{ID: dan}, "c", domain.ErrNotYourEvent},
		{"somebody else", event, domain.Actor{ID: somebody}, "", domain.ErrNotYourEvent},
		{"nobody", event, domain.Actor{}, "", domain.ErrNotYourEvent},
		{"an admin", event, domain.Actor{ID: somebody, Admin: true}, "msc", ""},
		{"one who is said to have scheduled an event that has an owner", event,
			domain.Actor{ID: somebody, Scheduler: somebody}, "", domain.ErrNotYourEvent},
		{"the scheduler of an older event", older, domain.Actor{ID: ann, Scheduler: ann}, "msc", ""},
		{"somebody else, at an older event", older, domain.Actor{ID: bob, Scheduler: ann}, "", domain.ErrNotYourEvent},
		{"nobody, at an older event", older, domain.Actor{}, "", domain.ErrNotYourEvent},
		{"one at the door, at a draft", draft, domain.Actor{ID: dan}, "c", domain.ErrNotYourEvent},
		{"somebody else, at a draft", draft, domain.Actor{ID: bob}, "", domain.ErrEventNotFound},
		{"an admin, at no event", domain.State{}, domain.Actor{ID: bob, Admin: true}, "", domain.ErrEventNotFound},
	} {
		t.Run("rule 29: "+c.name, func(t *testing.T) {
			t.Parallel()
			for _, role := range domain.EventRoles() {
				err := c.state.Permit(c.by, role)
				if strings.Contains(c.may, string(role[0])) {
					if err != nil {
						t.Errorf("%s: refused: %v", role, err)
					}
				} else if !errors.Is(err, c.else_) {
					t.Errorf("%s: got %v, want %s", role, err, c.else_.Code())
				}
			}
		})
	}
	t.Run("rule 29: who lost the role", func(t *testing.T) {
		t.Parallel()
		left := event.Evolve(domain.OrganizerRemoved{UserID: bob})
		if err := left.Permit(domain.Actor{ID: bob}, domain.RoleCheckIn); !errors.Is(err, domain.ErrNotYourEvent) {
			t.Errorf("got %v", err)
		}
	})
}

func TestRulesOfTheDoor(t *testing.T) {
	t.Parallel()
	t.Run("rule 30: a ticket is checked in", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann)).when(checkIn(first)).then(checkedIn(first))
	})
	t.Run("rule 30: a ticket is not checked in again, and who did it is known", func(t *testing.T) {
		a := given(t, scheduled(5), booked(first, ann), checkedIn(first)).when(checkIn(first))
		a.refused(domain.ErrAlreadyCheckedIn)
		var there *domain.AlreadyCheckedInError
		if !errors.As(a.err, &there) || there.By != eve || !there.At.Equal(inTime) {
			a.fail("the check-in that there is")
		}
	})
	t.Run("rule 30: each ticket of a booking is checked in by itself", func(t *testing.T) {
		second := domain.TicketID{BookingID: first, Type: 2, Number: 2}
		given(t, opened(9, 4, 0), sold(first, ann, floor(1), balcony(2)), checkedIn(first)).
			when(domain.CheckInTicket{Ticket: second, By: eve, Now: inTime}).
			then(domain.TicketCheckedIn{TicketID: second, At: inTime, By: eve})
	})
	for name, ticket := range map[string]domain.TicketID{
		"of no booking":             ticketOf(third, 1),
		"with a number too high":    ticketOf(first, 2),
		"with the number 0":         ticketOf(first, 0),
		"of a type it doesn't have": {BookingID: first, Type: 2, Number: 1},
	} {
		t.Run("rule 30: there is no ticket "+name, func(t *testing.T) {
			given(t, scheduled(5), booked(first, ann)).
				when(domain.CheckInTicket{Ticket: ticket, By: eve, Now: inTime}).refused(domain.ErrNoSuchTicket)
		})
	}
	t.Run("rule 30: a ticket that was given back admits nobody", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann), givenBack(first, ann)).when(checkIn(first)).
			refused(domain.ErrBookingCancelled)
	})
	t.Run("rule 30: nobody is admitted to an event that is called off", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann), calledOff()).when(checkIn(first)).refused(domain.ErrEventCancelled)
	})
	t.Run("rule 30: there is nobody to admit where nothing was scheduled", func(t *testing.T) {
		given(t).when(checkIn(first)).refused(domain.ErrEventNotFound)
	})
	t.Run("rule 30: a scan without network keeps its time", func(t *testing.T) {
		late := checkIn(first)
		late.At, late.Now = inTime, dayLater
		given(t, scheduled(5), booked(first, ann)).when(late).then(checkedIn(first))
	})
	t.Run("rule 30: no scan is in the future", func(t *testing.T) {
		early := checkIn(first)
		early.At = dayLater
		given(t, scheduled(5), booked(first, ann)).when(early).then(checkedIn(first))
	})
	for name, at := range map[string]time.Time{
		"years":              time.Unix(0, 0),
		"more than the most": inTime.Add(-domain.MaxScanAge - time.Second),
	} {
		t.Run("rule 30: a clock that was set back by "+name+" does not count", func(t *testing.T) {
			old := checkIn(first)
			old.At = at
			given(t, scheduled(5), booked(first, ann)).when(old).then(checkedIn(first))
		})
	}
	t.Run("rule 30: doors are open after the event has begun", func(t *testing.T) {
		late := checkIn(first)
		late.Now = dayLater
		given(t, scheduled(5), booked(first, ann)).when(late).
			then(domain.TicketCheckedIn{TicketID: late.Ticket, At: dayLater, By: eve})
	})

	t.Run("rule 31: a check-in is undone with a reason", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann), checkedIn(first)).when(undo(first, " the wrong person ")).
			then(undone(first))
	})
	t.Run("rule 31: a check-in is not undone without a reason", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann), checkedIn(first)).when(undo(first, " ")).invalid("reason")
	})
	t.Run("rule 31: a reason is one line", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann), checkedIn(first)).when(undo(first, "a\nb")).invalid("reason")
	})
	t.Run("rule 31: undoing again changes nothing", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann), checkedIn(first), undone(first)).
			when(undo(first, "the wrong person")).nothing()
	})
	t.Run("rule 31: a check-in of no ticket can't be undone", func(t *testing.T) {
		given(t, scheduled(5)).when(undo(first, "the wrong person")).refused(domain.ErrNoSuchTicket)
	})
	t.Run("rule 31: a ticket can be checked in again then", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann), checkedIn(first), undone(first)).when(checkIn(first)).
			then(checkedIn(first))
	})

	t.Run("rule 32: who is inside can't give the ticket back", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann), checkedIn(first)).
			when(giveBack(first, ann, inTime.Add(-time.Hour))).refused(domain.ErrBookingCheckedIn)
	})
	t.Run("rule 32: a ticket whose check-in was undone can be given back", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann), checkedIn(first), undone(first)).
			when(giveBack(first, ann, inTime)).then(givenBack(first, ann))
	})
}

// Random histories at the door: what is admitted is what a plain set says, also after a snapshot.
func TestTheDoorAdmitsEachTicketOnce(t *testing.T) {
	t.Parallel()
	again := 0
	rapid.Check(t, func(t *rapid.T) {
		state, admitted := domain.Fold(opened(9, 3, 0)), map[domain.TicketID]bool{}
		for range rapid.IntRange(0, 60).Draw(t, "length") {
			command := anyAtTheDoor().Draw(t, "ask")
			news, err := domain.Decide(command, state)
			if c, is := command.(domain.CheckInTicket); is && admitted[c.Ticket] {
				if again++; !errors.Is(err, domain.ErrAlreadyCheckedIn) {
					t.Fatalf("%+v was checked in twice: %v, %v", c.Ticket, news, err)
				}
			}
			for _, r := range news {
				if err := domain.Explain(state, r); err != nil {
					t.Fatalf("%T%+v was decided, and can't be explained: %v", r, r, err)
				}
				state = state.Evolve(r)
				if err := state.Check(); err != nil {
					t.Fatalf("the state after %T%+v: %v", r, r, err)
				}
				switch r := r.(type) {
				case domain.TicketCheckedIn:
					admitted[r.TicketID] = true
				case domain.CheckInUndone:
					delete(admitted, r.TicketID)
				default: // it is about no ticket at the door
				}
			}
			if rarely(t, "restore") {
				data := snapshot(t, state)
				if state, err = domain.ReadSnapshot(data); err != nil {
					t.Fatal(err)
				}
			}
			compareAdmitted(t, state, admitted)
		}
	})
	if !t.Failed() && again == 0 {
		t.Error("the histories are too tame: nobody came twice")
	}
}

func compareAdmitted(t *rapid.T, state domain.State, admitted map[domain.TicketID]bool) {
	if state.CheckedIn() != len(admitted) {
		t.Fatalf("%d are checked in, want %d", state.CheckedIn(), len(admitted))
	}
	for ticket := range admitted {
		if c, is := state.CheckInOf(ticket); !is || c.By != eve {
			t.Fatalf("%+v is not checked in: %+v", ticket, c)
		}
	}
}

func anyAtTheDoor() *rapid.Generator[domain.Command] {
	return rapid.Custom(func(t *rapid.T) domain.Command {
		n := rapid.IntRange(0, 3).Draw(t, "booking")
		typeID := domain.TypeID(rapid.IntRange(1, 2).Draw(t, "type"))
		ticket := domain.TicketID{BookingID: bookings[n], Type: typeID, Number: rapid.IntRange(1, 2).Draw(t, "number")}
		switch rapid.IntRange(0, 9).Draw(t, "what") {
		case 0, 1, 2:
			return order(bookings[n], people[n], noon, floor(2), balcony(1))
		case 3:
			return giveBack(bookings[n], people[n], noon)
		case 4, 5:
			return domain.UndoCheckIn{Ticket: ticket, By: eve, Reason: "the wrong person"}
		case 6:
			return rapid.SampledFrom([]domain.Command{
				cancelOf(bookings[n], "Paid twice"), write("Doors open at 7", noon),
				domain.AddOrganizer{UserID: people[n], Role: domain.RoleSell},
			}).Draw(t, "desk")
		}
		return domain.CheckInTicket{Ticket: ticket, By: eve, Now: noon}
	})
}

func TestTheTicketsOfABooking(t *testing.T) {
	t.Parallel()
	if got := fmt.Sprint(domain.Lines(nil).Tickets(first)); got != fmt.Sprint([]domain.TicketID{ticketOf(first, 1)}) {
		t.Errorf("no lines: got %v", got)
	}
	got := domain.Lines{floor(2), balcony(1)}.Tickets(first)
	want := []domain.TicketID{ticketOf(first, 1), ticketOf(first, 2), {BookingID: first, Type: 2, Number: 1}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
