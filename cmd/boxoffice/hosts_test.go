package main

import (
	"log/slog"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// A server that is frozen accepts connections, because its kernel does, and never answers.
func TestAFrozenHostDoesNotHideTheNext(t *testing.T) {
	t.Parallel()
	frozen, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = frozen.Close() })
	address, err := url.Parse(dbtest.URL(t))
	must(t, err)
	address.Host = frozen.Addr().String() + "," + address.Host
	d, err := openDatabase(t.Context(), config.Config{DatabaseURL: address.String()}, slog.New(slog.DiscardHandler))
	must(t, err)

	monitor, err := newPulse(d.url, slog.New(slog.DiscardHandler))
	must(t, err)
	conn, err := monitor.beat(t.Context(), nil)
	if err != nil {
		t.Errorf("the heartbeat does not find the second host: %v", err)
	}
	monitor.hangUp(conn)

	pool, err := d.pool(t.Context(), "test", 1, nil)
	must(t, err)
	t.Cleanup(pool.Close)
	began := time.Now()
	if err := pool.Ping(t.Context()); err != nil || time.Since(began) > 10*time.Second {
		t.Errorf("got %v from the pool after %s", err, time.Since(began))
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
