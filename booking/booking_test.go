package booking_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
)

func TestABookingIsTheOneThatTheReadModelsShow(t *testing.T) {
	t.Parallel()
	b := setup(t).project()
	event, customer := b.schedule(3), uuid.New()
	want := func(got booking.Result) {
		t.Helper()
		b.WaitForAnswered(t.Context())
		row, err := b.Bookings.Get(t.Context(), got.Booking.ID)
		dbtest.Must(t, err)
		shown, err := b.events.Get(t.Context(), event)
		dbtest.Must(t, err)
		// Pointers to times are not compared by what they point to.
		if cancelledAt := row.CancelledAt; cancelledAt != nil {
			if got.Booking.CancelledAt == nil || !cancelledAt.Equal(*got.Booking.CancelledAt) {
				t.Errorf("cancelled at %v, want %v", got.Booking.CancelledAt, cancelledAt)
			}
			row.CancelledAt = got.Booking.CancelledAt
		}
		if !reflect.DeepEqual(got.Booking, *row) {
			t.Errorf("got %+v, want %+v", got.Booking, *row)
		}
		if e := got.Event; e.Title != shown.Title || e.Remaining != shown.Remaining || e.Version != shown.Version ||
			e.Status != shown.Status || e.Capacity != shown.Capacity || e.Price != shown.Price || e.ID != shown.ID {
			t.Errorf("got %+v, want %+v", e, shown)
		}
		if head := b.head(); got.Position != head {
			t.Errorf("position %d, want %d", got.Position, head)
		}
	}
	booked, err := b.Book(t.Context(), by(customer), booking.Book{EventID: event})
	dbtest.Must(t, err)
	want(booked)
	if booked.Booking.UserID != customer || booked.Event.Remaining != 2 || booked.Booking.ID.Version() != 7 {
		t.Errorf("got %+v", booked)
	}
	cancelled, err := b.CancelBooking(t.Context(), by(customer), booked.Booking.ID)
	dbtest.Must(t, err)
	want(cancelled)
	if cancelled.Booking.Status != projections.BookingCancelled || cancelled.Event.Remaining != 3 {
		t.Errorf("got %+v", cancelled)
	}
	again, err := b.CancelBooking(t.Context(), by(customer), booked.Booking.ID)
	dbtest.Must(t, err)
	want(again)
	if again.Position != cancelled.Position {
		t.Errorf("cancelling again appended a record: %+v", again)
	}
}

func TestRecordsSayWhoAskedAndAsPartOfWhat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event, customer := b.schedule(1), uuid.New()
	request := booking.Request{Actor: customer, CorrelationID: "r-1"}
	_, err := b.unread().Book(t.Context(), request, booking.Book{EventID: event})
	dbtest.Must(t, err)
	records, err := b.Log.Stream(t.Context(), event, 1, 1)
	dbtest.Must(t, err)
	var got eventstore.Metadata
	dbtest.Must(t, json.Unmarshal(records[0].Metadata, &got))
	if want := (eventstore.Metadata{Actor: customer, CorrelationID: "r-1"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestBookingsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t).project()
	customer := uuid.New()
	event, soldOut, cancelled := b.schedule(2), b.schedule(1), b.schedule(1)
	booked, err := b.Book(t.Context(), by(customer), booking.Book{EventID: event})
	dbtest.Must(t, err)
	_, err = b.Book(t.Context(), by(uuid.New()), booking.Book{EventID: soldOut})
	dbtest.Must(t, err)
	_, err = b.CancelEvent(t.Context(), by(organizer), cancelled, 0)
	dbtest.Must(t, err)
	begun := b.at(time.Now().Add(48 * time.Hour))
	before := b.head()
	book := func(s *booking.Service, actor, event uuid.UUID) error {
		_, err := s.Book(t.Context(), by(actor), booking.Book{EventID: event})
		return err
	}
	cancel := func(s *booking.Service, actor, id uuid.UUID) error {
		_, err := s.CancelBooking(t.Context(), by(actor), id)
		return err
	}
	id := booked.Booking.ID
	for name, c := range map[string]struct{ got, want error }{
		"an event that does not exist":          {book(b.Service, customer, uuid.New()), domain.ErrEventNotFound},
		"a second ticket":                       {book(b.Service, customer, event), domain.ErrAlreadyBooked},
		"a sold-out event":                      {book(b.Service, customer, soldOut), domain.ErrSoldOut},
		"a cancelled event":                     {book(b.Service, customer, cancelled), domain.ErrEventCancelled},
		"an event that has begun":               {book(begun, uuid.New(), event), domain.ErrEventPast},
		"cancelling somebody else's booking":    {cancel(b.Service, uuid.New(), id), domain.ErrNotBookingOwner},
		"cancelling a booking that isn't there": {cancel(b.Service, customer, uuid.New()), domain.ErrBookingNotFound},
		"cancelling after the event has begun":  {cancel(begun, customer, id), domain.ErrEventPast},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", name, c.got, c.want)
		}
	}
	if after := b.head(); after != before {
		t.Errorf("%d records were appended by what was refused", after-before)
	}
}

