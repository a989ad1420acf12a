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
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

const id = "6f0f5c3e-3a55-4d0c-9d53-6d9a4f3f2b10"

var export = fstest.MapFS{
	".keep": {},
	"index.html": {Data: []byte(`<script>first()</script><script src="/_next/static/a.js"></script>` +
		`<script id="x">second()</script>`)},
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
	"desk.html":              {Data: []byte("one's own events")},
	"desk/_.html":            {Data: []byte("the desk of one event")},
	"audit.html":             {Data: []byte("streams")},
	"audit/_.html":           {Data: []byte("one stream")},
	"audit/_.txt":            {Data: []byte("data of one stream")},
	"door/_.html":            {Data: []byte("one door")},
	"door/_/app.webmanifest": {Data: []byte("app")},
	"_next/static/a-1234.js": {Data: []byte("code")},
	"icon.svg":               {Data: []byte("<svg/>")},
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var quiet = slog.New(slog.DiscardHandler)

// serve gives the address of a server of the export in front of api.
func serve(t *testing.T, api http.Handler) string {
	t.Helper()
	h, err := handler(export, api, quiet)
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

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   string
	length int64
}

func get(t *testing.T, url string, headers ...string) answer {
	t.Helper()
	return ask(t, http.MethodGet, url, headers...)
}

func ask(t *testing.T, method, url string, headers ...string) answer {
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
	return answer{response.StatusCode, response.Header, string(body), response.ContentLength}
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
		{"/desk", 200, "one's own events"},
		{"/desk/" + id, 200, "the desk of one event"},
		{"/door/" + id, 200, "one door"},
		{"/door/" + id + "/app.webmanifest", 200, "app"},
		{"/audit", 200, "streams"},
		{"/audit/" + id, 200, "one stream"},
		{"/audit/" + id + ".txt", 200, "data of one stream"},
		{"/audit/nothing", 404, "not here"},
		{"/login.html", 404, "not here"},
		{"/login.html.br", 404, "not here"},
		{"/.keep", 404, "not here"},
		{"/_next/static/", 308, ""},
		{"/events/", 308, ""},
		{"/../web.go", 308, ""},
	} {
		a := get(t, server+c.path)
		if a.status != c.status || c.status != 308 && a.body != c.body {
			t.Errorf("GET %s: %d %q, want %d %q", c.path, a.status, a.body, c.status, c.body)
		}
	}
	if a := get(t, server+"//evil.example/"); a.header.Get("Location") != "/evil.example" {
		t.Errorf("redirected to %q", a.header.Get("Location"))
	}
	if a := get(t, server+"/events/?search=jazz"); a.header.Get("Location") != "/events?search=jazz" {
		t.Errorf("redirected to %q", a.header.Get("Location"))
	}
	a := ask(t, http.MethodPost, server+"/login?next=x") // a form that was sent without scripts
	if a.status != 303 || a.header.Get("Location") != "/login?next=x" {
		t.Errorf("POST: %d %v", a.status, a.header)
	}
	if a := ask(t, http.MethodPut, server+"/login"); a.status != 405 || a.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("PUT: %d %v", a.status, a.header)
	}
	if a := ask(t, http.MethodHead, server+"/login"); a.status != 200 || a.body != "" || a.length != 39 {
		t.Errorf("HEAD: %d %q %d", a.status, a.body, a.length)
	}
}

func TestOnlyTheDoorMayUseTheCamera(t *testing.T) {
	t.Parallel()
	server := serve(t, http.NotFoundHandler())
	for path, may := range map[string]bool{"/door/" + id: true, "/events/" + id: false, "/": false} {
		h := get(t, server+path).header
		camera := strings.Contains(h.Get("Permissions-Policy"), "camera=(self)")
		wasm := strings.Contains(h.Get("Content-Security-Policy"), "'wasm-unsafe-eval'")
		if camera != may || wasm != may {
			t.Errorf("%s: camera %v, WebAssembly %v, want %v", path, camera, wasm, may)
		}
	}
}

