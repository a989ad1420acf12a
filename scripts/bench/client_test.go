package main

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
)

func TestAClientUsesItsConnectionAgain(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 50_000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/short":
			_, _ = w.Write([]byte("short " + r.Header.Get("Authorization")))
		case "/long":
			_, _ = w.Write([]byte(long))
		case "/refused":
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte("no"))
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	defer server.Close()
	clients, err := openClients(t.Context(), strings.TrimPrefix(server.URL, "http://"), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer closeClients(clients)
	for range 3 {
		for path, want := range map[string]struct {
			status int
			body   string
		}{
			"/short": {200, "short Bearer token"}, "/refused": {409, "no"}, "/empty": {204, ""}, "/long": {200, long},
		} {
			status, body, err := clients[0].do(newRequest("POST", path, "token", "{}"))
			if err != nil || status != want.status || string(body) != want.body {
				t.Errorf("%s: got %d with %d bytes (%v), want %d with %d",
					path, status, len(body), err, want.status, len(want.body))
			}
		}
	}
	_, err = clients[0].expect(newRequest("GET", "/refused", "token", ""), 200)
	if err == nil || err.Error() != "answered with 409 no" {
		t.Errorf("got %v of another status", err)
	}
}

func TestAProgramThatSaysNothingIsNamed(t *testing.T) {
	t.Parallel()
	_, err := start(exec.Command("true"))
	if err == nil || err.Error() != "true: the program has not written the address of its API" {
		t.Errorf("got %v", err)
	}
}