func TestABookingThatWasMadeBeforeIsAnsweredAsItWasMade(t *testing.T) {
	t.Parallel()
	b := setup(t).project()
	customer := uuid.New()
	book := booking.Book{EventID: b.schedule(3), BookingID: uuid.New()}
	first, err := b.Book(t.Context(), by(customer), book)
	dbtest.Must(t, err)
	found, err := b.Book(t.Context(), by(customer), book)
	dbtest.Must(t, err)
	if !reflect.DeepEqual(found.Booking, first.Booking) || !reflect.DeepEqual(found.Event, first.Event) ||
		found.Booking.CreatedAt.IsZero() {
		t.Errorf("got %+v, want %+v", found, first)
	}

	// It is made, so nobody may be told that nothing has happened.
	b.Progress = stalled
	_, err = b.db.Pool.Exec(t.Context(), `delete from bookings`)
	dbtest.Must(t, err)
	_, err = b.Book(t.Context(), by(customer), book)
	if !errors.Is(err, eventstore.ErrOutcomeUnknown) || errors.Is(err, booking.ErrCatchingUp) {
		t.Errorf("got %v, want %v", err, eventstore.ErrOutcomeUnknown)
	}
}

func TestABookingThatTheReadModelLacksIsWaitedForAndNeverCalledMissing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	customer := uuid.New()
	booked, err := b.unread().Book(t.Context(), by(customer), booking.Book{EventID: b.schedule(3)})
	dbtest.Must(t, err)
	cancel := func(p booking.Progress, id uuid.UUID) error {
		s := *b.Service
		s.Progress = p
		_, err := s.CancelBooking(t.Context(), by(customer), id)
		return err
	}
	if err := cancel(stalled, booked.Booking.ID); !errors.Is(err, booking.ErrCatchingUp) {
		t.Errorf("got %v, want %v", err, booking.ErrCatchingUp)
	}
	waited := int64(0)
	catchingUp := progress{0, func(_ context.Context, position int64) int64 {
		if waited == 0 {
			waited = position
			b.project()
		}
		return b.Progress.Wait(t.Context(), position) // however long projectors take to begin
	}}
	head := b.head()
	dbtest.Must(t, cancel(catchingUp, booked.Booking.ID))
	if waited != head {
		t.Errorf("waited for position %d, want the head of the log, %d", waited, head)
	}
	if err := cancel(b.Progress, uuid.New()); !errors.Is(err, domain.ErrBookingNotFound) {
		t.Errorf("got %v, want %v", err, domain.ErrBookingNotFound)
	}
}

func TestWhoGivesUpIsToldSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event, gone := b.schedule(3), errors.New("the client has gone")
	before := b.head()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	b.Progress = progress{0, func(context.Context, int64) int64 { cancel(gone); return 0 }}
	if _, err := b.CancelBooking(ctx, by(uuid.New()), uuid.New()); !errors.Is(err, gone) {
		t.Errorf("while the booking was looked up: got %v, want %v", err, gone)
	}
	if _, err := b.Book(ctx, by(uuid.New()), booking.Book{EventID: event}); !errors.Is(err, gone) {
		t.Errorf("before booking: got %v, want %v", err, gone)
	}
	if after := b.head(); after != before {
		t.Errorf("%d records were appended for somebody who had gone", after-before)
	}

	// What was committed before is told.
	ctx, cancel = context.WithCancelCause(t.Context())
	defer cancel(nil)
	booked, err := b.Book(ctx, by(uuid.New()), booking.Book{EventID: event})
	if err != nil || booked.Position != before+1 || ctx.Err() == nil {
		t.Errorf("while waiting for the read models: got %+v, %v", booked, err)
	}
}
