package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/internal/account"
)

func TestABookingWaitsForAPlaceAndReadsDoNot(t *testing.T) {
	t.Parallel()
	admission := httpapi.NewAdmission(1)
	done := make(chan middleware.Request, 100)
	s := start(t, func(o *httpapi.Options, _ *eventstore.Options) {
		o.Admission = admission
		o.Observe = func(r middleware.Request) {
			if r.Route == "/book" {
				done <- r
			}
		}
	})
	event := s.schedule(10)
	impatient := s.bookSlowly(event)
	must(t, admission.Acquire(t.Context())) // as a booking would that is being computed
	quick := make(chan answer, 1)
	go func() {
		a, err := s.try("POST", "/book", s.token(account.Customer), `{"eventId":"`+event+`"}`)
		if err != nil {
			t.Error(err)
		}
		quick <- a
	}()
	eventually(t, "the booking waits for the place", func() bool {
		return admission.Waiting() == 1
	})

	// A read does not wait.
	s.want(s.call("GET", "/events", s.token(account.Customer), nil), 200, "")

	// A booking whose client leaves gives up waiting.
	impatient.finish()
	must(t, impatient.conn.Close())
	if r := within(t, "the booking whose client has left ends", done); r.Code != "client_gone" {
		t.Errorf("it ended with %q, want client_gone", r.Code)
	}
	if len(quick) > 0 {
		t.Error("a booking was computed without a place")
	}
	admission.Release()
	s.want(within(t, "the other booking is answered", quick), 201, "")
	if n := admission.Held(); n != 0 {
		t.Errorf("%d places are held after all", n)
	}
}

// slowBooking is a booking of which the server has a part.
type slowBooking struct {
	conn   net.Conn
	read   *bufio.Reader
	finish func()
}

// bookSlowly returns when the server waits for the rest of the booking.
func (s *system) bookSlowly(event string) slowBooking {
	s.Helper()
	body := `{"eventId":"` + event + `"}`
	conn := s.write(operation{method: "POST", path: "/book"}, fmt.Sprintf("Content-Length: %d\r\nExpect: 100-continue",
		len(body)), body[:5])
	s.Cleanup(func() { _ = conn.Close() })
	b := slowBooking{conn: conn, read: bufio.NewReader(conn)}
	if got := b.answer(s); got != 100 {
		s.Fatalf("got %d, want that the body is asked for", got)
	}
	b.finish = func() {
		_, err := io.WriteString(conn, body[5:])
		must(s, err)
	}
	return b
}

func (b slowBooking) answer(s *system) (status int) {
	s.Helper()
	must(s, b.conn.SetReadDeadline(time.Now().Add(soon)))
	return s.status(b.read)
}

// patientExecutor carries nothing out before everybody is there.
type patientExecutor struct {
	missing *atomic.Int32
	all     chan struct{}
}

func (e patientExecutor) Execute(context.Context, eventstore.Command[domain.State,
	domain.Record]) (eventstore.Result[domain.State], error) {
	if e.missing.Add(-1) == 0 {
		close(e.all)
	}
	select {
	case <-e.all:
		return eventstore.Result[domain.State]{}, domain.ErrSoldOut
	case <-time.After(soon):
		return eventstore.Result[domain.State]{}, eventstore.ErrBusy
	}
}

// A transaction lasts a second or more, and many bookings share one.
func TestABookingThatWaitsForItsTransactionHoldsNoPlace(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(10)
	const customers = 20
	together := patientExecutor{new(atomic.Int32), make(chan struct{})}
	together.missing.Store(customers)
	o := s.through(together)
	o.Admission = httpapi.NewAdmission(1)
	s.url = s.serve(o)
	for _, a := range s.together(customers, func(int) (answer, error) {
		return s.try("POST", "/book", s.token(account.Customer), `{"eventId":"`+event+`"}`)
	}) {
		s.want(a, 409, domain.ErrSoldOut.Code())
	}
}

func TestABookingThatIsStillSentHoldsNoPlace(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *httpapi.Options, _ *eventstore.Options) {
		o.Admission, o.BodyTimeout = httpapi.NewAdmission(1), time.Minute
	})
	event := s.schedule(1)
	slow := s.bookSlowly(event)

	quick := make(chan answer, 1)
	go func() {
		a, err := s.try("POST", "/book", s.token(account.Customer), `{"eventId":"`+event+`"}`)
		if err != nil {
			t.Error(err)
		}
		quick <- a
	}()
	s.want(within(t, "somebody else's booking is answered", quick), 201, "")

	slow.finish()
	if got := slow.answer(s); got != 409 {
		t.Errorf("the slow booking got %d, want 409: the only ticket is sold", got)
	}
}

func within[T any](t *testing.T, what string, happens <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-happens:
	case <-time.After(soon):
		t.Fatalf("it did not happen that %s", what)
	}
	return v
}
