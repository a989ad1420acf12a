package httpapi

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/projections"
)

// crowd is several bookings that want one place.
type crowd struct {
	api      *api
	worked   chan int
	refused  chan middleware.Request
	released [3]chan struct{} // to be closed when a booking has been worked on for long enough
}

// slowBody ends when its client has sent it.
type slowBody struct{ sent chan struct{} }

func (b slowBody) Read([]byte) (int, error) {
	<-b.sent
	return 0, io.EOF
}

func (slowBody) Close() error { return nil }

type crowdKey struct{}

// book sends the head of a booking; closing sent sends its body.
func (c *crowd) book(ctx context.Context, number int) (sent chan struct{}) {
	sent = make(chan struct{})
	ctx = context.WithValue(ctx, crowdKey{}, number)
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/test", slowBody{sent})
	go c.api.router.ServeHTTP(httptest.NewRecorder(), r)
	return sent
}

func newCrowd() *crowd {
	c := &crowd{worked: make(chan int, 3), refused: make(chan middleware.Request, 3)}
	for i := range c.released {
		c.released[i] = make(chan struct{})
	}
	quiet := slog.New(slog.DiscardHandler)
	c.api = newAPI(Options{
		Admission: NewAdmission(1), Logger: quiet, Progress: projections.NewProgress(nil, nil, nil, quiet),
		Observe: func(r middleware.Request) {
			if r.Code != "" {
				c.refused <- r
			}
		},
	})
	route(c.api, operation{"POST", "/test", "test", "", 200, nil}, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		number := ctx.Value(crowdKey{}).(int)
		c.worked <- number
		<-c.released[number]
		return nil, nil
	}, c.api.admitted)
	return c
}

func TestBookingsAreAdmittedInTheOrderInWhichTheirBodiesCome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd()
		var sent [3]chan struct{}
		for i := range sent {
			sent[i] = c.book(t.Context(), i)
		}
		synctest.Wait()
		if held, waiting := c.api.Admission.Held(), c.api.Admission.Waiting(); held != 0 || waiting != 0 {
			t.Errorf("without their bodies %d bookings hold a place and %d wait for one", held, waiting)
		}
		for _, number := range []int{1, 2, 0} {
			close(sent[number])
			synctest.Wait()
		}
		var order []int
		for range sent {
			synctest.Wait()
			if n := len(c.worked); n != 1 {
				t.Errorf("%d bookings are worked on at the same time", n)
			}
			number := <-c.worked
			order = append(order, number)
			close(c.released[number])
		}
		if !slices.Equal(order, []int{1, 2, 0}) {
			t.Errorf("they were admitted in the order %v, want that in which their bodies came", order)
		}
		synctest.Wait()
		if held := c.api.Admission.Held(); held != 0 {
			t.Errorf("in the end %d places are held", held)
		}
	})
}

func TestAClientThatLeavesIsNotAdmitted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd()
		close(c.book(t.Context(), 0))
		if n := <-c.worked; n != 0 {
			t.Fatalf("booking %d was admitted first", n)
		}
		ctx, leave := context.WithCancel(t.Context())
		close(c.book(ctx, 1))
		synctest.Wait()
		if n := c.api.Admission.Waiting(); n != 1 {
			t.Errorf("%d bookings wait, want 1", n)
		}
		leave()
		if r := <-c.refused; r.Code != "client_gone" {
			t.Errorf("it ended with %q, want client_gone", r.Code)
		}
		close(c.released[0])
		synctest.Wait()
		if held := c.api.Admission.Held(); len(c.worked) != 0 || held != 0 {
			t.Errorf("it was worked on, or %d places are held", held)
		}
	})
}

func TestABookingThatIsAdmittedTooLateIsToldThatWeAreBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd()
		close(c.book(t.Context(), 0))
		if n := <-c.worked; n != 0 {
			t.Fatalf("booking %d was admitted first", n)
		}
		close(c.book(t.Context(), 1))
		time.Sleep(time.Second)
		close(c.book(t.Context(), 2))
		time.Sleep(admissionTimeout - time.Millisecond)
		close(c.released[0])
		if n := <-c.worked; n != 2 {
			t.Errorf("booking %d was admitted next, want 2, which has not waited for too long", n)
		}
		if r := <-c.refused; r.Code != "busy" || r.Took < admissionTimeout {
			t.Errorf("the second ended with %q after %s, want busy after %s", r.Code, r.Took, admissionTimeout)
		}
		close(c.released[2])
	})
}

// A layer is a middleware that a booking passes before its handler.
func TestABookingPassesAtMostTenLayers(t *testing.T) {
	t.Parallel()
	quiet := slog.New(slog.DiscardHandler)
	limiter, err := middleware.NewLimiter(middleware.Limits{Booking: middleware.Limit{Requests: 1, Window: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(limiter.Close)
	a := newAPI(Options{
		Admission: NewAdmission(1), Limiter: limiter, Logger: quiet, Progress: projections.NewProgress(nil, nil, nil, quiet),
	})
	booking := a.writes.OpenAPI().Paths[bookPath].Post
	layers := len(a.router.Middlewares()) + len(a.writes.Middlewares()) + len(booking.Middlewares)
	if layers > 10 || len(booking.Middlewares) == 0 {
		t.Errorf("a booking passes %d layers, want at most 10", layers)
	}
	t.Logf("%d layers", layers)
}
