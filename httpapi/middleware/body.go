package middleware

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// timedBody is a request's body that must arrive in time. It is the only place that sets a read
// deadline for a request.
//
// The deadline belongs to the connection. Once a body has ended, net/http reads on in the
// background to notice when the client leaves. A deadline that ends that read ends the context of
// the connection, and every later request on it fails. So the first read of a body sets the
// deadline, and the body's end removes it.
type timedBody struct {
	io.ReadCloser
	response *http.ResponseController
	within   time.Duration
	begun    bool
	deadline time.Time // zero: none is set
}

// BodyDeadline bounds how long the body of a request may take to arrive, from its first read.
func BodyDeadline(within time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Body != nil && r.Body != http.NoBody {
				r.Body = &timedBody{ReadCloser: r.Body, response: http.NewResponseController(w), within: within}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// ExtendBodyDeadline lets the body of a request take several times as long as those of others. It has
// to be called before the body is read.
func ExtendBodyDeadline(r *http.Request, factor int) {
	if b, ok := r.Body.(*timedBody); ok {
		b.within *= time.Duration(factor)
	}
}

func (b *timedBody) Read(p []byte) (int, error) {
	if !b.begun {
		b.begun, b.deadline = true, time.Now().Add(b.within)
		_ = b.response.SetReadDeadline(b.deadline) // a writer without deadlines leaves it to the server
	}
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.deadline = time.Time{}
		_ = b.response.SetReadDeadline(b.deadline)
	}
	return n, err
}

// Close waits for the rest of a body no longer than for a read of it: huma has removed the
// deadline.
func (b *timedBody) Close() error {
	if !b.deadline.IsZero() {
		_ = b.response.SetReadDeadline(b.deadline)
	}
	return b.ReadCloser.Close()
}
