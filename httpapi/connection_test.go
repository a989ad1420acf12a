package httpapi_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/web"
)

// Requests that take longer than a body may take to arrive.
const (
	bodyWithin = 50 * time.Millisecond
	slowly     = 4 * bodyWithin
)

// counting serves the API of o with the timeouts of the program, and counts the connections to it.
func (s *system) counting(o httpapi.Options) (url string, connections *atomic.Int32) {
	connections = new(atomic.Int32)
	server := httptest.NewUnstartedServer(httpapi.New(o))
	server.Config.ReadHeaderTimeout, server.Config.ReadTimeout = 5*time.Second, 15*time.Second
	server.Config.WriteTimeout = 90 * time.Second
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	s.Cleanup(server.Close)
	return server.URL, connections
}

// A request that takes long must not harm those that come after it on the same connection, who can
// be other people: a proxy keeps its connections.
//
//nolint:tparallel // the subtests lock the accounts that the others need
func TestASlowRequestDoesNotHarmTheNextOnesOnItsConnection(t *testing.T) {
	t.Parallel()
	s := start(t, withDelay(slowly))
	event := s.schedule(100)
	o := s.options
	o.BodyTimeout = bodyWithin

	user := s.register("slow@example.com")
	slow := map[string]func(client *http.Client, address string) (status int, err error){
		"a booking": func(client *http.Client, address string) (int, error) {
			return s.once(client, address, "POST", "/book", s.token(account.Customer), `{"eventId":"`+event+`"}`)
		},
		"a booking in chunks": func(client *http.Client, address string) (int, error) {
			chunks := io.MultiReader(strings.NewReader(`{"eventId":"`), strings.NewReader(event+`"}`))
			return s.once(client, address, "POST", "/book", s.token(account.Customer), chunks)
		},
		"a booking without a body": func(client *http.Client, address string) (int, error) {
			return s.once(client, address, "POST", "/book", s.token(account.Customer), "")
		},
		"a refresh whose token is in the cookie": func(client *http.Client, address string) (int, error) {
			release := s.holdUsers(slowly)
			defer release()
			return s.once(client, address, "POST", "/auth/refresh", "", "", "Cookie", "boxoffice_refresh="+user)
		},
	}
	for name, request := range slow {
		for _, way := range []string{"direct", "through the web process"} {
			t.Run(name+", "+way, func(t *testing.T) {
				// Servers of other tests close the idle connections of the default client when they end.
				client := &http.Client{Transport: &http.Transport{}}
				t.Cleanup(client.CloseIdleConnections)
				api, connections := s.counting(o)
				address := api
				if way != "direct" {
					target, err := url.Parse(api)
					must(t, err)
					proxy := httptest.NewServer(web.Proxy(target, nil, slog.New(slog.DiscardHandler)))
					t.Cleanup(proxy.Close)
					address = proxy.URL
				}
				if status, err := request(client, address); err != nil || status >= 500 || status == 499 {
					t.Fatalf("the slow request: %d %v", status, err)
				}
				for i := range 3 {
					status, err := s.once(client, address, "GET", "/events", s.token(account.Customer), "")
					if err != nil || status != 200 {
						t.Errorf("request %d after it: %d %v, want 200", i+1, status, err)
					}
				}
				if n := connections.Load(); n != 1 {
					t.Errorf("the API had %d connections, want that one is used again", n)
				}
			})
		}
	}
}

// once makes a request whose answer need not be as described, because it may come from a proxy.
func (s *system) once(
	client *http.Client, address, method, path, token string, body any, headers ...string,
) (status int, err error) {
	var reader io.Reader
	switch b := body.(type) {
	case string:
		if b != "" {
			reader = strings.NewReader(b)
		}
	case io.Reader:
		reader = b
	}
	request, err := http.NewRequest(method, address+path, reader)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// register makes an account and gives its refresh token.
func (s *system) register(email string) (refreshToken string) {
	s.Helper()
	person := map[string]string{"email": email, "password": "passw0rd 123", "name": "Name"}
	a := s.want(s.call("POST", "/auth/register", "", person), 201, "")
	return a.at("refreshToken").(string)
}

// holdUsers has PostgreSQL keep everybody's tokens locked for a while, as a slow database might.
func (s *system) holdUsers(d time.Duration) (wait func()) {
	s.Helper()
	tx, err := s.pool.Begin(context.Background())
	must(s, err)
	_, err = tx.Exec(context.Background(), `select from users for update`)
	must(s, err)
	done := make(chan error, 1)
	go func() {
		_, err := tx.Exec(context.Background(), `select pg_sleep($1)`, d.Seconds())
		if err == nil {
			err = tx.Commit(context.Background())
		}
		done <- err
	}()
	return func() { must(s, <-done) }
}

// Only who has gone is answered as somebody who has gone. Something of ours that was cancelled is
// our failure.
func TestAClientThatWaitsIsNotTakenForOneThatHasGone(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(10)
	for _, err := range []error{
		context.Canceled,
		&eventstore.CommandError{Reason: fmt.Errorf("a record was rejected: %w", context.Canceled)},
	} {
		s.url = s.serve(s.through(failing{err}))
		a := s.want(s.call("POST", "/book", s.token(account.Customer), `{"eventId":"`+event+`"}`), 503, "unavailable")
		if a.header.Get("Retry-After") == "" {
			t.Errorf("%v: no Retry-After", err)
		}
	}
}
