package httpapi_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

// person is a user with a token.
type person struct {
	*system
	token string
}

func (s *system) person() person { return person{s, s.tokenOf(uuid.New(), account.Customer)} }

// books makes a booking and gives its id and the position of its record.
func (p person) books(event string) (id string, at int64) {
	p.Helper()
	a := p.want(p.call("POST", "/book", p.token, map[string]string{"eventId": event}), 201, "")
	return a.at("booking", "id").(string), position(p.system, a)
}

func (p person) cancels(id string) int64 {
	p.Helper()
	return position(p.system, p.want(p.call("DELETE", "/bookings/"+id, p.token, nil), 200, ""))
}

// wantBooking reads the next frame, which must be about the booking.
func (c *client) wantBooking(id, event, status string, version int, at int64) frame {
	c.Helper()
	f := c.want("booking")
	if f.BookingID != id || f.EventID != event || f.Status != status || f.Version != version || f.LogPosition != at {
		c.Fatalf("got %+v, want booking %s of %s, %s, version %d, at %d", f, id, event, status, version, at)
	}
	return f
}

func TestBookingsArePushedToTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes()
	event := s.schedule(5)
	alice, bob := s.person(), s.person()
	join := func(who person, fields ...any) *client {
		c, _ := p.join(append([]any{"token", who.token, "events", []string{}}, fields...)...)
		return c
	}
	laptop, phone := join(alice, "bookings", true), join(alice, "bookings", true)
	bobs := join(bob, "bookings", true)
	old := join(alice, "events", []string{event}) // a client that knows no bookings

	id, at := alice.books(event)
	for _, c := range []*client{laptop, phone} {
		c.wantBooking(id, event, "CONFIRMED", 2, at)
	}
	theirs, atTheirs := bob.books(event)
	atCancelled := alice.cancels(id)
	for _, c := range []*client{laptop, phone} { // and nothing of bob's in between
		if f := c.wantBooking(id, event, "CANCELLED", 4, atCancelled); f.Position > atCancelled {
			t.Errorf("resumes at %d, want %d at most", f.Position, atCancelled)
		}
	}
	bobs.wantBooking(theirs, event, "CONFIRMED", 3, atTheirs)
	bobs.wantBooking(theirs, event, "CANCELLED", 5, bob.cancels(theirs))
	for f := old.want("event"); f.Version < 5; f = old.want("event") {
	}
}

func TestAClientThatComesBackIsToldOfItsBookingsOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes()
	event := s.schedule(5)
	alice := s.person()
	hello := []any{"token", alice.token, "events", []string{}, "bookings", true}
	_, ready := p.join(hello...)
	id, at := alice.books(event)
	s.book(event) // somebody else's
	c, _ := p.join(append(hello, "after", ready.Position)...)
	c.wantBooking(id, event, "CONFIRMED", 2, at)
	c.say("type", "subscribe", "events", []string{})
	c.wantBooking(id, event, "CANCELLED", 4, alice.cancels(id)) // not the first one again
	c.say("type", "subscribe", "events", []string{}, "after", ready.Position)
	c.wantBooking(id, event, "CANCELLED", 4, at+2)
	// A booking's id is no event.
	spy, _ := p.join("token", s.person().token, "events", []string{id, event}, "after", ready.Position)
	s.book(event)
	for f := spy.want("event"); f.Version < 5; f = spy.want("event") {
	}
	// A process that has just begun knows what happened last.
	fresh, _ := s.pushes().join(append(hello, "after", ready.Position)...)
	fresh.wantBooking(id, event, "CANCELLED", 4, at+2)
}

func TestAResetVoidsWhatWasToldOfBookings(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes()
	event := s.schedule(5)
	alice := s.person()
	s.dump()
	c, _ := p.join("token", alice.token, "events", []string{}, "bookings", true)
	id, at := alice.books(event)
	c.wantBooking(id, event, "CONFIRMED", 2, at)
	s.restore()
	if f := c.want("reset"); f.Position >= at {
		t.Errorf("reset to %d, want below %d", f.Position, at)
	}
	id, at = alice.books(event) // at the same version and position as the lost one
	c.wantBooking(id, event, "CONFIRMED", 2, at)
}
