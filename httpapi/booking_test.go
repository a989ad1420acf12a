package httpapi_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
)

func TestABookingIsAnsweredInTheShapeOfTheContract(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, user := s.schedule(2), uuid.New()
	token := s.tokenOf(user, account.Customer)

	a := s.want(s.order(token, event), 201, "")
	for _, c := range []struct {
		keys []string
		want any
	}{
		{[]string{"booking", "eventId"}, event},
		{[]string{"booking", "userId"}, user.String()},
		{[]string{"booking", "status"}, "CONFIRMED"},
		{[]string{"event", "id"}, event},
		{[]string{"event", "title"}, "Concert"},
		{[]string{"event", "remainingTickets"}, 1.0},
	} {
		if got := a.at(c.keys...); got != c.want {
			t.Errorf("%v: got %v, want %v", c.keys, got, c.want)
		}
	}
	if _, err := uuid.Parse(a.at("booking", "id").(string)); err != nil {
		t.Error(err)
	}
	created, err := time.Parse(time.RFC3339Nano, a.at("booking", "createdAt").(string))
	if err != nil || time.Since(created) > time.Minute {
		t.Errorf("createdAt is %v, %v", created, err)
	}
	if a.header.Get("Log-Position") != "2" {
		t.Errorf("Log-Position is %q, want that of the second record", a.header.Get("Log-Position"))
	}
}

func TestPeopleFindTheirOwnWritesAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	event, token := s.schedule(3), s.token(account.Customer)

	booking := s.want(s.order(token, event), 201, "").at("booking", "id").(string)
	if got := s.want(s.call("GET", "/events/"+event, token, nil), 200, "").at("remainingTickets"); got != 2.0 {
		t.Errorf("after booking: %v remain, want 2", got)
	}
	list := s.want(s.call("GET", "/bookings", token, nil), 200, "").at("data").([]any)
	if len(list) != 1 {
		t.Fatalf("got %d bookings, want 1", len(list))
	}
	first := list[0].(map[string]any)
	if first["id"] != booking || first["status"] != "CONFIRMED" || first["event"].(map[string]any)["title"] != "Concert" {
		t.Errorf("unexpected booking: %v", first)
	}

	a := s.want(s.call("DELETE", "/bookings/"+booking, token, nil), 200, "")
	if a.at("booking", "status") != "CANCELLED" || a.at("event", "remainingTickets") != 3.0 {
		t.Errorf("unexpected answer to the cancellation: %s", a.raw)
	}
	if got := s.want(s.call("GET", "/events/"+event, token, nil), 200, "").at("remainingTickets"); got != 3.0 {
		t.Errorf("after cancelling: %v remain, want 3", got)
	}
	s.want(s.call("DELETE", "/bookings/"+booking, token, nil), 200, "")
	if got := s.call("GET", "/events/"+event, token, nil).at("remainingTickets"); got != 3.0 {
		t.Errorf("after cancelling twice: %v remain, want 3", got)
	}
	s.want(s.order(token, event), 201, "")
	if list := s.call("GET", "/bookings", token, nil).at("data").([]any); len(list) != 2 {
		t.Errorf("got %d bookings after booking again, want both", len(list))
	}
}

// Otherwise one account could fill the stream of an event.
func TestACustomerBooksAnEventAtMostTwentyTimes(t *testing.T) {
	t.Parallel()
	s := start(t)
	token, event := s.token(account.Customer), s.schedule(2)
	for range domain.MaxBookings {
		booking := s.want(s.order(token, event), 201, "").at("booking", "id").(string)
		s.want(s.call("DELETE", "/bookings/"+booking, token, nil), 200, "")
	}
	s.want(s.order(token, event), 409, "too_many_bookings")
	s.want(s.order(s.token(account.Customer), event), 201, "")
}

func TestRefusalsOfBookingsAreToldApartByCode(t *testing.T) {
	t.Parallel()
	s := start(t)
	alice, bob := s.token(account.Customer), s.token(account.Customer)
	event := s.schedule(1)
	book := func(token string, event any) answer {
		return s.order(token, event)
	}

	booking := s.want(book(alice, event), 201, "").at("booking", "id").(string)
	s.want(book(alice, event), 409, "already_booked")
	s.want(book(bob, event), 409, "sold_out")
	s.want(book(bob, uuid.NewString()), 404, "event_not_found")
	s.want(book(bob, "not-a-uuid"), 400, "validation_failed")
	s.want(book("", event), 401, "invalid_token")
	s.want(book(bob, s.scheduleBegun()), 409, "event_past")
	forAnother := map[string]any{"eventId": event, "userId": uuid.NewString()}
	s.want(s.call("POST", "/book", bob, forAnother), 400, "validation_failed")
	s.want(s.call("POST", "/book", bob, `{}`), 400, "validation_failed")

	s.want(s.call("DELETE", "/bookings/"+booking, bob, nil), 403, "not_booking_owner")
	s.want(s.call("DELETE", "/bookings/"+uuid.NewString(), bob, nil), 404, "booking_not_found")
	s.want(s.call("DELETE", "/bookings/nonsense", bob, nil), 400, "validation_failed")
	s.want(s.call("DELETE", "/bookings/"+booking, "", nil), 401, "invalid_token")
}

