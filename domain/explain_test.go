package domain_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/domain"
)

func TestRecordsThatBreakARuleCantBeExplained(t *testing.T) {
	t.Parallel()
	full := []domain.Record{scheduled(1), booked(first, ann)}
	for name, c := range map[string]struct {
		history []domain.Record
		next    domain.Record
		because string
	}{
		"an event is scheduled twice": {[]domain.Record{scheduled(1)}, scheduled(2),
			domain.ErrEventExists.Error()},
		"an event is scheduled again, as it was": {[]domain.Record{scheduled(1)}, scheduled(1), "it changes nothing"},
		"an event has no tickets":                {nil, scheduled(0), "totalTickets"},
		"more tickets are sold than there are":   {full, booked(second, bob), domain.ErrSoldOut.Error()},
		"a customer holds two tickets": {[]domain.Record{scheduled(9), booked(first, ann)},
			booked(second, ann), domain.ErrAlreadyBooked.Error()},
		"a booking is made twice": {[]domain.Record{scheduled(9), booked(first, ann)}, booked(first, ann),
			"it changes nothing"},
		"a booking id comes again for somebody else": {[]domain.Record{scheduled(9), booked(first, ann)}, booked(first, bob),
			domain.ErrBookingIDTaken.Error()},
		"tickets of no event": {nil, booked(first, ann), domain.ErrEventNotFound.Error()},
		"a cancelled event is booked": {[]domain.Record{scheduled(9), calledOff()}, booked(first, ann),
			domain.ErrEventCancelled.Error()},
		"a booking that was never made is given back": {[]domain.Record{scheduled(9)}, givenBack(first, ann),
			domain.ErrBookingNotFound.Error()},
		"somebody gives another's booking back": {full, givenBack(first, bob), domain.ErrNotBookingOwner.Error()},
		"a booking is given back twice": {append(slices.Clone(full), givenBack(first, ann)),
			givenBack(first, ann), "it changes nothing"},
		"the capacity falls below what is sold": {[]domain.Record{scheduled(2), booked(first, ann),
			booked(second, bob)}, resized(1), domain.ErrCapacityBelowSold.Error()},
		"a cancelled event is changed": {[]domain.Record{scheduled(2), calledOff()},
			changed(movedTo(dayLater)), domain.ErrEventCancelled.Error()},
		"an event is cancelled twice": {[]domain.Record{scheduled(2), calledOff()}, calledOff(),
			"it changes nothing"},
		"a pointer is not a record": {nil, &domain.EventCancelled{}, "not a record"},
	} {
		err := domain.Explain(domain.Fold(c.history...), c.next)
		if err == nil || !strings.Contains(err.Error(), c.because) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.because)
		}
	}
	if err := domain.Explain(domain.Fold(scheduled(1)), booked(first, ann)); err != nil {
		t.Errorf("a booking like any other: %v", err)
	}
}

func TestStatesThatNoDecisionLeadsToAreNamed(t *testing.T) {
	t.Parallel()
	for because, history := range map[string][]domain.Record{
		"2 of 1 tickets are sold":               {scheduled(1), booked(first, ann), booked(second, bob)},
		"the capacity is 0":                     {scheduled(0)},
		"but no event":                          {booked(first, ann)},
		"2 of 1 tickets are sold (after a cut)": {scheduled(2), booked(first, ann), booked(second, bob), resized(1)},
	} {
		want, _, _ := strings.Cut(because, " (")
		if err := domain.Fold(history...).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	if err := domain.Fold().Check(); err != nil {
		t.Errorf("a stream without records: %v", err)
	}
}

func TestAStateListsItsBookings(t *testing.T) {
	t.Parallel()
	s := domain.Fold(scheduled(3), booked(first, ann), booked(second, bob), givenBack(first, ann), booked(third, ann))
	got := map[domain.Booking]bool{}
	for b := range s.Bookings() {
		got[b] = true
	}
	if len(got) != 3 || s.Made() != 3 || !got[domain.Booking{ID: first, CustomerID: ann, Cancelled: true}] ||
		!got[domain.Booking{ID: third, CustomerID: ann}] {
		t.Errorf("got %v", got)
	}
	if b, made := s.Booking(second); !made || b.CustomerID != bob {
		t.Errorf("got %+v", b)
	}
}

func TestAReplayEqualsTheFoldAndLeavesEarlierStatesAlone(t *testing.T) {
	t.Parallel()
	history := []domain.Record{scheduled(3), booked(first, ann), booked(second, bob), givenBack(first, ann),
		booked(third, ann), resized(2), calledOff()}
	var replay domain.Replay
	states := []domain.State{replay.State()}
	for i, r := range history {
		if err := replay.Next(r); err != nil {
			t.Errorf("record %d: %v", i+1, err)
		}
		if i%2 == 0 { // and now and then several in place
			states = append(states, replay.State())
		}
	}
	for i, n := range []int{0, 1, 3, 5, 7} {
		got, err := states[i].MarshalBinary()
		want, err2 := domain.Fold(history[:n]...).MarshalBinary()
		if err != nil || err2 != nil || !slices.Equal(got, want) {
			t.Errorf("after %d records: got %x (%v), want %x (%v)", n, got, err, want, err2)
		}
	}
	if err := replay.Next(booked(first, eve)); err == nil {
		t.Error("a record that breaks a rule went through")
	}
}
