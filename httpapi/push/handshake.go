package push

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/httpapi/problem"
)

// ServeHTTP upgrades the connection and leaves it to goroutines of its own, so that nothing of the
// request is kept.
func (p *Push) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-p.begun:
	case <-r.Context().Done():
		return
	case <-time.After(p.HelloWithin):
		middleware.WriteProblem(w, r, unavailable("not_ready", "The service can't serve requests yet", 1))
		return
	}
	s := &socket{
		push: p, requestID: middleware.RequestID(r.Context()), network: middleware.ClientOf(r.Context()).Site(),
		woken: make(chan struct{}, 1), expires: time.Now().Add(p.HelloWithin),
	}
	if refused := p.admit(s); refused != nil {
		w.Header().Set("Connection", "close") // kept open, it would be held as long as one that is let in
		middleware.WriteProblem(w, r, refused)
		return
	}
	ws, err := websocket.Accept(
		&upgrade{ResponseWriter: w, request: r, socket: s}, r, &websocket.AcceptOptions{OriginPatterns: p.origins})
	if err != nil { // the client has got its answer
		p.leave(s)
		return
	}
	s.ws = ws
	s.ws.SetReadLimit(-1) // read has a limit with a better message
	s.work.Go(func() { s.guarded(s.read) })
	go s.guarded(s.write)
}

// upgrade is the response to a handshake. It makes refusals of the library problems, and gives a
// connection smaller buffers.
type upgrade struct {
	http.ResponseWriter
	request *http.Request
	socket  *socket
	refused bool
}

// refusal is the problem for a status with which the library refuses a handshake.
func refusal(status int) *problem.Problem {
	switch status {
	case http.StatusBadRequest:
		return problem.New(status, "bad_handshake", "This is not a handshake of WebSocket version 13")
	case http.StatusForbidden:
		return problem.New(status, "cross_origin", "This origin may not connect")
	case http.StatusUpgradeRequired:
		return problem.New(status, "upgrade_required", "This address is for WebSocket connections")
	}
	return problem.Internal()
}

func (u *upgrade) WriteHeader(status int) {
	if status == http.StatusSwitchingProtocols {
		u.ResponseWriter.WriteHeader(status)
		return
	}
	if status == http.StatusForbidden {
		u.socket.push.foreign.Refused(u.request)
	}
	u.refused = true
	u.Header().Set("Cache-Control", middleware.NoStore) // http.Error has removed it
	middleware.WriteProblem(u.ResponseWriter, u.request, refusal(status))
}

func (u *upgrade) Write(text []byte) (int, error) {
	if u.refused {
		return len(text), nil
	}
	return u.ResponseWriter.Write(text)
}

// Hijack takes over the connection, for the library.
func (u *upgrade) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, large, err := http.NewResponseController(u.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // at worst the kernel's own choice
	}
	u.socket.mu.Lock()
	u.socket.raw = conn
	if u.socket.isCut {
		_ = conn.Close()
	}
	u.socket.mu.Unlock()
	early, err := large.Peek(large.Reader.Buffered()) // sent before the client had the answer
	if err != nil {
		return nil, nil, err
	}
	reader := bufio.NewReaderSize(bytes.NewReader(early), max(smallBuffer, len(early)))
	if _, err := reader.Peek(len(early)); err != nil {
		return nil, nil, err
	}
	return conn, bufio.NewReadWriter(reader, bufio.NewWriterSize(conn, smallBuffer)), nil
}
