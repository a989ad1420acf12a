package httpapi

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"
)

// When thousands book at once, Go's scheduler works on all of them in the order in which they came, and asks the network for news only
// when it has nothing else to do: whoever just wants to look would wait for everyone who books. So only a few bookings are computed at a
// time, and the others wait for their turn, which leaves a thread of Go's scheduler free for all else.

type turnKey struct{}

// turn belongs to one request.
type turn struct {
	from  *semaphore.Weighted
	asked time.Time
	held  bool
}

func (t *turn) take(ctx context.Context) error {
	if err := t.from.Acquire(ctx, 1); err != nil {
		return err
	}
	t.held = true
	return nil
}

func (t *turn) leave() {
	if t.held {
		t.held = false
		t.from.Release(1)
	}
}

// takeTurns lets so many bookings be computed at the same time, if there is a bound.
func (a *api) takeTurns(next http.Handler) http.Handler {
	if a.Turns == 0 {
		return next
	}
	turns := semaphore.NewWeighted(int64(a.Turns))
	gone := a.observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, problemOf(r.Context(), a.Logger, r.Context().Err()))
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/book" {
			next.ServeHTTP(w, r)
			return
		}
		if !a.receive(w, r) { // nobody has a turn while others send
			next.ServeHTTP(w, r)
			return
		}
		t := &turn{from: turns, asked: time.Now()}
		r = r.WithContext(context.WithValue(r.Context(), turnKey{}, t))
		if t.take(r.Context()) != nil {
			gone.ServeHTTP(w, r)
			return
		}
		defer t.leave()
		next.ServeHTTP(w, r)
	})
}

// startOf is when a request began: before it waited for its turn, if it has one.
func startOf(ctx context.Context) time.Time {
	if t, ok := ctx.Value(turnKey{}).(*turn); ok {
		return t.asked
	}
	return time.Now()
}

// withoutTurn lets others have the turn of a request while it waits.
func withoutTurn(ctx context.Context, wait func()) {
	t, ok := ctx.Value(turnKey{}).(*turn)
	if !ok {
		wait()
		return
	}
	t.leave()
	wait()
	_ = t.take(ctx) // who is gone needs none to be told so
}

// receive waits until the body of a request is here, and tells whether it is. What went wrong is told to whoever reads the body.
func (a *api) receive(w http.ResponseWriter, r *http.Request) (ok bool) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(a.bodyTimeout())) // or that of the server, where there is none
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
