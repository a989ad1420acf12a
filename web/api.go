package web

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// keptConnections is how many connections to the API wait for the next request; those of a rush
// beyond it are closed after it.
const keptConnections = 512

// Proxy hands requests to an API in another process. WebSockets pass through it too. The API is
// told the address of the client, and no client can tell it another one; only what proxies in the
// trusted networks say of it, and of TLS, is handed on.
func Proxy(target *url.URL, trusted []netip.Prefix, logger *slog.Logger) http.Handler {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // the API is near, whatever the environment says about the way to the internet
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = keptConnections, keptConnections
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // the API compares it with the origin
			peer, err := netip.ParseAddrPort(r.In.RemoteAddr)
			isTrusted := err == nil && slices.ContainsFunc(trusted, func(p netip.Prefix) bool {
				return p.Contains(peer.Addr().Unmap())
			})
			if isTrusted {
				r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
			}
			r.SetXForwarded()
			if proto := r.In.Header["X-Forwarded-Proto"]; isTrusted && len(proto) > 0 {
				r.Out.Header["X-Forwarded-Proto"] = proto // TLS has ended there
			}
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() != nil { // the client has gone, and no other case has an empty answer
				return
			}
			logger.WarnContext(r.Context(), "the API does not answer", "error", err)
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(http.StatusServiceUnavailable)
			_ = json.NewEncoder(w).Encode(map[string]any{ // the client is gone, if anything
				"type": "urn:boxoffice:problem:unavailable", "title": "Service Unavailable",
				"status": http.StatusServiceUnavailable,
				"code":   "unavailable", "detail": "The service can't be reached right now. Please try again in a moment",
			})
		},
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/audit/") { // where answers are as long as the log; the API says for how long
			_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a server without deadlines refuses
		}
		proxy.ServeHTTP(w, r)
	})
}

// moveCookies moves cookies from where the API sets them to where browsers reach it here: /auth is
// /api/auth.
func moveCookies(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/auth/") { // no other address sets cookies, and a WebSocket needs the bare writer
			w = &cookieWriter{ResponseWriter: w}
		}
		api.ServeHTTP(w, r)
	})
}

type cookieWriter struct {
	http.ResponseWriter
	wrote bool
}

func (w *cookieWriter) WriteHeader(status int) {
	if !w.wrote {
		w.wrote = true
		cookies := w.Header()["Set-Cookie"]
		for i, line := range cookies {
			cookies[i] = strings.Replace(line, "; Path=/auth", "; Path=/api/auth", 1)
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *cookieWriter) Write(p []byte) (int, error) {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *cookieWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
