package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/httpapi/push"
	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/dbtest"
)

// someone makes an account with a role.
func (s *system) someone(role account.Role) account.User {
	s.Helper()
	user := account.User{Email: uuid.NewString() + "@example.com", Name: "Somebody", Role: role}
	user, err := s.options.Accounts.Create(context.Background(), user, another)
	must(s, err)
	return user
}

// keyOf makes an API key.
func (s *system) keyOf(user account.User, scopes ...account.Scope) (id uuid.UUID, key string) {
	s.Helper()
	made, key, err := s.options.Accounts.CreateKey(context.Background(), user.ID,
		account.NewKey{Name: "A program", Scopes: scopes})
	must(s, err)
	return made.ID, key
}

// unknownKey has the form of a key, and is nobody's.
const unknownKey = "bx_live_" + "0000000000000000000000000000000000000000000" + "2czCLJ"

func TestAKeyIsMadeUsedListedAndRevoked(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.registerAnn().at("accessToken").(string)
	wanted := map[string]any{"name": "Ticket printer", "scopes": []string{"book", "read"}, "password": "not it 123",
		"expiresAt": "2100-01-01T00:00:00Z"}
	s.want(s.call("POST", "/auth/keys", token, wanted), 403, "wrong_password")
	wanted["password"] = ann["password"]
	wanted["name"] = " "
	s.want(s.call("POST", "/auth/keys", token, wanted), 400, "validation_failed")
	wanted["name"] = "Ticket printer"
	made := s.want(s.call("POST", "/auth/keys", token, wanted), 201, "")
	key, id := made.at("key").(string), made.at("id").(string)
	if !account.IsAPIKey(key) || made.at("prefix") != key[:12] || fmt.Sprint(made.at("scopes")) != "[read book]" ||
		made.at("expiresAt") != "2100-01-01T00:00:00Z" || made.at("lastUsedAt") != nil {
		t.Errorf("got %s", made.raw)
	}

	event := s.schedule(1)
	s.want(s.order(key, event), 201, "")
	s.want(s.call("GET", "/bookings", key, nil), 200, "")

	list := s.want(s.call("GET", "/auth/keys", token, nil), 200, "")
	listed := list.at("data").([]any)
	if len(listed) != 1 || listed[0].(map[string]any)["lastUsedAt"] == nil || strings.Contains(string(list.raw), key) {
		t.Errorf("got %s", list.raw)
	}
	s.want(s.call("DELETE", "/auth/keys/"+id, s.token(account.Customer), nil), 404, "key_not_found")
	s.want(s.call("DELETE", "/auth/keys/"+id, token, nil), 204, "")
	s.want(s.call("GET", "/bookings", key, nil), 401, "invalid_token")
	s.want(s.call("DELETE", "/auth/keys/"+id, token, nil), 404, "key_not_found")

	if logs := s.logs.String(); strings.Contains(logs, key) || strings.Contains(logs, key[len(key)-20:]) {
		t.Error("the log holds the key")
	}
	var metadata string
	booked := s.pool.QueryRow(t.Context(), `select metadata::text from event_log where type = 'TicketBooked'`)
	must(t, booked.Scan(&metadata))
	var of struct{ KeyID string }
	must(t, json.Unmarshal([]byte(metadata), &of))
	if of.KeyID != id || strings.Contains(metadata, key[:12]) {
		t.Errorf("the record says %s, want the id of the key, %s", metadata, id)
	}
}

func TestTheTwentyFirstKeyIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.registerAnn().at("accessToken").(string)
	var user account.User
	user.ID = uuid.MustParse(s.call("GET", "/auth/me", token, nil).at("id").(string))
	for range 20 {
		s.keyOf(user, account.ScopeRead)
	}
	wanted := map[string]any{"name": "One more", "scopes": []string{"read"}, "password": ann["password"]}
	s.want(s.call("POST", "/auth/keys", token, wanted), 409, "too_many_keys")
}

// An operation that names no scope can't be used with a key: those of accounts, and of the secret addresses of
// calendars.
func TestEveryOperationNamesItsScope(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, o := range s.operations() {
		isSecret := strings.HasPrefix(o.pattern, "/auth/") || o.pattern == "/calendar"
		if o.guarded && (o.scope == "") != isSecret || o.scope != "" && !slices.Contains(account.Scopes(), o.scope) {
			t.Errorf("%s %s has the scope %q", o.method, o.pattern, o.scope)
		}
	}
}

func TestAKeyCanBeUsedForItsScopesOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	operations := s.operations()
	without, with := map[string]string{}, map[string]string{}
	for _, o := range operations {
		if !o.guarded {
			continue
		}
		name := string(o.role) + " " + string(o.scope)
		if without[name] == "" {
			user := account.User{Role: account.Customer}
			if o.role != "" {
				user.Role = o.role
			}
			user = s.someone(user.Role)
			others := slices.DeleteFunc(account.Scopes(), func(scope account.Scope) bool { return scope == o.scope })
			_, without[name] = s.keyOf(user, others...)
			if o.scope != "" {
				_, with[name] = s.keyOf(user, o.scope)
			}
		}
		if o.scope == "" {
			s.want(s.sendAs(o, without[name]), 403, "session_required")
			continue
		}
		refused := s.want(s.sendAs(o, without[name]), 403, "insufficient_scope")
		want := fmt.Sprintf(`Bearer error="insufficient_scope", scope="%s"`, o.scope)
		if got := refused.header.Get("WWW-Authenticate"); got != want || refused.at("scope") != string(o.scope) {
			t.Errorf("%s: got %q and %s, want %q", o.id, got, refused.raw, want)
		}
		if a := s.sendAs(o, with[name]); a.code() == "insufficient_scope" || a.status == 401 || a.code() == "forbidden" {
			t.Errorf("%s with its scope: got %d %s", o.id, a.status, a.raw)
		}
	}
}

func TestAScopeGivesNoMoreThanTheRole(t *testing.T) {
	t.Parallel()
	s := start(t)
	operations := s.operations()
	for _, role := range []account.Role{account.Customer, account.Organizer, account.Auditor, account.Admin} {
		_, key := s.keyOf(s.someone(role), account.Scopes()...)
		for _, o := range operations {
			if o.role == "" || o.role == role || o.role == account.Organizer && role == account.Admin {
				continue
			}
			s.want(s.sendAs(o, key), 403, "forbidden")
		}
	}
}

func TestAChangeOfTheRoleNarrowsAKeyAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	olga := s.someone(account.Organizer)
	_, key := s.keyOf(olga, account.ScopeManage)
	s.want(s.call("POST", "/events", key, bodies["scheduleEvent"]), 201, "")
	must(t, s.options.Accounts.SetRole(t.Context(), olga.ID, account.Customer))
	s.want(s.call("POST", "/events", key, bodies["scheduleEvent"]), 403, "forbidden")
}

func TestWrongKeysAreLimitedByNetworkAndOthersAreNot(t *testing.T) {
	t.Parallel()
	few := middleware.Limit{Requests: 3, Window: time.Hour}
	s := start(t, withLimits(t, middleware.Limits{Address: few}, "127.0.0.0/8"))
	_, used := s.keyOf(s.someone(account.Customer), account.ScopeRead, account.ScopeBook)
	_, fresh := s.keyOf(s.someone(account.Customer), account.ScopeRead)
	from := func(network, key string) answer {
		return s.call("GET", "/bookings", key, nil, "X-Forwarded-For", network)
	}
	const here, there = "198.51.100.1", "203.0.113.7"
	s.want(from(here, used), 200, "")
	for range 5 { // these are not looked up
		s.want(from(here, unknownKey[:len(unknownKey)-1]), 401, "invalid_token")
	}
	for range 2 {
		s.want(from(here, unknownKey), 401, "invalid_token")
	}
	s.want(s.call("POST", "/book", unknownKey, bodies["bookTicket"], "X-Forwarded-For", here), 401, "invalid_token")
	s.limited(from(here, unknownKey), "keys")
	s.limited(from(here, fresh), "keys")
	s.want(from(here, used), 200, "") // a program that works goes on
	s.want(from(here, s.token(account.Customer)), 200, "")
	s.want(from(there, fresh), 200, "")
	s.want(from(there, unknownKey), 401, "invalid_token")
}

func TestEveryOperationLimitsWrongKeys(t *testing.T) {
	t.Parallel()
	s := start(t)
	operations := s.operations()
	limiter, err := middleware.NewLimiter(middleware.Limits{Address: middleware.Limit{Requests: 1, Window: time.Hour}})
	must(t, err)
	t.Cleanup(limiter.Close)
	o := s.options
	o.Limiter = limiter
	s.url = s.serve(o)
	s.want(s.call("GET", "/bookings", unknownKey, nil), 401, "invalid_token")
	for _, o := range operations {
		if o.guarded {
			if a := s.sendAs(o, unknownKey); a.status != 429 {
				t.Errorf("%s: got %d %s, want 429", o.id, a.status, a.raw)
			}
		}
	}
}

