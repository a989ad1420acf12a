package httpapi

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// ServeHTTP upgrades the connection and leaves it to goroutines of its own, so that nothing of the request is kept.
func (p *Push) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-p.begun:
	case <-r.Context().Done():
		return
	case <-time.After(p.HelloWithin):
		refuse(w, r, errNotReady)
		return
	}
	s := &socket{push: p, requestID: requestID(r.Context()), wake: make(chan struct{}, 1), expires: time.Now().Add(p.HelloWithin)}
	if problem := p.admit(s); problem != nil {
		refuse(w, r, problem)
		return
	}
	ws, err := websocket.Accept(&upgrade{ResponseWriter: w, request: r, socket: s}, r, &websocket.AcceptOptions{OriginPatterns: p.origins})
	if err != nil { // which the client was told of
		p.leave(s)
		return
	}
	s.ws = ws
	s.ws.SetReadLimit(-1) // read has one that says more
	s.work.Go(func() { s.guarded(s.read) })
	go s.guarded(s.write)
}

func refuse(w http.ResponseWriter, r *http.Request, p *Problem) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	writeProblem(w, r, p)
}

// upgrade is the response to a handshake: a refusal of the library's becomes a problem like others, and a connection gets buffers of
// its size.
type upgrade struct {
	http.ResponseWriter
	request *http.Request
	socket  *socket
	refused bool
}

var handshakeProblems = map[int]*Problem{
	http.StatusBadRequest:      newProblem(http.StatusBadRequest, "bad_handshake", "This is not a handshake of WebSocket version 13"),
	http.StatusForbidden:       newProblem(http.StatusForbidden, "cross_origin", "This origin may not connect"),
	http.StatusUpgradeRequired: newProblem(http.StatusUpgradeRequired, "upgrade_required", "This address is for WebSocket connections"),
}

func (u *upgrade) WriteHeader(status int) {
	if status == http.StatusSwitchingProtocols {
		u.ResponseWriter.WriteHeader(status)
		return
	}
	p, known := handshakeProblems[status]
	if !known {
		p = newProblem(http.StatusInternalServerError, "internal", "Something went wrong on our side")
	}
	if status == http.StatusForbidden {
		u.socket.push.foreign.refused(u.request)
	}
	u.refused = true
	u.Header().Set("Cache-Control", "no-store") // which http.Error has taken away
	refuse(u.ResponseWriter, u.request, p)
}

func (u *upgrade) Write(text []byte) (int, error) {
	if u.refused {
		return len(text), nil
	}
	return u.ResponseWriter.Write(text)
}

// Hijack is what the library takes the connection with.
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
	early, err := large.Peek(large.Reader.Buffered()) // the client need not wait for the answer
	if err != nil {
		return nil, nil, err
	}
	reader := bufio.NewReaderSize(bytes.NewReader(early), max(smallBuffer, len(early)))
	if _, err := reader.Peek(len(early)); err != nil {
		return nil, nil, err
	}
	return conn, bufio.NewReadWriter(reader, bufio.NewWriterSize(conn, smallBuffer)), nil
}
