package eventstore_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/eventstore"
)

// The database is found down just as a batch is about to read, and its connection is in order:
// nothing was wrong with the commands.
func TestABatchThatIsGivenUpBeforeItReadsWasNotRejected(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]options{
		"with a delay": {Delay: 20 * time.Millisecond, Transactions: 1}, "without": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			stream := b.schedule(t, 10)
			via := newProxy(t, b.url)
			up, down := context.WithCancelCause(context.Background())
			defer down(nil)
			o.Health = func() context.Context { return up }
			p := startProcess(t, via.url, booking(), o)
			another := b.process(t, options{})
			// A conflict has the batch read once more, also where it has no delay.
			var conflicted atomic.Bool
			via.intercept(func(f *flight) verdict {
				if f.appends() && !conflicted.Swap(true) {
					mustBook(t, another, stream, uuid.New())
					down(eventstore.ErrUnavailable)
				}
				if f.begins() && o.Delay > 0 {
					down(eventstore.ErrUnavailable)
				}
				return pass
			})
			_, err := p.book(t.Context(), stream, uuid.New())
			if !errors.Is(err, eventstore.ErrUnavailable) || errors.As(err, new(*eventstore.CommandError)) {
				t.Errorf("got %v, want %v", err, eventstore.ErrUnavailable)
			}
		})
	}
}
