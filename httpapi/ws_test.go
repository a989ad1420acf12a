package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/projections"
)

// pushing is a process of its own on the system's database, which serves WebSocket and does not project.
type pushing struct {
	*testing.T
	system *system
	url    string
	push   *httpapi.Push
	live   *projections.Live
	server *httptest.Server
	stop   func() // without a word to clients
}

func (s *system) pushes(choices ...func(*httpapi.PushOptions)) *pushing {
	s.Helper()
	logger := slog.New(slog.NewJSONHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	pool := dbtest.Connect(s.T, s.db, dbtest.MaxConns(4))
	wire := projections.NewWire(s.db, pool, logger)
	p := &pushing{T: s.T, system: s, live: projections.NewLive(pool, wire, logger)}
	o := httpapi.PushOptions{Live: p.live, Accounts: s.options.Accounts, Origins: []string{"http://localhost:3000", "http://[::1]:3000"}, Logger: logger}
	for _, choose := range choices {
		choose(&o)
	}
	p.push = httpapi.NewPush(o)
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { wire.Run(ctx) })
	work.Go(func() { p.push.Run(ctx) })
	p.server = httptest.NewServer(httpapi.New(httpapi.Options{
		Accounts: s.options.Accounts, Push: p.push, Logger: logger, Now: time.Now, Origins: o.Origins,
		Progress: projections.NewProgress(pool, wire, logger),
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
	RemainingTickets int
	TotalTickets     int
	Status           string
	Version          int
	Position         int64
	HeartbeatSeconds float64
	Code, Detail     string
}

const soon = 20 * time.Second // longer than anything here takes when all is well

// try gives a connection, or the answer that refuses it.
func (p *pushing) try(header http.Header) (*client, answer) {
	p.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	conn, response, err := websocket.Dial(ctx, p.url+"/ws", &websocket.DialOptions{HTTPHeader: header}) //nolint:bodyclose // the library keeps what there is of it
	if err == nil {
		p.Cleanup(func() { _ = conn.CloseNow() })
		return &client{p.T, conn}, answer{}
	}
	if response == nil {
		p.Fatalf("connect: %v", err)
	}
	a := answer{status: response.StatusCode, header: response.Header}
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
	for {
		f, err := c.next()
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
	deadline := time.Now().Add(soon)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("still not so: %s", what)
		}
		<-tick.C
	}
}

func TestAChangeIsPushedToThoseWhoFollowTheEvent(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes()
	one, other := s.schedule(5), s.schedule(7)
	all, _ := p.join()
	only, ready := p.join("events", []string{one})
	none, _ := p.join("events", []string{})
	if ready.HeartbeatSeconds != 15 {
		t.Errorf("ready: %+v", ready)
	}
	s.book(other)
	all.wantEvent(other, 6)
	at := s.book(one)
	f := all.wantEvent(one, 4)
	if f.TotalTickets != 5 || f.Status != "SCHEDULED" || f.Version != 2 || f.Position != at {
		t.Errorf("got %+v, want version 2 at %d", f, at)
	}
	for f := only.want("event"); f.RemainingTickets != 4; f = only.want("event") { // it may have joined before the event was seen
		if f.EventID != one {
			t.Fatalf("who follows one event got %+v", f)
		}
	}
	// The next answer to who follows nothing is about what is followed from now on, and what was missed of it.
	none.say("type", "subscribe", "events", []string{other})
	none.wantEvent(other, 6)
	none.say("type", "subscribe", "events", nil)
	none.wantEvent(one, 4)
	s.schedule(3)
	if f := all.want("event"); f.Version != 1 || f.TotalTickets != 3 {
		t.Errorf("a new event: %+v", f)
	}
}

// The system's own process projects and pushes.
func TestSeveralProcessesPushTheSame(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(100)
	var clients []*client
	for range 3 {
		p := s.pushes()
		c, _ := p.join("events", []string{event})
		clients = append(clients, c)
	}
	var storm sync.WaitGroup
	for range 4 {
		storm.Go(func() {
			for range 25 {
				if _, err := s.try("POST", "/book", s.token(account.Customer), map[string]string{"eventId": event}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	storm.Wait()
	for _, c := range clients {
		version := 0
		for {
			f := c.want("event")
			if f.Version <= version || f.RemainingTickets != 101-f.Version {
				t.Fatalf("after version %d came %+v", version, f)
			}
			if version = f.Version; version == 101 {
				break
			}
		}
	}
}

func TestAClientResumesWhereItWas(t *testing.T) {
	t.Parallel()
	s := start(t)
	one, other := s.schedule(50), s.schedule(50)
	p := s.pushes()
	c, ready := p.join()
	s.book(one)
	c.wantEvent(one, 49)
	must(t, c.CloseNow())
	s.book(one)
	last := s.book(other)
	witness, _ := p.join("after", ready.Position)
	left := map[string]int{}
	for left[one] != 48 || left[other] != 49 { // in the order in which they were due
		f := witness.want("event")
		left[f.EventID] = f.RemainingTickets
	}

	again, was := p.join("after", ready.Position, "events", []string{other})
	if f := again.want("event"); f.EventID != other || f.RemainingTickets != 49 || was.Position > f.Position {
		t.Errorf("resumed with %+v and %+v", was, f)
	}
	// Nothing has happened since the last position.
	_, idle := p.join("after", last)
	if idle.Position != last {
		t.Errorf("ready at %d, want %d", idle.Position, last)
	}
	// A process that has just begun knows what happened last.
	fresh, _ := s.pushes().join("after", ready.Position, "events", []string{one})
	fresh.wantEvent(one, 48)
}

// Whoever comes back with any position that it got, at whatever moment it was cut off, ends up with what there is.
func TestNoChangeIsLostByComingBack(t *testing.T) {
	t.Parallel()
	s := start(t)
	const n = 5
	events := make([]string, n)
	for i := range events {
		events[i] = s.schedule(1000)
	}
	p := s.pushes()
	_, ready := p.join()
	var storm sync.WaitGroup
	for i := range n {
		storm.Go(func() {
			for range 60 {
				if _, err := s.try("POST", "/book", s.token(account.Customer), map[string]string{"eventId": events[i]}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	known := map[string]int{}
	at := ready.Position
	for round := 0; len(known) < n || slowest(known) < 61; round++ {
		c, ready := p.join("after", at)
		at = ready.Position
		for range 1 + round%7 {
			f := c.want("event")
			known[f.EventID] = max(known[f.EventID], f.Version)
			at = f.Position
			if len(known) == n && slowest(known) == 61 {
				break
			}
		}
		must(t, c.CloseNow())
	}
	storm.Wait()
}

func slowest(versions map[string]int) int {
	least := 1 << 30
	for _, v := range versions {
		least = min(least, v)
	}
	return least
}

func TestWhatIsNotRememberedIsResetAndSaid(t *testing.T) {
	t.Parallel()
	s := start(t)
	one, two, three := s.schedule(5), s.schedule(5), s.schedule(5)
	p := s.pushes(func(o *httpapi.PushOptions) { o.Remember = 1 })
	c, _ := p.join()
	for _, event := range []string{one, two, three} {
		s.book(event)
		c.wantEvent(event, 4)
	}
	late, ready := p.join("after", 1)
	if f := late.want("reset"); f.Position != ready.Position || f.Position < 5 {
		t.Errorf("reset at %d, ready at %d", f.Position, ready.Position)
	}
	s.book(one) // and it goes on
	late.wantEvent(one, 3)
	late.say("type", "subscribe", "events", nil, "after", 1)
	late.want("reset")
}

func TestCapacityAndCancellationArePushedToo(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(5)
	c, _ := s.pushes().join("events", []string{event})
	token := s.token(account.Customer)
	booked := s.want(s.call("POST", "/book", token, map[string]string{"eventId": event}), 201, "")
	c.wantEvent(event, 4)
	s.want(s.call("DELETE", "/bookings/"+booked.at("booking", "id").(string), token, nil), 200, "")
	if f := c.wantEvent(event, 5); f.Version != 3 {
		t.Errorf("after the cancellation: %+v", f)
	}
}

func TestAConnectionWithoutAGoodTokenEnds(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes(func(o *httpapi.PushOptions) { o.HelloWithin = 2 * time.Second })
	p.connect().wantEnd(4408, "hello_timeout")

	patient := s.pushes()
	mallory, err := account.NewSigner(account.Secrets{Access: []string{"another secret of somebody"}, Refresh: []string{"and one for refreshing"}}, time.Now)
	must(t, err)
	forged, _, err := mallory.IssueAccess(account.User{ID: uuid.New(), Email: "m@example.com", Role: account.Customer})
	must(t, err)
	for name, token := range map[string]any{"none": nil, "empty": "", "garbage": "a.b.c", "forged": forged} {
		c := patient.connect()
		c.say("type", "hello", "token", token)
		c.wantEnd(4401, "invalid_token")
		_ = name
	}
	gone := s.want(s.call("POST", "/auth/register", "", ann), 201, "").at("accessToken").(string)
	s.want(s.call("DELETE", "/auth/me", gone, map[string]string{"password": ann["password"]}), 204, "")
	erased := patient.connect()
	erased.say("type", "hello", "token", gone)
	erased.wantEnd(4401, "invalid_token")
	c := patient.connect()
	c.say("type", "hello", "token", s.tokenUntil(uuid.New(), time.Now().Add(-time.Second)))
	c.wantEnd(4401, "token_expired")
}

// tokenUntil is a token that was made with the secret and expires when the test wants it.
func (s *system) tokenUntil(user uuid.UUID, expires time.Time) string {
	s.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": "boxoffice", "aud": "boxoffice-api", "sub": user.String(), "email": "a@example.com",
		"iat": time.Now().Add(-time.Hour).Unix(), "exp": float64(expires.UnixMilli()) / 1000,
	}).SignedString([]byte("an access secret for tests"))
	must(s, err)
	return token
}

func TestAConnectionLastsAsLongAsItsToken(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes()
	user := uuid.New()
	expires := time.Now().Add(2 * time.Second).Truncate(time.Second)
	short := s.tokenUntil(user, expires)

	ends, lasts, stolen := p.connect(), p.connect(), p.connect()
	for _, c := range []*client{ends, lasts, stolen} {
		c.say("type", "hello", "token", short)
		c.want("ready")
	}
	lasts.say("type", "renew", "token", s.tokenOf(user, account.Customer))
	stolen.say("type", "renew", "token", s.token(account.Customer)) // somebody else's
	stolen.wantEnd(4401, "invalid_token")
	ends.wantEnd(4401, "token_expired")
	if early := time.Until(expires); early > 0 {
		t.Errorf("the connection ended %s before its token", early)
	}
	event := s.schedule(3)
	lasts.wantEvent(event, 3)
	lasts.say("type", "renew", "token", "x")
	lasts.wantEnd(4401, "invalid_token")
}

func TestMessagesThatMakeNoSenseEndTheConnection(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes(func(o *httpapi.PushOptions) { o.UserConnections = 1000 })
	hello := func(more string) string {
		return `{"type":"hello","token":"` + s.token(account.Customer) + `"` + more + `}`
	}
	ids := func(n int) string {
		var list []string
		for range n {
			list = append(list, `"`+uuid.NewString()+`"`)
		}
		return `[` + strings.Join(list, ",") + `]`
	}
	for name, messages := range map[string][]string{
		"not JSON":          {`hello`},
		"two values":        {hello("") + `{}`},
		"no type":           {`{}`},
		"unknown type":      {hello(""), `{"type":"dance"}`},
		"unknown field":     {hello(`,"color":"red"`)},
		"no hello first":    {`{"type":"subscribe","events":[]}`},
		"two hellos":        {hello(""), hello("")},
		"an id that is not": {hello(`,"events":["1"]`)},
		"too many ids":      {hello(`,"events":` + ids(201))},
		"negative after":    {hello(`,"after":-1`)},
		"wrong type":        {hello(`,"after":"1"`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := p.connect()
			c.T = t
			for _, m := range messages {
				c.shout(websocket.MessageText, m)
			}
			c.wantEnd(4400, "bad_message")
		})
	}
	t.Run("binary", func(t *testing.T) {
		t.Parallel()
		c := p.connect()
		c.T = t
		c.shout(websocket.MessageBinary, hello(""))
		c.wantEnd(4400, "bad_message")
	})
	t.Run("too big", func(t *testing.T) {
		t.Parallel()
		c := p.connect()
		c.T = t
		c.shout(websocket.MessageText, hello(strings.Repeat(" ", 16<<10)))
		c.wantEnd(websocket.StatusMessageTooBig, "message_too_big")
	})
	t.Run("as many ids as there may be", func(t *testing.T) {
		t.Parallel()
		c := p.connect()
		c.T = t
		c.shout(websocket.MessageText, hello(`,"events":`+ids(200)))
		c.want("ready")
	})
	t.Run("too many messages", func(t *testing.T) {
		t.Parallel()
		c := p.connect()
		c.T = t
		c.shout(websocket.MessageText, hello(""))
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		for range 100 {
			_ = c.Write(ctx, websocket.MessageText, []byte(`{"type":"subscribe","events":[]}`)) // the server may have ended it
		}
		c.wantEnd(4429, "too_many_messages")
	})
}

func TestConnectionsAreLimited(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes(func(o *httpapi.PushOptions) { o.Connections, o.UserConnections = 3, 1 })
	token := s.token(account.Customer)
	first, second := p.connect(), p.connect()
	first.say("type", "hello", "token", token)
	first.want("ready")
	second.say("type", "hello", "token", token)
	second.wantEnd(4429, "too_many_connections")
	eventually(t, "the refused connection is gone", func() bool { return p.push.Sockets() == 1 })

	p.connect()
	p.connect()
	_, refused := p.try(nil)
	if s.want(refused, 503, "too_many_connections"); refused.header.Get("Retry-After") == "" || refused.body["requestId"] == nil {
		t.Errorf("the fourth connection: %v %s", refused.header, refused.raw)
	}

	must(t, first.Close(websocket.StatusNormalClosure, ""))
	eventually(t, "a place is free", func() bool { return p.push.Sockets() == 2 })
	again := p.connect()
	again.say("type", "hello", "token", token)
	again.want("ready")
}

func TestOnlyKnownOriginsConnect(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes()
	for origin, allowed := range map[string]bool{
		"":                              true, // not a browser
		p.url:                           true, // the API's own
		"http://localhost:3000":         true,
		"http://[::1]:3000":             true,
		"http://localhost:3001":         false,
		"https://localhost:3000":        false,
		"http://localhost:3000.evil.io": false,
		"http://evil.io":                false,
		"null":                          false,
	} {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		c, refused := p.try(header)
		if allowed != (c != nil) {
			t.Errorf("origin %q: %d %s", origin, refused.status, refused.raw)
		}
		if !allowed && c == nil {
			s.want(refused, 403, "cross_origin")
		}
	}
}

func TestWhatIsNoHandshakeIsAProblem(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.url = s.pushes().url
	s.want(s.call("GET", "/ws", "", nil), 426, "upgrade_required")
	s.want(s.call("GET", "/ws", "", nil, "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "8"), 400, "bad_handshake")
	s.want(s.call("POST", "/ws", "", nil), 405, "method_not_allowed")
}

func TestHeartbeatsSayHowFarTheClientIs(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes(func(o *httpapi.PushOptions) { o.HeartbeatEvery = time.Second })
	c, ready := p.join("events", []string{})
	if ready.HeartbeatSeconds != 1 {
		t.Errorf("ready: %+v", ready)
	}
	event := s.schedule(2)
	at := s.book(event)
	var f frame
	for f.Position < at { // what happens to others is passed over
		last := f.Position
		if f = c.want("heartbeat"); f.Position < last {
			t.Fatalf("a heartbeat went from %d back to %d", last, f.Position)
		}
	}
}

// A client that is gone without a word does not answer pings.
func TestAClientThatIsGoneLosesItsPlace(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes(func(o *httpapi.PushOptions) { o.HeartbeatEvery = 250 * time.Millisecond })
	p.join() // nobody reads from it, so no ping is answered
	alive, _ := p.join()
	ctx, cancel := context.WithCancel(context.Background())
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			if _, _, err := alive.Read(ctx); err != nil {
				return
			}
		}
	})
	eventually(t, "the place is free", func() bool { return p.push.Sockets() == 1 })
	must(t, alive.Ping(context.Background()))
	cancel()
	reading.Wait()
}

// slowClient is one whose kernel takes little that nobody reads.
func (p *pushing) slowClient() *client {
	p.Helper()
	dialer := &net.Dialer{}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(32 << 10)
		}
		return conn, err
	}}
	conn, _, err := websocket.Dial(context.Background(), p.url+"/ws", &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}}) //nolint:bodyclose // as above
	must(p, err)
	p.Cleanup(func() { _ = conn.CloseNow() })
	return &client{p.T, conn}
}

func TestASlowClientIsDroppedAndTold(t *testing.T) {
	t.Parallel()
	dbtest.Slow(t)
	const patience = 2 * time.Second
	s := start(t)
	p := s.pushes(func(o *httpapi.PushOptions) { o.SlowAfter = patience })
	told, dead := p.slowClient(), p.slowClient()
	for _, c := range []*client{told, dead} {
		c.say("type", "hello", "token", s.token(account.Customer))
		c.want("ready")
	}
	flooded := time.Now()
	p.push.Flood(5_000) // 1 MB, more than the buffers on the way
	fine, _ := p.join()
	event := s.schedule(4)
	fine.wantEvent(event, 4)
	if n := p.push.Sockets(); n != 3 {
		t.Fatalf("%d are connected", n)
	}
	<-time.After(time.Until(flooded.Add(patience * 5 / 4))) // the one clock here that is the server's
	told.wantEnd(4429, "too_slow")
	eventually(t, "the other is cut off", func() bool { return p.push.Sockets() == 1 })
	if took := time.Since(flooded); took < 2*patience {
		t.Errorf("the other was cut off after %s", took)
	}
	if _, err := io.Copy(io.Discard, neverEnding{dead}); websocket.CloseStatus(err) != -1 {
		t.Errorf("who took nothing ended with %v", err)
	}
	s.book(event)
	fine.wantEvent(event, 3)
}

type neverEnding struct{ *client }

func (r neverEnding) Read([]byte) (int, error) {
	_, err := r.next()
	return 0, err
}

func TestAStopSaysGoodbye(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes()
	var clients []*client
	for range 20 {
		c, _ := p.join()
		clients = append(clients, c)
	}
	silent := p.connect()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- p.push.Close(ctx) }()
	for _, c := range append(clients, silent) {
		c.wantEnd(websocket.StatusGoingAway, "shutting_down")
	}
	must(t, <-done)
	_, refused := p.try(nil)
	s.want(refused, 503, "shutting_down")
}

func TestAStopIsBoundedByItsDeadline(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes()
	p.join() // and never reads, so it does not answer the goodbye
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := p.push.Close(ctx); err == nil {
		t.Error("a client that does not answer was closed in good order")
	}
	if took := time.Since(began); took > 3*time.Second || p.push.Sockets() != 0 {
		t.Errorf("the stop took %s, and %d are left", took, p.push.Sockets())
	}
}

// This one is alone: it counts all goroutines.
func TestNoGoroutineIsLeftBehind(t *testing.T) {
	dbtest.Slow(t)
	s := start(t)
	p := s.pushes(func(o *httpapi.PushOptions) { o.HelloWithin, o.UserConnections = 500*time.Millisecond, 50 })
	event := s.schedule(100)
	c, _ := p.join()
	must(t, c.Close(websocket.StatusNormalClosure, ""))
	eventually(t, "nobody is connected", func() bool { return p.push.Sockets() == 0 })
	http.DefaultClient.CloseIdleConnections()
	var before int
	eventually(t, "it is quiet", func() bool {
		last := before
		before = runtime.NumGoroutine()
		return last == before
	})
	for i := range 60 {
		c := p.connect()
		switch i % 6 {
		case 0:
			c.wantEnd(4408, "hello_timeout")
		case 1:
			c.say("type", "hello", "token", "x")
			c.wantEnd(4401, "invalid_token")
		case 2:
			_ = c.CloseNow()
		default:
			c.say("type", "hello", "token", s.token(account.Customer), "events", []string{event})
			c.want("ready")
			if i%6 == 3 {
				s.book(event)
				c.want("event")
			}
			if i%6 == 4 {
				_ = c.CloseNow()
			} else {
				must(t, c.Close(websocket.StatusNormalClosure, ""))
			}
		}
	}
	eventually(t, "nobody is connected", func() bool { return p.push.Sockets() == 0 })
	http.DefaultClient.CloseIdleConnections()
	eventually(t, "their goroutines are gone", func() bool { return runtime.NumGoroutine() <= before+2 })
	if users, watched := p.push.Remains(); users != 0 || watched != 0 {
		t.Errorf("%d users and %d events are still known to be followed", users, watched)
	}
}
