package httpapi_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice/eventstore"
	"github.com/boxoffice/boxoffice/httpapi"
)

func behindProxy(o *httpapi.Options, _ *eventstore.Options) {
	o.TrustedProxies = []string{"127.0.0.0/8"}
}

// with is the same system behind an API with other options.
func (s *system) with(change func(*httpapi.Options)) *system {
	options := s.options
	change(&options)
	other := *s
	other.url = s.serve(options)
	return &other
}

func plainHTTP(p httpapi.PlainHTTP) func(*httpapi.Options) {
	return func(o *httpapi.Options) { o.PlainHTTP = p }
}

func TestTheCookieIsSecureWhereTheBrowserSpeaksHTTPS(t *testing.T) {
	t.Parallel()
	s := start(t, behindProxy)
	s.want(s.call("POST", "/auth/register", "", ann), 201, "")
	development, production := s, s.with(plainHTTP(httpapi.PlainHTTPRefused))
	allowed := s.with(plainHTTP(httpapi.PlainHTTPAllowed))
	noProxy := s.with(func(o *httpapi.Options) { o.TrustedProxies = nil })
	const plain, plainSecure, host = "boxoffice_refresh", "boxoffice_refresh, Secure", "__Host-boxoffice_refresh, Secure"
	for _, c := range []struct {
		name    string
		system  *system
		headers []string
		want    string
	}{
		{"this machine", development, nil, plain},
		{"RFC 1918", development, []string{"X-Forwarded-For", "192.168.1.7"}, plain},
		{"RFC 1918", development, []string{"X-Forwarded-For", "172.16.3.4:1234"}, plain},
		{"ULA", development, []string{"X-Forwarded-For", "fd12::7"}, plain},
		{"link-local", development, []string{"X-Forwarded-For", "[fe80::7%eth0]:80"}, plain},
		{"the internet", development, []string{"X-Forwarded-For", "198.51.100.7"}, plainSecure},
		{"the internet, allowed", allowed, []string{"X-Forwarded-For", "198.51.100.7"}, plain},
		{"this machine, in production", production, nil, plainSecure},
		{"https", development, []string{"X-Forwarded-Proto", "https"}, host},
		{"https, in production", production, []string{"X-Forwarded-Proto", "HTTPS, http", "X-Forwarded-For", "192.168.1.7"},
			host},
		{"https, plain HTTP allowed", allowed, []string{"X-Forwarded-Proto", "https"}, host},
		{"a proxy that speaks of http", development, []string{"X-Forwarded-Proto", "http"}, plain},
		{"a proxy that is not trusted", noProxy, []string{"X-Forwarded-Proto", "https"}, plain},
		{"a page over https", noProxy, []string{"Origin", "https://" + strings.TrimPrefix(noProxy.url, "http://")}, host},
	} {
		a := s.want(c.system.call("POST", "/auth/login", "", map[string]string{"email": ann["email"],
			"password": ann["password"]}, c.headers...), 200, "")
		set, cleared := parseCookies(t, a.header)
		got := set.Name
		if set.Secure {
			got += ", Secure"
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
		if cleared.Name == set.Name || cleared.MaxAge >= 0 {
			t.Errorf("%s: the cookie of the other name stays: %v", c.name, cleared)
		}
		if strings.HasPrefix(set.Name, "__Host-") != (set.Path == "/") || set.Domain != "" {
			t.Errorf("%s: path %q and domain %q", c.name, set.Path, set.Domain)
		}
		if set.MaxAge < 604_700 || set.MaxAge > 604_800 || set.Expires.IsZero() || !set.HttpOnly ||
			set.SameSite != http.SameSiteStrictMode {
			t.Errorf("%s: %v", c.name, set)
		}
		next := s.want(c.system.call("POST", "/auth/refresh", "", nil, append(c.headers, "Cookie", a.refreshCookie())...),
			200, "")
		if next.refreshCookie() == a.refreshCookie() {
			t.Errorf("%s: the token was not exchanged", c.name)
		}
	}
}

func parseCookies(t *testing.T, header http.Header) (set, cleared *http.Cookie) {
	t.Helper()
	cookies := (&http.Response{Header: header}).Cookies()
	if len(cookies) != 2 {
		t.Fatalf("%d cookies, want one that is set and one that is cleared: %v", len(cookies), cookies)
	}
	return cookies[0], cookies[1]
}

func TestTheCookieIsSecureOverTLS(t *testing.T) {
	t.Parallel()
	s := start(t, behindProxy)
	body, err := json.Marshal(ann)
	must(t, err)
	request := httptest.NewRequest(http.MethodPost, "/auth/register", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.TLS = &tls.ConnectionState{}
	w := httptest.NewRecorder()
	httpapi.New(s.options).ServeHTTP(w, request)
	set, _ := parseCookies(t, w.Header())
	if w.Code != 201 || !set.Secure || set.Name != "__Host-boxoffice_refresh" {
		t.Errorf("got %d, %v", w.Code, set)
	}
}

// A phone opens http://boxoffice.lan:3000, whose owner signs in and loads the page again.
func TestASignInOverPlainHTTPInALocalNetworkSurvivesAReload(t *testing.T) {
	t.Parallel()
	s := start(t, behindProxy)
	jar, err := cookiejar.New(nil)
	must(t, err)
	browser := &http.Client{Jar: jar, Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, strings.TrimPrefix(s.url, "http://"))
		},
	}}
	const page = "http://boxoffice.lan:3000"
	post := func(path, body string) int {
		request, err := http.NewRequest(http.MethodPost, page+path, strings.NewReader(body))
		must(t, err)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Origin", page)
		request.Header.Set("X-Forwarded-For", "192.168.1.20")
		response, err := browser.Do(request)
		must(t, err)
		must(t, response.Body.Close())
		return response.StatusCode
	}
	body, err := json.Marshal(ann)
	must(t, err)
	if got := post("/auth/register", string(body)); got != 201 {
		t.Fatalf("register: %d", got)
	}
	for range 2 {
		if got := post("/auth/refresh", "{}"); got != 200 {
			t.Fatalf("refresh: %d", got)
		}
	}
	if got := post("/auth/logout", "{}"); got != 204 {
		t.Fatalf("logout: %d", got)
	}
	if got := post("/auth/refresh", "{}"); got != 401 {
		t.Fatalf("refresh after signing out: %d", got)
	}
}

