package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/boxoffice/boxoffice/eventstore"
)

func TestADatabaseThatIsNotThereYetIsTriedAgain(t *testing.T) {
	t.Parallel()
	away := fmt.Errorf("seed: %w", eventstore.ErrUnavailable)
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		failures []error // of the first calls
		forever  error   // of the others
		want     error
		calls    int
	}{
		"it is there":             {nil, nil, nil, 1},
		"it comes":                {[]error{away, eventstore.ErrOutcomeUnknown, away}, nil, nil, 4},
		"it does not come":        {nil, away, eventstore.ErrUnavailable, 11},
		"another error stays one": {[]error{broken}, nil, broken, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				err := whileUnavailable(t.Context(), 10*time.Second, func() error {
					if calls++; calls <= len(c.failures) {
						return c.failures[calls-1]
					}
					return c.forever
				})
				if !errors.Is(err, c.want) || calls != c.calls {
					t.Errorf("got %v after %d calls, want %v after %d", err, calls, c.want, c.calls)
				}
			})
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := whileUnavailable(ctx, time.Hour, func() error { return away }); !errors.Is(err, away) {
		t.Errorf("when the program stops: %v", err)
	}
}
