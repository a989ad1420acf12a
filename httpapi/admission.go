package httpapi

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Admission control: a bounded number of bookings is processed at the same time, and the others wait
// for a slot.
//
// When thousands book at once, Go's scheduler runs all of them in the order of arrival, and polls the
// network only when it is idle: a read would wait for all bookings before it. So a booking needs one
// of few slots, which leaves a thread of Go's scheduler free for other requests. It acquires one
// right after its token is checked, and holds none while it waits for its body, the transaction or
// the read models.

// Admission is a first-in, first-out semaphore. Searches have one of their own, see [api.admitSearch].
type Admission struct {
	slots   chan struct{}
	waiting atomic.Int64
}

// NewAdmission makes an Admission with a number of slots.
func NewAdmission(slots int) *Admission { return &Admission{slots: make(chan struct{}, slots)} }

// Waiting is how many requests wait for a slot.
func (a *Admission) Waiting() int { return int(a.waiting.Load()) }

// Acquire waits for a slot until ctx ends, at most 10 s; after that, the error is
// [eventstore.ErrBusy]. The caller releases the slot.
func (a *Admission) Acquire(ctx context.Context) error {
	select {
	case a.slots <- struct{}{}: // also if ctx has ended, so that mistakes in the request are answered
		return nil
	default:
	}
	a.waiting.Add(1)
	defer a.waiting.Add(-1)
	asked := time.Now()
	select {
	case a.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if time.Since(asked) > admissionTimeout {
		a.Release()
		return eventstore.ErrBusy
	}
	return nil
}

// Release gives a slot back.
func (a *Admission) Release() { <-a.slots }

// admissionTimeout is how long a booking may wait for a slot. Then it is refused, which costs little.
// Refusals before that would take time from bookings that can succeed.
const admissionTimeout = 10 * time.Second

// slot is the slot of one request.
type slot struct {
	of  *Admission
	err error // why the request does not hold it; nil: it does
}

type slotKey struct{}

// takesTickets reports by its path whether a POST is a booking or costs as much as one.
func takesTickets(path string) bool {
	return path == bookPath || path == "/holds" ||
		strings.HasPrefix(path, "/holds/") && strings.HasSuffix(path, "/confirm") ||
		strings.HasPrefix(path, "/events/") && strings.HasSuffix(path, "/waitlist")
}

// admit makes requests to book wait for a slot. What is done before it holds up reads, so it comes
// first and decides by the path. A request without a valid token gets no slot, and is refused where
// tokens are checked.
func (a *api) admit(isBooking func(path string) bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if a.Admission == nil || r.Method != http.MethodPost || !isBooking(r.URL.Path) {
				next.ServeHTTP(w, r)
				return
			}
			if _, err := a.identify(r.Context(), r.Header.Get("Authorization")); err != nil {
				next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), refusedKey{}, err)))
				return
			}
			s := &slot{of: a.Admission, err: a.Admission.Acquire(r.Context())}
			defer s.release()
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), slotKey{}, s)))
		})
	}
}

func (s *slot) release() {
	if s.err == nil {
		s.of.Release()
	}
}

// admitted is for the operations at the paths of [api.admit]. It refuses requests that got no slot,
// and waits for the body without one.
func (a *api) admitted(op *huma.Operation) {
	op.Errors = append(op.Errors, http.StatusServiceUnavailable, http.StatusInternalServerError)
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		s, ok := ctx.Context().Value(slotKey{}).(*slot)
		if ok && s.err == nil {
			r, _ := humachi.Unwrap(ctx)
			withoutSlot(ctx.Context(), func() { receive(r) })
		}
		if ok && s.err != nil {
			a.writeError(ctx, s.err)
			return
		}
		next(ctx)
	})
}

// withoutSlot releases the slot of a request while it waits, and acquires one again afterwards, unless
// the client has gone or that takes too long.
func withoutSlot(ctx context.Context, wait func()) {
	s, ok := ctx.Value(slotKey{}).(*slot)
	if !ok || s.err != nil {
		wait()
		return
	}
	s.of.Release()
	defer func() { s.err = s.of.Acquire(ctx) }()
	wait()
}

// receive reads the body of a request into memory. An error is returned to the body's reader.
func receive(r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err == nil {
		err = io.EOF
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), failing{err}), r.Body}
}

// failing is a reader that ends with an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
