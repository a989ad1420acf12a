package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestTheRawClientUnderstandsWhatGoServes(t *testing.T) {
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
	c, err := dialRaw(context.Background(), strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.conn.Close() //nolint:errcheck // nothing is lost with it
	for range 3 {        // on one connection, whatever came before
		for path, want := range map[string]struct {
			status int
			body   string
		}{
			"/short": {200, "short Bearer token"}, "/refused": {409, "no"}, "/empty": {204, ""}, "/long": {200, long},
		} {
			status, body, err := c.do(rawRequest("POST", path, "token", "{}"))
			if err != nil || status != want.status || path != "/long" && string(body) != want.body || strings.Count(string(body), "x") != strings.Count(want.body, "x") {
				t.Errorf("%s: got %d with %d bytes (%v), want %d with %d", path, status, len(body), err, want.status, len(want.body))
			}
		}
	}
}

func TestPartsOfAnswersAreNotWholeOnes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	} {
		for n := range len(text) {
			if _, _, whole, err := parseAnswer([]byte(text[:n])); whole || err != nil {
				t.Errorf("%d bytes of %q: whole %t, %v", n, text, whole, err)
			}
		}
		if status, _, whole, err := parseAnswer([]byte(text)); status != 200 || !whole || err != nil {
			t.Errorf("%q: status %d, whole %t, %v", text, status, whole, err)
		}
	}
}

func TestProcessorTimeIsThatOfTheProcess(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no /proc")
	}
	busy := exec.Command("sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; read x")
	in, err := busy.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := busy.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		used, err := processorTime(busy.Process.Pid, false)
		if err != nil {
			t.Fatal(err)
		}
		if used >= 30*time.Millisecond {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a busy process has used %s", used)
		}
	}
	if now, most, err := resident(busy.Process.Pid); err != nil || now < 100_000 || most < now {
		t.Errorf("it occupies %.0f of %.0f bytes (%v)", now, most, err)
	}
	_, _ = fmt.Fprintln(in)
	if err := busy.Wait(); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNotExpectedIsTold(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_, _ = w.Write([]byte("no"))
	}))
	defer server.Close()
	c, err := dialRaw(context.Background(), strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.conn.Close() //nolint:errcheck // nothing is lost with it
	request := rawRequest("GET", "/", "token", "")
	if body, err := c.expect(request, 409); err != nil || string(body) != "no" {
		t.Errorf("got %q and %v", body, err)
	}
	if _, err := c.expect(request, 200); err == nil || err.Error() != "answered with 409 no" {
		t.Errorf("got %v of another status", err)
	}
}

func TestAProgramThatSaysNothingIsNamed(t *testing.T) {
	t.Parallel()
	if _, err := start(exec.Command("true")); err == nil || err.Error() != "true did not say where its API is" {
		t.Errorf("got %v", err)
	}
}