// A program does not use up what its user has in the browser, and all keys of a user together have
// four times as much.
func TestEachKeyHasALimitOfItsOwn(t *testing.T) {
	t.Parallel()
	s := start(t, withLimits(t, middleware.Limits{Reading: middleware.Limit{Requests: 2, Window: time.Hour}}))
	user := s.someone(account.Customer)
	token := s.tokenOf(user.ID, user.Role)
	ask := func(token string) answer { return s.call("GET", "/bookings", token, nil) }
	var keys [5]string
	for i := range keys {
		_, keys[i] = s.keyOf(user, account.ScopeRead)
	}
	for _, key := range keys[:4] {
		for left := range 2 {
			a := s.want(ask(key), 200, "")
			if got, want := a.header.Get("RateLimit"), fmt.Sprintf(`"reading";r=%d;`, 1-left); !strings.HasPrefix(got, want) {
				t.Errorf("got %q, want %s", got, want)
			}
		}
		s.limited(ask(key), "reading")
	}
	s.limited(ask(keys[4]), "reading")
	s.want(ask(token), 200, "")
	s.want(ask(token), 200, "")
	s.limited(ask(token), "reading")
}

func TestARequestWithAKeyCanBeRepeated(t *testing.T) {
	t.Parallel()
	s := start(t)
	user := s.someone(account.Customer)
	_, key := s.keyOf(user, account.ScopeBook)
	_, other := s.keyOf(user, account.ScopeBook)
	event := s.schedule(5)
	first := s.want(s.order(key, event, "Idempotency-Key", "one"), 201, "")
	for _, token := range []string{key, other, s.tokenOf(user.ID, user.Role)} { // all are the same user
		again := s.want(s.order(token, event, "Idempotency-Key", "one"), 201, "")
		if again.header.Get("Idempotency-Replayed") != "true" || again.at("booking", "id") != first.at("booking", "id") {
			t.Errorf("got %v %s", again.header, again.raw)
		}
	}
}

func TestReadsOfTheAuditNameTheKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	id, key := s.keyOf(s.someone(account.Auditor), account.ScopeAudit)
	s.want(s.call("GET", "/audit/streams", key, nil), 200, "")
	reads := s.want(s.call("GET", "/audit/reads", key, nil), 200, "").at("data").([]any)
	if got := reads[0].(map[string]any)["keyId"]; got != id.String() {
		t.Errorf("got %v, want %s", got, id)
	}
}

// Nothing is wrong with a key that can't be looked up.
func TestAKeyThatCannotBeLookedUpIsNotRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, key := s.keyOf(s.someone(account.Customer), account.ScopeRead, account.ScopeBook)
	p := s.pushes(func(o *push.Options) { o.Accounts = s.withoutDatabase() })
	o := s.options
	o.Accounts = s.withoutDatabase()
	s.url = s.serve(o)
	s.want(s.call("GET", "/bookings", key, nil), 503, "unavailable")
	s.want(s.call("POST", "/book", key, bodies["bookTicket"]), 503, "unavailable")
	c := p.connect()
	c.say("type", "hello", "token", key)
	c.wantEnd(websocket.StatusTryAgainLater, "unavailable")
}

// withoutDatabase gives accounts whose database is not there.
func (s *system) withoutDatabase() *account.Accounts {
	s.Helper()
	pool := dbtest.Connect(s.T, "postgres://boxoffice@127.0.0.1:1/nothing?connect_timeout=1")
	accounts, err := account.New(pool, s.signer, account.Options{Cost: 4, WeakCost: true})
	must(s, err)
	return accounts
}

func TestAWebSocketTakesAKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	limiter, err := middleware.NewLimiter(middleware.Limits{Address: middleware.Limit{Requests: 1, Window: time.Hour}})
	must(t, err)
	t.Cleanup(limiter.Close)
	p := s.pushes(func(o *push.Options) { o.WrongKeys = limiter.WrongKeys })
	user := s.someone(account.Customer)
	id, key := s.keyOf(user, account.ScopeRead)
	_, other := s.keyOf(user, account.ScopeRead)
	_, books := s.keyOf(user, account.ScopeBook)

	event := s.schedule(1)
	c, _ := p.join("token", key, "bookings", true, "events", []string{})
	kept, _ := p.join("token", other, "events", []string{})
	c.say("type", "renew", "token", key)
	s.want(s.order(s.tokenOf(user.ID, user.Role), event), 201, "")
	c.want("booking")

	lacking := p.connect()
	lacking.say("type", "hello", "token", books)
	lacking.wantEnd(4403, "insufficient_scope")
	wrong := p.connect()
	wrong.say("type", "hello", "token", unknownKey)
	wrong.wantEnd(4401, "invalid_token")
	wrong = p.connect()
	wrong.say("type", "hello", "token", unknownKey)
	wrong.wantEnd(4429, "rate_limited")

	must(t, s.options.Accounts.RevokeKey(t.Context(), user.ID, id))
	c.wantEnd(4401, "invalid_token")
	kept.say("type", "renew", "token", other)
	kept.say("type", "subscribe", "events", []string{event}, "after", 0)
	kept.want("event")
}
