package booking

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/projections"
)

// Hold sets tickets aside for the actor, or renews the actor's hold. No lines are one ticket of the
// first type.
type Hold struct {
	EventID    uuid.UUID
	Lines      domain.Lines
	WorkProved bool // see [domain.HoldTickets]
}

// Hold sets tickets aside until [Service.HoldTime] has passed.
func (s *Service) Hold(ctx context.Context, r Request, c Hold) (Result, error) {
	now := s.Now()
	hold := domain.HoldTickets{
		HoldID: uuid.Must(uuid.NewV7()), CustomerID: r.Actor, Lines: c.Lines, Until: now.Add(s.holdTime()), Now: now,
		WorkProved: c.WorkProved, OfferTime: s.HoldTime,
	}
	cmd := command{StreamID: c.EventID, Decide: decider(hold), Immediate: true}
	return s.execute(ctx, r, "hold", cmd, func(o outcome) Result {
		held, _ := o.State.HoldOf(r.Actor)
		return Result{Event: eventOf(c.EventID, o), Hold: holdOf(c.EventID, o.Version, held), Position: o.Position}
	})
}

func (s *Service) holdTime() time.Duration {
	if s.HoldTime > 0 {
		return s.HoldTime
	}
	return domain.DefaultHoldTime
}

func holdOf(eventID uuid.UUID, version int, h domain.Hold) projections.Hold {
	return projections.Hold{
		ID: h.ID, EventID: eventID, UserID: h.CustomerID, Status: projections.HoldHeld, Offered: h.Offered,
		Currency: h.Currency, Lines: h.Lines, ExpiresAt: h.ExpiresAt, Version: version,
	}
}

// findOwnHold finds a hold of the actor.
func (s *Service) findOwnHold(ctx context.Context, r Request, id uuid.UUID) (*projections.Hold, error) {
	found, err := s.FindHold(ctx, id)
	if err != nil {
		return nil, err
	}
	if found.UserID != r.Actor {
		return nil, domain.ErrHoldNotFound
	}
	return found, nil
}

// Release returns the tickets of a hold of the actor, and declines an offer. Releasing it again
// changes nothing.
func (s *Service) Release(ctx context.Context, r Request, holdID uuid.UUID) (Result, error) {
	hold, err := s.findOwnHold(ctx, r, holdID)
	if err != nil {
		return Result{}, err
	}
	release := domain.ReleaseHold{HoldID: holdID, CustomerID: r.Actor, Now: s.Now(), OfferTime: s.HoldTime}
	cmd := command{StreamID: hold.EventID, Decide: decider(release), Immediate: true}
	result, err := s.execute(ctx, r, "release", cmd, eventResult(hold.EventID))
	if err != nil {
		return Result{}, err
	}
	// Something was paid only if a confirmation was interrupted.
	return result, s.refund(context.WithoutCancel(ctx), paymentOf(hold))
}

// Confirm pays for a hold of the actor and makes it a booking with the id of the hold. Confirming
// again changes nothing and is paid once. If the hold expires before it is paid, the payment is
// refunded, and the error is [domain.ErrHoldLapsed]. Other errors are [ErrPaymentFailed] and
// [ErrPaymentUnknown].
//
// The payment is made outside of the transaction, so that no other command waits for it. It carries
// the id of the hold: if the program ends between payment and booking, the repeated request books
// without paying twice or, if the hold has expired, refunds the payment.
func (s *Service) Confirm(ctx context.Context, r Request, holdID uuid.UUID) (Result, error) {
	for again := false; ; again = true {
		hold, err := s.findOwnHold(ctx, r, holdID)
		if err != nil {
			return Result{}, err
		}
		// It goes on when the client disconnects, so that no payment is left without a booking.
		result, err := s.confirm(context.WithoutCancel(ctx), r, hold)
		if !errors.Is(err, domain.ErrHoldChanged) || again {
			return result, err
		}
		if err := s.caughtUp(ctx); err != nil { // with the change
			return Result{}, err
		}
	}
}

func (s *Service) confirm(ctx context.Context, r Request, hold *projections.Hold) (Result, error) {
	payment := paymentOf(hold)
	switch {
	case hold.Status == projections.HoldConfirmed:
	case hold.Status != projections.HoldHeld || !hold.ExpiresAt.After(s.Now()):
		return s.giveUp(ctx, r, hold, domain.ErrHoldLapsed)
	default:
		if err := s.pay(ctx, payment); err != nil {
			return Result{}, err
		}
	}
	result, err := s.book(ctx, r, hold, payment.Amount)
	var refused domain.Refusal
	switch {
	case errors.Is(err, domain.ErrHoldChanged):
		return Result{}, errors.Join(err, s.refund(ctx, payment))
	case errors.As(err, &refused):
		return s.giveUp(ctx, r, hold, refused)
	}
	return result, err
}

// book makes a booking of a hold that costs as much as was paid.
func (s *Service) book(
	ctx context.Context, r Request, hold *projections.Hold, paid domain.Money,
) (Result, error) {
	decide := decider(domain.ConfirmHold{HoldID: hold.ID, CustomerID: r.Actor, Now: s.Now()})
	cmd := command{StreamID: hold.EventID, Immediate: true, Decide: func(state domain.State) ([]domain.Record, error) {
		h, has := state.HoldOf(r.Actor)
		if current := holdOf(hold.EventID, 0, h); has && h.ID == hold.ID && paymentOf(&current).Amount != paid {
			return nil, domain.ErrHoldChanged
		}
		return decide(state)
	}}
	return s.executeBooking(ctx, r, "confirm", cmd, hold.ID)
}

// giveUp ends a hold that can't be confirmed, so that no other request confirms it meanwhile, and
// refunds its payment. It returns why, unless another request has confirmed the hold first.
func (s *Service) giveUp(ctx context.Context, r Request, hold *projections.Hold, why domain.Refusal) (Result, error) {
	now := s.Now()
	cmd := command{StreamID: hold.EventID, Immediate: true, Decide: func(state domain.State) ([]domain.Record, error) {
		h, has := state.HoldOf(r.Actor)
		if !has || h.ID != hold.ID {
			return nil, nil
		}
		if !h.ExpiresAt.After(now) {
			return domain.Decide(domain.LapseHolds{CustomerID: r.Actor, Now: now, OfferTime: s.HoldTime}, state)
		}
		return domain.Decide(domain.ReleaseHold{
			HoldID: hold.ID, CustomerID: r.Actor, Now: now, OfferTime: s.HoldTime,
		}, state)
	}}
	isBooked := false
	once := r
	once.Once = nil // a refusal leaves no key
	_, err := s.execute(ctx, once, "give up", cmd, func(o outcome) Result {
		_, isBooked = o.State.Booking(hold.ID)
		return Result{}
	})
	switch {
	case err != nil:
		return Result{}, err
	case isBooked:
		return s.book(ctx, r, hold, domain.Money{})
	}
	if err := s.refund(ctx, paymentOf(hold)); err != nil {
		return Result{}, err
	}
	if why == domain.ErrHoldNotFound && hold.Status == projections.HoldHeld { // it was there
		why = domain.ErrHoldLapsed
	}
	if hold.Status == projections.HoldReleased {
		why = domain.ErrHoldNotFound
	}
	return Result{}, why
}
