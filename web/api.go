package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

// Proxy hands requests to an API in another process. WebSockets pass through it too. The API is told the address of the client, and
// no client can tell it another one.
func Proxy(target *url.URL, logger *slog.Logger) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // the API compares it with the origin
			r.SetXForwarded()
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if errors.Is(err, context.Canceled) { // the client has gone
				return
			}
			logger.WarnContext(r.Context(), "the API does not answer", "error", err)
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(http.StatusServiceUnavailable)
			_ = json.NewEncoder(w).Encode(map[string]any{ // the client is gone, if anything
				"type": "urn:boxoffice:problem:unavailable", "title": "Service Unavailable", "status": http.StatusServiceUnavailable,
				"code": "unavailable", "detail": "The service can't be reached right now; please try again in a moment",
			})
		},
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}

// moveCookies moves cookies from where the API sets them to where browsers reach it here: /auth is /api/auth.
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
