package booking_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections"
)

// selling is a service with payments, and an event with floor (1, 42.00) and balcony (2, 20.00, of which
// there are two).
func selling(t *testing.T, capacity int) (*bundle, *fakePayments, uuid.UUID) {
	t.Helper()
	b, p := setup(t).project(), newFakePayments()
	b.Payments = p
	c := concert(capacity)
	c.Details.MaxPerCustomer = 4
	c.Details.TicketTypes = []domain.TicketType{
		{ID: 1, Name: "Floor", Price: 42_00}, {ID: 2, Name: "Balcony", Price: 20_00, Capacity: 2},
	}
	result, err := b.Schedule(t.Context(), by(uuid.New()), c)
	dbtest.Must(t, err)
	return b, p, result.Event.ID
}

func wantRefusal(t *testing.T, err error, want domain.Refusal) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// remaining is what the read model has: of the event and of its types.
func (b *bundle) remaining(event uuid.UUID) (all int, byType []int) {
	b.db.Helper()
	b.WaitFor(b.db.Context(), b.head())
	e, err := b.events.Get(b.db.Context(), event)
	dbtest.Must(b.db, err)
	for _, t := range e.Types() {
		byType = append(byType, t.Remaining)
	}
	return e.Remaining, byType
}

func (b *bundle) wantRemaining(event uuid.UUID, all int, byType ...int) {
	b.db.Helper()
	if got, gotTypes := b.remaining(event); got != all || fmt.Sprint(gotTypes) != fmt.Sprint(byType) {
		b.db.Errorf("%d remain, of the types %v; want %d, %v", got, gotTypes, all, byType)
	}
}

func TestAHoldIsPaidOnceAndBecomesOneBooking(t *testing.T) {
	t.Parallel()
	b, p, event := selling(t, 5)
	ann := uuid.New()
	lines := domain.Lines{{Type: 1, Quantity: 1}, {Type: 2, Quantity: 2}}
	held, err := b.Hold(t.Context(), by(ann), booking.Hold{EventID: event, Lines: lines})
	dbtest.Must(t, err)
	if h := held.Hold; h.Status != projections.HoldHeld || h.EventID != event || h.UserID != ann || len(h.Lines) != 2 ||
		h.Currency != "EUR" || held.Event.Remaining != 2 || time.Until(h.ExpiresAt) < 9*time.Minute {
		t.Errorf("got %+v", held)
	}
	b.wantRemaining(event, 2, 2, 0)
	for range 3 {
		confirmed, err := b.Confirm(t.Context(), by(ann), held.Hold.ID)
		dbtest.Must(t, err)
		c := confirmed.Booking
		if c.ID != held.Hold.ID || c.Status != projections.BookingConfirmed || c.UserID != ann || c.CreatedAt.IsZero() ||
			fmt.Sprint(c.Lines) != fmt.Sprint(held.Hold.Lines) || c.Currency != "EUR" {
			t.Errorf("got %+v", c)
		}
	}
	if p.takes != 1 || p.total() != 82_00 {
		t.Errorf("%d payments, %d in all", p.takes, p.total())
	}
	b.wantRemaining(event, 2, 2, 0)
	_, err = b.Release(t.Context(), by(ann), held.Hold.ID)
	wantRefusal(t, err, domain.ErrHoldConfirmed)
	_, err = b.Confirm(t.Context(), by(uuid.New()), held.Hold.ID)
	wantRefusal(t, err, domain.ErrHoldNotFound)

	cancelled, err := b.CancelBooking(t.Context(), by(ann), held.Hold.ID)
	dbtest.Must(t, err)
	if cancelled.Event.Remaining != 5 {
		t.Errorf("got %+v", cancelled.Event)
	}
	b.wantRemaining(event, 5, 5, 2)
}

