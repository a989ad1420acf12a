package domain_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

func cancelOf(booking uuid.UUID, reason string) domain.Command {
	return domain.CancelBookingOf{BookingID: booking, By: eve, Reason: reason, Now: inTime}
}

func cancelledBy(booking, of uuid.UUID) domain.Record {
	return domain.BookingCancelled{BookingID: booking, CustomerID: of, By: eve, Reason: "Paid twice"}
}

func write(subject string, at time.Time) domain.Command {
	return domain.SendMessage{By: eve, Subject: subject, Text: "Come early.\r\nThank you.\n", Now: at}
}

func written(at time.Time, recipients int) domain.Record {
	return domain.MessageSent{
		By: eve, At: at, Recipients: recipients, Subject: "Doors open at 7", Text: "Come early.\nThank you.",
	}
}

func TestRulesOfTheDesk(t *testing.T) {
	t.Parallel()
	t.Run("rule 33: an organizer cancels somebody's booking", func(t *testing.T) {
		given(t, scheduled(2), booked(first, ann)).when(cancelOf(first, " Paid twice ")).then(cancelledBy(first, ann))
	})
	t.Run("rule 33: there must be a reason", func(t *testing.T) {
		given(t, scheduled(2), booked(first, ann)).when(cancelOf(first, "  ")).invalid("reason")
	})
	t.Run("rule 33: the reason is one line", func(t *testing.T) {
		given(t, scheduled(2), booked(first, ann)).when(cancelOf(first, "a\nb")).invalid("reason")
	})
	t.Run("rule 33: the reason is short", func(t *testing.T) {
		given(t, scheduled(2), booked(first, ann)).when(cancelOf(first, strings.Repeat("é", domain.MaxReason+1))).
			invalid("reason")
	})
	t.Run("rule 33: what is cancelled already stays as it is", func(t *testing.T) {
		given(t, scheduled(2), booked(first, ann), givenBack(first, ann)).when(cancelOf(first, "Paid twice")).nothing()
	})
	t.Run("rule 33: a booking that was never made is not found", func(t *testing.T) {
		given(t, scheduled(2)).when(cancelOf(first, "Paid twice")).refused(domain.ErrBookingNotFound)
	})
	t.Run("rule 33: who is inside stays", func(t *testing.T) {
		given(t, scheduled(2), booked(first, ann), checkedIn(first)).when(cancelOf(first, "Paid twice")).
			refused(domain.ErrBookingCheckedIn)
	})
	t.Run("rule 33: an event that has begun stays as it is", func(t *testing.T) {
		given(t, scheduled(2), booked(first, ann)).
			when(domain.CancelBookingOf{BookingID: first, By: eve, Reason: "Paid twice", Now: tooLate}).
			refused(domain.ErrEventPast)
	})
	t.Run("rule 33: the ticket goes to who waits for it", func(t *testing.T) {
		seat := domain.Line{Type: 1, Quantity: 1}
		given(t, scheduled(1), booked(first, ann), joined(second, bob, seat)).when(cancelOf(first, "Paid twice")).
			then(cancelledBy(first, ann), offered(second, bob, begins, domain.Line{Type: 1, Quantity: 1, Price: 49_99}))
	})
	t.Run("rule 34: a message goes to everybody who has tickets", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann), booked(second, bob), booked(third, eve), givenBack(third, eve)).
			when(write("Doors open at 7", inTime)).then(written(inTime, 2))
	})
	t.Run("rule 34: nobody writes to nobody", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann), givenBack(first, ann)).when(write("Doors open at 7", inTime)).
			refused(domain.ErrNobodyToWriteTo)
	})
	t.Run("rule 34: who has tickets of an event that is called off can be written to", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann), calledOff()).when(write("Doors open at 7", dayLater)).
			then(written(dayLater, 1))
	})
	t.Run("rule 34: nobody is written to about a draft", func(t *testing.T) {
		given(t, domain.EventScheduled{Details: concert(), Capacity: 5, Draft: true}).
			when(write("Doors open at 7", inTime)).refused(domain.ErrEventNotFound)
	})
	t.Run("rule 34: the subject is one line", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann)).when(write("Doors\nBcc: everybody", inTime)).invalid("subject")
	})
	t.Run("rule 34: there is a text", func(t *testing.T) {
		given(t, scheduled(5), booked(first, ann)).
			when(domain.SendMessage{By: eve, Subject: "Doors", Text: "\u200b\n", Now: inTime}).invalid("text")
	})
	t.Run("rule 34: the text is of some length", func(t *testing.T) {
		text := strings.Repeat("é", domain.MaxMessage+1)
		given(t, scheduled(5), booked(first, ann)).
			when(domain.SendMessage{By: eve, Subject: "Doors", Text: text, Now: inTime}).invalid("text")
	})
	many := []domain.Record{scheduled(5), booked(first, ann)}
	for n := range domain.MaxMessages {
		many = append(many, written(inTime.Add(time.Duration(n)*time.Minute), 1))
	}
	t.Run("rule 34: there is a limit for a day", func(t *testing.T) {
		given(t, many...).when(write("Doors open at 7", inTime.Add(domain.MessageDay-time.Second))).
			refused(domain.ErrTooManyMessages)
	})
	t.Run("rule 34: on the next day there can be another", func(t *testing.T) {
		next := inTime.Add(domain.MessageDay)
		given(t, many...).when(write("Doors open at 7", next)).then(written(next, 1))
	})
	t.Run("rule 34: a snapshot keeps the limit", func(t *testing.T) {
		t.Parallel()
		data, err := domain.Fold(many...).MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		state, err := domain.ReadSnapshot(data)
		if err != nil {
			t.Fatal(err)
		}
		_, err = domain.Decide(write("Doors open at 7", inTime.Add(time.Hour)), state)
		if !errors.Is(err, domain.ErrTooManyMessages) {
			t.Errorf("got %v", err)
		}
	})
}
