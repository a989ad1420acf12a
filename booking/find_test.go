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
	"github.com/boxoffice/boxoffice/projections"
)

func TestAHoldThatTheReadModelLacksIsWaitedForAndNeverCalledMissing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event, hold, now := b.schedule(3), uuid.New(), time.Now()
	_, err := b.Executor.Execute(t.Context(), eventstore.Command[domain.State, domain.Record]{
		StreamID: event, Immediate: true,
		Decide: func(s domain.State) ([]domain.Record, error) {
			c := domain.HoldTickets{HoldID: hold, CustomerID: uuid.New(), Now: now, Until: now.Add(time.Minute)}
			return domain.Decide(c, s)
		},
	})
	dbtest.Must(t, err)
	find := func(p booking.Progress, id uuid.UUID) (*projections.Hold, error) {
		s := *b.Service
		s.Progress = p
		return s.FindHold(t.Context(), id)
	}
	if _, err := find(stalled, hold); !errors.Is(err, booking.ErrCatchingUp) {
		t.Errorf("got %v, want %v", err, booking.ErrCatchingUp)
	}
	waited := int64(0)
	catchingUp := progress{0, func(ctx context.Context, position int64) int64 {
		if waited == 0 {
			waited = position
			b.project()
		}
		return b.Progress.Wait(ctx, position)
	}}
	found, err := find(catchingUp, hold)
	if head := b.head(); err != nil || found.EventID != event || waited != head {
		t.Errorf("got %+v, %v after position %d, want %s after %d", found, err, waited, event, head)
	}
	if _, err := find(b.Progress, uuid.New()); !errors.Is(err, domain.ErrHoldNotFound) {
		t.Errorf("got %v, want %v", err, domain.ErrHoldNotFound)
	}
}
