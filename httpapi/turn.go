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

// When thousands book at once, Go's scheduler works on all of them in the order in which they came, and asks the network for news only
// when it has nothing else to do: whoever just wants to look would wait for everyone who books. So only a few bookings are worked on at a
// time, and the others wait for their turn, which leaves a thread of Go's scheduler free for all else. A booking takes two turns: one in
// which it is looked at and its body is read, and then, behind all who have come meanwhile, one in which it is computed. Between them its
// client is listened to, so that it can leave.

// Turns lets a few bookings be worked on at a time. All who share it take turns.
type Turns struct {
	taken   chan struct{} // Go hands its places on in the order in which they were asked for
	waiting atomic.Int64
}

// NewTurns bounds how many bookings are worked on at the same time.
func NewTurns(bookings int) *Turns { return &Turns{taken: make(chan struct{}, bookings)} }

// Waiting is how many bookings wait for their turn.
func (t *Turns) Waiting() int { return int(t.waiting.Load()) }

type turnKey struct{}

// turn belongs to one request.
type turn struct {
	of   *Turns
	held atomic.Bool
}

// take waits until the turn comes or the context ends.
func (t *turn) take(ctx context.Context) error {
	t.of.waiting.Add(1)
	defer t.of.waiting.Add(-1)
	select {
	case t.of.taken <- struct{}{}:
		t.held.Store(true)
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// takeInTime gives a turn that comes too late for a request to the next one, so those who have waited for too long cost next to nothing.
func (t *turn) takeInTime(ctx context.Context, began time.Time) error {
	if err := t.take(ctx); err != nil {
		return err
	}
	if time.Since(began) > longest {
		t.leave()
		return eventstore.ErrBusy
	}
	return nil
}

// leave may be called more than once, at the same time too.
func (t *turn) leave() {
	if t.held.CompareAndSwap(true, false) {
		<-t.of.taken
	}
}

// briefly is how long a body may take that came together with the head of its request. A slower one is waited for without a turn.
const briefly = time.Millisecond

// longest is how late a turn may come: a booking whose turn comes later is refused. To refuse sooner, while so many wait, would cost the
// time of those who could book.
const longest = 10 * time.Second

const bookPath = "/book" // which thousands ask for at once

// arrival is the first turn of a booking.
type arrival struct {
	turn
	err error // why there was none
}

// begin comes before anything is computed for a request, and lets a booking take its first turn.
func (a *api) begin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noted := &request{began: time.Now()}
		if a.Turns != nil && r.Method == http.MethodPost && r.URL.Path == bookPath {
			noted.arrival = &arrival{turn: turn{of: a.Turns}}
			noted.arrival.err = noted.arrival.takeInTime(r.Context(), noted.began)
			defer noted.arrival.leave()
		}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, noted))
		a.timeBody(w, r)
		next.ServeHTTP(w, r)
	})
}

// takeTurns comes before whatever takes time.
func (a *api) takeTurns(ctx huma.Context, next func(huma.Context)) {
	noted := requestOf(ctx.Context())
	first := noted.arrival
	if first == nil {
		next(ctx)
		return
	}
	if first.err != nil {
		a.writeError(ctx, first.err)
		return
	}
	late := time.AfterFunc(briefly, first.leave)
	r, _ := humachi.Unwrap(ctx)
	whole := receive(r)
	late.Stop()
	first.leave()
	second := &turn{of: a.Turns}
	if whole {
		if err := second.takeInTime(ctx.Context(), noted.began); err != nil {
			a.writeError(ctx, err)
			return
		}
	}
	defer second.leave()
	next(huma.WithValue(ctx, turnKey{}, second))
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
