package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
)

// request is what is known of a request wherever it is worked on.
type request struct {
	began   time.Time
	arrival *arrival // nil, unless it takes turns
	id      string
	code    string // of the problem that is answered, if one is
	client  client
}

type requestKey struct{}

func requestOf(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return new(request) // of nobody
}

// requestID names the request in logs, problems, and as the correlation id of records.
func requestID(ctx context.Context) string { return requestOf(ctx).id }

// noteCode tells the code of a problem to whoever observes the request.
func noteCode(ctx context.Context, code string) { requestOf(ctx).code = code }

// identify takes the client's X-Request-Id over when it is harmless in a log, and makes one up otherwise.
func identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Id")
		if !isRequestID(id) {
			id = uuid.NewString()
		}
		w.Header().Set("X-Request-Id", id)
		requestOf(r.Context()).id = id
		next.ServeHTTP(w, r)
	})
}

func isRequestID(id string) bool {
	if id == "" || len(id) > 100 {
		return false
	}
	for _, c := range []byte(id) {
		isPlain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
		if !isPlain {
			return false
		}
	}
	return true
}

// recoverPanics answers a request whose handler panicked with a plain 500.
func recoverPanics(logger *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				p := recover()
				if p == nil {
					return
				}
				if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(p)
				}
				logger.ErrorContext(r.Context(), "handler panicked", "panic", p, "stack", string(debug.Stack()), "requestId", requestID(r.Context()))
				writeProblem(w, r, newProblem(http.StatusInternalServerError, "internal", "Something went wrong on our side"))
			}()
			next.ServeHTTP(w, r)
		})
	}
}

// Values that every answer has, shared by all: who adds to one gets a copy.
var (
	noSniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	deny       = []string{"DENY"}
	noContent  = []string{"default-src 'none'; frame-ancestors 'none'"}
	noStore    = []string{"no-store"} // most answers depend on who asks; a route that may be kept says so itself
)

func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["X-Content-Type-Options"], h["Referrer-Policy"], h["X-Frame-Options"] = noSniff, noReferrer, deny
		h["Content-Security-Policy"], h["Cache-Control"] = noContent, noStore
		next.ServeHTTP(w, r)
	})
}
