package middleware

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi/problem"
)

// request is what a request's context carries.
type request struct {
	began  time.Time
	id     string
	code   string // of the problem that is answered, if one is
	client Client
}

type requestKey struct{}

func requestOf(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return new(request) // outside of a request
}

// RequestID names the request in logs, problems, and as the correlation id of records.
func RequestID(ctx context.Context) string { return requestOf(ctx).id }

// NoteCode keeps the code of the problem that is answered for [Observer].
func NoteCode(ctx context.Context, code string) { requestOf(ctx).code = code }

// Identify sets the id and the client of a request. It comes first, because the other middlewares rely
// on it. The client's X-Request-Id is kept when it is harmless in a log, and replaced otherwise.
func Identify(clients *ClientResolver) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := r.Header.Get("X-Request-Id")
			if !isRequestID(id) {
				id = uuid.NewString()
			}
			w.Header().Set("X-Request-Id", id)
			noted := &request{began: time.Now(), id: id, client: clients.resolve(r)}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, noted)))
		})
	}
}

func isRequestID(id string) bool {
	if id == "" || len(id) > 100 {
		return false
	}
	for _, c := range []byte(id) {
		isLetter, isDigit := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z', c >= '0' && c <= '9'
		if !isLetter && !isDigit && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// WriteProblem answers with a problem. It does not change p.
func WriteProblem(w http.ResponseWriter, r *http.Request, p *problem.Problem) {
	NoteCode(r.Context(), p.Code)
	told := *p
	told.RequestID = RequestID(r.Context())
	for name, values := range told.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", told.ContentType(""))
	w.WriteHeader(told.Status)
	_ = json.NewEncoder(w).Encode(&told) // fails only when the client is gone
}
