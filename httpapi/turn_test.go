package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
)

// patience is for what happens at once, unless it never does.
const patience = 10 * time.Second

// A booking that is computed asks for the time, once.
func TestBookingsAreComputedOneAfterTheOther(t *testing.T) {
	t.Parallel()
	var computed atomic.Int32
	first, goOn := make(chan struct{}), make(chan struct{})
	done := make(chan httpapi.Request, 100)
	s := start(t, func(o *httpapi.Options, _ *eventstore.Options) {
		o.Turns = 1
		o.Now = func() time.Time {
			if computed.Add(1) == 1 {
				close(first)
				<-goOn
			}
			return time.Now()
		}
		o.Observe = func(r httpapi.Request) {
			if r.Route == "/book" || r.Code == "client_gone" {
				done <- r
			}
		}
	})
	// The event is made by a command that asks for the time too.
	computed.Store(1)
	event := s.schedule(10)
	computed.Store(0)
	booking := `{"eventId":"` + event + `"}`
	answers := make(chan answer, 1)
	go func() {
		a, err := s.try("POST", "/book", s.token(account.Customer), booking)
		if err != nil {
			t.Error(err)
		}
		answers <- a
	}()
	within(t, "the first booking is computed", first)

	// Who only looks need not wait.
	s.want(s.call("GET", "/events", s.token(account.Customer), nil), 200, "")

	// The second one waits, until its client loses interest.
	ctx, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/book", strings.NewReader(booking))
	must(t, err)
	request.Header.Set("Authorization", "Bearer "+s.token(account.Customer))
	request.Header.Set("Content-Type", "application/json")
	sent := make(chan struct{})
	request.Body = &told{strings.NewReader(booking), sent}
	go func() {
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			t.Errorf("the second booking was answered: %d", response.StatusCode)
		}
	}()
	within(t, "the second booking is sent", sent)
	leave()
	if r := within(t, "the second booking ends", done); r.Code != "client_gone" {
		t.Errorf("the second booking ended with %q, want client_gone", r.Code)
	}
	if n := computed.Load(); n != 1 {
		t.Errorf("%d bookings were computed at the same time", n)
	}

	close(goOn)
	s.want(within(t, "the first booking is answered", answers), 201, "")
}

// told is a body that tells when it was read to its end.
type told struct {
	io.Reader
	end chan<- struct{}
}

func (b *told) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		close(b.end)
	}
	return n, err
}

func (*told) Close() error { return nil }

// patientExecutor carries nothing out before everybody is there.
type patientExecutor struct {
	missing *atomic.Int32
	all     chan struct{}
}

func (e patientExecutor) Execute(context.Context, eventstore.Command[domain.State, domain.Record]) (eventstore.Result[domain.State], error) {
	if e.missing.Add(-1) == 0 {
		close(e.all)
	}
	select {
	case <-e.all:
		return eventstore.Result[domain.State]{}, domain.ErrSoldOut
	case <-time.After(patience):
		return eventstore.Result[domain.State]{}, eventstore.ErrBusy
	}
}

// A transaction lasts a second or more, and many bookings share one.
func TestABookingThatWaitsForItsTransactionHasNoTurn(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(10)
	const customers = 20
	together := patientExecutor{new(atomic.Int32), make(chan struct{})}
	together.missing.Store(customers)
	o := s.options
	o.Executor, o.Turns = together, 1
	s.url = s.serve(o)
	for _, a := range s.together(customers, func(int) (answer, error) {
		return s.try("POST", "/book", s.token(account.Customer), `{"eventId":"`+event+`"}`)
	}) {
		s.want(a, 409, domain.ErrSoldOut.Code)
	}
}

func TestABookingThatIsStillSentHasNoTurn(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *httpapi.Options, _ *eventstore.Options) { o.Turns, o.BodyTimeout = 1, time.Minute })
	event := s.schedule(1)
	reader, writer := io.Pipe()
	defer writer.Close() //nolint:errcheck // it was closed before, if all went well
	request, err := http.NewRequest(http.MethodPost, s.url+"/book", reader)
	must(t, err)
	request.Header.Set("Authorization", "Bearer "+s.token(account.Customer))
	request.Header.Set("Content-Type", "application/json")
	slow := make(chan int, 1)
	go func() {
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Error(err)
			slow <- 0
			return
		}
		_ = response.Body.Close()
		slow <- response.StatusCode
	}()
	_, err = io.WriteString(writer, `{"eventId":`) // returns when the transport has it
	must(t, err)

	quick := make(chan answer, 1)
	go func() {
		a, err := s.try("POST", "/book", s.token(account.Customer), `{"eventId":"`+event+`"}`)
		if err != nil {
			t.Error(err)
		}
		quick <- a
	}()
	s.want(within(t, "somebody else's booking is answered", quick), 201, "")

	_, err = io.WriteString(writer, `"`+event+`"}`)
	must(t, err)
	must(t, writer.Close())
	if status := within(t, "the slow booking is answered", slow); status != 409 {
		t.Errorf("the slow booking got %d, want 409: the only ticket is sold", status)
	}
}

func within[T any](t *testing.T, what string, happens <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-happens:
	case <-time.After(patience):
		t.Fatalf("it did not happen that %s", what)
	}
	return v
}
