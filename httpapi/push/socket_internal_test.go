package push

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/projections"
)

// pipeListener accepts one connection, of memory.
type pipeListener struct{ conns chan net.Conn }

func (l pipeListener) Accept() (net.Conn, error) {
	conn, ok := <-l.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (l pipeListener) Close() error { close(l.conns); return nil }
func (pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// sendTo sends frames to a client that accepts one after each pause, and gives the reason to end
// the connection.
func sendTo(t *testing.T, slowAfter, pause time.Duration, frames int) (reason *closeReason) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		l := pipeListener{make(chan net.Conn, 1)}
		l.conns <- near
		sent := make(chan *closeReason, 1)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ws, err := websocket.Accept(w, r, nil)
			if err != nil {
				t.Error(err)
				return
			}
			s := &socket{push: New(Options{SlowAfter: slowAfter}), ws: ws, raw: near}
			texts := make([][]byte, frames)
			for i := range texts {
				texts[i] = []byte(`{}`)
			}
			sent <- s.send(texts)
			_ = ws.CloseNow()
		})}
		go func() { _ = server.Serve(l) }()
		client := &http.Client{Transport: &http.Transport{
			DialContext: func(context.Context, string, string) (net.Conn, error) { return far, nil },
		}}
		o := &websocket.DialOptions{HTTPClient: client}
		ws, _, err := websocket.Dial(t.Context(), "ws://memory/", o) //nolint:bodyclose // the library closes it
		if err != nil {
			t.Fatal(err)
		}
		for range frames {
			time.Sleep(pause) // of the bubble's clock
			if _, _, err := ws.Read(t.Context()); err != nil {
				break
			}
		}
		reason = <-sent
		_ = ws.CloseNow()
		_ = server.Close()
	})
	return reason
}

func TestAClientMayTakeItsTimeForEachFrame(t *testing.T) {
	t.Parallel()
	if reason := sendTo(t, 5*time.Second, 4*time.Second, 10); reason != nil {
		t.Errorf("ended with %+v, though no frame took too long", reason)
	}
	if reason := sendTo(t, 5*time.Second, 6*time.Second, 10); reason == nil || reason.name != "too_slow" {
		t.Errorf("ended with %+v, want too_slow", reason)
	}
	if reason := sendTo(t, 5*time.Second, 11*time.Second, 10); reason == nil || reason.code != 0 {
		t.Errorf("ended with %+v, want no word to a client that takes nothing", reason)
	}
}

func TestNoPositionFromBeforeAResetIsToldAfterIt(t *testing.T) {
	t.Parallel()
	p := New(Options{})
	s := &socket{push: p, woken: make(chan struct{}, 1), greeted: true, expires: time.Now().Add(time.Hour)}
	if p.admit(s) != nil || !p.join(s, uuid.New(), false, false) {
		t.Fatal("no room")
	}
	p.follow(s, nil, nil)
	l, event := newLog(), uuid.New()
	for range 5 {
		p.observe(l.append(event))
	}
	p.flush()
	before := p.sent.Load()
	p.observe(projections.Changes{
		Upto: 1, Reset: true, Events: []projections.EventChange{{ID: event, Version: 1, First: 1, Last: 1}},
	})
	frames, _, _ := s.take(true, before) // a heartbeat that was due meanwhile
	if got := string(bytes.Join(frames[1:], nil)); got != `{"type":"reset","position":0}` {
		t.Errorf("after ready came %s", got)
	}
	p.flush()
	frames, _, _ = s.take(true, p.sent.Load())
	if len(frames) != 2 || p.sent.Load() != 1 {
		t.Errorf("got %q, want the event and a heartbeat", frames)
	}
	after := int64(0)
	if p.follow(s, nil, &after); p.floor != 0 {
		t.Errorf("what was told before position %d is forgotten", p.floor)
	}
}
