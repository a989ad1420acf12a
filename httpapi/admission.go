package httpapi

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Admission control: only so many bookings are worked on at the same time, and the others wait for a place.
//
// When thousands book at once, Go's scheduler works on all of them in the order in which they came, and asks the network for more
// only when it has nothing else to do: a read would wait for everyone who books. So a booking needs one of few places, which leaves a
// thread of Go's scheduler free for all else. It asks for one when its token is checked and its body is here, and holds none while it
// waits for the transaction and the read models.

// Admission is a semaphore. Its places are handed on in the order in which they were asked for.
type Admission struct {
	places  chan struct{}
	waiting atomic.Int64
}

// NewAdmission bounds how many bookings are worked on at the same time.
func NewAdmission(bookings int) *Admission { return &Admission{places: make(chan struct{}, bookings)} }

// Waiting is how many bookings wait for a place.
func (a *Admission) Waiting() int { return int(a.waiting.Load()) }

// Held is how many places are held.
func (a *Admission) Held() int { return len(a.places) }

// Acquire waits for a place until ctx ends. The caller releases it.
func (a *Admission) Acquire(ctx context.Context) error {
	a.waiting.Add(1)
	defer a.waiting.Add(-1)
	select {
	case a.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Release hands a place on.
func (a *Admission) Release() { <-a.places }

// admissionTimeout is how long a booking may wait for a place: one that gets it later is refused, which costs next to nothing. To
// refuse sooner, while so many wait, would cost the time of those who could book.
const admissionTimeout = 10 * time.Second

type admissionKey struct{}

// admitted has an operation wait for a place.
func (a *api) admitted(op *huma.Operation) {
	op.Errors = append(op.Errors, http.StatusServiceUnavailable, http.StatusInternalServerError)
	if a.Admission == nil {
		return
	}
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		if r, _ := humachi.Unwrap(ctx); !receive(r) {
			next(ctx) // which says what is wrong with the body
			return
		}
		asked := time.Now()
		if err := a.Admission.Acquire(ctx.Context()); err != nil {
			a.writeError(ctx, err)
			return
		}
		defer a.Admission.Release()
		if time.Since(asked) > admissionTimeout {
			a.writeError(ctx, eventstore.ErrBusy)
			return
		}
		next(huma.WithValue(ctx, admissionKey{}, a.Admission))
	})
}

// withoutPlace lets others have the place of a request while it waits.
func withoutPlace(ctx context.Context, wait func()) {
	if admission, ok := ctx.Value(admissionKey{}).(*Admission); ok {
		admission.Release()
		defer admission.Acquire(context.WithoutCancel(ctx)) //nolint:errcheck // without a cancel it does not fail
	}
	wait()
}

// receive waits until the body of a request is here, and tells whether it is. What went wrong is told to the reader of the body.
func receive(r *http.Request) (ok bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if ok = err == nil; ok {
		err = io.EOF
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), failing{err}), r.Body}
	return ok
}

// failing is a reader that ends with an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
