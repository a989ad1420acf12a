package booking_test

import (
	"context"
	"sync"

	"github.com/boxoffice/boxoffice/booking"
)

// fakePayments is a payment service: it remembers what is paid, and pays nothing twice.
type fakePayments struct {
	mu        sync.Mutex
	paid      map[booking.Payment]int // how often each was taken, minus how often it was given back
	takes     int
	before    func() error // called before a payment is made
	refundErr error        // answers refunds
}

func newFakePayments() *fakePayments { return &fakePayments{paid: map[booking.Payment]int{}} }

func (p *fakePayments) Pay(_ context.Context, payment booking.Payment) error {
	if p.before != nil {
		if err := p.before(); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paid[payment] == 0 {
		p.paid[payment]++
		p.takes++
	}
	return nil
}

func (p *fakePayments) Refund(_ context.Context, payment booking.Payment) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refundErr != nil {
		return p.refundErr
	}
	p.paid[payment] = 0
	return nil
}

// total is what is paid and not given back.
func (p *fakePayments) total() (minor int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for payment, n := range p.paid {
		minor += int64(n) * payment.Amount.Minor
	}
	return minor
}
