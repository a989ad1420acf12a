package httpapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi/push"
	"github.com/boxoffice/boxoffice/internal/account"
)

func TestAConnectionWithoutAGoodTokenEnds(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes(func(o *push.Options) { o.HelloWithin = 2 * time.Second })
	p.connect().wantEnd(4408, "hello_timeout")

	patient := s.pushes()
	mallory, err := account.NewSigner(account.Secrets{Access: []string{"another secret of somebody"},
		Refresh: []string{"and one for refreshing"}}, time.Now)
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

func TestAConnectionEndsWhenItsUserIsSignedOutEverywhere(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes()
	before := s.want(s.call("POST", "/auth/register", "", ann), 201, "").at("accessToken").(string)
	old, other := p.connect(), p.connect()
	old.say("type", "hello", "token", before)
	old.want("ready")
	other.say("type", "hello", "token", s.token(account.Customer))
	other.want("ready")
	after := s.want(s.call("POST", "/auth/me/password", before, map[string]string{
		"password": ann["password"], "newPassword": "another passw0rd",
	}), 200, "").at("accessToken").(string)
	old.wantEnd(4401, "invalid_token")
	changed := p.connect()
	changed.say("type", "hello", "token", after)
	changed.want("ready")
	event := s.schedule(3)
	other.wantEvent(event, 3)
	changed.wantEvent(event, 3)
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
	p := s.pushes(func(o *push.Options) { o.UserConnections = 1000 })
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
	p := s.pushes(func(o *push.Options) { o.Connections, o.UserConnections = 3, 1 })
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
	if s.want(refused, 503, "too_many_connections"); refused.header.Get("Retry-After") == "" ||
		refused.body["requestId"] == nil {
		t.Errorf("the fourth connection: %v %s", refused.header, refused.raw)
	}

	must(t, first.Close(websocket.StatusNormalClosure, ""))
	eventually(t, "a place is free", func() bool { return p.push.Sockets() == 2 })
	again := p.connect()
	again.say("type", "hello", "token", token)
	again.want("ready")
}

// Most of them never say who they are.
func TestOneAddressTakesNotAllConnections(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := s.pushes(func(o *push.Options) { o.AddressConnections = 2 })
	silent := p.connect()
	p.connect()
	_, refused := p.try(nil)
	if s.want(refused, 429, "rate_limited"); refused.header.Get("Retry-After") == "" {
		t.Errorf("the third connection: %v %s", refused.header, refused.raw)
	}
	must(t, silent.Close(websocket.StatusNormalClosure, ""))
	eventually(t, "a place is free", func() bool { return p.push.Sockets() == 1 })
	p.connect()
}

// The log can't be filled with refusals either.
func TestManySilentConnectionsOfOneAddressLeaveRoomForOthers(t *testing.T) {
	t.Parallel()
	s := start(t)
	const some, many = 20, 300
	p := s.pushes(func(o *push.Options) {
		o.Connections, o.AddressConnections, o.HelloWithin = 2*some, some, time.Minute
	})
	flood := http.Header{"X-Forwarded-For": {"198.51.100.1"}}
	for i := range many {
		c, refused := p.try(flood)
		if i < some {
			if c == nil {
				t.Fatalf("connection %d: %d %s", i, refused.status, refused.raw)
			}
			continue
		}
		if s.want(refused, 429, "rate_limited"); refused.header.Get("Connection") != "close" {
			t.Fatal("a refused connection stays open")
		}
	}
	other, refused := p.try(http.Header{"X-Forwarded-For": {"203.0.113.7"}})
	if other == nil {
		t.Fatalf("somebody else: %d %s", refused.status, refused.raw)
	}
	other.say("type", "hello", "token", s.token(account.Customer))
	other.want("ready")
	for line := range strings.Lines(s.logs.String()) {
		if strings.Contains(line, `"/ws"`) && !strings.Contains(line, `"level":"DEBUG"`) {
			t.Errorf("a refusal is logged: %s", line)
		}
	}
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
	s.url = p.url
	s.saysOnceWhyBrowsersAreRefused()
}

func TestWhatIsNoHandshakeIsAProblem(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.url = s.pushes().url
	s.want(s.call("GET", "/ws", "", nil), 426, "upgrade_required")
	s.want(s.call("GET", "/ws", "", nil, "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "8"),
		400, "bad_handshake")
	s.want(s.call("POST", "/ws", "", nil), 405, "method_not_allowed")
}
