package booking_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

func TestARepeatedRequestGetsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t).project()
	event, other, customer := b.schedule(3), b.schedule(3), uuid.New()
	book := func(r booking.Request, event uuid.UUID) (booking.Result, error) {
		return b.Book(t.Context(), r, booking.Book{EventID: event})
	}
	first, err := book(once(customer, event), event)
	dbtest.Must(t, err)
	if first.Replayed != nil || first.Event.Remaining != 2 {
		t.Errorf("got %+v", first)
	}
	_, err = book(by(uuid.New()), event) // the answer is that of then
	dbtest.Must(t, err)
	again, err := book(once(customer, event), event)
	dbtest.Must(t, err)
	if string(again.Replayed) != "2" || again.Position != first.Position {
		t.Errorf("got %q at %d, want %q at %d", again.Replayed, again.Position, "2", first.Position)
	}
	if _, err := book(once(customer, other), other); !errors.Is(err, eventstore.ErrKeyReused) {
		t.Errorf("another event under the key: got %v, want %v", err, eventstore.ErrKeyReused)
	}
	if _, err := b.CancelEvent(t.Context(), once(customer, event), event, 0); !errors.Is(err, eventstore.ErrKeyReused) {
		t.Errorf("another use case under the key: got %v, want %v", err, eventstore.ErrKeyReused)
	}
	somebody, err := book(once(uuid.New(), event), event)
	if err != nil || somebody.Replayed != nil {
		t.Errorf("somebody else with the key: got %+v, %v", somebody, err)
	}
}

func TestARefusalIsDecidedAnewWhenItIsRepeated(t *testing.T) {
	t.Parallel()
	b := setup(t).project()
	event, customer := b.schedule(1), uuid.New()
	held, err := b.Book(t.Context(), by(uuid.New()), booking.Book{EventID: event})
	dbtest.Must(t, err)
	request := once(customer, event)
	if _, err := b.Book(t.Context(), request, booking.Book{EventID: event}); !errors.Is(err, domain.ErrSoldOut) {
		t.Fatalf("got %v, want %v", err, domain.ErrSoldOut)
	}
	_, err = b.CancelBooking(t.Context(), by(held.Booking.UserID), held.Booking.ID)
	dbtest.Must(t, err)
	booked, err := b.Book(t.Context(), request, booking.Book{EventID: event})
	if err != nil || booked.Replayed != nil {
		t.Errorf("got %+v, %v", booked, err)
	}
}

func TestASecondRequestWithAKeyThatIsInFlightIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event, customer, service := b.schedule(3), uuid.New(), b.unread()
	answering, goOn, first := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	request := once(customer, event)
	request.Once.Answer = func(booking.Result) ([]byte, error) {
		close(answering)
		<-goOn
		return []byte("first"), nil
	}
	go func() {
		_, err := service.Book(context.Background(), request, booking.Book{EventID: event})
		first <- err
	}()
	<-answering
	_, err := service.Book(t.Context(), once(customer, event), booking.Book{EventID: event})
	if !errors.Is(err, eventstore.ErrKeyInFlight) {
		t.Errorf("got %v, want %v", err, eventstore.ErrKeyInFlight)
	}
	close(goOn)
	dbtest.Must(t, <-first)
	again, err := service.Book(t.Context(), once(customer, event), booking.Book{EventID: event})
	if err != nil || string(again.Replayed) != "first" {
		t.Errorf("got %q, %v", again.Replayed, err)
	}
}

func TestReadModelsAreWaitedForButNotForLong(t *testing.T) {
	t.Parallel()
	var asked int64
	var until time.Time
	service := &booking.Service{Progress: progress{7, func(ctx context.Context, position int64) int64 {
		asked = position
		until, _ = ctx.Deadline()
		return 8
	}}}
	if got := service.WaitFor(t.Context(), 7); got != 7 || asked != 0 {
		t.Errorf("got %d after waiting for %d: position 7 was reached already", got, asked)
	}
	before := time.Now()
	if got := service.WaitFor(t.Context(), 9); got != 8 || asked != 9 {
		t.Errorf("got %d after waiting for %d, want 8 and 9", got, asked)
	}
	least, most := before.Add(booking.MaxWait), time.Now().Add(booking.MaxWait)
	if until.Before(least) || until.After(most) {
		t.Errorf("waited until %v, want a time between %v and %v", until, least, most)
	}
}

// failing is an executor that answers every command with the same error.
type failing struct{ err error }

func (f failing) Execute(
	context.Context, eventstore.Command[domain.State, domain.Record],
) (eventstore.Result[domain.State], error) {
	return eventstore.Result[domain.State]{}, f.err
}

func TestErrorsOfTheExecutorAreReturnedAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, want := range []error{
		eventstore.ErrBusy, eventstore.ErrClosed, eventstore.ErrUnavailable, eventstore.ErrOutcomeUnknown,
		&eventstore.ConflictError{Expected: 1, Actual: 2},
	} {
		service := &booking.Service{Executor: failing{want}, Now: time.Now}
		_, errBook := service.Book(t.Context(), by(uuid.New()), booking.Book{EventID: uuid.New()})
		_, errSchedule := service.Schedule(t.Context(), by(uuid.New()), concert(1))
		_, errChange := service.Change(t.Context(), by(uuid.New()), booking.Change{})
		_, errCancel := service.CancelEvent(t.Context(), by(uuid.New()), uuid.New(), 0)
		for _, got := range []error{errBook, errSchedule, errChange, errCancel} {
			if got != want { //nolint:errorlint // the very same
				t.Errorf("got %v, want %v", got, want)
			}
		}
	}
}
