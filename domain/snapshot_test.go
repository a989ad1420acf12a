package domain

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// A state that was read from a snapshot decides as the one that was folded, and goes on from there
// in the same way.
func TestASnapshotAnswersAsTheStateItWasMadeOf(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) uuid.UUID {
			return uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		}), 8, 8, func(id uuid.UUID) uuid.UUID { return id }).Draw(t, "ids")
		details, err := NewDetails(Details{Title: "T", Venue: "V", StartsAt: time.Unix(4e9, 0), Currency: "EUR",
			TicketTypes: GeneralAdmission(1)})
		if err != nil {
			t.Fatal(err)
		}
		command := func() Command {
			booking, customer := rapid.SampledFrom(ids).Draw(t, "booking"), rapid.SampledFrom(ids).Draw(t, "customer")
			switch rapid.IntRange(0, 5).Draw(t, "kind") {
			case 0:
				return ChangeCapacity{Capacity: rapid.IntRange(1, 9).Draw(t, "capacity")}
			case 1:
				return CancelBooking{BookingID: booking, CustomerID: customer}
			case 2:
				return CancelEvent{}
			}
			return BookTicket{BookingID: booking, CustomerID: customer}
		}
		folded := Fold(EventScheduled{Details: details, Capacity: 5})
		step := func(s State, c Command) (State, []Record, error) {
			records, err := Decide(c, s)
			for _, r := range records {
				s = s.Evolve(r)
			}
			return s, records, err
		}
		for range rapid.IntRange(0, 20).Draw(t, "before") {
			folded, _, _ = step(folded, command())
		}
		data, err := folded.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var restored State
		if err := restored.UnmarshalBinary(data); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 20).Draw(t, "after") {
			c := command()
			var fromFold, fromSnapshot []Record
			var errFold, errSnapshot error
			folded, fromFold, errFold = step(folded, c)
			restored, fromSnapshot, errSnapshot = step(restored, c)
			if !reflect.DeepEqual(fromFold, fromSnapshot) || !errors.Is(errFold, errSnapshot) {
				t.Fatalf("%#v: the fold gives %v, %v and the snapshot %v, %v", c, fromFold, errFold, fromSnapshot, errSnapshot)
			}
		}
	})
}

func TestASnapshotKeepsWhatEachBookingIsFor(t *testing.T) {
	t.Parallel()
	one, two := uuid.New(), uuid.New()
	ordinary := Lines{{Type: 2, Quantity: 3}}
	several := Lines{{Type: 1, Quantity: 2}, {Type: 9, Quantity: MaxPerCustomer}}
	folded := Fold(TicketBooked{BookingID: one, Lines: ordinary}, TicketBooked{BookingID: two, Lines: several})
	data, err := folded.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ReadSnapshot(data)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[uuid.UUID]Lines{one: ordinary, two: several} {
		b, _ := s.bookings.get(id)
		if got := s.linesOf(id, b); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if want := 3 + 2 + MaxPerCustomer; s.Sold() != want {
		t.Errorf("%d tickets are sold, want %d", s.Sold(), want)
	}
	for cut := range data {
		if _, err := ReadSnapshot(data[:cut]); err == nil {
			t.Errorf("the first %d of %d bytes were read as a snapshot", cut, len(data))
		}
	}
}

func TestSnapshotsOfAnEarlierFormatAreNotRead(t *testing.T) {
	t.Parallel()
	data, err := Fold(EventScheduled{Details: Details{Title: "T"}, Capacity: 2}).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	data[0] = snapshotFormat - 1
	if _, err := ReadSnapshot(data); err == nil {
		t.Error("a snapshot of the format before was read")
	}
}

func FuzzUnmarshalBinary(f *testing.F) {
	booked := TicketBooked{BookingID: uuid.New(), CustomerID: uuid.New()}
	good, err := Fold(EventScheduled{Details: Details{Title: "T"}, Capacity: 2}, booked).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add([]byte{})
	f.Add([]byte{snapshotFormat, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		var s State
		if err := s.UnmarshalBinary(data); err != nil && !reflect.DeepEqual(s, State{}) {
			t.Error("an unreadable snapshot changed the state")
		}
	})
}
