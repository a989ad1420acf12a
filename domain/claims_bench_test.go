package domain_test

import (
	"runtime"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

const manyWaiting = 100_000

// queued is a sold-out event with many entries on its waiting list, which want one or two tickets, and
// the first of its bookings.
func queued(n int) (s domain.State, booking, customer uuid.UUID) {
	ids := newIDs()
	booking, customer = ids.next(), ids.next()
	s = domain.Fold(opened(1, 4, 0), sold(booking, customer, floor(1)))
	s = s.Evolve(domain.CapacityChanged{Capacity: 2}, sold(ids.next(), ids.next(), floor(1)))
	for i := range n {
		lines := floor(2)
		if i >= n-10 { // nearly all of them want more than becomes free
			lines = floor(1)
		}
		s = s.Evolve(joined(ids.next(), ids.next(), lines))
	}
	return s, booking, customer
}

func TestAnEntryOnTheWaitingListIsSmall(t *testing.T) {
	before := heap()
	s, _, _ := queued(manyWaiting)
	takes := heap() - before
	if each := float64(takes) / manyWaiting; each > 120 {
		t.Errorf("an entry takes %.0f bytes", each)
	} else {
		t.Logf("an entry takes %.0f bytes", each)
	}
	checkSize(t, "the state", s, takes)
	runtime.KeepAlive(s)
}

// BenchmarkOffer cancels a booking of an event that 100,000 customers wait for.
func BenchmarkOffer(b *testing.B) {
	s, booking, customer := queued(manyWaiting)
	b.ReportAllocs()
	for b.Loop() {
		records, err := domain.Decide(giveBack(booking, customer, noon), s)
		if err != nil || len(records) != 2 {
			b.Fatal(records, err)
		}
	}
}
