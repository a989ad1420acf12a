package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/httpapi/push"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
	"github.com/boxoffice/boxoffice/projections"
	"github.com/boxoffice/boxoffice/projections/engine"
)

// pushing is a process of its own on the system's database, which serves WebSocket and does not
// project.
type pushing struct {
	*testing.T
	system *system
	url    string
	push   *push.Push
	live   flooding
	server *httptest.Server
	stop   func() // without a word to clients
}

// flooding tells of changes that nobody has made, besides those that there are.
type flooding struct {
	push.Changes
	events chan int // so many new events are told of
}

func (f flooding) Run(ctx context.Context, tell func(projections.Changes)) {
	var work sync.WaitGroup
	defer work.Wait()
	made := make(chan projections.Changes)
	work.Go(func() {
		f.Changes.Run(ctx, func(n projections.Changes) {
			select {
			case made <- n:
			case <-ctx.Done():
			}
		})
	})
	var last projections.Changes
	for {
		select {
		case last = <-made:
			tell(last)
		case n := <-f.events:
			flood := projections.Changes{After: last.Upto, Upto: last.Upto}
			for range n {
				flood.Events = append(flood.Events, projections.EventChange{
					ID: uuid.New(), Status: projections.EventScheduled, Version: 1, First: last.Upto, Last: last.Upto,
				})
			}
			tell(flood)
		case <-ctx.Done():
			return
		}
	}
}

func (s *system) pushes(choices ...func(*push.Options)) *pushing {
	s.Helper()
	logger := slog.New(slog.NewJSONHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	pool := dbtest.Connect(s.T, s.db, dbtest.MaxConns(4))
	wire := engine.NewNotifier(s.db, pool, projections.Names(), logger)
	p := &pushing{T: s.T, system: s, live: flooding{projections.NewLive(pool, wire, logger), make(chan int)}}
	o := push.Options{Live: p.live, Accounts: s.options.Accounts, Origins: []string{"http://localhost:3000",
		"http://[::1]:3000"}, Logger: logger}
	for _, choose := range choices {
		choose(&o)
	}
	p.push = push.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { wire.Run(ctx) })
	work.Go(func() { p.push.Run(ctx) })
	p.server = httptest.NewServer(httpapi.New(httpapi.Options{
		Accounts: s.options.Accounts, Push: p.push, Logger: logger, Now: time.Now, Origins: o.Origins,
		TrustedProxies: []string{"127.0.0.0/8"},
		Progress:       engine.NewProgress(pool, wire, nil, logger),
	}))
	p.url = p.server.URL
	p.stop = sync.OnceFunc(func() {
		ctx, fast := context.WithCancel(context.Background())
		fast()
		_ = p.push.Close(ctx)
		p.server.Close()
		cancel()
		work.Wait()
		pool.Close()
	})
	s.Cleanup(p.stop)
	return p
}

// client is one connection.
type client struct {
	*testing.T
	*websocket.Conn
}

// frame is all that a server says.
type frame struct {
	Type             string
	EventID          string `json:"eventId"`
	BookingID        string `json:"bookingId"`
	HoldID           string `json:"holdId"`
	EntryID          string `json:"entryId"`
	Offered          bool
	ExpiresAt        *time.Time
	Place            int
	LogPosition      int64
	RemainingTickets int
	TotalTickets     int
	Status           string
	Version          int
	Position         int64
	HeartbeatSeconds float64
	Code, Detail     string
}

const soon = time.Minute // longer than anything here takes when all is well

// try gives a connection, or the answer that refuses it.
func (p *pushing) try(header http.Header) (*client, answer) {
	p.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	options := &websocket.DialOptions{HTTPHeader: header}
	conn, response, err := websocket.Dial(ctx, p.url+"/ws", options) //nolint:bodyclose // the library closes it
	if err == nil {
		p.Cleanup(func() { _ = conn.CloseNow() })
		return &client{p.T, conn}, answer{}
	}
	if response == nil {
		p.Fatalf("connect: %v", err)
	}
	a := answer{status: response.StatusCode, header: response.Header}
	if response.Close {
		a.header.Set("Connection", "close") // net/http takes it out
	}
	a.raw, err = io.ReadAll(response.Body)
	must(p, err)
	_ = json.Unmarshal(a.raw, &a.body) // what is not JSON has no code
	return nil, a
}

func (p *pushing) connect() *client {
	p.Helper()
	c, refused := p.try(nil)
	if c == nil {
		p.Fatalf("connect: %d %s", refused.status, refused.raw)
	}
	return c
}

// join says hello, with the fields given, and waits until the server is ready.
func (p *pushing) join(fields ...any) (*client, frame) {
	p.Helper()
	c := p.connect()
	c.say(append([]any{"type", "hello", "token", p.system.token(account.Customer)}, fields...)...)
	return c, c.want("ready")
}

// say sends an object of keys and values; later ones win.
func (c *client) say(fields ...any) {
	c.Helper()
	m := map[string]any{}
	for i := 0; i+1 < len(fields); i += 2 {
		m[fields[i].(string)] = fields[i+1]
	}
	text, err := json.Marshal(m)
	must(c, err)
	c.shout(websocket.MessageText, string(text))
}

func (c *client) shout(kind websocket.MessageType, text string) {
	c.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	if err := c.Write(ctx, kind, []byte(text)); err != nil {
		c.Fatalf("write: %v", err)
	}
}

func (c *client) next() (f frame, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	_, text, err := c.Read(ctx)
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	return f, err
}

// want reads the next frame, heartbeats apart, which must be of the type.
func (c *client) want(kind string) frame {
	c.Helper()
	for deadline := time.Now().Add(soon); ; {
		if time.Now().After(deadline) {
			c.Fatalf("want %s, got heartbeats only", kind)
		}
		f, err := c.next()
		if err != nil {
			c.Fatalf("want %s, got %v", kind, err)
		}
		if f.Type == "heartbeat" && kind != "heartbeat" {
			continue
		}
		if f.Type != kind {
			c.Fatalf("want %s, got %+v", kind, f)
		}
		return f
	}
}

// wantEvent reads frames until one says that the event has so many tickets left.
func (c *client) wantEvent(event string, remaining int) frame {
	c.Helper()
	for {
		if f := c.want("event"); f.EventID == event && f.RemainingTickets == remaining {
			return f
		}
	}
}

// wantEnd reads what is left until the connection ends, the way it should.
func (c *client) wantEnd(code websocket.StatusCode, name string) {
	c.Helper()
	var said frame
	for deadline := time.Now().Add(soon); ; {
		f, err := c.next()
		if err == nil && time.Now().After(deadline) {
			c.Fatalf("the connection goes on, want %d %s", code, name)
		}
		if err == nil {
			if f.Type == "error" {
				said = f
			}
			continue
		}
		if got := websocket.CloseStatus(err); got != code || said.Code != name || said.Detail == "" {
			c.Fatalf("ended with %d %+v (%v), want %d %s", got, said, err, code, name)
		}
		return
	}
}

func (s *system) book(event string) int64 {
	s.Helper()
	a := s.want(s.call("POST", "/book", s.token(account.Customer), map[string]string{"eventId": event}), 201, "")
	return position(s, a)
}

func position(s *system, a answer) (n int64) {
	s.Helper()
	if _, err := fmt.Sscan(a.header.Get("Log-Position"), &n); err != nil {
		s.Fatalf("Log-Position: %v", err)
	}
	return n
}

// eventually waits for a condition of which nobody sends word.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	if !waittest.Until(soon, holds) {
		t.Fatalf("still not so: %s", what)
	}
}