func TestExactlyAsManyBookingsSucceedAsThereAreTickets(t *testing.T) {
	t.Parallel()
	for _, storm := range []struct {
		customers, tickets int
		delay              time.Duration
	}{
		{10, 2, time.Second}, {10, 2, 0}, {200, 50, time.Second}, {200, 50, 0}, {5, 9, 0},
	} {
		t.Run(fmt.Sprintf("%d on %d after %s", storm.customers, storm.tickets, storm.delay), func(t *testing.T) {
			t.Parallel()
			s := start(t, withDelay(storm.delay))
			event := s.schedule(storm.tickets)
			won := s.storm(event, storm.customers)
			want := min(storm.customers, storm.tickets)
			if len(won) != want {
				t.Errorf("%d bookings succeeded, want %d", len(won), want)
			}
			s.checkStream(event, storm.tickets, won)
		})
	}
}

// storm books for that many customers at once and gives the ids of the bookings that succeeded.
// Every other answer must be sold_out.
func (s *system) storm(event string, customers int) (won map[string]bool) {
	s.Helper()
	tokens := make([]string, customers)
	for i := range tokens {
		tokens[i] = s.token(account.Customer)
	}
	var (
		mu    sync.Mutex
		all   sync.WaitGroup
		start = make(chan struct{})
	)
	won = map[string]bool{}
	for _, token := range tokens {
		all.Go(func() {
			<-start
			a, err := s.try("POST", "/book", token, map[string]string{"eventId": event})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				s.Error(err)
			case a.status == 201:
				won[a.at("booking", "id").(string)] = true
			case a.status != 409 || a.code() != "sold_out":
				s.Errorf("got %d %s", a.status, a.raw)
			}
		})
	}
	close(start)
	all.Wait()
	return won
}

// checkStream reads the stream as an auditor does and compares it with what customers and read
// models were told.
func (s *system) checkStream(event string, tickets int, won map[string]bool) {
	s.Helper()
	var stream struct {
		Version int
		Records []struct {
			Position      int64
			Version       int
			Type          string
			SchemaVersion int16
			Data          json.RawMessage
			Metadata      json.RawMessage
			RecordedAt    time.Time
			Hash          string
		}
	}
	s.want(s.call("GET", "/audit/streams/"+uuid.NewString(), s.token(account.Auditor), nil), 404, "stream_not_found")
	a := s.want(s.call("GET", "/audit/streams/"+event, s.token(account.Auditor), nil), 200, "")
	must(s, json.Unmarshal(a.raw, &stream))
	var previous eventstore.Hash
	booked := map[string]bool{}
	for i, r := range stream.Records {
		if r.Version != i+1 {
			s.Fatalf("version %d stands in place %d", r.Version, i+1)
		}
		stored := eventstore.Record{
			StreamID: uuid.MustParse(event), Version: r.Version, Type: r.Type, SchemaVersion: r.SchemaVersion,
			Data: r.Data, Metadata: r.Metadata, RecordedAt: r.RecordedAt,
		}
		previous = stored.Sum(previous)
		if previous.String() != r.Hash {
			s.Fatalf("the hash chain breaks at version %d", r.Version)
		}
		if r.Type == "TicketBooked" {
			var data struct{ BookingID string }
			must(s, json.Unmarshal(r.Data, &data))
			booked[data.BookingID] = true
		}
	}
	if stream.Version != len(stream.Records) {
		s.Errorf("the stream is at version %d and has %d records", stream.Version, len(stream.Records))
	}
	if len(booked) != len(won) {
		s.Errorf("the stream has %d bookings, customers were told of %d", len(booked), len(won))
	}
	for id := range won {
		if !booked[id] {
			s.Errorf("booking %s was confirmed and is not in the stream", id)
		}
	}
	got, want := s.call("GET", "/events/"+event, s.token(account.Customer), nil).at("remainingTickets"), tickets-len(won)
	if got != float64(want) {
		s.Errorf("the read model says that %v remain, want %d", got, want)
	}
}

func TestTheDelayIsSpentOnBookingsOnly(t *testing.T) {
	t.Parallel()
	const delay = 300 * time.Millisecond
	batches := make(chan eventstore.BatchStats, 10)
	s := start(t, withDelay(delay), func(_ *httpapi.Options, o *eventstore.Options) {
		o.Observe = func(b eventstore.BatchStats) { batches <- b }
	})
	contains := func(what string, want time.Duration) {
		t.Helper()
		b := <-batches
		if b.Delay != want || b.Took < want {
			t.Errorf("%s took %s with a delay of %s, want a delay of %s", what, b.Took, b.Delay, want)
		}
	}
	token := s.token(account.Customer)
	event := s.schedule(1)
	contains("scheduling", 0)
	booking := s.want(s.order(token, event), 201, "").at("booking", "id").(string)
	contains("booking", delay)
	s.want(s.call("DELETE", "/bookings/"+booking, token, nil), 200, "")
	contains("cancelling", 0)
}

func TestABusySystemSaysSoAndNeverSoldOut(t *testing.T) {
	t.Parallel()
	s := start(t, withDelay(time.Second), func(_ *httpapi.Options, o *eventstore.Options) {
		o.Queue, o.Transactions = 1, 1
	})
	event := s.schedule(1000)
	var all sync.WaitGroup
	var mu sync.Mutex
	codes := map[string]int{}
	for range 20 {
		token := s.token(account.Customer)
		all.Go(func() {
			a, err := s.try("POST", "/book", token, map[string]string{"eventId": event})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			codes[a.code()]++
			if a.code() == "busy" && (a.status != 503 || a.header.Get("Retry-After") == "") {
				t.Errorf("busy came as %d with Retry-After %q", a.status, a.header.Get("Retry-After"))
			}
		})
	}
	all.Wait()
	if codes["busy"] == 0 || codes[""] == 0 || codes["busy"]+codes[""] != 20 {
		t.Errorf("got %v, want bookings and busy answers only", codes)
	}
}
