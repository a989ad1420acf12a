package domain_test

import (
	"errors"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// Each name is a rule of the package comment, by its number, in the words of someone who lives with
// it.
func TestRules(t *testing.T) {
	t.Parallel()
	t.Run("rule 1: scheduling a new event opens its stream", func(t *testing.T) {
		given(t).when(schedule(2)).then(scheduled(2))
	})
	t.Run("rule 1: an event without a single ticket can't be scheduled", func(t *testing.T) {
		given(t).when(schedule(0)).invalidCapacity()
	})
	t.Run("rule 1: an event with more tickets than the limit can't be scheduled", func(t *testing.T) {
		given(t).when(schedule(domain.MaxCapacity + 1)).invalidCapacity()
	})
	t.Run("rule 1: an event is not scheduled a second time with another capacity", func(t *testing.T) {
		given(t, scheduled(2)).when(schedule(3)).refused(domain.ErrEventExists)
	})
	t.Run("rule 1: an event is not scheduled a second time with other details", func(t *testing.T) {
		given(t, scheduled(2), changed(movedTo(dayLater))).when(schedule(2)).refused(domain.ErrEventExists)
	})
	t.Run("rule 1: an event that was called off is not scheduled again", func(t *testing.T) {
		given(t, scheduled(2), calledOff()).when(schedule(2)).refused(domain.ErrEventExists)
	})
	t.Run("rule 1: the capacity can't be changed to none at all", func(t *testing.T) {
		given(t, scheduled(2)).when(resize(0)).invalidCapacity()
	})
	t.Run("rule 1: what was never scheduled can't be booked", func(t *testing.T) {
		given(t).when(book(first, ann, inTime)).refused(domain.ErrEventNotFound)
	})
	t.Run("rule 1: what was never scheduled can't be changed", func(t *testing.T) {
		given(t).when(change(concert())).refused(domain.ErrEventNotFound)
	})
	t.Run("rule 1: what was never scheduled has no capacity to change", func(t *testing.T) {
		given(t).when(resize(5)).refused(domain.ErrEventNotFound)
	})
	t.Run("rule 1: what was never scheduled can't be called off", func(t *testing.T) {
		given(t).when(callOff()).refused(domain.ErrEventNotFound)
	})

	t.Run("rule 2: booking takes a ticket", func(t *testing.T) {
		given(t, scheduled(2)).when(book(first, ann, inTime)).then(booked(first, ann))
	})
	t.Run("rule 2: booking the last ticket succeeds", func(t *testing.T) {
		given(t, scheduled(2), booked(first, ann)).when(book(second, bob, inTime)).then(booked(second, bob))
	})
	t.Run("rule 2: booking a sold-out event is refused", func(t *testing.T) {
		given(t, scheduled(2), booked(first, ann), booked(second, bob)).
			when(book(third, eve, inTime)).
			refused(domain.ErrSoldOut)
	})
	t.Run("rule 2: a ticket that was given back can be booked by another customer", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann), givenBack(first, ann)).
			when(book(second, bob, inTime)).
			then(booked(second, bob))
	})
	t.Run("rule 2: more capacity means that a sold-out event can be booked again", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann), resized(2)).when(book(second, bob, inTime)).then(booked(second, bob))
	})

	t.Run("rule 3: a customer who holds a ticket can't book another", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann)).when(book(second, ann, inTime)).refused(domain.ErrAlreadyBooked)
	})
	t.Run("rule 3: a customer who holds a ticket of a sold-out event is told so, and not that there are none",
		func(t *testing.T) {
			given(t, scheduled(1), booked(first, ann)).when(book(second, ann, inTime)).refused(domain.ErrAlreadyBooked)
		})
	t.Run("rule 3: each customer may hold a ticket", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann)).when(book(second, bob, inTime)).then(booked(second, bob))
	})

	t.Run("rule 4: a customer who cancelled may book again", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann), givenBack(first, ann)).
			when(book(second, ann, inTime)).
			then(booked(second, ann))
	})
	t.Run("rule 4: booking again is one active booking, which bars the next", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann), givenBack(first, ann), booked(second, ann)).
			when(book(third, ann, inTime)).
			refused(domain.ErrAlreadyBooked)
	})
	t.Run("rule 4: a customer who cancelled has no claim to the ticket once it is sold to another", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann), givenBack(first, ann), booked(second, bob)).
			when(book(third, ann, inTime)).
			refused(domain.ErrSoldOut)
	})
	t.Run("rule 4: the history keeps the old booking, which stays cancelled", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann), givenBack(first, ann), booked(second, ann)).
			when(giveBack(first, ann, inTime)).
			nothing()
	})
	t.Run("rule 4: the new booking is the one that can be cancelled", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann), givenBack(first, ann), booked(second, ann)).
			when(giveBack(second, ann, inTime)).
			then(givenBack(second, ann))
	})

	t.Run("rule 5: a customer cancels a booking of their own", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann)).when(giveBack(first, ann, inTime)).then(givenBack(first, ann))
	})
	t.Run("rule 5: nobody cancels the booking of another", func(t *testing.T) {
		given(t, scheduled(2), booked(first, ann), booked(second, bob)).
			when(giveBack(first, bob, inTime)).
			refused(domain.ErrNotBookingOwner)
	})
	t.Run("rule 5: nobody is told whether the booking of another is cancelled already", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann), givenBack(first, ann)).
			when(giveBack(first, bob, inTime)).
			refused(domain.ErrNotBookingOwner)
	})
	t.Run("rule 5: a booking that was never made can't be cancelled", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann)).when(giveBack(second, ann, inTime)).refused(domain.ErrBookingNotFound)
	})
	t.Run("rule 5: the id of one customer's booking is of no use to another", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann)).when(book(first, bob, inTime)).refused(domain.ErrBookingIDTaken)
	})

	t.Run("rule 6: cancelling twice changes nothing", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann), givenBack(first, ann)).when(giveBack(first, ann, inTime)).nothing()
	})
	t.Run("rule 6: cancelling twice gives back one ticket and not two", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann), givenBack(first, ann), givenBack(first, ann), booked(second, bob)).
			when(book(third, eve, inTime)).
			refused(domain.ErrSoldOut)
	})
	t.Run("rule 6: a repeated cancellation leaves the customer's newer booking alone", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann), givenBack(first, ann), booked(second, ann), givenBack(first, ann)).
			when(book(third, bob, inTime)).
			refused(domain.ErrSoldOut)
	})

	t.Run("rule 7: booking is possible until the moment the event begins", func(t *testing.T) {
		given(t, scheduled(1)).when(book(first, ann, inTime)).then(booked(first, ann))
	})
	t.Run("rule 7: an event that begins now can't be booked", func(t *testing.T) {
		given(t, scheduled(1)).when(book(first, ann, tooLate)).refused(domain.ErrEventPast)
	})
	t.Run("rule 7: of an event that is both sold out and past, the customer hears that it is past", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann)).when(book(second, bob, dayLater)).refused(domain.ErrEventPast)
	})
	t.Run("rule 7: a booking of an event that begins now can't be cancelled", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann)).when(giveBack(first, ann, tooLate)).refused(domain.ErrEventPast)
	})
	t.Run("rule 7: a booking can be cancelled until the moment the event begins", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann)).when(giveBack(first, ann, inTime)).then(givenBack(first, ann))
	})
	t.Run("rule 7: an event that was put off can be booked until its new time", func(t *testing.T) {
		given(t, scheduled(1), changed(movedTo(dayLater))).when(book(first, ann, tooLate)).then(booked(first, ann))
	})
	t.Run("rule 7: the moment is the same in every time zone", func(t *testing.T) {
		given(t, scheduled(1)).
			when(book(first, ann, inTime.In(time.FixedZone("far east", 14*3600)))).
			then(booked(first, ann))
	})

	t.Run("rule 8: an event that was called off can't be booked", func(t *testing.T) {
		given(t, scheduled(1), calledOff()).when(book(first, ann, inTime)).refused(domain.ErrEventCancelled)
	})
	t.Run("rule 8: a booking of an event that was called off can still be cancelled", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann), calledOff()).
			when(giveBack(first, ann, inTime)).
			then(givenBack(first, ann))
	})
	t.Run("rule 8: a booking of an event that was called off can be cancelled after its time, too", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann), calledOff()).
			when(giveBack(first, ann, dayLater)).
			then(givenBack(first, ann))
	})

	t.Run("rule 9: the capacity can't fall below what is sold", func(t *testing.T) {
		given(t, scheduled(3), booked(first, ann), booked(second, bob)).
			when(resize(1)).
			refused(domain.ErrCapacityBelowSold)
	})
	t.Run("rule 9: the capacity can fall to exactly what is sold", func(t *testing.T) {
		given(t, scheduled(3), booked(first, ann), booked(second, bob)).when(resize(2)).then(resized(2))
	})
	t.Run("rule 9: tickets that were given back don't count as sold", func(t *testing.T) {
		given(t, scheduled(3), booked(first, ann), booked(second, bob), givenBack(first, ann)).
			when(resize(1)).
			then(resized(1))
	})
	t.Run("rule 9: the capacity can grow", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann)).when(resize(2)).then(resized(2))
	})
	t.Run("rule 9: the capacity can't grow beyond the limit", func(t *testing.T) {
		given(t, scheduled(1)).when(resize(domain.MaxCapacity + 1)).invalidCapacity()
	})

	t.Run("rule 10: the details of an event that was called off can't be changed", func(t *testing.T) {
		given(t, scheduled(1), calledOff()).when(change(movedTo(dayLater))).refused(domain.ErrEventCancelled)
	})
	t.Run("rule 10: the capacity of an event that was called off can't be changed", func(t *testing.T) {
		given(t, scheduled(1), calledOff()).when(resize(2)).refused(domain.ErrEventCancelled)
	})
	t.Run("rule 10: an event can be called off", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann)).when(callOff()).then(calledOff())
	})
	t.Run("rule 10: calling an event off twice changes nothing", func(t *testing.T) {
		given(t, scheduled(1), calledOff()).when(callOff()).nothing()
	})
	t.Run("rule 10: not even the details that it has already can be set for an event that was called off",
		func(t *testing.T) {
			given(t, scheduled(1), calledOff()).when(change(concert())).refused(domain.ErrEventCancelled)
		})

	t.Run("rule 11: scheduling the same event again changes nothing", func(t *testing.T) {
		given(t, scheduled(2)).when(schedule(2)).nothing()
	})
	t.Run("rule 11: changing details to what they are changes nothing", func(t *testing.T) {
		given(t, scheduled(2), changed(movedTo(dayLater))).when(change(movedTo(dayLater))).nothing()
	})
	t.Run("rule 11: changing the capacity to what it is changes nothing", func(t *testing.T) {
		given(t, scheduled(2), resized(3)).when(resize(3)).nothing()
	})
	t.Run("rule 11: repeating a booking changes nothing", func(t *testing.T) {
		given(t, scheduled(2), booked(first, ann)).when(book(first, ann, inTime)).nothing()
	})
	t.Run("rule 11: repeating the booking of the last ticket is not refused", func(t *testing.T) {
		given(t, scheduled(1), booked(first, ann)).when(book(first, ann, inTime)).nothing()
	})
	t.Run("rule 11: repeating a booking after the event has begun is not refused", func(t *testing.T) {
		given(t, scheduled(2), booked(first, ann)).when(book(first, ann, dayLater)).nothing()
	})
	t.Run("rule 11: repeating a booking after the event was called off is not refused", func(t *testing.T) {
		given(t, scheduled(2), booked(first, ann), calledOff()).when(book(first, ann, inTime)).nothing()
	})
	t.Run("rule 11: repeating a booking that was cancelled since does not book again", func(t *testing.T) {
		given(t, scheduled(2), booked(first, ann), givenBack(first, ann)).when(book(first, ann, inTime)).nothing()
	})
	t.Run("rule 11: repeating a cancellation after the event has begun is not refused", func(t *testing.T) {
		given(t, scheduled(2), booked(first, ann), givenBack(first, ann)).when(giveBack(first, ann, dayLater)).nothing()
	})

	t.Run("rule 12: an event can be scheduled until the moment before it begins", func(t *testing.T) {
		given(t).when(scheduleAt(inTime)).then(scheduled(2))
	})
	t.Run("rule 12: an event can't be scheduled for now", func(t *testing.T) {
		given(t).when(scheduleAt(tooLate)).invalidDate()
	})
	t.Run("rule 12: an event can't be scheduled for the past", func(t *testing.T) {
		given(t).when(scheduleAt(dayLater)).invalidDate()
	})
	t.Run("rule 12: an event of the past can be imported", func(t *testing.T) {
		given(t).when(scheduleAt(time.Time{})).then(scheduled(2))
	})
	t.Run("rule 12: repeating a scheduling after the event has begun is not refused", func(t *testing.T) {
		given(t, scheduled(2)).when(scheduleAt(dayLater)).nothing()
	})
	t.Run("rule 12: an event can be moved to a later date", func(t *testing.T) {
		given(t, scheduled(2)).when(changeAt(movedTo(dayLater), inTime)).then(changed(movedTo(dayLater)))
	})
	t.Run("rule 12: an event that has begun can be put off", func(t *testing.T) {
		given(t, scheduled(2)).when(changeAt(movedTo(dayLater), tooLate)).then(changed(movedTo(dayLater)))
	})
	t.Run("rule 12: an event can't be moved into the past", func(t *testing.T) {
		given(t, scheduled(2)).when(changeAt(movedTo(begins.AddDate(0, 0, -1)), inTime)).invalidDate()
	})
	t.Run("rule 12: an event of the past can't be moved within it", func(t *testing.T) {
		given(t, scheduled(2)).when(changeAt(movedTo(dayLater), dayLater)).invalidDate()
	})
	t.Run("rule 12: the title of an event of the past can be changed", func(t *testing.T) {
		given(t, scheduled(2)).when(changeAt(renamed(), dayLater)).then(changed(renamed()))
	})

	for title, isRefused := range map[string]bool{
		"Tonight \u200e🏴": false, "Tonight\n  9  forged": true, "\u200b\u200b": true, "To\x1b[2Jnight": true,
	} {
		t.Run("rule 14: what a title may be", func(t *testing.T) {
			if _, err := domain.NewDetails(entitled(title)); (err != nil) != isRefused {
				t.Errorf("%q: got %v", title, err)
			}
		})
	}
	t.Run("rule 14: an event that is older than the rule keeps its title", func(t *testing.T) {
		given(t, scheduled(2), changed(entitled("To\x1bnight"))).when(book(first, ann, inTime)).then(booked(first, ann))
	})

	t.Run("rule 13: a customer can book and cancel many times", func(t *testing.T) {
		given(t, bookedAndGivenBack(domain.MaxBookings-1, ann)...).
			when(book(first, ann, inTime)).
			then(booked(first, ann))
	})
	t.Run("rule 13: but not for ever", func(t *testing.T) {
		given(t, bookedAndGivenBack(domain.MaxBookings, ann)...).
			when(book(first, ann, inTime)).
			refused(domain.ErrTooManyBookings)
	})
	t.Run("rule 13: the last booking allowed can be cancelled", func(t *testing.T) {
		given(t, append(bookedAndGivenBack(domain.MaxBookings-1, ann), booked(first, ann))...).
			when(giveBack(first, ann, inTime)).
			then(givenBack(first, ann))
	})
	t.Run("rule 13: the bookings of others do not count", func(t *testing.T) {
		given(t, bookedAndGivenBack(domain.MaxBookings, ann)...).
			when(book(first, bob, inTime)).
			then(booked(first, bob))
	})
	t.Run("rule 13: a booking that was made before the limit is no fault of the history", func(t *testing.T) {
		state := domain.Fold(bookedAndGivenBack(domain.MaxBookings, ann)...)
		if err := domain.Explain(state, booked(first, ann)); err != nil {
			t.Error(err)
		}
		full := domain.Fold(append(bookedAndGivenBack(domain.MaxBookings, ann), booked(second, bob))...)
		if err := domain.Explain(full, booked(first, ann)); !errors.Is(err, domain.ErrSoldOut) {
			t.Errorf("got %v, want %v: the other rules count", err, domain.ErrSoldOut)
		}
	})
}