func TestOnlyTheInlineScriptsOfAPageMayRun(t *testing.T) {
	t.Parallel()
	server := serve(t, http.NotFoundHandler())
	a := get(t, server+"/")
	policy := a.header.Get("Content-Security-Policy")
	hash := func(script string) string {
		sum := sha256.Sum256([]byte(script))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	want := "script-src 'self' " + hash("first()") + " " + hash("second()") + ";"
	if !strings.Contains(policy, want) || !strings.HasPrefix(policy, "default-src 'none';") ||
		!strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("policy %q, want %q in it", policy, want)
	}
	scripts, _, _ := strings.Cut(policy[strings.Index(policy, "script-src"):], ";")
	if strings.Contains(scripts, "unsafe") {
		t.Errorf("scripts may be anything: %q", scripts)
	}
	a = get(t, server+"/nothing")
	if a.header.Get("Content-Security-Policy") == "" || a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the page for what is not found: %v", a.header)
	}
}

func TestFilesAreCompressedAndCached(t *testing.T) {
	t.Parallel()
	server := serve(t, http.NotFoundHandler())
	for accept, want := range map[string]string{"": "", "gzip": "gzip", "gzip, deflate, br": "br",
		"br;q=0, gzip;q=0.5": "gzip", "identity": ""} {
		a := get(t, server+"/login", "Accept-Encoding", accept)
		if got := a.header.Get("Content-Encoding"); got != want || a.header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: %q, want %q; Vary %q", accept, got, want, a.header.Get("Vary"))
		}
	}
	page := get(t, server+"/login")
	if page.header.Get("Cache-Control") != revalidate || page.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("a page: %v", page.header)
	}
	packed := get(t, server+"/login", "Accept-Encoding", "br")
	if packed.header.Get("ETag") == page.header.Get("ETag") {
		t.Error("two encodings share an ETag")
	}
	if again := get(t, server+"/login", "If-None-Match", page.header.Get("ETag")); again.status != http.StatusNotModified {
		t.Errorf("the same page again: %d", again.status)
	}
	asset := get(t, server+"/_next/static/a-1234.js")
	if asset.header.Get("Cache-Control") != immutable ||
		asset.header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("an asset: %v", asset.header)
	}
	// Not a page, and not cached: another process may have the file.
	missing := get(t, server+"/_next/static/gone.js")
	if missing.status != 404 || missing.header.Get("Cache-Control") != "no-store" ||
		missing.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("an asset that is not there: %d %v", missing.status, missing.header)
	}
}

func TestWithoutAnExportThereIsAPageThatSaysHowToBuildIt(t *testing.T) {
	t.Parallel()
	h, err := handler(fstest.MapFS{".keep": {}}, http.NotFoundHandler(), quiet)
	must(t, err)
	for _, path := range []string{"/", "/events"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != 200 || !strings.Contains(w.Body.String(), "make run") {
			t.Errorf("GET %s: %d %s", path, w.Code, w.Body)
		}
	}
}

// api answers with what it was asked, sets a cookie, and echoes what comes through an upgraded
// connection.
var api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/ws":
		conn, stream, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer conn.Close() //nolint:errcheck // the test is over then
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		_, _ = fmt.Fprintf(stream,
			"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
			base64.StdEncoding.EncodeToString(sum[:]))
		_ = stream.Flush()
		line, _ := stream.ReadString('\n')
		_, _ = io.WriteString(conn, "echo "+line)
	case "/auth/login":
		http.SetCookie(w, &http.Cookie{Name: "boxoffice_refresh", Value: "token", Path: "/auth", HttpOnly: true, Secure: true,
			SameSite: http.SameSiteStrictMode})
		w.WriteHeader(http.StatusCreated)
	default:
		_ = json.NewEncoder(w).Encode(map[string]string{
			"path": r.URL.RequestURI(), "host": r.Host, "remote": r.RemoteAddr, "forwarded": r.Header.Get("X-Forwarded-For"),
			"proto":         r.Header.Get("X-Forwarded-Proto"),
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
		test(t, serve(t, Proxy(target, nil, quiet)), true)
	})
}

