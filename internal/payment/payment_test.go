package payment_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/payment"
)

func TestASimulatedPaymentDoesWhatItsModeSays(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]struct {
		err     error
		atLeast time.Duration
	}{"ok": {}, "slow": {nil, time.Second}, "fail": {booking.ErrPaymentFailed, 0}} {
		synctest.Test(t, func(t *testing.T) {
			simulated, err := payment.NewSimulated(mode)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if err := simulated.Pay(t.Context(), booking.Payment{}); !errors.Is(err, want.err) {
				t.Errorf("%s: %v, want %v", mode, err, want.err)
			}
			if took := time.Since(began); took < want.atLeast {
				t.Errorf("%s took %v", mode, took)
			}
			if err := simulated.Refund(t.Context(), booking.Payment{}); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := payment.NewSimulated("generous"); err == nil {
		t.Error("an unknown mode is accepted")
	}
}

func TestASlowPaymentEndsWithItsTime(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	slow := payment.Simulated{Delay: time.Hour}
	if err := slow.Pay(ctx, booking.Payment{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
