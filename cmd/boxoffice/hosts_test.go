package main

import (
	"net"
	"net/url"
	"testing"
	"time"
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
	for _, event := range p.do("GET", "/events", token, nil)["data"].([]any) {
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
