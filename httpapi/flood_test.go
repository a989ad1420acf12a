package httpapi_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/internal/account"
)

// Somebody tries e-mails that nobody has, many at once and all the time, from one address. Others sign
// in as if there were few.
func TestAFloodOfLoginsKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.want(s.call("POST", "/auth/register", "", ann), 201, "")
	o := s.options
	o.TrustedProxies = []string{"127.0.0.0/8"}
	var err error
	o.Accounts, err = account.New(s.pool, s.signer, account.Options{Cost: 6, WeakCost: true, HashSlots: 1, HashQueue: 128})
	must(t, err)
	s.url = s.serve(o)
	login := func(from, email, password string) (answer, error) {
		return s.try("POST", "/auth/login", "", map[string]string{"email": email, "password": password},
			"X-Forwarded-For", from)
	}
	ctx, stop := context.WithCancel(t.Context())
	var flood sync.WaitGroup
	var tried, refused atomic.Int64
	for range 200 { // more than can wait
		flood.Go(func() {
			for ctx.Err() == nil {
				a, err := login("198.51.100.1", uuid.NewString()+"@example.com", "password123")
				if err != nil || a.status != 401 && a.code() != "busy" {
					t.Errorf("the flood: %v %d %s", err, a.status, a.raw)
					return
				}
				tried.Add(1)
				if a.status == 503 {
					refused.Add(1)
				}
			}
		})
	}
	defer flood.Wait()
	defer stop()
	s.eventually("the queue is full", func() bool { return refused.Load() > 0 })
	const most = 60 // of the 128 who wait: what was answered before is counted late
	for i := range 5 {
		before := tried.Load() - refused.Load()
		a, err := login(fmt.Sprintf("203.0.113.%d", i), ann["email"], ann["password"])
		must(t, err)
		s.want(a, 200, "")
		if n := tried.Load() - refused.Load() - before; n > most {
			t.Errorf("%d of the flood were served before somebody who came later", n)
		}
	}
}

// Nothing that is kept grows with what is sent.
func TestLoginsWithLongEmailsTakeNoMemory(t *testing.T) { //nolint:paralleltest // others take memory too
	limiter, err := middleware.NewLimiter(middleware.Limits{
		Login:   middleware.Limit{Requests: 20, Window: time.Hour},
		Address: middleware.Limit{Requests: 2000, Window: time.Hour},
	})
	must(t, err)
	t.Cleanup(limiter.Close)
	signer, err := account.NewSigner(account.Secrets{Access: []string{"an access secret for tests"},
		Refresh: []string{"a refresh secret for tests"}}, time.Now)
	must(t, err)
	accounts, err := account.New(nil, signer, account.Options{}) // nobody is looked up
	must(t, err)
	api := httpapi.New(httpapi.Options{
		Accounts: accounts, Limiter: limiter, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	used := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := used()
	for i := range 200 {
		r := httptest.NewRequest(http.MethodPost, "/auth/login", strings.NewReader(fmt.Sprintf(
			`{"email":"%d%s@example.com","password":"password123"}`, i, strings.Repeat("x", 60_000))))
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		api.ServeHTTP(answer, r)
		if answer.Code != 401 {
			t.Fatalf("got %d: %s", answer.Code, answer.Body)
		}
	}
	if more := int64(used()) - int64(before); more > 5<<20 {
		t.Errorf("%d kB are kept", more>>10)
	}
	runtime.KeepAlive(api)
}

// head is that of a request whose body, of a thousand bytes, does not come.
func head(method, path, kind string, headers ...string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: test\r\nContent-Type: %s\r\nContent-Length: 1000\r\n%s\r\n",
		method, path, kind, strings.Join(headers, ""))
}

// begin sends the beginning of a request.
func (s *system) begin(text string) net.Conn {
	s.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	must(s, err)
	s.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, text)
	must(s, err)
	return conn
}

// refusedAtOnce fails the test unless a connection is answered with the status, and closed.
func (s *system) refusedAtOnce(what string, conn net.Conn, status int) {
	s.Helper()
	must(s, conn.SetReadDeadline(time.Now().Add(soon)))
	read := bufio.NewReader(conn)
	response, err := http.ReadResponse(read, nil)
	if err != nil {
		s.Errorf("%s: %v", what, err)
		return
	}
	_, err = io.Copy(io.Discard, response.Body)
	must(s, err)
	must(s, response.Body.Close())
	if response.StatusCode != status || !response.Close {
		s.Errorf("%s: got %d, and closed is %v, want %d", what, response.StatusCode, response.Close, status)
	}
	if _, err := read.ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		s.Errorf("%s: the connection is not closed after the answer", what)
	}
}

// A thousand people who have not signed in begin bookings and send no more.
func TestBookingsThatAreBegunWithoutATokenHarmNobody(t *testing.T) {
	t.Parallel()
	s := start(t) // with one place, which none of them may have
	event := s.schedule(20)
	const strangers = 1_000
	conns := make([]net.Conn, strangers)
	for i := range conns {
		conns[i] = s.begin(head("POST", "/book", "application/json"))
		if i%50 == 0 { // while they come
			s.want(s.order(s.token(account.Customer), event), 201, "")
		}
	}
	if n := s.options.Admission.Waiting(); n != 0 {
		t.Errorf("%d bookings wait for a place", n)
	}
	var all sync.WaitGroup
	for _, conn := range conns {
		all.Go(func() { s.refusedAtOnce("a booking without a token", conn, 401) })
	}
	all.Wait()
	s.want(s.order(s.token(account.Customer), event), 409, "sold_out")
}

// The answer to whom is refused anyway does not wait for the body, which may never come: the server
// would have a connection less for so long.
func TestNoRefusalWaitsForABody(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *httpapi.Options, _ *eventstore.Options) { o.BodyTimeout = time.Hour })
	wanted := map[net.Conn]string{}
	statuses := map[net.Conn]int{}
	begin := func(what, request string, status int) {
		conn := s.begin(request)
		wanted[conn], statuses[conn] = what, status
	}
	for _, o := range s.operations() {
		if o.guarded && o.body != "" {
			begin(o.id+" without a token", head(o.method, o.path, o.contentType), 401)
			begin(o.id+" with half a body", head(o.method, o.path, o.contentType)+"{", 401)
		}
	}
	begin("no address", head("POST", "/nowhere", "text/plain"), 404)
	begin("no method", head("PUT", "/events", "text/plain"), 405)
	begin("another site", head("POST", "/auth/refresh", "application/json", "Origin: https://evil.example\r\n"), 403)
	for conn, what := range wanted {
		s.refusedAtOnce(what, conn, statuses[conn])
	}
}

// Most clients send the body right behind the head, and keep their connection.
func TestWhoSendsTheBodyKeepsTheConnection(t *testing.T) {
	t.Parallel()
	s := start(t)
	conn := s.begin("")
	must(t, conn.SetDeadline(time.Now().Add(soon)))
	read := bufio.NewReader(conn)
	for i := range 3 {
		_, err := io.WriteString(conn, head("POST", "/book", "application/json"))
		must(t, err)
		_, err = io.WriteString(conn, strings.Repeat(" ", 1000))
		must(t, err)
		if got := s.status(read); got != 401 {
			t.Fatalf("request %d: got %d, want 401", i, got)
		}
	}
}

// Who asks first whether to send the body is not asked for it.
func TestNobodyIsAskedForABodyInVain(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.refusedAtOnce("expecting", s.begin(head("POST", "/book", "application/json", "Expect: 100-continue\r\n")), 401)
}
