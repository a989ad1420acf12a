package push

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/projections"
)

// changes are those that a test sends.
type changes chan projections.Changes

func (c changes) Run(ctx context.Context, tell func(projections.Changes)) {
	for {
		select {
		case n := <-c:
			tell(n)
		case <-ctx.Done():
			return
		}
	}
}

func (changes) Watch(bool)                         {}
func (changes) End(context.Context) (int64, error) { return 0, nil }

func (changes) Places(context.Context, []uuid.UUID, []uuid.UUID, []uuid.UUID) ([]projections.Place, int64, error) {
	return nil, 0, nil
}

// memoryServer is a push whose connections have no buffers: what a client does not read, the server
// can't write.
type memoryServer struct {
	*testing.T
	*Push
	updates changes
	log     *log
	conns   chan net.Conn
	signer  *account.Signer
}

// serve runs a push, to be called in a bubble, until the test ends.
func serve(t *testing.T, o Options) *memoryServer {
	t.Helper()
	secrets := account.Secrets{
		Access: []string{strings.Repeat("a", 32)}, Refresh: []string{strings.Repeat("r", 32)},
	}
	signer, err := account.NewSigner(secrets, nil)
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := account.New(nil, signer, account.Options{WeakCost: true, Cost: 4})
	if err != nil {
		t.Fatal(err)
	}
	m := &memoryServer{T: t, updates: make(changes), log: newLog(), conns: make(chan net.Conn, 1), signer: signer}
	o.Live, o.Accounts, o.Logger = m.updates, accounts, slog.New(slog.DiscardHandler)
	m.Push = New(o)
	ctx, cancel := context.WithCancel(t.Context())
	go m.Push.Run(ctx)
	server := &http.Server{Handler: m.Push}
	go func() { _ = server.Serve(pipeListener{m.conns}) }()
	t.Cleanup(func() { _ = server.Close(); cancel(); synctest.Wait() })
	m.updates <- m.log.append() // it is ready with the first
	return m
}

// join connects a client, which follows all events.
func (m *memoryServer) join() *websocket.Conn {
	m.Helper()
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			m.conns <- near
			return far, nil
		},
	}}
	o := &websocket.DialOptions{HTTPClient: client}
	ws, _, err := websocket.Dial(m.Context(), "ws://memory/", o) //nolint:bodyclose // the library closes it
	if err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() { _ = ws.CloseNow() })
	token, _, err := m.signer.IssueAccess(account.User{ID: uuid.New(), Email: "a@example.com", Role: account.Customer})
	if err != nil {
		m.Fatal(err)
	}
	hello, err := json.Marshal(clientMessage{Type: "hello", Token: token})
	if err != nil {
		m.Fatal(err)
	}
	if err := ws.Write(m.Context(), websocket.MessageText, hello); err != nil {
		m.Fatal(err)
	}
	m.wants(ws, "ready")
	return ws
}

// wants reads frames of the given types.
func (m *memoryServer) wants(ws *websocket.Conn, types ...string) (last struct{ Type, Code string }) {
	m.Helper()
	for _, kind := range types {
		_, text, err := ws.Read(m.Context())
		if err != nil {
			m.Fatalf("want %s, got %v", kind, err)
		}
		if err := json.Unmarshal(text, &last); err != nil || last.Type != kind {
			m.Fatalf("want %s, got %s (%v)", kind, text, err)
		}
	}
	return last
}

func TestASlowClientIsDroppedAndTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const patience = 5 * time.Second
		m := serve(t, Options{SlowAfter: patience, HeartbeatEvery: time.Hour})
		told, dead, fine := m.join(), m.join(), m.join()
		event := uuid.New()
		m.updates <- m.log.append(event)
		m.wants(fine, "event")

		time.Sleep(patience + time.Second)
		if n := m.Sockets(); n != 3 {
			t.Fatalf("%d are connected, want 3", n)
		}
		if last := m.wants(told, "event", "error"); last.Code != "too_slow" {
			t.Errorf("told %q, want too_slow", last.Code)
		}
		if _, _, err := told.Read(t.Context()); websocket.CloseStatus(err) != closeTooMuch {
			t.Errorf("the slow one ended with %v, want %d", err, closeTooMuch)
		}
		synctest.Wait()
		if n := m.Sockets(); n != 2 {
			t.Errorf("%d are connected, want 2: one that was slow has left", n)
		}

		time.Sleep(patience)
		synctest.Wait()
		if n := m.Sockets(); n != 1 {
			t.Errorf("%d are connected, want 1: one takes nothing", n)
		}
		if _, err := io.Copy(io.Discard, websocket.NetConn(t.Context(), dead, websocket.MessageText)); err == nil ||
			websocket.CloseStatus(err) != -1 {
			t.Errorf("who took nothing ended with %v", err)
		}
		m.updates <- m.log.append(event)
		m.wants(fine, "event")
	})
}