func TestNobodySignsInOverPlainHTTPInProductionUnlessItIsAllowed(t *testing.T) {
	t.Parallel()
	s := start(t, behindProxy, func(o *httpapi.Options, _ *eventstore.Options) { o.PlainHTTP = httpapi.PlainHTTPRefused })
	plain := []string{"X-Forwarded-For", "192.168.1.7", "X-Forwarded-Proto", "http"}
	credentials := map[string]string{"email": ann["email"], "password": ann["password"]}
	refused := s.want(s.call("POST", "/auth/register", "", ann, plain...), 403, "plain_http")
	for _, name := range []string{"https", "TRUSTED_PROXIES", "X-Forwarded-Proto", "ALLOW_PLAIN_HTTP"} {
		if !strings.Contains(refused.at("detail").(string), name) {
			t.Errorf("%s is not named: %s", name, refused.raw)
		}
	}
	s.want(s.call("POST", "/auth/register", "", ann), 201, "") // from this machine
	s.want(s.call("POST", "/auth/login", "", credentials, plain...), 403, "plain_http")
	login := s.want(s.call("POST", "/auth/login", "", credentials, "X-Forwarded-For", "192.168.1.7", "X-Forwarded-Proto",
		"https"), 200, "")
	s.want(s.call("POST", "/auth/logout", "", nil, append(plain, "Cookie", login.refreshCookie())...), 204, "")
	s.want(s.with(plainHTTP(httpapi.PlainHTTPAllowed)).call("POST", "/auth/login", "", credentials, plain...), 200, "")
}