func TestAHoldThatLapsesWhileItIsPaidIsRefunded(t *testing.T) {
	t.Parallel()
	b, p, event := selling(t, 1)
	ann := uuid.New()
	held, err := b.Hold(t.Context(), by(ann), booking.Hold{EventID: event})
	dbtest.Must(t, err)
	now := time.Now()
	late := b.at(now)
	late.Now = func() time.Time { return now }
	p.before = func() error { now = held.Hold.ExpiresAt; return nil }
	_, err = late.Confirm(t.Context(), by(ann), held.Hold.ID)
	wantRefusal(t, err, domain.ErrHoldLapsed)
	if p.takes != 1 || p.total() != 0 {
		t.Errorf("%d payments, %d in all", p.takes, p.total())
	}
	b.wantRemaining(event, 1, 1, 1)
	_, err = late.Confirm(t.Context(), by(ann), held.Hold.ID)
	wantRefusal(t, err, domain.ErrHoldLapsed)
	if p.takes != 1 {
		t.Error("what has lapsed was paid again")
	}
}

// A command that was late to be decided must not book what another request has found lapsed, and has
// given the money back for.
func TestARefundEndsTheHold(t *testing.T) {
	t.Parallel()
	b, p, event := selling(t, 1)
	ann := uuid.New()
	held, err := b.Hold(t.Context(), by(ann), booking.Hold{EventID: event})
	dbtest.Must(t, err)
	p.before = func() error { // between payment and booking, another process, whose clock is ahead
		_, err := b.at(held.Hold.ExpiresAt).Confirm(t.Context(), by(ann), held.Hold.ID)
		wantRefusal(t, err, domain.ErrHoldLapsed)
		return nil
	}
	_, err = b.Confirm(t.Context(), by(ann), held.Hold.ID)
	wantRefusal(t, err, domain.ErrHoldLapsed)
	if p.total() != 0 {
		t.Errorf("%d are paid for nothing", p.total())
	}
	b.wantRemaining(event, 1, 1, 1)
}

func TestARefusedPaymentLeavesTheHold(t *testing.T) {
	t.Parallel()
	b, p, event := selling(t, 1)
	ann := uuid.New()
	held, err := b.Hold(t.Context(), by(ann), booking.Hold{EventID: event})
	dbtest.Must(t, err)
	for _, c := range []struct{ paying, want error }{
		{booking.ErrPaymentFailed, booking.ErrPaymentFailed},
		{context.DeadlineExceeded, booking.ErrPaymentUnknown},
	} {
		p.before = func() error { return c.paying }
		if _, err := b.Confirm(t.Context(), by(ann), held.Hold.ID); !errors.Is(err, c.want) {
			t.Errorf("got %v, want %v", err, c.want)
		}
		b.wantRemaining(event, 0, 0, 0)
	}
	p.before = nil
	_, err = b.Confirm(t.Context(), by(ann), held.Hold.ID)
	dbtest.Must(t, err)
	if p.takes != 1 || p.total() != 42_00 {
		t.Errorf("%d payments, %d in all", p.takes, p.total())
	}
}

