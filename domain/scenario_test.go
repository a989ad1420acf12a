package domain_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
)

// A rule is told as: given these records, when this command comes, then these records, or a
// refusal, or nothing.

type history struct {
	t       *testing.T
	records []domain.Record
}

type answer struct {
	t       *testing.T
	given   []domain.Record
	command domain.Command
	records []domain.Record
	err     error
}

func given(t *testing.T, records ...domain.Record) history {
	t.Helper()
	t.Parallel()
	return history{t, records}
}

func (h history) when(c domain.Command) answer {
	h.t.Helper()
	records, err := domain.Decide(c, domain.Fold(h.records...))
	return answer{h.t, h.records, c, records, err}
}

func (a answer) then(want ...domain.Record) {
	a.t.Helper()
	if a.err != nil || !slices.EqualFunc(a.records, want, domain.Equal) {
		a.fail("records %+v", want)
	}
}

func (a answer) nothing() {
	a.t.Helper()
	if a.err != nil || len(a.records) > 0 {
		a.fail("neither records nor a refusal")
	}
}

func (a answer) refused(want domain.Refusal) {
	a.t.Helper()
	if !errors.Is(a.err, want) || len(a.records) > 0 {
		a.fail("the refusal %s", want.Code())
	}
}

func (a answer) invalidCapacity() {
	a.t.Helper()
	a.invalid("totalTickets")
}

func (a answer) invalidDate() {
	a.t.Helper()
	a.invalid("date")
}

func (a answer) invalid(field string) {
	a.t.Helper()
	var invalid *domain.InvalidError
	if !errors.As(a.err, &invalid) || invalid.Fields[0].Field != field || len(a.records) > 0 {
		a.fail("%s to be invalid", field)
	}
}

func (a answer) fail(format string, args ...any) {
	a.t.Helper()
	for i, r := range a.given {
		a.t.Logf("given %d: %T%+v", i+1, r, r)
	}
	a.t.Logf("when %T%+v", a.command, a.command)
	a.t.Logf("got records %+v, error %v", a.records, a.err)
	a.t.Errorf("want "+format, args...)
}

// The people, bookings and times of the tests.
var (
	ann, bob, eve = id(0xa1), id(0xb0), id(0xe5)

	first, second, third = id(1), id(2), id(3)

	begins   = time.Date(2031, 5, 17, 19, 30, 0, 0, time.UTC)
	inTime   = begins.Add(-time.Microsecond)
	tooLate  = begins
	dayLater = begins.AddDate(0, 0, 1)
)

func id(n byte) uuid.UUID { return uuid.UUID{6: 0x40, 8: 0x80, 15: n} }

func concert() domain.Details {
	return domain.Details{
		Title: "Limited Concert", Description: "An evening with strings", Venue: "Small Hall", StartsAt: begins,
		TimeZone: "Europe/Lisbon", Currency: "EUR", TicketTypes: domain.GeneralAdmission(49_99),
	}
}

func entitled(title string) domain.Details {
	d := concert()
	d.Title = title
	return d
}

func movedTo(t time.Time) domain.Details {
	d := concert()
	d.StartsAt = t
	return d
}

func renamed() domain.Details {
	d := concert()
	d.Title = "Unlimited Concert"
	return d
}

func scheduled(capacity int) domain.Record {
	return domain.EventScheduled{Details: concert(), Capacity: capacity}
}

func changed(d domain.Details) domain.Record { return domain.DetailsChanged{Details: d} }

func resized(capacity int) domain.Record { return domain.CapacityChanged{Capacity: capacity} }

func calledOff() domain.Record { return domain.EventCancelled{} }

func booked(booking, customer uuid.UUID) domain.Record {
	lines := domain.Lines{{Type: domain.FirstTypeID, Quantity: 1, Price: 49_99}}
	return domain.TicketBooked{BookingID: booking, CustomerID: customer, Currency: "EUR", Lines: lines}
}

func givenBack(booking, customer uuid.UUID) domain.Record {
	return domain.BookingCancelled{BookingID: booking, CustomerID: customer}
}

func schedule(capacity int) domain.Command {
	return domain.ScheduleEvent{Details: concert(), Capacity: capacity}
}

func scheduleAt(now time.Time) domain.Command {
	return domain.ScheduleEvent{Details: concert(), Capacity: 2, Now: now}
}

func change(d domain.Details) domain.Command { return domain.ChangeDetails{Details: d} }

func changeAt(d domain.Details, now time.Time) domain.Command {
	return domain.ChangeDetails{Details: d, Now: now}
}

func resize(capacity int) domain.Command { return domain.ChangeCapacity{Capacity: capacity} }

func callOff() domain.Command { return domain.CancelEvent{} }

func book(booking, customer uuid.UUID, now time.Time) domain.Command {
	return domain.BookTicket{BookingID: booking, CustomerID: customer, Now: now}
}

func giveBack(booking, customer uuid.UUID, now time.Time) domain.Command {
	return domain.CancelBooking{BookingID: booking, CustomerID: customer, Now: now}
}
