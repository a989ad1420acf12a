package booking

import (
	"errors"
	"time"

	"github.com/boxoffice/boxoffice/domain"
)

// RefusedError is a refusal of the domain with what else a client can use.
type RefusedError struct {
	domain.Refusal
	Waitlist    bool      // others wait for tickets
	SaleOpensAt time.Time // zero: it is not about that
}

// Unwrap is the refusal.
func (e *RefusedError) Unwrap() error { return e.Refusal }

// explain adds to a refusal what the state says about it.
func explain(err error, s domain.State) error {
	var refused domain.Refusal
	if !errors.As(err, &refused) {
		return err
	}
	told := &RefusedError{Refusal: refused}
	switch refused {
	case domain.ErrSoldOut:
		told.Waitlist = s.Waiting() > 0
	case domain.ErrSaleNotOpen:
		told.SaleOpensAt = s.Details().SaleOpensAt
	default:
	}
	if *told == (RefusedError{Refusal: refused}) {
		return err
	}
	return told
}
