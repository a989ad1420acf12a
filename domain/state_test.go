package domain_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

func TestTheZeroStateIsThatOfAStreamWithoutRecords(t *testing.T) {
	t.Parallel()
	var s domain.State
	if s.Exists() || s.Cancelled() || s.Capacity() != 0 || s.Sold() != 0 || s.Remaining() != 0 ||
		!s.Details().Equal(domain.Details{}) {
		t.Errorf("the zero state is %+v", s)
	}
}

// A cache is bounded by Size, so Size must not be far from the truth. This test is not parallel: it
// measures the heap, and the parallel tests of the package wait until it is done.
func TestSizeIsAboutWhatAStateTakes(t *testing.T) {
	tests := []struct {
		name      string
		bookings  int
		cancelled int // of 16
	}{
		{"all active", 100_000, 0},
		{"half cancelled", 10_000, 8},
		{"nearly all cancelled", 10_000, 15},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ids, made := newIDs(), make([]domain.TicketBooked, test.bookings)
			before := heap()
			state := domain.Fold(scheduled(test.bookings))
			for i := range made {
				made[i] = domain.TicketBooked{BookingID: ids.next(), CustomerID: ids.next()}
				state = state.Evolve(made[i])
			}
			for i, b := range made {
				if i%16 < test.cancelled {
					state = state.Evolve(domain.BookingCancelled{BookingID: b.BookingID, CustomerID: b.CustomerID})
				}
			}
			checkSize(t, "the state", state, heap()-before)
			runtime.KeepAlive(made)

			data, err := state.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			before = heap()
			restored, err := domain.ReadSnapshot(data)
			if err != nil {
				t.Fatal(err)
			}
			checkSize(t, "the state of its snapshot", restored, heap()-before)
			runtime.KeepAlive(data)
			runtime.KeepAlive(state)
		})
	}
}

func checkSize(t *testing.T, what string, s domain.State, takes int64) {
	t.Helper()
	ratio := float64(s.Size()) / float64(takes)
	t.Logf("%s takes %d bytes, and Size says %d: %.2f", what, takes, s.Size(), ratio)
	if ratio < 1/1.5 || ratio > 1.5 {
		t.Errorf("%s takes %d bytes, and Size says %d", what, takes, s.Size())
	}
	runtime.KeepAlive(s)
}

func TestSizeCountsTexts(t *testing.T) {
	t.Parallel()
	long := concert()
	long.Description += string(make([]byte, 5000))
	short, more := domain.Fold(scheduled(1)), domain.Fold(scheduled(1), changed(long))
	if got := more.Size() - short.Size(); got != 5000 {
		t.Errorf("5000 characters more count as %d bytes", got)
	}
}

// ids are random, the same in each run, and made faster than by the operating system.
type ids struct{ *rand.Rand }

func newIDs() ids { return ids{rand.New(rand.NewPCG(1, 2))} }

func (r ids) next() (id uuid.UUID) {
	binary.NativeEndian.PutUint64(id[:8], r.Uint64())
	binary.NativeEndian.PutUint64(id[8:], r.Uint64())
	return id
}

func heap() int64 {
	runtime.GC()
	runtime.GC() // the first one may leave what finalizers held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkEvolve books and cancels a ticket of an event that has sold many already. A record costs
// the copy of one path, which is some nodes longer with a million bookings than with a thousand,
// and its share of the garbage collector's marking of the whole state now and then: GOGC=off shows
// how much of it is the one and how much the other.
func BenchmarkEvolve(b *testing.B) {
	for _, sold := range []int{0, 1_000, 1_000_000} {
		ids, state := newIDs(), domain.Fold(scheduled(sold+1))
		for range sold {
			state = state.Evolve(booked(ids.next(), ids.next()))
		}
		news := make([][2]domain.Record, 1024)
		for i := range news {
			booking, customer := ids.next(), ids.next()
			news[i] = [2]domain.Record{booked(booking, customer), givenBack(booking, customer)}
		}
		b.Run(fmt.Sprintf("%d sold", sold), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				n := news[i%len(news)]
				state.Evolve(n[0]).Evolve(n[1])
				i++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(2*b.N), "ns/record")
		})
	}
}

// BenchmarkFold reads a long history from its beginning.
func BenchmarkFold(b *testing.B) {
	const sold = 100_000
	ids, history := newIDs(), make([]domain.Record, 0, sold+1)
	history = append(history, scheduled(sold))
	for range sold {
		history = append(history, booked(ids.next(), ids.next()))
	}
	b.ReportAllocs()
	for b.Loop() {
		if got := domain.Fold(history...).Sold(); got != sold {
			b.Fatalf("sold %d", got)
		}
	}
	b.ReportMetric(float64(b.N)*sold/b.Elapsed().Seconds(), "records/s")
}
