package domain

import (
	"errors"
	"reflect"
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
		details, err := NewDetails(Details{Title: "T", Venue: "V", StartsAt: time.Unix(4e9, 0), Price: Money{1, "EUR"}})
		if err != nil {
			t.Fatal(err)
		}
		command := func() Command {
			booking, customer := rapid.SampledFrom(ids).Draw(t, "booking"), rapid.SampledFrom(ids).Draw(t, "customer")
			switch rapid.IntRange(0, 5).Draw(t, "kind") {
			case 0:
				return ChangeCapacity{rapid.IntRange(1, 9).Draw(t, "capacity")}
			case 1:
				return CancelBooking{BookingID: booking, CustomerID: customer}
			case 2:
				return CancelEvent{}
			}
			return BookTicket{BookingID: booking, CustomerID: customer}
		}
		folded := Fold(EventScheduled{details, 5})
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

func TestAHistoryThatDecideCannotMakeHasNoSnapshot(t *testing.T) {
	t.Parallel()
	booking, one, other := uuid.New(), uuid.New(), uuid.New()
	s := Fold(TicketBooked{booking, one}, TicketBooked{booking, other})
	if _, err := s.MarshalBinary(); err == nil {
		t.Error("a snapshot was made that would lose an active booking")
	}
}

func FuzzUnmarshalBinary(f *testing.F) {
	good, err := Fold(EventScheduled{Details{Title: "T"}, 2}, TicketBooked{uuid.New(), uuid.New()}).MarshalBinary()
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