// bookedAndGivenBack is the history of an event with one ticket that a customer has booked and
// cancelled n times.
func bookedAndGivenBack(n int, customer uuid.UUID) []domain.Record {
	history := []domain.Record{scheduled(1)}
	for range n {
		id := uuid.New()
		history = append(history, booked(id, customer), givenBack(id, customer))
	}
	return history
}

func TestRuleOfProofsOfWork(t *testing.T) {
	t.Parallel()
	asking := concert()
	asking.RequireProofOfWork = true
	free := []domain.Record{scheduled(1), changed(asking)}
	full := append(slices.Clone(free), booked(second, bob))
	until := inTime.Add(domain.DefaultHoldTime)
	for _, c := range []struct {
		what    string
		history []domain.Record
		command func(workProved bool) domain.Command
	}{
		{"book", free, func(proved bool) domain.Command {
			return domain.BookTicket{BookingID: first, CustomerID: ann, Now: inTime, WorkProved: proved}
		}},
		{"hold", free, func(proved bool) domain.Command {
			return domain.HoldTickets{HoldID: first, CustomerID: ann, Until: until, Now: inTime, WorkProved: proved}
		}},
		{"wait for", full, func(proved bool) domain.Command {
			return domain.JoinWaitlist{EntryID: first, CustomerID: ann, Now: inTime, WorkProved: proved}
		}},
	} {
		t.Run("rule 28: nobody can "+c.what+" tickets without a proof of work", func(t *testing.T) {
			given(t, c.history...).when(c.command(false)).refused(domain.ErrProofOfWorkRequired)
		})
		t.Run("rule 28: with a proof of work everybody can "+c.what+" them", func(t *testing.T) {
			var state domain.State
			for _, r := range c.history {
				state = state.Evolve(r)
			}
			if records, err := domain.Decide(c.command(true), state); err != nil || len(records) != 1 {
				t.Fatalf("got %v, %v", records, err)
			}
		})
	}
	t.Run("rule 28: what is held is confirmed without", func(t *testing.T) {
		one := domain.Line{Type: 1, Quantity: 1}
		held := domain.TicketsHeld{
			HoldID: first, CustomerID: ann, Currency: "EUR", Lines: domain.Lines{one}, ExpiresAt: until,
		}
		given(t, append(slices.Clone(free), held)...).when(confirm(first, ann, inTime)).then(confirmed(first, ann, one))
	})
}

func TestEveryRuleHasATest(t *testing.T) {
	t.Parallel()
	rules := numbers(t, "doc.go", `(?m)^//\s+(\d+)\. `)
	tested := numbers(t, "rules_test.go", `t\.Run\("rule (\d+): `)
	maps.Copy(tested, numbers(t, "claims_test.go", `t\.Run\("rule (\d+): `))
	maps.Copy(tested, numbers(t, "door_test.go", `t\.Run\("rule (\d+): `))
	maps.Copy(tested, numbers(t, "desk_test.go", `t\.Run\("rule (\d+): `))
	if len(rules) < 12 {
		t.Fatalf("found only the rules %v in the package comment", rules)
	}
	for rule := range rules {
		if !tested[rule] {
			t.Errorf("rule %s of the package comment has no test", rule)
		}
	}
	for rule := range tested {
		if !rules[rule] {
			t.Errorf("there are tests of a rule %s, which the package comment doesn't have", rule)
		}
	}
}

func numbers(t *testing.T, file, pattern string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		found[match[1]] = true
	}
	return found
}

func TestDecideDoesNotGuess(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a nil command was answered")
		}
	}()
	_, _ = domain.Decide(nil, domain.State{})
}
