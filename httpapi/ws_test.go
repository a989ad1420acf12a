package httpapi_test

import (
	"sync"
	"testing"

	"github.com/boxoffice/boxoffice/httpapi/push"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestAChangeIsPushedToThoseWhoFollowTheEvent(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes()
	one, other := s.schedule(5), s.schedule(7)
	all, _ := p.join()
	only, ready := p.join("events", []string{one})
	none, _ := p.join("events", []string{})
	if ready.HeartbeatSeconds != 15 {
		t.Errorf("ready: %+v", ready)
	}
	s.book(other)
	all.wantEvent(other, 6)
	at := s.book(one)
	f := all.wantEvent(one, 4)
	if f.TotalTickets != 5 || f.Status != "SCHEDULED" || f.Version != 2 || f.Position != at {
		t.Errorf("got %+v, want version 2 at %d", f, at)
	}
	// it may have joined before the event was seen
	for f := only.want("event"); f.RemainingTickets != 4; f = only.want("event") {
		if f.EventID != one {
			t.Fatalf("who follows one event got %+v", f)
		}
	}
	// The next answer to who follows nothing is about what is followed from now on, and what was
	// missed of it.
	none.say("type", "subscribe", "events", []string{other})
	none.wantEvent(other, 6)
	none.say("type", "subscribe", "events", nil)
	none.wantEvent(one, 4)
	s.schedule(3)
	if f := all.want("event"); f.Version != 1 || f.TotalTickets != 3 {
		t.Errorf("a new event: %+v", f)
	}
}

// The system's own process projects and pushes.
func TestSeveralProcessesPushTheSame(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(100)
	var clients []*client
	for range 3 {
		p := s.pushes()
		c, _ := p.join("events", []string{event})
		clients = append(clients, c)
	}
	var storm sync.WaitGroup
	for range 4 {
		storm.Go(func() {
			for range 25 {
				if _, err := s.try("POST", "/book", s.token(account.Customer), map[string]string{"eventId": event}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	storm.Wait()
	for _, c := range clients {
		version := 0
		for {
			f := c.want("event")
			if f.Version <= version || f.RemainingTickets != 101-f.Version {
				t.Fatalf("after version %d came %+v", version, f)
			}
			if version = f.Version; version == 101 {
				break
			}
		}
	}
}

func TestAClientResumesWhereItWas(t *testing.T) {
	t.Parallel()
	s := start(t)
	one, other := s.schedule(50), s.schedule(50)
	p := s.pushes()
	c, ready := p.join()
	s.book(one)
	c.wantEvent(one, 49)
	must(t, c.CloseNow())
	s.book(one)
	last := s.book(other)
	witness, _ := p.join("after", ready.Position)
	left := map[string]int{}
	for left[one] != 48 || left[other] != 49 { // in the order in which they were due
		f := witness.want("event")
		left[f.EventID] = f.RemainingTickets
	}

	again, was := p.join("after", ready.Position, "events", []string{other})
	if f := again.want("event"); f.EventID != other || f.RemainingTickets != 49 || was.Position > f.Position {
		t.Errorf("resumed with %+v and %+v", was, f)
	}
	// Nothing has happened since the last position.
	_, idle := p.join("after", last)
	if idle.Position != last {
		t.Errorf("ready at %d, want %d", idle.Position, last)
	}
	// A process that has just begun knows what happened last.
	fresh, _ := s.pushes().join("after", ready.Position, "events", []string{one})
	fresh.wantEvent(one, 48)
}

// A client that reconnects with any position it received, wherever it was cut off, ends up with the
// current state.
func TestNoChangeIsLostByComingBack(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	s := start(t)
	const n = 5
	events := make([]string, n)
	for i := range events {
		events[i] = s.schedule(1000)
	}
	p := s.pushes()
	_, ready := p.join()
	var storm sync.WaitGroup
	for i := range n {
		storm.Go(func() {
			for range 60 {
				if _, err := s.try("POST", "/book", s.token(account.Customer),
					map[string]string{"eventId": events[i]}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	known := map[string]int{}
	at := ready.Position
	for round := 0; len(known) < n || slowest(known) < 61; round++ {
		c, ready := p.join("after", at)
		at = ready.Position
		for range 1 + round%7 {
			f := c.want("event")
			known[f.EventID] = max(known[f.EventID], f.Version)
			at = f.Position
			if len(known) == n && slowest(known) == 61 {
				break
			}
		}
		must(t, c.CloseNow())
	}
	storm.Wait()
}

func slowest(versions map[string]int) int {
	least := 1 << 30
	for _, v := range versions {
		least = min(least, v)
	}
	return least
}

func TestWhatIsNotRememberedIsResetAndSaid(t *testing.T) {
	t.Parallel()
	s := start(t)
	one, two, three := s.schedule(5), s.schedule(5), s.schedule(5)
	p := s.pushes(func(o *push.Options) { o.Remember = 1 })
	c, _ := p.join()
	for _, event := range []string{one, two, three} {
		s.book(event)
		c.wantEvent(event, 4)
	}
	late, ready := p.join("after", 1)
	if f := late.want("reset"); f.Position != ready.Position || f.Position < 5 {
		t.Errorf("reset at %d, ready at %d", f.Position, ready.Position)
	}
	s.book(one) // and it goes on
	late.wantEvent(one, 3)
	late.say("type", "subscribe", "events", nil, "after", 1)
	late.want("reset")
}

func TestCapacityAndCancellationArePushedToo(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(5)
	c, _ := s.pushes().join("events", []string{event})
	token := s.token(account.Customer)
	booked := s.want(s.call("POST", "/book", token, map[string]string{"eventId": event}), 201, "")
	c.wantEvent(event, 4)
	s.want(s.call("DELETE", "/bookings/"+booked.at("booking", "id").(string), token, nil), 200, "")
	if f := c.wantEvent(event, 5); f.Version != 3 {
		t.Errorf("after the cancellation: %+v", f)
	}
}
