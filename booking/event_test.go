package booking_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
)

func TestEveryMistakeInANewEventIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	service := &booking.Service{Executor: inMemory{}, Now: time.Now}
	wrong := concert(0)
	wrong.Details.Title, wrong.Details.StartsAt = "", time.Now().Add(-time.Hour)
	wrong.Invalid = &domain.InvalidError{Fields: []domain.FieldError{{Field: "price", Message: "must be a number"}}}
	_, err := service.Schedule(t.Context(), by(uuid.New()), wrong)
	if got, want := fieldsOf(err), "[price title totalTickets date]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func fieldsOf(err error) string {
	var invalid *domain.InvalidError
	if !errors.As(err, &invalid) {
		return fmt.Sprint(err)
	}
	var fields []string
	for _, f := range invalid.Fields {
		fields = append(fields, f.Field)
	}
	return fmt.Sprint(fields)
}

func TestARepeatedRequestForAnEventIsAnsweredAfterItHasBegun(t *testing.T) {
	t.Parallel()
	b := setup(t).project()
	organizer := uuid.New()
	first, err := b.Schedule(t.Context(), once(organizer, "the concert"), concert(5))
	dbtest.Must(t, err)
	later := b.at(time.Now().Add(48 * time.Hour))
	again, err := later.Schedule(t.Context(), once(organizer, "the concert"), concert(5))
	if err != nil || string(again.Replayed) != "5" || again.Position != first.Position {
		t.Errorf("got %+v, %v", again, err)
	}
	if _, err := later.Schedule(t.Context(), by(organizer), concert(5)); fieldsOf(err) != "[date]" {
		t.Errorf("without the key: got %v, want a mistake in the date", err)
	}
}

// edit makes a change of details and capacity.
func edit(event uuid.UUID, title string, tickets int) booking.Change {
	return booking.Change{EventID: event, Edit: func(d *domain.Details, capacity *int) error {
		d.Title, *capacity = title, tickets
		return nil
	}}
}

func TestDetailsAndCapacityChangeTogetherOrNotAtAll(t *testing.T) {
	t.Parallel()
	b := setup(t).project()
	event := b.schedule(3)
	for range 2 {
		_, err := b.Book(t.Context(), by(uuid.New()), booking.Book{EventID: event})
		dbtest.Must(t, err)
	}
	before := b.head()
	_, err := b.Change(t.Context(), by(organizer), edit(event, "Matinee", 1))
	if !errors.Is(err, domain.ErrCapacityBelowSold) {
		t.Errorf("got %v, want %v", err, domain.ErrCapacityBelowSold)
	}
	if _, err := b.Change(t.Context(), by(organizer), edit(event, "", 0)); fieldsOf(err) != "[title totalTickets]" {
		t.Errorf("got %v, want both mistakes", err)
	}
	if head := b.head(); head != before {
		t.Fatalf("%d records were appended by what was refused", head-before)
	}

	changed, err := b.Change(t.Context(), by(organizer), edit(event, "Matinee", 7))
	dbtest.Must(t, err)
	e := changed.Event
	if e.Title != "Matinee" || e.Venue != "Hall" || e.Capacity != 7 || e.Remaining != 5 || e.Version != 5 {
		t.Errorf("got %+v", e)
	}
	var records, transactions int
	dbtest.Must(t, b.db.Pool.QueryRow(t.Context(), `
		select count(*), count(distinct xmin::text)
		from event_log
		where position > $1`, before).Scan(&records, &transactions))
	if records != 2 || transactions != 1 {
		t.Errorf("%d records were appended in %d transactions, want 2 in one", records, transactions)
	}
	again, err := b.Change(t.Context(), by(organizer), edit(event, "Matinee", 7))
	if err != nil || again.Event.Version != 5 {
		t.Errorf("the same change again: got %+v, %v", again, err)
	}
}

func TestAChangeOfAnEventAsItWasSeenIsRefusedWhenItIsAnotherOneNow(t *testing.T) {
	t.Parallel()
	b := setup(t).project()
	event := b.schedule(3)
	change := edit(event, "Matinee", 3)
	change.Expected = 1
	_, err := b.Change(t.Context(), by(organizer), change)
	dbtest.Must(t, err)
	_, err = b.Change(t.Context(), by(organizer), change)
	var conflict *eventstore.ConflictError
	if !errors.As(err, &conflict) || conflict.Expected != 1 || conflict.Actual != 2 {
		t.Errorf("got %v, want a conflict of versions 1 and 2", err)
	}
}

func TestACancelledEventIsCancelledOnceAndNotChanged(t *testing.T) {
	t.Parallel()
	b := setup(t).project()
	event := b.schedule(3)
	for range 2 {
		cancelled, err := b.CancelEvent(t.Context(), by(organizer), event, 0)
		if err != nil || cancelled.Event.Status != projections.EventCancelled || cancelled.Event.Version != 2 {
			t.Errorf("got %+v, %v", cancelled, err)
		}
	}
	_, err := b.Change(t.Context(), by(organizer), edit(event, "Matinee", 3))
	if !errors.Is(err, domain.ErrEventCancelled) {
		t.Errorf("got %v, want %v", err, domain.ErrEventCancelled)
	}
	for _, missing := range []error{
		second(b.Change(t.Context(), by(organizer), edit(uuid.New(), "Matinee", 3))),
		second(b.CancelEvent(t.Context(), by(organizer), uuid.New(), 0)),
	} {
		if !errors.Is(missing, domain.ErrEventNotFound) {
			t.Errorf("got %v, want %v", missing, domain.ErrEventNotFound)
		}
	}
}

func second[T any](_ T, err error) error { return err }