func TestAPaymentWithoutABookingIsRepaired(t *testing.T) {
	t.Parallel()
	b, p, event := selling(t, 3)
	crashing := *b.Service
	crashing.Executor = failing{eventstore.ErrUnavailable}
	hold := func() (uuid.UUID, projections.Hold) {
		customer := uuid.New()
		held, err := b.Hold(t.Context(), by(customer), booking.Hold{EventID: event})
		dbtest.Must(t, err)
		if _, err := crashing.Confirm(t.Context(), by(customer), held.Hold.ID); !errors.Is(err, eventstore.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		return customer, held.Hold
	}
	ann, annsHold := hold()
	bob, bobsHold := hold()
	eve, evesHold := hold()
	if p.takes != 3 || p.total() != 3*42_00 {
		t.Fatalf("%d payments, %d in all", p.takes, p.total())
	}
	_, err := b.Confirm(t.Context(), by(ann), annsHold.ID) // in time: it is booked, and paid once
	dbtest.Must(t, err)
	_, err = b.at(bobsHold.ExpiresAt).Confirm(t.Context(), by(bob), bobsHold.ID) // too late: it is refunded
	wantRefusal(t, err, domain.ErrHoldLapsed)
	p.refundErr = errors.New("planted")
	if _, err = b.Release(t.Context(), by(eve), evesHold.ID); !errors.Is(err, booking.ErrPaymentUnknown) {
		t.Errorf("got %v", err)
	}
	p.refundErr = nil
	_, err = b.Release(t.Context(), by(eve), evesHold.ID) // not wanted any more: it is refunded
	dbtest.Must(t, err)
	if p.takes != 3 || p.total() != 42_00 {
		t.Errorf("%d payments, %d in all", p.takes, p.total())
	}
	b.wantRemaining(event, 2, 2, 2)
}

func TestAHoldThatHasChangedIsNotBookedForWhatWasPaidBefore(t *testing.T) {
	t.Parallel()
	b, p, event := selling(t, 5)
	ann := uuid.New()
	held, err := b.Hold(t.Context(), by(ann), booking.Hold{EventID: event})
	dbtest.Must(t, err)
	changes := 0
	p.before = func() error { // in another window
		if changes++; changes > 1 {
			return nil
		}
		_, err := b.Hold(t.Context(), by(ann), booking.Hold{EventID: event, Lines: domain.Lines{{Type: 1, Quantity: 3}}})
		return err
	}
	confirmed, err := b.Confirm(t.Context(), by(ann), held.Hold.ID)
	dbtest.Must(t, err)
	if got := confirmed.Booking.Lines.Quantity(); got != 3 || p.total() != 3*42_00 {
		t.Errorf("%d tickets for %d", got, p.total())
	}
}

func TestAHoldThatWasJustRenewedHasNotLapsedWhateverTheLag(t *testing.T) {
	t.Parallel()
	b := setup(t).project()
	event, ann, now := b.schedule(1), uuid.New(), time.Now()
	held, err := b.at(now).Hold(t.Context(), by(ann), booking.Hold{EventID: event})
	dbtest.Must(t, err)
	b.WaitFor(t.Context(), b.head())
	blocker, err := b.db.Pool.Begin(t.Context())
	dbtest.Must(t, err)
	defer blocker.Rollback(context.Background()) //nolint:errcheck // it was ended long ago
	_, err = blocker.Exec(t.Context(), `lock table holds in exclusive mode`)
	dbtest.Must(t, err)
	following := b.Progress
	b.Progress = answering{progress{0, func(ctx context.Context, position int64) int64 {
		_ = blocker.Rollback(ctx)
		return following.Wait(ctx, position)
	}}, b.head() + 1}
	renewed, err := b.at(held.Hold.ExpiresAt.Add(-time.Second)).Hold(t.Context(), by(ann), booking.Hold{EventID: event})
	dbtest.Must(t, err)
	if renewed.Hold.ID != held.Hold.ID || !renewed.Hold.ExpiresAt.After(held.Hold.ExpiresAt) {
		t.Fatalf("got %+v", renewed.Hold)
	}
	_, err = b.at(held.Hold.ExpiresAt.Add(time.Second)).Confirm(t.Context(), by(ann), held.Hold.ID)
	dbtest.Must(t, err)
}

// answering has answered a position early, and answers all others so.
type answering struct {
	progress
	answered int64
}

func (a answering) AnswerEarly(int64) bool { return true }

func (a answering) Answered(context.Context) int64 { return a.answered }

func TestAHoldThatWasJustMadeCanBeConfirmedWhateverTheLag(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event, ann := b.schedule(1), uuid.New()
	held, err := b.unread().Hold(t.Context(), by(ann), booking.Hold{EventID: event})
	dbtest.Must(t, err)
	slow := *b.Service
	slow.Progress = stalled
	if _, err := slow.Confirm(t.Context(), by(ann), held.Hold.ID); !errors.Is(err, booking.ErrCatchingUp) {
		t.Errorf("got %v", err)
	}
	b.project()
	if !waittest.Until(time.Minute, func() bool { // while it catches up, nobody is told that there is no such hold
		_, err = b.Confirm(t.Context(), by(ann), held.Hold.ID)
		return !errors.Is(err, booking.ErrCatchingUp)
	}) || err != nil {
		t.Errorf("got %v", err)
	}
}

// 50 customers want 10 tickets.
func TestHoldsOfAStormAreExactlyTheTickets(t *testing.T) {
	t.Parallel()
	b := setup(t).project()
	p := newFakePayments()
	b.Payments = p
	event := b.schedule(10)
	var (
		all               sync.WaitGroup
		mu                sync.Mutex
		booked, soldOut   int
		gate              = make(chan struct{})
		confirmedBookings = map[uuid.UUID]bool{}
	)
	for range 50 {
		all.Go(func() {
			<-gate
			customer := by(uuid.New())
			held, err := b.Hold(t.Context(), customer, booking.Hold{EventID: event})
			if err == nil {
				_, err = b.Confirm(t.Context(), customer, held.Hold.ID)
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				booked++
				confirmedBookings[held.Hold.ID] = true
			case errors.Is(err, domain.ErrSoldOut):
				soldOut++
			default:
				t.Error(err)
			}
		})
	}
	close(gate)
	all.Wait()
	if booked != 10 || soldOut != 40 || len(confirmedBookings) != 10 || p.total() != 10*42_00 {
		t.Errorf("%d booked (%d ids), %d were told that it is sold out, %d paid",
			booked, len(confirmedBookings), soldOut, p.total())
	}
	b.wantRemaining(event, 0, 0)
}

func TestTheWaitingListGetsWhatBecomesFree(t *testing.T) {
	t.Parallel()
	b, p, event := selling(t, 1)
	ann, bob, eve := uuid.New(), uuid.New(), uuid.New()
	booked, err := b.Book(t.Context(), by(ann), booking.Book{EventID: event})
	dbtest.Must(t, err)
	_, err = b.Book(t.Context(), by(bob), booking.Book{EventID: event})
	var refused *booking.RefusedError
	if wantRefusal(t, err, domain.ErrSoldOut); errors.As(err, &refused) {
		t.Errorf("nobody waits: %+v", refused)
	}
	for place, customer := range []uuid.UUID{bob, eve} {
		for range 2 { // the second time it is there already
			joined, err := b.JoinWaitlist(t.Context(), by(customer), booking.Join{EventID: event})
			dbtest.Must(t, err)
			if e := joined.Entry; e.Place != place+1 || e.Status != projections.EntryWaiting || e.JoinedAt.IsZero() ||
				e.UserID != customer || e.EventID != event || e.Lines.Quantity() != 1 {
				t.Errorf("got %+v", e)
			}
		}
	}
	_, err = b.Book(t.Context(), by(uuid.New()), booking.Book{EventID: event})
	if wantRefusal(t, err, domain.ErrSoldOut); !errors.As(err, &refused) || !refused.Waitlist {
		t.Errorf("some wait: %v", err)
	}

	cancelled, err := b.CancelBooking(t.Context(), by(ann), booked.Booking.ID)
	dbtest.Must(t, err)
	if cancelled.Event.Remaining != 0 || cancelled.Booking.Version != booked.Booking.Version+3 {
		t.Errorf("the ticket was not offered at once: %+v", cancelled)
	}
	_, err = b.Book(t.Context(), by(ann), booking.Book{EventID: event})
	wantRefusal(t, err, domain.ErrSoldOut)
	b.WaitForAnswered(t.Context())
	offers, err := b.Holds.OfUser(t.Context(), bob, time.Now())
	dbtest.Must(t, err)
	if len(offers) != 1 || !offers[0].Offered {
		t.Fatalf("got %+v", offers)
	}
	_, err = b.Release(t.Context(), by(bob), offers[0].ID) // he declines
	dbtest.Must(t, err)
	b.WaitForAnswered(t.Context())
	offers, err = b.Holds.OfUser(t.Context(), eve, time.Now())
	dbtest.Must(t, err)
	if len(offers) != 1 {
		t.Fatal("the declined ticket was not offered to the next")
	}
	confirmed, err := b.Confirm(t.Context(), by(eve), offers[0].ID)
	dbtest.Must(t, err)
	if confirmed.Booking.ID != offers[0].ID || p.total() != 42_00 {
		t.Errorf("got %+v, %d paid", confirmed.Booking, p.total())
	}
	b.wantRemaining(event, 0, 0, 0)

	_, err = b.JoinWaitlist(t.Context(), by(bob), booking.Join{EventID: event})
	dbtest.Must(t, err)
	for range 2 {
		_, err = b.LeaveWaitlist(t.Context(), by(bob), event)
		dbtest.Must(t, err)
	}
	b.WaitForAnswered(t.Context())
	entries, err := b.Waitlist.OfUser(t.Context(), bob, time.Now())
	if dbtest.Must(t, err); len(entries) != 0 {
		t.Errorf("got %+v", entries)
	}
}

func TestTheTimeOfHoldsAndOffersIsThatOfTheService(t *testing.T) {
	t.Parallel()
	b, _, event := selling(t, 1)
	b.HoldTime = time.Minute
	ann, bob := uuid.New(), uuid.New()
	want := func(what string, expires time.Time) {
		t.Helper()
		if left := time.Until(expires); left < 50*time.Second || left > time.Minute {
			t.Errorf("%s ends in %v", what, left)
		}
	}
	held, err := b.Hold(t.Context(), by(ann), booking.Hold{EventID: event})
	dbtest.Must(t, err)
	want("the hold", held.Hold.ExpiresAt)
	_, err = b.JoinWaitlist(t.Context(), by(bob), booking.Join{EventID: event})
	dbtest.Must(t, err)
	_, err = b.Release(t.Context(), by(ann), held.Hold.ID)
	dbtest.Must(t, err)
	b.WaitForAnswered(t.Context())
	offers, err := b.Holds.OfUser(t.Context(), bob, time.Now())
	if dbtest.Must(t, err); len(offers) != 1 {
		t.Fatal("there is no offer")
	}
	want("the offer", offers[0].ExpiresAt)
}

func TestWhatIsNotOnSaleSaysWhenItWillBe(t *testing.T) {
	t.Parallel()
	b := setup(t).project()
	c := concert(3)
	c.Details.SaleOpensAt = time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	scheduled, err := b.Schedule(t.Context(), by(uuid.New()), c)
	dbtest.Must(t, err)
	_, err = b.Hold(t.Context(), by(uuid.New()), booking.Hold{EventID: scheduled.Event.ID})
	var refused *booking.RefusedError
	if wantRefusal(t, err, domain.ErrSaleNotOpen); !errors.As(err, &refused) ||
		!refused.SaleOpensAt.Equal(c.Details.SaleOpensAt) {
		t.Errorf("got %+v", refused)
	}
}

func TestWhoIsDeletedKeepsNothing(t *testing.T) {
	t.Parallel()
	b, _, event := selling(t, 2)
	full, ann, bob := b.schedule(1), uuid.New(), uuid.New()
	_, err := b.Book(t.Context(), by(bob), booking.Book{EventID: full})
	dbtest.Must(t, err)
	// What lands after the account is gone: a booking, a hold and a place on a waiting list.
	other := b.schedule(1)
	_, err = b.Book(t.Context(), by(ann), booking.Book{EventID: other})
	dbtest.Must(t, err)
	_, err = b.Hold(t.Context(), by(ann), booking.Hold{EventID: event, Lines: domain.Lines{{Type: 1, Quantity: 2}}})
	dbtest.Must(t, err)
	_, err = b.JoinWaitlist(t.Context(), by(ann), booking.Join{EventID: full})
	dbtest.Must(t, err)
	still := func() []uuid.UUID {
		t.Helper()
		b.WaitFor(t.Context(), b.head())
		users, err := b.Bookings.StillHave(t.Context(), []uuid.UUID{ann}, time.Now())
		dbtest.Must(t, err)
		return users
	}
	if got := still(); len(got) != 1 || got[0] != ann {
		t.Fatalf("got %v", got)
	}
	dbtest.Must(t, b.CancelErased(t.Context(), nil))
	dbtest.Must(t, b.CancelErased(t.Context(), []uuid.UUID{uuid.New()}))
	if len(still()) != 1 {
		t.Error("what others have was given back")
	}
	dbtest.Must(t, b.CancelErased(t.Context(), []uuid.UUID{ann}))
	if len(still()) != 0 {
		t.Error("something is left")
	}
	b.wantRemaining(event, 2, 2, 2)
	b.wantRemaining(other, 1, 1)
	b.wantRemaining(full, 0, 0)
}
