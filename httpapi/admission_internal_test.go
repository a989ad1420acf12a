package httpapi

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// crowd is several bookings that want one place.
type crowd struct {
	*testing.T
	handler   http.Handler
	admission *Admission
	token     string
	looked    atomic.Int32 // at how many
	worked    chan int
	refused   chan middleware.Request
	released  [3]chan struct{} // to be closed when a booking has been worked on for long enough
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
func (c *crowd) book(ctx context.Context, number int, token string) (sent chan struct{}) {
	sent = make(chan struct{})
	ctx = context.WithValue(ctx, crowdKey{}, number)
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/test", slowBody{sent})
	r.Header.Set("Authorization", "Bearer "+token)
	go c.handler.ServeHTTP(httptest.NewRecorder(), r)
	return sent
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	c := &crowd{T: t, worked: make(chan int, 3), refused: make(chan middleware.Request, 1000), admission: NewAdmission(1)}
	for i := range c.released {
		c.released[i] = make(chan struct{})
	}
	secrets := account.Secrets{Access: []string{"an access secret for tests"},
		Refresh: []string{"a refresh secret for tests"}}
	signer, err := account.NewSigner(secrets, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if c.token, _, err = signer.IssueAccess(account.User{ID: uuid.New(), Email: "a@example.com",
		Role: account.Customer}); err != nil {
		t.Fatal(err)
	}
	accounts, err := account.New(nil, signer, account.Options{})
	if err != nil {
		t.Fatal(err)
	}
	useProblems()
	quiet := slog.New(slog.DiscardHandler)
	a := &api{Options: Options{Admission: c.admission, Accounts: accounts, Limiter: new(middleware.Limiter), Logger: quiet,
		Observe: func(r middleware.Request) {
			if r.Code != "" {
				c.refused <- r
			}
		}}}
	router := chi.NewMux()
	isTest := func(path string) bool { return path == "/test" }
	router.Use(middleware.Identify(middleware.NewClientResolver(nil, quiet)), a.admit(isTest),
		func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c.looked.Add(1)
				next.ServeHTTP(w, r)
			})
		}, a.observer().Middleware)
	a.writes = humachi.New(router, huma.DefaultConfig("", ""))
	route(a, op("POST /test", "test", "", 200), func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		number := ctx.Value(crowdKey{}).(int)
		c.worked <- number
		<-c.released[number]
		return nil, nil
	}, a.signedIn(account.ScopeBook), a.admitted)
	c.handler = router
	return c
}

func (c *crowd) want(what string, got, want int) {
	c.Helper()
	if got != want {
		c.Errorf("%s: got %d, want %d", what, got, want)
	}
}

func TestBookingsAreWorkedOnInTheOrderInWhichTheirBodiesCome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		var sent [3]chan struct{}
		for i := range sent {
			sent[i] = c.book(t.Context(), i, c.token)
		}
		synctest.Wait()
		c.want("places held without a body", c.admission.Held(), 0)
		c.want("bookings that wait without a body", c.admission.Waiting(), 0)
		for _, number := range []int{1, 2, 0} {
			close(sent[number])
			synctest.Wait()
		}
		for _, number := range []int{1, 2, 0} {
			c.want("bookings at the same time", len(c.worked), 1)
			c.want("the next booking", <-c.worked, number)
			close(c.released[number])
			synctest.Wait()
		}
		c.want("places held in the end", c.admission.Held(), 0)
	})
}

func TestNothingIsDoneForABookingBeforeItHasAPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		close(c.book(t.Context(), 0, c.token))
		<-c.worked
		close(c.book(t.Context(), 1, c.token))
		synctest.Wait()
		c.want("bookings that were looked at", int(c.looked.Load()), 1)
		c.want("bookings that wait", c.admission.Waiting(), 1)
		close(c.released[0])
		<-c.worked
		close(c.released[1])
	})
}

func TestRequestsWithoutATokenGetNoPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		close(c.book(t.Context(), 0, c.token))
		<-c.worked // and keeps the only place
		for range 1000 {
			c.book(t.Context(), 1, "nonsense") // and never sends its body
		}
		for range 1000 {
			if r := <-c.refused; r.Code != "invalid_token" {
				t.Fatalf("one ended with %q, want invalid_token", r.Code)
			}
		}
		c.want("bookings that wait", c.admission.Waiting(), 0)
		close(c.released[0])
		synctest.Wait()
		c.want("places held", c.admission.Held(), 0)
	})
}

func TestAClientThatLeavesIsNotWorkedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		ctx, leave := context.WithCancel(t.Context())
		late := c.book(ctx, 1, c.token)
		synctest.Wait()
		close(c.book(t.Context(), 0, c.token))
		c.want("the first booking", <-c.worked, 0)
		close(late)                    // it waits for a place again
		close(c.book(ctx, 2, c.token)) // it waits for its first one
		synctest.Wait()
		c.want("bookings that wait", c.admission.Waiting(), 2)
		leave()
		for range 2 {
			if r := <-c.refused; r.Code != "client_gone" {
				t.Errorf("one ended with %q, want client_gone", r.Code)
			}
		}
		close(c.released[0])
		synctest.Wait()
		c.want("bookings that were worked on", len(c.worked), 0)
		c.want("places held", c.admission.Held(), 0)
	})
}

func TestABookingWhosePlaceComesTooLateIsToldThatWeAreBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		late := c.book(t.Context(), 1, c.token)
		synctest.Wait()
		close(c.book(t.Context(), 0, c.token))
		c.want("the first booking", <-c.worked, 0)
		close(late)
		time.Sleep(time.Second)
		close(c.book(t.Context(), 2, c.token))
		time.Sleep(admissionTimeout - time.Millisecond)
		close(c.released[0])
		c.want("the next booking, which has not waited for too long", <-c.worked, 2)
		if r := <-c.refused; r.Code != "busy" || r.Took < admissionTimeout {
			t.Errorf("the other ended with %q after %s, want busy after %s", r.Code, r.Took, admissionTimeout)
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
		Admission: NewAdmission(1), Limiter: limiter, Logger: quiet, Progress: engine.NewProgress(nil, nil, nil, quiet),
	})
	booking := a.writes.OpenAPI().Paths[bookPath].Post
	layers := len(a.router.Middlewares()) + len(a.writes.Middlewares()) + len(booking.Middlewares)
	if layers > 10 || len(booking.Middlewares) == 0 {
		t.Errorf("a booking passes %d layers, want at most 10", layers)
	}
	t.Logf("%d layers", layers)
}
