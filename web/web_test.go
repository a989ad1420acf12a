package web

import (
	"bufio"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
)

const id = "6f0f5c3e-3a55-4d0c-9d53-6d9a4f3f2b10"

var export = fstest.MapFS{
	".keep":                  {},
	"index.html":             {Data: []byte(`<script>first()</script><script src="/_next/static/a.js"></script><script id="x">second()</script>`)},
	"404.html":               {Data: []byte("not here")},
	"login.html":             {Data: []byte("sign in, in some words that get shorter")},
	"login.html.br":          {Data: []byte("brotli")},
	"login.html.gz":          {Data: []byte("longer gzip")},
	"events.html":            {Data: []byte("events")},
	"events/new.html":        {Data: []byte("new event")},
	"events/_.html":          {Data: []byte("one event")},
	"events/_.txt":           {Data: []byte("data of one event")},
	"events/_/edit.html":     {Data: []byte("edit")},
	"events/_/__next.x.txt":  {Data: []byte("segment")},
	"_next/static/a-1234.js": {Data: []byte("code")},
	"icon.svg":               {Data: []byte("<svg/>")},
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serve gives the address of a server of the export in front of api.
func serve(t *testing.T, api http.Handler) string {
	t.Helper()
	h, err := handler(export, api)
	must(t, err)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// client follows no redirect and unpacks nothing.
var client = &http.Client{
	Transport:     &http.Transport{DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func get(t *testing.T, url string, headers ...string) (*http.Response, string) {
	t.Helper()
	return ask(t, http.MethodGet, url, headers...)
}

func ask(t *testing.T, method, url string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	must(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := client.Do(r)
	must(t, err)
	defer response.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(response.Body)
	must(t, err)
	return response, string(body)
}

func TestPagesHaveAddressesWithoutExtensions(t *testing.T) {
	t.Parallel()
	server := serve(t, http.NotFoundHandler())
	for _, c := range []struct {
		path   string
		status int
		body   string
	}{
		{"/login", 200, "sign in, in some words that get shorter"},
		{"/events", 200, "events"},
		{"/events/new", 200, "new event"},
		{"/events/" + id, 200, "one event"},
		{"/events/" + strings.ToUpper(id), 200, "one event"},
		{"/events/" + id + ".txt", 200, "data of one event"},
		{"/events/" + id + "/edit", 200, "edit"},
		{"/events/" + id + "/__next.x.txt", 200, "segment"},
		{"/events/" + id + "/nothing", 404, "not here"},
		{"/events/nothing", 404, "not here"},
		{"/login.html", 404, "not here"},
		{"/login.html.br", 404, "not here"},
		{"/.keep", 404, "not here"},
		{"/_next/static/", 308, ""},
		{"/events/", 308, ""},
		{"/../web.go", 308, ""},
	} {
		response, body := get(t, server+c.path)
		if response.StatusCode != c.status || c.status != 308 && body != c.body {
			t.Errorf("GET %s: %d %q, want %d %q", c.path, response.StatusCode, body, c.status, c.body)
		}
	}
	if response, _ := get(t, server+"//evil.example/"); response.Header.Get("Location") != "/evil.example" {
		t.Errorf("redirected to %q", response.Header.Get("Location"))
	}
	if response, _ := get(t, server+"/events/?search=jazz"); response.Header.Get("Location") != "/events?search=jazz" {
		t.Errorf("redirected to %q", response.Header.Get("Location"))
	}
	if response, _ := ask(t, http.MethodPost, server+"/login"); response.StatusCode != 405 || response.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", response.StatusCode, response.Header)
	}
	if response, body := ask(t, http.MethodHead, server+"/login"); response.StatusCode != 200 || body != "" || response.ContentLength != 39 {
		t.Errorf("HEAD: %d %q %d", response.StatusCode, body, response.ContentLength)
	}
}

func TestOnlyTheInlineScriptsOfAPageMayRun(t *testing.T) {
	t.Parallel()
	server := serve(t, http.NotFoundHandler())
	response, _ := get(t, server+"/")
	policy := response.Header.Get("Content-Security-Policy")
	hash := func(script string) string {
		sum := sha256.Sum256([]byte(script))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	want := "script-src 'self' " + hash("first()") + " " + hash("second()") + ";"
	if !strings.Contains(policy, want) || !strings.HasPrefix(policy, "default-src 'none';") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("policy %q, want %q in it", policy, want)
	}
	if scripts, _, _ := strings.Cut(policy[strings.Index(policy, "script-src"):], ";"); strings.Contains(scripts, "unsafe") {
		t.Errorf("scripts may be anything: %q", scripts)
	}
	response, _ = get(t, server+"/nothing")
	if response.Header.Get("Content-Security-Policy") == "" || response.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the page for what is not found: %v", response.Header)
	}
}

func TestFilesAreCompressedAndCached(t *testing.T) {
	t.Parallel()
	server := serve(t, http.NotFoundHandler())
	for accept, want := range map[string]string{"": "", "gzip": "gzip", "gzip, deflate, br": "br", "br;q=0, gzip;q=0.5": "gzip", "identity": ""} {
		response, _ := get(t, server+"/login", "Accept-Encoding", accept)
		if got := response.Header.Get("Content-Encoding"); got != want || response.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: %q, want %q; Vary %q", accept, got, want, response.Header.Get("Vary"))
		}
	}
	page, _ := get(t, server+"/login")
	if page.Header.Get("Cache-Control") != revalidate || page.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("a page: %v", page.Header)
	}
	packed, _ := get(t, server+"/login", "Accept-Encoding", "br")
	if packed.Header.Get("ETag") == page.Header.Get("ETag") {
		t.Error("two encodings share an ETag")
	}
	if again, _ := get(t, server+"/login", "If-None-Match", page.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("the same page again: %d", again.StatusCode)
	}
	asset, _ := get(t, server+"/_next/static/a-1234.js")
	if asset.Header.Get("Cache-Control") != immutable || asset.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("an asset: %v", asset.Header)
	}
	if missing, _ := get(t, server+"/_next/static/gone.js"); missing.StatusCode != 404 || missing.Header.Get("Cache-Control") == immutable {
		t.Errorf("an asset that is not there: %d %v", missing.StatusCode, missing.Header)
	}
}

