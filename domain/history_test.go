package domain_test

import (
	"bytes"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/boxoffice/boxoffice/domain"
)

// Few people, few bookings and few times, so that random histories are full of clashes.
var (
	people   = []uuid.UUID{ann, bob, eve, id(0xf0), {}}
	bookings = []uuid.UUID{first, second, third, id(4), id(5), id(6), id(7), id(8), {}}
	moments  = []time.Time{{}, begins.AddDate(0, 0, -1), inTime, tooLate, dayLater, dayLater.AddDate(0, 0, 1)}
	versions = []domain.Details{concert(), movedTo(dayLater), {Title: "Another Concert", StartsAt: begins}, {}}
)

// anyCommand is mostly one that makes sense, since random ones are mostly refused.
func anyCommand() *rapid.Generator[domain.Command] {
	return rapid.Custom(func(t *rapid.T) domain.Command {
		booking := rapid.IntRange(0, len(bookings)-1).Draw(t, "booking")
		person, now := people[booking%len(people)], inTime
		if rarely(t, "another person") {
			person = rapid.SampledFrom(people).Draw(t, "person")
		}
		if rarely(t, "another time") {
			now = rapid.SampledFrom(moments).Draw(t, "now")
		}
		switch rapid.IntRange(0, 19).Draw(t, "command") {
		case 0, 1, 2:
			return domain.ScheduleEvent{Details: anyDetails().Draw(t, "details"), Capacity: anyCapacity().Draw(t, "capacity"),
				Now: now}
		case 3:
			return changeAt(anyDetails().Draw(t, "details"), now)
		case 4, 5:
			return resize(anyCapacity().Draw(t, "capacity"))
		case 6:
			if rarely(t, "call off") {
				return callOff()
			}
		case 7, 8, 9, 10:
			return giveBack(bookings[booking], person, now)
		}
		return book(bookings[booking], person, now)
	})
}

func rarely(t *rapid.T, what string) bool { return rapid.IntRange(0, 9).Draw(t, what) == 9 }

func anyDetails() *rapid.Generator[domain.Details] { return rapid.SampledFrom(versions) }

func anyCapacity() *rapid.Generator[int] { return rapid.SampledFrom([]int{2, 3, 4, 1, 5, 0, -1}) }

func anyRecord() *rapid.Generator[domain.Record] {
	return rapid.Custom(func(t *rapid.T) domain.Record {
		var (
			person  = rapid.SampledFrom(people).Draw(t, "person")
			booking = rapid.SampledFrom(bookings).Draw(t, "booking")
			details = anyDetails().Draw(t, "details")
			size    = rapid.Int().Draw(t, "capacity")
		)
		switch rapid.IntRange(0, 9).Draw(t, "record") {
		case 0:
			return domain.EventScheduled{Details: details, Capacity: size}
		case 1:
			return changed(details)
		case 2:
			return resized(size)
		case 3:
			return calledOff()
		case 4, 5, 6:
			return givenBack(booking, person)
		}
		return booked(booking, person)
	})
}

func TestHistoriesThatAreDecidedKeepEveryInvariant(t *testing.T) {
	t.Parallel()
	var records, soldOut, again int
	rapid.Check(t, func(t *rapid.T) {
		var (
			history []domain.Record
			state   domain.State
			book    ledger
		)
		for range rapid.SampledFrom([]int{150, 75, 40, 20, 10, 5, 2, 1}).Draw(t, "length") {
			command := anyCommand().Draw(t, "ask")
			news, err := domain.Decide(command, state)
			if err != nil && len(news) > 0 {
				t.Fatalf("%T%+v was refused (%v), and gave records %+v", command, command, err, news)
			}
			if err == domain.ErrSoldOut { //nolint:errorlint // refusals are values, and this one only counts
				soldOut++
			}
			for _, r := range news {
				if err := domain.Explain(state, r); err != nil {
					t.Fatalf("%T%+v was decided, and can't be explained: %v", r, r, err)
				}
				history = append(history, r)
				state = state.Evolve(r)
				if err := state.Check(); err != nil {
					t.Fatalf("the state after %T%+v: %v", r, r, err)
				}
				book.write(t, r)
				again += book.again
			}
			book.compare(t, state)
		}
		if !bytes.Equal(snapshot(t, domain.Fold(history...)), snapshot(t, state)) {
			t.Fatal("folding the history gives another state than the one it was decided on")
		}
		records += len(history)
	})
	if !t.Failed() && (records == 0 || soldOut == 0 || again == 0) {
		t.Errorf("the histories are too tame: %d records, %d times sold out, %d second bookings", records, soldOut, again)
	}
}

// ledger keeps the books of a history the plain way, and fails when a record should never have
// been.
type ledger struct {
	scheduled, off  bool
	capacity, again int
	made            map[uuid.UUID]uuid.UUID // the customer of each booking
	over            map[uuid.UUID]bool      // the bookings that were cancelled
	active          map[uuid.UUID]uuid.UUID // the active booking of each customer
}

