package booking

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/projections"
)

// Payments takes money for holds, and refunds it. Both are idempotent by the id and the amount of the
// payment.
type Payments interface {
	// Pay returns when the payment is made. It returns [ErrPaymentFailed] when it is refused for good;
	// after any other error nobody knows whether it was made.
	Pay(ctx context.Context, p Payment) error
	// Refund refunds a payment, also one that is still being made. If nothing was paid, it does nothing
	// and returns nil.
	Refund(ctx context.Context, p Payment) error
}

// Payment is what a customer pays for a hold.
type Payment struct {
	ID         uuid.UUID // that of the hold, and of the booking that it becomes
	CustomerID uuid.UUID
	EventID    uuid.UUID
	Amount     domain.Money
}

var (
	// ErrPaymentFailed means that a payment was refused. The hold stays until its time is over.
	ErrPaymentFailed = errors.New("the payment was refused")
	// ErrPaymentUnknown means that it is not known whether a payment was made. The same request can
	// be made again: nothing is paid twice.
	ErrPaymentUnknown = errors.New("it is not known whether the payment was made")
)

// paymentTimeout bounds a payment, and a refund. They go on when the client disconnects, so that their
// outcome is known.
const paymentTimeout = 30 * time.Second

// pay takes the price of a hold, if it has one.
func (s *Service) pay(ctx context.Context, p Payment) error {
	if s.Payments == nil || p.Amount.Minor == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, paymentTimeout)
	defer cancel()
	err := s.Payments.Pay(ctx, p)
	if err == nil || errors.Is(err, ErrPaymentFailed) {
		return err
	}
	return errors.Join(ErrPaymentUnknown, err)
}

// refund refunds the payment for a hold that is over.
func (s *Service) refund(ctx context.Context, p Payment) error {
	if s.Payments == nil || p.Amount.Minor == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, paymentTimeout)
	defer cancel()
	if err := s.Payments.Refund(ctx, p); err != nil {
		return errors.Join(ErrPaymentUnknown, err)
	}
	return nil
}

// paymentOf is the payment for a hold.
func paymentOf(h *projections.Hold) Payment {
	total := domain.Money{Currency: h.Currency}
	for _, l := range h.Lines {
		total.Minor += int64(l.Quantity) * l.Price
	}
	return Payment{ID: h.ID, CustomerID: h.UserID, EventID: h.EventID, Amount: total}
}
