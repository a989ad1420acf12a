package main

import (
	"log/slog"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// A server that is frozen accepts connections, because its kernel does, and never answers.
func TestAFrozenHostDoesNotHideTheNext(t *testing.T) {
	t.Parallel()
	frozen, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = frozen.Close() })
	address, err := url.Parse(newSeededDatabase(t))
	must(t, err)
	address.Host = frozen.Addr().String() + "," + address.Host
	began := time.Now()
	p := serve(t, secretsFor(address.String()))
	token := p.login("alice")
	if took := time.Since(began); took > time.Minute {
		t.Errorf("the program started and somebody signed in after %s", took)
	}
	var events []any
	p.waitFor("the read models", func() bool {
		events = p.do("GET", "/events", token, nil)["data"].([]any)
		return len(events) > 0
	})
	for _, event := range events {
		event := event.(map[string]any)
		if remaining, _ := event["remainingTickets"].(float64); remaining > 0 {
			if booked := p.post("/book", token, map[string]any{"eventId": event["id"]}); booked["booking"] == nil {
				t.Errorf("a booking was answered with %v", booked)
			}
			return
		}
	}
	t.Error("there is no event with tickets")
}

// A leader that was frozen and has been replaced answers again when it wakes up, until it is
// stopped.
func TestAConnectionToAnotherServerThanTheLeaderIsNotKept(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(dbtest.URL(t))
	must(t, err)
	address.Host = "127.0.0.1:1," + address.Host // nobody is there
	d := databaseAt(address.String())
	pool, err := d.pool(t.Context(), "test", 1, nil)
	must(t, err)
	t.Cleanup(pool.Close)
	monitor, err := newHealthMonitor(d.url, &d.leader, slog.New(slog.DiscardHandler))
	must(t, err)
	conn, err := monitor.heartbeat(t.Context(), nil)
	must(t, err)
	monitor.disconnect(conn)
	if d.leader.Load() == nil {
		t.Error("the heartbeat does not tell whom it has found")
	}
	use := func() (pid uint32) {
		conn, err := pool.Acquire(t.Context())
		must(t, err)
		defer conn.Release()
		conn.Conn().PgConn().CustomData()[openedKey] = time.Now().Add(-readOnlyFor)
		return conn.Conn().PgConn().PID()
	}
	first := use()
	if use() != first {
		t.Error("a connection to the leader is not kept")
	}
	other := "192.0.2.1:5432"
	d.leader.Store(&other)
	if use() == first {
		t.Error("a connection to a server that leads no longer is kept")
	}
}

func TestOneOfSeveralHostsHasLimitedTime(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://u@one/db":                       "postgres://u@one/db",
		"postgres://u@one/db?sslmode=prefer":        "postgres://u@one/db?sslmode=prefer",
		"postgres://u@one:1,two:2/db":               "postgres://u@one:1,two:2/db?connect_timeout=1",
		"postgres://u@one,two/db?sslmode=disable":   "postgres://u@one,two/db?sslmode=disable&connect_timeout=1",
		"postgres://u@one,two/db?connect_timeout=5": "postgres://u@one,two/db?connect_timeout=5",
		"host=one,two user=u":                       "host=one,two user=u connect_timeout=1",
		"host=one user=u":                           "host=one user=u",
	} {
		if got := withHostTimeout(address); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}
