// Package payment has what takes the money for tickets. There is one implementation, which only
// simulates it: [Simulated]. Another one implements [booking.Payments].
package payment

import (
	"context"
	"fmt"
	"time"

	"github.com/boxoffice/boxoffice/booking"
)

// Simulated pretends to take money. Nothing is kept: each payment stands for itself, and so does each
// refund.
type Simulated struct {
	Delay time.Duration // of each payment
	Fail  bool          // every payment is refused
}

// slowPayment is how long a payment takes with the mode slow, about as long as a bank that asks its customer.
const slowPayment = 5 * time.Second

// NewSimulated makes a simulation by the name of its mode: ok, slow or fail.
func NewSimulated(mode string) (*Simulated, error) {
	switch mode {
	case "ok":
		return &Simulated{}, nil
	case "slow":
		return &Simulated{Delay: slowPayment}, nil
	case "fail":
		return &Simulated{Fail: true}, nil
	}
	return nil, fmt.Errorf("payments can be simulated as ok, slow or fail, not as %q", mode)
}

// Pay implements [booking.Payments].
func (s *Simulated) Pay(ctx context.Context, _ booking.Payment) error {
	if s.Delay > 0 {
		timer := time.NewTimer(s.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if s.Fail {
		return booking.ErrPaymentFailed
	}
	return nil
}

// Refund implements [booking.Payments].
func (*Simulated) Refund(context.Context, booking.Payment) error { return nil }