func TestWithoutAnExportThereIsAPageThatSaysHowToBuildIt(t *testing.T) {
	t.Parallel()
	h, err := handler(fstest.MapFS{".keep": {}}, http.NotFoundHandler())
	must(t, err)
	for _, path := range []string{"/", "/events"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != 200 || !strings.Contains(w.Body.String(), "make run") {
			t.Errorf("GET %s: %d %s", path, w.Code, w.Body)
		}
	}
}

// api answers with what it was asked, sets a cookie, and echoes what comes through an upgraded connection.
var api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/ws":
		conn, stream, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		defer conn.Close() //nolint:errcheck // the test is over then
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		fmt.Fprintf(stream, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
		_ = stream.Flush()
		line, _ := stream.ReadString('\n')
		_, _ = io.WriteString(conn, "echo "+line)
	case "/auth/login":
		http.SetCookie(w, &http.Cookie{Name: "boxoffice_refresh", Value: "token", Path: "/auth", HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode})
		w.WriteHeader(http.StatusCreated)
	default:
		_ = json.NewEncoder(w).Encode(map[string]string{
			"path": r.URL.RequestURI(), "host": r.Host, "remote": r.RemoteAddr, "forwarded": r.Header.Get("X-Forwarded-For"),
			"authorization": r.Header.Get("Authorization"),
		})
	}
})

// both ways to the API: in the same process and in another one.
func bothWays(t *testing.T, test func(t *testing.T, url string, isProxy bool)) {
	t.Helper()
	t.Run("same process", func(t *testing.T) { t.Parallel(); test(t, serve(t, api), false) })
	t.Run("another process", func(t *testing.T) {
		t.Parallel()
		behind := httptest.NewServer(api)
		t.Cleanup(behind.Close)
		target, err := url.Parse(behind.URL)
		must(t, err)
		test(t, serve(t, Proxy(target, slog.New(slog.DiscardHandler))), true)
	})
}

func TestTheAPIIsReachedBelowItsPrefix(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, url string, isProxy bool) {
		_, body := get(t, url+"/api/events?search=a%26b", "Authorization", "Bearer x", "X-Forwarded-For", "6.6.6.6")
		var asked map[string]string
		must(t, json.Unmarshal([]byte(body), &asked))
		if asked["path"] != "/events?search=a%26b" || asked["host"] != strings.TrimPrefix(url, "http://") || asked["authorization"] != "Bearer x" {
			t.Errorf("the API was asked %v", asked)
		}
		if isProxy && asked["forwarded"] != "127.0.0.1" {
			t.Errorf("the address of the client arrives as %q", asked["forwarded"])
		}
	})
}

func TestCookiesOfTheAPIMoveBelowItsPrefix(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, url string, _ bool) {
		response, _ := ask(t, http.MethodPost, url+"/api/auth/login")
		want := "boxoffice_refresh=token; Path=/api/auth; HttpOnly; Secure; SameSite=Strict"
		if got := response.Header.Get("Set-Cookie"); response.StatusCode != 201 || got != want {
			t.Errorf("%d %q, want %q", response.StatusCode, got, want)
		}
	})
}

func TestWebSocketsPassThrough(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, url string, _ bool) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		must(t, err)
		defer conn.Close() //nolint:errcheck // the test is over then
		fmt.Fprintf(conn, "GET /api/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n")
		stream := bufio.NewReader(conn)
		response, err := http.ReadResponse(stream, nil)
		must(t, err)
		defer response.Body.Close() //nolint:errcheck // the connection is closed
		if response.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("status %d", response.StatusCode)
		}
		_, err = io.WriteString(conn, "hello\n")
		must(t, err)
		if line, err := stream.ReadString('\n'); err != nil || line != "echo hello\n" {
			t.Errorf("got %q, %v", line, err)
		}
	})
}

func TestAnAPIThatIsAwayIsAProblemThatPasses(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	must(t, err)
	address := l.Addr().String()
	must(t, l.Close())
	server := serve(t, Proxy(&url.URL{Scheme: "http", Host: address}, slog.New(slog.DiscardHandler)))
	response, body := get(t, server+"/api/events")
	var problem map[string]any
	must(t, json.Unmarshal([]byte(body), &problem))
	if response.StatusCode != 503 || problem["code"] != "unavailable" || response.Header.Get("Retry-After") == "" ||
		response.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %v %v", response.StatusCode, response.Header, problem)
	}
}
