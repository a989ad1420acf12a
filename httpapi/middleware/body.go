package middleware

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// unreadWithin is how long an answer waits for the rest of a body that nobody has read. Most
	// clients send it right behind the head, and keep their connection.
	unreadWithin = 100 * time.Millisecond
	// unreadMost is how much of such a body is read, as net/http has it.
	unreadMost = 256 << 10
	// lingerFor is how long a connection is read from after such an answer, before it is closed: an end
	// while the client still sends could take the answer away from it.
	lingerFor = time.Second
)

// timedBody is a request's body that must arrive in time. It is the only place that sets a read
// deadline for a request.
//
// The deadline belongs to the connection. Once a body has ended, net/http reads on in the
// background to notice when the client leaves. A deadline that ends that read ends the context of
// the connection, and every later request on it fails. So the first read of a body sets the
// deadline, and the body's end removes it.
//
// A proxy reads a body while the answer begins.
type timedBody struct {
	io.ReadCloser
	response     *http.ResponseController
	within       time.Duration
	begun, ended atomic.Bool
}

// BodyDeadline bounds how long the body of a request may take to arrive, from its first read. An
// answer to a request whose body was not read does not wait for it: it ends the connection instead. Of
// two that a request passes, the inner one says how long.
func BodyDeadline(within time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Body == nil || r.Body == http.NoBody {
				next.ServeHTTP(w, r)
				return
			}
			if outer, ok := r.Body.(*timedBody); ok {
				outer.within = within
				next.ServeHTTP(w, r)
				return
			}
			b := &timedBody{ReadCloser: r.Body, response: http.NewResponseController(w), within: within}
			a := &answer{ResponseWriter: w, body: b, expectsContinue: r.Header.Get("Expect") != ""}
			r.Body = b
			next.ServeHTTP(a, r)
			a.begin() // at the latest: nothing was written
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
	if b.begun.CompareAndSwap(false, true) {
		b.deadlineIn(b.within)
	}
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) && b.ended.CompareAndSwap(false, true) {
		_ = b.response.SetReadDeadline(time.Time{})
	}
	return n, err
}

// Close leaves the rest of the body to [answer.begin] and net/http. Closing it here would wait for it, and
// huma closes a body that has not come in time after it has removed the deadline.
func (*timedBody) Close() error { return nil }

// deadlineIn does nothing to a writer without deadlines, which leaves them to the server.
func (b *timedBody) deadlineIn(d time.Duration) { _ = b.response.SetReadDeadline(time.Now().Add(d)) }

// answer is the response to a request with a body.
type answer struct {
	http.ResponseWriter
	body            *timedBody
	expectsContinue bool // the client sends the body once it is asked for it, which a read does
	begun           bool
}

// Unwrap is for [http.ResponseController].
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	if status >= http.StatusOK {
		a.begin()
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	a.begin()
	return a.ResponseWriter.Write(p)
}

// begin is called before the headers are sent. Without it, net/http would hold the answer back until
// the body is there or the time for it is over.
func (a *answer) begin() {
	if a.begun || a.body.ended.Load() {
		return
	}
	a.begun = true
	if wasRead := a.body.begun.Swap(true); wasRead || !a.expectsContinue {
		a.body.deadlineIn(unreadWithin)
		if _, err := io.CopyN(io.Discard, a.body, unreadMost); errors.Is(err, io.EOF) {
			return
		}
	}
	a.Header().Set("Connection", "close")
	a.body.deadlineIn(lingerFor) // net/http reads on once the answer is sent
}
