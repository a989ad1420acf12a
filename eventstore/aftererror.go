package eventstore

import (
	"errors"
	"fmt"
)

// action is what a batch does after an error of an attempt to append.
type action string

const (
	useNewConnection     action = "new connection, lock the head row, look for the lost append, decide again"
	lockHead             action = "roll back, lock the head row, decide again"
	endStalledHolders    action = "end stalled holders and begin again; none: give up"
	giveUpUnavailable    action = "give up as unavailable"
	giveUpOutcomeUnknown action = "give up as outcome unknown"
)

// afterError decides what follows an error. locked: the transaction holds the head row's lock.
// lost: an append was sent before whose COMMIT was never answered. The table is in the package
// comment.
func afterError(err error, locked, lost bool) action {
	switch {
	case errors.Is(err, errConnectionLost):
		return useNewConnection
	case isConflict(err) && !locked:
		return lockHead
	case isLockTimeout(err):
		return endStalledHolders
	case lost:
		return giveUpOutcomeUnknown
	}
	return giveUpUnavailable // also a conflict with what was read under the lock, which only a foreign writer can cause
}

// giveUp is what callers are told.
func giveUp(err error, lost bool) error {
	if lost {
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
