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

// Admission control: only so many bookings are worked on at the same time, and the others wait for
// a place.
//
// When thousands book at once, Go's scheduler works on all of them in the order in which they came,
// and asks the network for more only when it has nothing else to do: a read would wait for everyone
// who books. So a booking needs one of few places, which leaves a thread of Go's scheduler free for
// all else. It asks for one when its token is checked, before anything else is done for it, and
// holds none while it waits for its body, the transaction or the read models.

// Admission is a semaphore. Its places are handed on in the order in which they were asked for.
// Searches have one of their own, see [api.admitSearch].
type Admission struct {
	places  chan struct{}
	waiting atomic.Int64
}

// NewAdmission has so many places.
func NewAdmission(places int) *Admission { return &Admission{places: make(chan struct{}, places)} }

// Waiting is how many requests wait for a place.
func (a *Admission) Waiting() int { return int(a.waiting.Load()) }

// Held is how many places are held.
func (a *Admission) Held() int { return len(a.places) }

// Acquire waits for a place until ctx ends. The caller releases it. A place that comes too late is
// not taken: the error is [eventstore.ErrBusy].
func (a *Admission) Acquire(ctx context.Context) error {
	select {
	case a.places <- struct{}{}: // also if ctx has ended: what is wrong with a request can be told then
		return nil
	default:
	}
	a.waiting.Add(1)
	defer a.waiting.Add(-1)
	asked := time.Now()
	select {
	case a.places <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if time.Since(asked) > admissionTimeout {
		a.Release()
		return eventstore.ErrBusy
	}
	return nil
}

// Release hands a place on.
func (a *Admission) Release() { <-a.places }

// admissionTimeout is how long a booking may wait for a place: a later one is refused, which costs
// next to nothing. To refuse sooner, while so many wait, would cost the time of those who could
// book.
const admissionTimeout = 10 * time.Second

// place belongs to one request.
type place struct {
	of  *Admission
	err error // why it is not held; nil: it is
}

type placeKey struct{}

// takesTickets tells by its path whether a POST is a booking or as much as one.
func takesTickets(path string) bool {
	return path == bookPath || path == "/holds" ||
		strings.HasPrefix(path, "/holds/") && strings.HasSuffix(path, "/confirm") ||
		strings.HasPrefix(path, "/events/") && strings.HasSuffix(path, "/waitlist")
}

// admit has requests to book wait for a place. Reads wait behind whatever is done before it, so it
// comes first and goes by the path. A request without a good token gets no place, and is refused
// where tokens are checked.
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
			p := &place{of: a.Admission, err: a.Admission.Acquire(r.Context())}
			defer p.release()
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), placeKey{}, p)))
		})
	}
}

func (p *place) release() {
	if p.err == nil {
		p.of.Release()
	}
}

// admitted is for the operations at the paths of [api.admit]. It refuses requests that got no place,
// and waits for the body without one.
func (a *api) admitted(op *huma.Operation) {
	op.Errors = append(op.Errors, http.StatusServiceUnavailable, http.StatusInternalServerError)
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		p, ok := ctx.Context().Value(placeKey{}).(*place)
		if ok && p.err == nil {
			r, _ := humachi.Unwrap(ctx)
			withoutPlace(ctx.Context(), func() { receive(r) })
		}
		if ok && p.err != nil {
			a.writeError(ctx, p.err)
			return
		}
		next(ctx)
	})
}

// withoutPlace lets others have the place of a request while it waits. Afterwards the request has
// one again, unless its client has gone or the place comes too late.
func withoutPlace(ctx context.Context, wait func()) {
	p, ok := ctx.Value(placeKey{}).(*place)
	if !ok || p.err != nil {
		wait()
		return
	}
	p.of.Release()
	defer func() { p.err = p.of.Acquire(ctx) }()
	wait()
}

// receive waits until the body of a request is here. What went wrong is told to the reader of the
// body.
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
