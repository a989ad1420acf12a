package middleware

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/boxoffice/boxoffice/httpapi/problem"
)

// Recover answers a request whose handler panicked with a plain 500.
func Recover(logger *slog.Logger) func(http.Handler) http.Handler {
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
				logger.ErrorContext(r.Context(), "handler panicked",
					"panic", p, "stack", string(debug.Stack()), "requestId", RequestID(r.Context()))
				WriteProblem(w, r, problem.Internal())
			}()
			next.ServeHTTP(w, r)
		})
	}
}
