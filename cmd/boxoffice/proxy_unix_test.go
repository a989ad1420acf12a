//go:build unix

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/logtest"
)

const publicOrigin = "https://tickets.example.com"

// nginxSnippet is the one of the documentation, changed by pairs of old and new text.
func nginxSnippet(t *testing.T, change ...string) string {
	t.Helper()
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations", "proxy.md"))
	must(t, err)
	found := regexp.MustCompile("(?s)```nginx\n(.*?)```").FindSubmatch(document)
	if found == nil {
		t.Fatal("proxy.md has no snippet for nginx")
	}
	snippet := string(found[1])
	for i := 0; i < len(change); i += 2 {
		if !strings.Contains(snippet, change[i]) {
			t.Fatalf("the snippet for nginx has no %q", change[i])
		}
		snippet = strings.ReplaceAll(snippet, change[i], change[i+1])
	}
	return snippet
}

// startNginx runs nginx with a snippet and returns when the port answers.
func startNginx(t *testing.T, path, dir, port, snippet string) {
	t.Helper()
	config := filepath.Join(dir, "nginx.conf")
	must(t, os.WriteFile(config, []byte(`daemon off; master_process off; pid nginx.pid; error_log stderr;
events {}
http {
access_log off;
client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
scgi_temp_path scgi;
`+snippet+"}\n"), 0o600))
	said := &logtest.Buffer{}
	nginx := exec.Command(path, "-p", dir, "-c", config)
	nginx.Stderr = said
	must(t, nginx.Start())
	t.Cleanup(func() { _ = nginx.Process.Kill(); _, _ = nginx.Process.Wait() })
	for deadline := time.Now().Add(patient); ; {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			must(t, conn.Close())
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nginx does not answer: %v\n%s", err, said)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// certificate writes one that signs itself, and its key.
func certificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"tickets.example.com"},
		NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	must(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	cert, key = filepath.Join(dir, "tickets.pem"), filepath.Join(dir, "tickets.key")
	must(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600))
	return cert, key
}

// browser is a client with cookies that finds every host at the port of this machine. It dials from
// an address of its own.
func browser(t *testing.T, port, from string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, "127.0.0.1:"+port)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport}
}

// fromPage sends a request as a page of the public origin does.
func fromPage(t *testing.T, client *http.Client, path, body string, header ...string) (int, http.Header) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, publicOrigin+path, strings.NewReader(body))
	must(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Refresh-Token-Mode", "cookie")
	request.Header.Set("Origin", publicOrigin)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := client.Do(request)
	must(t, err)
	must(t, response.Body.Close())
	return response.StatusCode, response.Header
}

const aliceSignsIn = `{"email":"alice@example.com","password":"password123"}`

// behindNginx starts the program with nginx in front, and returns the port of nginx.
func behindNginx(t *testing.T, change ...string) (p *process, port string) {
	t.Helper()
	dbtest.Slow(t)
	path, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed: `make setup` installs it")
	}
	p = serve(t, append(onDatabase(t), "TRUSTED_PROXIES=127.0.0.1/32"), "--seed")
	dir, port := t.TempDir(), freePort(t)
	cert, key := certificate(t, dir)
	startNginx(t, path, dir, port, nginxSnippet(t, append([]string{
		"server 127.0.0.1:3000", "server " + strings.TrimPrefix(strings.TrimSuffix(p.web, "/"), "http://"),
		"listen 443 ssl", "listen 127.0.0.1:" + port + " ssl",
		"/etc/ssl/tickets.pem", cert, "/etc/ssl/tickets.key", key,
	}, change...)...))
	return p, port
}

func TestTheSnippetForNginxWorks(t *testing.T) {
	t.Parallel()
	_, port := behindNginx(t)
	alice := browser(t, port, "127.0.0.1")
	if status, header := fromPage(t, alice, "/api/auth/login", aliceSignsIn); status != http.StatusOK {
		t.Fatalf("signing in: %d", status)
	} else if cookie := header.Get("Set-Cookie"); !strings.HasPrefix(cookie, "__Host-") ||
		!strings.Contains(cookie, "; Secure") {
		t.Errorf("the cookie is not bound to https: %s", cookie)
	}
	if status, _ := fromPage(t, alice, "/api/auth/refresh", "{}"); status != http.StatusOK {
		t.Errorf("refreshing the session: %d", status)
	}

	address := "wss" + strings.TrimPrefix(publicOrigin, "https") + "/api/ws"
	//nolint:bodyclose // the socket has it
	socket, response, err := websocket.Dial(t.Context(), address, &websocket.DialOptions{
		HTTPClient: alice, HTTPHeader: http.Header{"Origin": {publicOrigin}}})
	if err != nil {
		t.Fatalf("the WebSocket: %v, %v", err, response)
	}
	must(t, socket.CloseNow())

	// What a client says of its address counts for nothing, and clients are told apart.
	left := func(client *http.Client, header ...string) string {
		_, answer := fromPage(t, client, "/api/auth/login", aliceSignsIn, header...)
		return answer.Get("RateLimit")
	}
	before := left(alice)
	if after := left(alice, "X-Forwarded-For", "203.0.113.7"); after == before || !strings.Contains(before, "r=") {
		t.Errorf("a forged address has a limit of its own: %q, then %q", before, after)
	}
	if other := left(browser(t, port, "127.0.0.2")); other == left(alice) {
		t.Errorf("another client has used up the same limit: %q", other)
	}
}

// Without the line for Host, nginx sends its upstream's name.
func TestNginxWithItsOwnHostIsRefusedAndTheLogSaysWhy(t *testing.T) {
	t.Parallel()
	p, port := behindNginx(t, "proxy_set_header Host $http_host;", "")
	alice := browser(t, port, "127.0.0.1")
	if status, _ := fromPage(t, alice, "/api/auth/login", aliceSignsIn); status != http.StatusForbidden {
		t.Errorf("signing in: %d", status)
	}
	for _, part := range []string{publicOrigin, `"host":"boxoffice"`, "FRONTEND_ORIGIN"} {
		p.waitFor("the log to say "+part, func() bool { return strings.Contains(p.err.String(), part) })
	}
}
