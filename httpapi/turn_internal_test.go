package httpapi

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
)

// crowd is several bookings on their way through the turns.
type crowd struct {
	handler  http.Handler
	looked   atomic.Int32 // at how many
	reading  atomic.Int32 // whose body is asked for
	computed chan int
	observed chan Request     // who were not computed
	done     [3]chan struct{} // closed when a booking was computed
}

// slowBody is there when its client has sent it.
type slowBody struct {
	crowd *crowd
	sent  chan struct{}
}

func (b slowBody) Read([]byte) (int, error) {
	b.crowd.reading.Add(1)
	defer b.crowd.reading.Add(-1)
	<-b.sent
	return 0, io.EOF
}

func (slowBody) Close() error { return nil }

// book sends the head of a booking; closing sent sends its body.
func (c *crowd) book(ctx context.Context, number int) (sent chan struct{}) {
	sent = make(chan struct{})
	r := httptest.NewRequestWithContext(context.WithValue(ctx, crowdKey{}, number), http.MethodPost, "/book", slowBody{c, sent})
	go c.handler.ServeHTTP(httptest.NewRecorder(), r)
	return sent
}

type crowdKey struct{}

func newCrowd() *crowd {
	c := &crowd{computed: make(chan int, 3), observed: make(chan Request, 3)}
	for i := range c.done {
		c.done[i] = make(chan struct{})
	}
	useProblems()
	a := &api{Options: Options{Turns: NewTurns(1), Logger: slog.New(slog.DiscardHandler), Observe: func(r Request) {
		if r.Code != "" {
			c.observed <- r
		}
	}}}
	router := chi.NewMux()
	router.Use(a.begin, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c.looked.Add(1)
			next.ServeHTTP(w, r)
		})
	}, a.observe)
	h := humachi.New(router, huma.DefaultConfig("", ""))
	h.UseMiddleware(a.takeTurns)
	op := huma.Operation{Method: http.MethodPost, Path: bookPath}
	huma.Register(h, op, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		number := ctx.Value(crowdKey{}).(int)
		c.computed <- number
		<-c.done[number]
		return nil, nil
	})
	c.handler = router
	return c
}

// A body that is slow keeps the next one waiting only briefly, and nobody is computed before all who came earlier were read.
func TestBodiesAreReadInTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd()
		var sent [3]chan struct{}
		for i := range sent {
			sent[i] = c.book(t.Context(), i)
			synctest.Wait()
		}
		read := func(want int32, when string) {
			t.Helper()
			synctest.Wait()
			if n := c.reading.Load(); n != want {
				t.Errorf("%s the bodies of %d bookings are read, want %d", when, n, want)
			}
		}
		read(1, "at first")
		if n := c.looked.Load(); n != 1 {
			t.Errorf("at first %d bookings are looked at, want 1", n)
		}
		close(sent[1]) // which nobody sees yet
		read(1, "before the first has been slow for long")
		time.Sleep(briefly)
		// The second was read at once, and the third is. The second is behind it.
		read(2, "after a while")
		if len(c.computed) != 0 {
			t.Errorf("booking %d was computed before the third was read", <-c.computed)
		}
		close(sent[2])
		synctest.Wait()
		close(sent[0])
		synctest.Wait()
		if len(c.computed) != 1 {
			t.Errorf("%d bookings are computed at the same time", len(c.computed))
		}
		var order []int
		for range sent {
			number := <-c.computed
			order = append(order, number)
			close(c.done[number])
		}
		if !slices.Equal(order, []int{1, 2, 0}) {
			t.Errorf("they were computed in the order %v, want that in which their bodies came", order)
		}
	})
}

func TestWhoLeavesBeforeTheirTurnIsNotComputed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd()
		ctx, leave := context.WithCancel(t.Context())
		slow := c.book(ctx, 1)
		synctest.Wait()
		time.Sleep(briefly)
		close(c.book(t.Context(), 0))
		if n := <-c.computed; n != 0 {
			t.Fatalf("booking %d was computed first", n)
		}
		close(slow)    // it was read, and waits for its turn
		c.book(ctx, 2) // it waits to be read
		synctest.Wait()
		leave()
		synctest.Wait()
		for range 2 {
			if r := <-c.observed; r.Code != "client_gone" {
				t.Errorf("one ended with %q, want client_gone", r.Code)
			}
		}
		close(c.done[0])
		synctest.Wait()
		if len(c.computed) != 0 || c.reading.Load() != 0 {
			t.Error("they were worked on")
		}
	})
}

func TestWhoseTurnComesTooLateIsToldThatWeAreBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd()
		close(c.book(t.Context(), 0))
		if n := <-c.computed; n != 0 {
			t.Fatalf("booking %d was computed first", n)
		}
		c.book(t.Context(), 1)
		time.Sleep(time.Second)
		close(c.book(t.Context(), 2))
		time.Sleep(longest - time.Millisecond)
		close(c.done[0])
		if n := <-c.computed; n != 2 {
			t.Errorf("booking %d was computed next, want 2, which has not waited for too long", n)
		}
		if r := <-c.observed; r.Code != "busy" || r.Took < longest {
			t.Errorf("the second ended with %q after %s, want busy after %s", r.Code, r.Took, longest)
		}
		close(c.done[2])
	})
}
