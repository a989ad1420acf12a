package httpapi_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/internal/account"
)

// listener is somebody who is told of holds, entries and places, and of nothing else.
func (s *system) listener(p *pushing) (id uuid.UUID, c *client, ready frame) {
	s.Helper()
	id = uuid.New()
	c, ready = p.join("token", s.tokenOf(id, account.Customer), "events", []string{}, "holds", true)
	return id, c, ready
}

// nextOwned reads the next frame that is not of a place that was told already: it is told again when
// its entry changes.
func (c *client) nextOwned(kind string) frame {
	c.Helper()
	for deadline := time.Now().Add(soon); time.Now().Before(deadline); {
		f, err := c.next()
		if err != nil {
			c.Fatalf("want %s, got %v", kind, err)
		}
		if f.Type == kind {
			return f
		}
		if f.Type != "heartbeat" && (f.Type != "waitlist" || f.Status != "WAITING") {
			c.Fatalf("want %s, got %+v", kind, f)
		}
	}
	c.Fatalf("want %s, got none", kind)
	return frame{}
}

// wantHold reads the next frame about a hold.
func (c *client) wantHold(id uuid.UUID, status string, offered bool, version int) {
	c.Helper()
	f := c.nextOwned("hold")
	if f.HoldID != id.String() || f.Status != status || f.Offered != offered || f.Version != version ||
		(f.ExpiresAt != nil) != (status == "HELD") || f.LogPosition == 0 {
		c.Fatalf("got %+v, want hold %s, %s, offered %t, version %d", f, id, status, offered, version)
	}
}

// wantEntry reads until the entry is told as it should be.
func (c *client) wantEntry(id uuid.UUID, status string, place, version int) {
	c.Helper()
	f := c.nextOwned("waitlist")
	for status != "WAITING" && f.Status == "WAITING" || f.Status == status && f.Version == version && f.Place != place {
		f = c.nextOwned("waitlist")
	}
	if f.EntryID != id.String() || f.Status != status || f.Version != version {
		c.Fatalf("got %+v, want entry %s, %s, place %d, version %d", f, id, status, place, version)
	}
}

func TestHoldsArePushedToTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes()
	event, now := s.schedule(5), time.Now()
	ann, anns, ready := s.listener(p)
	_, others, _ := s.listener(p)
	bookings, _ := p.join("token", s.tokenOf(ann, account.Customer), "events", []string{}, "bookings", true)
	first, second := uuid.New(), uuid.New()
	s.decide(event, domain.HoldTickets{HoldID: first, CustomerID: ann, Now: now, Until: now.Add(time.Minute)})
	anns.wantHold(first, "HELD", false, 2)
	s.decide(event, domain.ReleaseHold{HoldID: first, CustomerID: ann, Now: now})
	anns.wantHold(first, "RELEASED", false, 3)
	s.decide(event, domain.HoldTickets{HoldID: second, CustomerID: ann, Now: now, Until: now.Add(time.Minute)})
	anns.wantHold(second, "HELD", false, 4)
	s.decide(event, domain.ConfirmHold{HoldID: second, CustomerID: ann, Now: now})
	anns.wantHold(second, "CONFIRMED", false, 5)
	if f := bookings.want("booking"); f.BookingID != second.String() { // and no hold before, of the same id
		t.Errorf("got %+v", f)
	}
	// Who comes back is told of what has become of each.
	again, _ := p.join("token", s.tokenOf(ann, account.Customer), "events", []string{}, "holds", true,
		"after", ready.Position)
	again.wantHold(first, "RELEASED", false, 3)
	again.wantHold(second, "CONFIRMED", false, 5)
	s.decide(event, domain.CancelEvent{})
	others.say("type", "subscribe", "events", []string{event}, "after", ready.Position)
	if f := others.want("event"); f.EventID != event { // and nothing of ann's before
		t.Errorf("got %+v", f)
	}
}

func TestOnesPlaceOnTheWaitingListIsPushed(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes()
	event, now := s.schedule(1), time.Now()
	s.decide(event, domain.HoldTickets{HoldID: uuid.New(), CustomerID: uuid.New(), Now: now, Until: now.Add(time.Minute)})
	ann, anns, _ := s.listener(p)
	bob, bobs, _ := s.listener(p)
	annsEntry, bobsEntry := uuid.New(), uuid.New()
	s.decide(event, domain.JoinWaitlist{EntryID: annsEntry, CustomerID: ann, Now: now})
	anns.wantEntry(annsEntry, "WAITING", 1, 3)
	s.decide(event, domain.JoinWaitlist{EntryID: bobsEntry, CustomerID: bob, Now: now})
	bobs.wantEntry(bobsEntry, "WAITING", 2, 4)

	// A new connection is told at once.
	phone, _ := p.join("token", s.tokenOf(bob, account.Customer), "events", []string{}, "holds", true)
	phone.wantEntry(bobsEntry, "WAITING", 2, 4)

	s.decide(event, domain.LapseHolds{Now: now.Add(2 * time.Minute)})
	anns.wantHold(annsEntry, "HELD", true, 6)
	anns.wantEntry(annsEntry, "OFFERED", 0, 6)
	for _, c := range []*client{bobs, phone} {
		c.wantEntry(bobsEntry, "WAITING", 1, 4)
	}
	s.decide(event, domain.LeaveWaitlist{CustomerID: bob})
	bobs.wantEntry(bobsEntry, "LEFT", 0, 7)
	s.decide(event, domain.ReleaseHold{HoldID: annsEntry, CustomerID: ann, Now: now})
	anns.wantHold(annsEntry, "RELEASED", true, 8)
	anns.wantEntry(annsEntry, "DECLINED", 0, 8)
}