func (l *ledger) write(t *rapid.T, r domain.Record) {
	if l.made == nil {
		l.made, l.over, l.active = map[uuid.UUID]uuid.UUID{}, map[uuid.UUID]bool{}, map[uuid.UUID]uuid.UUID{}
	}
	opens, is := r.(domain.EventScheduled)
	if is == l.scheduled {
		t.Fatalf("%T%+v in a stream that is scheduled: %t", r, r, l.scheduled)
	}
	l.again = 0
	switch r := r.(type) {
	case domain.EventScheduled:
		l.scheduled, l.capacity = true, opens.Capacity
	case domain.CapacityChanged:
		l.capacity = r.Capacity
	case domain.EventCancelled:
		if l.off {
			t.Fatal("the event was called off twice")
		}
		l.off = true
	default: // no other record changes these books
	case domain.TicketBooked:
		if _, known := l.made[r.BookingID]; known {
			t.Fatalf("booking %s was made twice", r.BookingID)
		}
		if held, holds := l.active[r.CustomerID]; holds {
			t.Fatalf("customer %s holds %s, and %s was booked", r.CustomerID, held, r.BookingID)
		}
		for _, customer := range l.made {
			if customer == r.CustomerID {
				l.again = 1
			}
		}
		l.made[r.BookingID], l.active[r.CustomerID] = r.CustomerID, r.BookingID
	case domain.BookingCancelled:
		if customer, known := l.made[r.BookingID]; !known || customer != r.CustomerID || l.over[r.BookingID] {
			t.Fatalf("%+v matches no active booking", r)
		}
		l.over[r.BookingID] = true
		delete(l.active, r.CustomerID)
	}
}

func (l *ledger) compare(t *rapid.T, s domain.State) {
	switch {
	case s.Exists() != l.scheduled || s.Cancelled() != l.off || s.Capacity() != l.capacity || s.Sold() != len(l.active):
		t.Fatalf("the state exists: %t, is cancelled: %t, has sold %d of %d; by the records it should be %+v",
			s.Exists(), s.Cancelled(), s.Sold(), s.Capacity(), l)
	case s.Sold() < 0 || s.Sold() > s.Capacity():
		t.Fatalf("%d of %d tickets are sold", s.Sold(), s.Capacity())
	case s.Remaining() != s.Capacity()-len(l.active):
		t.Fatalf("%d tickets remain of %d with %d active bookings", s.Remaining(), s.Capacity(), len(l.active))
	case l.scheduled && s.Capacity() < 1:
		t.Fatalf("the capacity is %d", s.Capacity())
	}
}

func TestRule11RepeatingAnyCommandGivesNothing(t *testing.T) {
	t.Parallel()
	granted := map[reflect.Type]int{}
	rapid.Check(t, func(t *rapid.T) {
		var state domain.State
		for range rapid.SampledFrom([]int{60, 30, 15, 5, 2, 1}).Draw(t, "length") {
			command := rapid.OneOf(anyCommand(), anyClaim(inTime)).Draw(t, "ask")
			news, err := domain.Decide(command, state)
			if err != nil {
				continue
			}
			for _, r := range news {
				state = state.Evolve(r)
			}
			if len(news) > 0 {
				granted[reflect.TypeOf(command)]++
			}
			if more, err := domain.Decide(command, state); err != nil || len(more) > 0 {
				t.Fatalf("%T%+v was granted; repeated, it gives records %+v and error %v", command, command, more, err)
			}
		}
	})
	if !t.Failed() && len(granted) < 9 {
		t.Errorf("not every command was ever granted: %v", granted)
	}
}

func TestEvolveTakesAnyRecordInAnyOrderAndLeavesOldStatesAlone(t *testing.T) {
	t.Parallel()
	probes := rapid.SliceOfN(rapid.OneOf(anyCommand(), anyClaim(inTime)), 20, 20).Example(1)
	rapid.Check(t, func(t *rapid.T) {
		type kept struct {
			state  domain.State
			answer []any
		}
		var (
			history []domain.Record
			state   domain.State
			old     []kept
		)
		for range rapid.SampledFrom([]int{60, 30, 15, 5, 2, 1}).Draw(t, "length") {
			old = append(old, kept{state, answers(state, probes)})
			history = append(history, rapid.OneOf(anyRecord(), anyClaimRecord()).Draw(t, "happens"))
			state = state.Evolve(history[len(history)-1])
		}
		for n, k := range old {
			if now := answers(k.state, probes); !reflect.DeepEqual(now, k.answer) {
				t.Fatalf("the state after %d records answered %v; after the state was evolved further, it answers %v", n, k.answer,
					now)
			}
			if n%8 == 0 && !reflect.DeepEqual(answers(domain.Fold(history[:n]...), probes), k.answer) {
				t.Fatalf("folding the first %d records again gives another state", n)
			}
		}
	})
}

// answers is all that can be learned from a state.
func answers(s domain.State, probes []domain.Command) []any {
	all := []any{s.Exists(), s.Cancelled(), s.Details(), s.Capacity(), s.Sold(), s.Remaining(), s.Size()}
	for _, c := range probes {
		records, err := domain.Decide(c, s)
		all = append(all, records, err)
	}
	return all
}

func TestBatchesEvolveOneStateAtTheSameTime(t *testing.T) {
	t.Parallel()
	const batches, each = 4, 500
	shared := domain.Fold(scheduled(batches * each))
	for range each {
		shared = shared.Evolve(booked(uuid.New(), uuid.New()))
	}
	ends := make([]domain.State, batches)
	var group sync.WaitGroup
	for i := range ends {
		group.Go(func() {
			ends[i] = shared
			for range i * each / 2 {
				ends[i] = ends[i].Evolve(booked(uuid.New(), uuid.New()))
			}
		})
	}
	group.Wait()
	got := []int{shared.Sold(), ends[0].Sold(), ends[1].Sold(), ends[2].Sold(), ends[3].Sold()}
	if want := []int{500, 500, 750, 1000, 1250}; !slices.Equal(got, want) {
		t.Errorf("sold %v, want %v", got, want)
	}
}

// snapshot is all that a state holds, in an order of its own.
func snapshot(t *rapid.T, s domain.State) []byte {
	t.Helper()
	data, err := s.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return data
}