func TestTheAPIIsReachedBelowItsPrefix(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, url string, isProxy bool) {
		a := get(t, url+"/api/events?search=a%26b", "Authorization", "Bearer x", "X-Forwarded-For", "6.6.6.6")
		var asked map[string]string
		must(t, json.Unmarshal([]byte(a.body), &asked))
		if asked["path"] != "/events?search=a%26b" || asked["host"] != strings.TrimPrefix(url, "http://") ||
			asked["authorization"] != "Bearer x" {
			t.Errorf("the API was asked %v", asked)
		}
		if isProxy && asked["forwarded"] != "127.0.0.1" {
			t.Errorf("the address of the client arrives as %q", asked["forwarded"])
		}
	})
}

func TestOnlyAProxyThatIsTrustedTellsTheAddressOfTheClient(t *testing.T) {
	t.Parallel()
	behind := httptest.NewServer(api)
	t.Cleanup(behind.Close)
	target, err := url.Parse(behind.URL)
	must(t, err)
	for network, want := range map[string]string{"127.0.0.0/8": "6.6.6.6, 127.0.0.1", "10.0.0.0/8": "127.0.0.1"} {
		proxy := serve(t, Proxy(target, []netip.Prefix{netip.MustParsePrefix(network)}, quiet))
		a := get(t, proxy+"/api/events", "X-Forwarded-For", "6.6.6.6", "X-Forwarded-Proto", "https")
		var asked map[string]string
		must(t, json.Unmarshal([]byte(a.body), &asked))
		if asked["forwarded"] != want {
			t.Errorf("with %s trusted, the address of the client arrives as %q, want %q", network, asked["forwarded"], want)
		}
		if isTrusted := network == "127.0.0.0/8"; isTrusted != (asked["proto"] == "https") {
			t.Errorf("with %s trusted, the way of the client arrives as %q", network, asked["proto"])
		}
	}
}

func TestAnAnswerAboutTheLogMayTakeLongerThanOthers(t *testing.T) {
	t.Parallel()
	const most = 50 * time.Millisecond
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-time.After(2 * most)
		_, _ = io.WriteString(w, "the end")
	}))
	t.Cleanup(behind.Close)
	target, err := url.Parse(behind.URL)
	must(t, err)
	h, err := handler(export, Proxy(target, nil, quiet), quiet)
	must(t, err)
	server := httptest.NewUnstartedServer(h)
	server.Config.WriteTimeout = most
	server.Start()
	t.Cleanup(server.Close)
	for path, whole := range map[string]bool{"/api/audit/export": true, "/api/events": false} {
		response, err := http.Get(server.URL + path)
		if err == nil {
			_, err = io.ReadAll(response.Body)
			_ = response.Body.Close()
		}
		if whole != (err == nil) {
			t.Errorf("GET %s: %v", path, err)
		}
	}
}

func TestCookiesOfTheAPIMoveBelowItsPrefix(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, url string, _ bool) {
		a := ask(t, http.MethodPost, url+"/api/auth/login")
		want := "boxoffice_refresh=token; Path=/api/auth; HttpOnly; Secure; SameSite=Strict"
		if got := a.header.Get("Set-Cookie"); a.status != http.StatusCreated || got != want {
			t.Errorf("%d %q, want %q", a.status, got, want)
		}
	})
}

func TestWebSocketsPassThrough(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, url string, _ bool) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		must(t, err)
		defer conn.Close() //nolint:errcheck // the test is over then
		_, err = io.WriteString(conn,
			"GET /api/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
				"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n")
		must(t, err)
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
	server := serve(t, Proxy(&url.URL{Scheme: "http", Host: address}, nil, quiet))
	a := get(t, server+"/api/events")
	var problem map[string]any
	must(t, json.Unmarshal([]byte(a.body), &problem))
	if a.status != http.StatusServiceUnavailable || problem["code"] != "unavailable" ||
		a.header.Get("Retry-After") == "" ||
		a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %v %v", a.status, a.header, problem)
	}
}
