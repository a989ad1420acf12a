package httpapi

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// timedBody is a request's body that must arrive in time. It is the only place that sets a read
// deadline for a request.
//
// The deadline belongs to the connection. Once a body has ended, net/http reads on in the
// background to notice when the client leaves. A deadline that ends that read ends the context of
// the connection, and every later request on it fails. So the deadline is set by the first read of
// a body that is still on its way, and removed at the body's end. A body that is late keeps its
// deadline, because net/http must not wait for the rest of it either.
type timedBody struct {
	io.ReadCloser
	response *http.ResponseController
	within   time.Duration
	begun    bool
}

// timeBody bounds how long the body of a request may take to arrive.
func (a *api) timeBody(w http.ResponseWriter, r *http.Request) {
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &timedBody{ReadCloser: r.Body, response: http.NewResponseController(w), within: a.bodyTimeout()}
	}
}

func (b *timedBody) Read(p []byte) (int, error) {
	if !b.begun {
		b.begun = true
		_ = b.response.SetReadDeadline(time.Now().Add(b.within)) // a writer without deadlines leaves it to the server
	}
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.response.SetReadDeadline(time.Time{})
	}
	return n, err
}

// ownDeadlines keeps huma from setting deadlines: it does so before it reads a body, even one that
// has been read already or that is empty. See [timedBody].
func ownDeadlines(ctx huma.Context, next func(huma.Context)) { next(withOwnDeadlines{ctx}) }

// humaContext is embedded by a name other than that of its method Context.
type humaContext = huma.Context

type withOwnDeadlines struct{ humaContext }

func (withOwnDeadlines) SetReadDeadline(time.Time) error { return nil }

// Unwrap is for humachi.
func (c withOwnDeadlines) Unwrap() huma.Context { return c.humaContext }
