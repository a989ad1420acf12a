package booking

import (
	"errors"
	"time"

	"github.com/boxoffice/boxoffice/domain"
)

// RefusedError is a refusal of the domain with details from the state.
type RefusedError struct {
	domain.Refusal
	Waitlist    bool      // others wait for tickets
	SaleOpensAt time.Time // of domain.ErrSaleNotOpen; else zero
}

// Unwrap returns the refusal.
func (e *RefusedError) Unwrap() error { return e.Refusal }

// explain adds details from the state to a refusal.
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
