package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

var ann = map[string]string{"email": "ann@example.com", "password": "passw0rd 123", "name": "Ann"}

func TestRegistrationSignsIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.want(s.call("POST", "/auth/register", "", ann), 201, "")
	if a.at("user", "email") != "ann@example.com" || a.at("user", "name") != "Ann" || a.at("user", "role") != "customer" {
		t.Errorf("unexpected user: %s", a.raw)
	}
	if strings.Contains(string(a.raw), "password") {
		t.Errorf("the answer speaks of a password: %s", a.raw)
	}
	s.want(s.call("GET", "/events", a.at("accessToken").(string), nil), 200, "")
	cookie := a.header.Get("Set-Cookie")
	for _, part := range []string{"HttpOnly", "SameSite=Strict", "Path=/auth", "Expires=", "Max-Age=604"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie %q lacks %s", strings.Split(cookie, ";")[1:], part)
		}
	}

	s.want(s.call("POST", "/auth/register", "", map[string]string{"email": "ANN@example.com", "password": "passw0rd 123",
		"name": "Other"}), 409, "email_taken")
	bad := s.want(s.call("POST", "/auth/register", "", map[string]string{"email": "no", "password": "short", "name": "x"}),
		400, "validation_failed")
	if got := len(bad.body["errors"].([]any)); got != 3 {
		t.Errorf("%d fields are reported, want all three: %s", got, bad.raw)
	}
	s.want(s.call("POST", "/auth/register", "", map[string]string{"email": "eve@example.com", "password": "passw0rd 123",
		"name": "Eve", "role": "auditor"}), 400, "validation_failed")
}

func TestLoginDoesNotTellWhatWasWrong(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.want(s.call("POST", "/auth/register", "", ann), 201, "")
	s.want(s.call("POST", "/auth/login", "", map[string]string{"email": "ANN@example.com", "password": "passw0rd 123"}),
		200, "")
	wrong := s.want(s.call("POST", "/auth/login", "", map[string]string{"email": "ann@example.com",
		"password": "password124"}), 401, "invalid_credentials")
	unknown := s.want(s.call("POST", "/auth/login", "", map[string]string{"email": "bob@example.com",
		"password": "passw0rd 123"}), 401, "invalid_credentials")
	if wrong.at("detail") != "Invalid credentials" || wrong.at("detail") != unknown.at("detail") {
		t.Errorf("the answers differ: %v and %v", wrong.at("detail"), unknown.at("detail"))
	}
}

func TestARefreshTokenIsExchangedOnceInBodyAndCookie(t *testing.T) {
	t.Parallel()
	s := start(t)
	first := s.want(s.call("POST", "/auth/register", "", ann), 201, "").at("refreshToken").(string)
	second := s.want(s.call("POST", "/auth/refresh", "", map[string]string{"refreshToken": first}), 200, "")
	if second.at("refreshToken") == first || second.at("user", "email") != "ann@example.com" {
		t.Errorf("unexpected answer: %s", second.raw)
	}
	s.want(s.call("GET", "/bookings", second.at("accessToken").(string), nil), 200, "")
	cookie := strings.Split(second.header.Get("Set-Cookie"), ";")[0]
	third := s.want(s.call("POST", "/auth/refresh", "", nil, "Cookie", cookie), 200, "")

	// Two uses later the first one is a stolen one: everything of this sign-in ends.
	s.want(s.call("POST", "/auth/refresh", "", map[string]string{"refreshToken": first}), 401, "invalid_token")
	s.want(s.call("POST", "/auth/refresh", "", map[string]string{"refreshToken": third.at("refreshToken").(string)}), 401,
		"invalid_token")
	s.want(s.call("POST", "/auth/refresh", "", nil), 401, "invalid_token")
	s.want(s.call("POST", "/auth/refresh", "", map[string]string{"refreshToken": "nonsense"}), 401, "invalid_token")
}

func TestFiveTabsThatRefreshAtOnceStaySignedIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.want(s.call("POST", "/auth/register", "", ann), 201, "").at("refreshToken").(string)
	var (
		tabs sync.WaitGroup
		mu   sync.Mutex
		next = map[any]bool{}
	)
	for range 5 {
		tabs.Go(func() {
			a, err := s.try("POST", "/auth/refresh", "", map[string]string{"refreshToken": token})
			mu.Lock()
			defer mu.Unlock()
			if err != nil || a.status != 200 {
				t.Errorf("got %d %s, %v", a.status, a.raw, err)
			}
			next[a.at("refreshToken")] = true
		})
	}
	tabs.Wait()
	if len(next) != 1 {
		t.Errorf("the tabs got %d different tokens, want the same one", len(next))
	}
}

// Every route but the public ones is behind the guard, and the guard believes nothing but a valid
// access token.
func TestTheGuardLetsNobodyInWithoutAValidAccessToken(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := uuid.NewString()
	routes := [][2]string{
		{"GET", "/events"}, {"GET", "/events/" + id}, {"POST", "/events"}, {"POST", "/book"},
		{"GET", "/bookings"}, {"DELETE", "/bookings/" + id}, {"GET", "/audit/streams/" + id},
	}
	now := time.Now()
	claims := func(change func(jwt.MapClaims)) jwt.MapClaims {
		c := jwt.MapClaims{
			"sub": id, "email": "a@example.com", "iss": "boxoffice", "aud": "boxoffice-api",
			"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		}
		change(c)
		return c
	}
	sign := func(method jwt.SigningMethod, key any, c jwt.MapClaims) string {
		token, err := jwt.NewWithClaims(method, c).SignedString(key)
		must(t, err)
		return token
	}
	key := []byte("an access secret for tests")
	set := func(name string, value any) func(jwt.MapClaims) { return func(c jwt.MapClaims) { c[name] = value } }
	same := func(jwt.MapClaims) {}

	// The control: a token that another program made from the secret is believed, without an account
	// behind it.
	s.want(s.call("GET", "/bookings", sign(jwt.SigningMethodHS256, key, claims(same)), nil), 200, "")

	refresh := s.want(s.call("POST", "/auth/register", "", ann), 201, "").at("refreshToken").(string)
	for name, bad := range map[string]struct{ token, code string }{
		"none":            {"", "invalid_token"},
		"nonsense":        {"nonsense", "invalid_token"},
		"a refresh token": {refresh, "invalid_token"},
		"expired": {sign(jwt.SigningMethodHS256, key, claims(set("exp", now.Add(-time.Hour).Unix()))),
			"token_expired"},
		"another key": {sign(jwt.SigningMethodHS256, []byte("another secret for tests"), claims(same)),
			"invalid_token"},
		"another algorithm": {sign(jwt.SigningMethodHS512, key, claims(same)), "invalid_token"},
		"alg none": {sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(same)),
			"invalid_token"},
		"another audience": {sign(jwt.SigningMethodHS256, key, claims(set("aud", "boxoffice-refresh"))),
			"invalid_token"},
		"another issuer":        {sign(jwt.SigningMethodHS256, key, claims(set("iss", "evil"))), "invalid_token"},
		"an unknown role":       {sign(jwt.SigningMethodHS256, key, claims(set("role", "root"))), "invalid_token"},
		"a subject without use": {sign(jwt.SigningMethodHS256, key, claims(set("sub", "me"))), "invalid_token"},
	} {
		for _, route := range routes {
			a := s.want(s.call(route[0], route[1], bad.token, nil), 401, bad.code)
			if a.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s %s with %s: no WWW-Authenticate", route[0], route[1], name)
			}
		}
	}
	s.want(s.call("GET", "/bookings", "", nil, "Authorization", "Basic abc"), 401, "invalid_token")
}

func TestRolesDecideWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	s := start(t)
	event := s.schedule(1)
	for _, c := range []struct {
		method, path string
		allowed      account.Role
	}{
		{"POST", "/events", account.Organizer},
		{"GET", "/audit/streams/" + event, account.Auditor},
	} {
		for _, role := range []account.Role{account.Customer, account.Organizer, account.Auditor} {
			a := s.call(c.method, c.path, s.token(role), map[string]any{
				"title": "T", "venue": "V", "date": "2031-01-01T00:00:00Z", "totalTickets": 1, "price": 1,
			})
			if allowed := a.status != http.StatusForbidden; allowed != (role == c.allowed) {
				t.Errorf("%s %s as %s: got %d %s", c.method, c.path, role, a.status, a.raw)
			}
		}
	}
}

func TestLogsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.call("POST", "/auth/register", "", ann)
	s.call("POST", "/auth/login", "", map[string]string{"email": "ann@example.com", "password": "wrong-password-1"})
	s.call("POST", "/auth/refresh", "", map[string]string{"refreshToken": a.at("refreshToken").(string)})
	s.call("GET", "/events?search=secretly", a.at("accessToken").(string), nil)
	_, key := s.keyOf(s.someone(account.Customer), account.ScopeRead)
	s.call("GET", "/bookings", key, nil)
	s.call("POST", "/book", key, bodies["bookTicket"])
	s.call("GET", "/bookings", unknownKey, nil)
	s.call("GET", "/bookings", key[:len(key)-1], nil)
	secret := s.feed(a.at("accessToken").(string), "bookings")
	for _, path := range []string{secret, secret + "/", "/api" + secret, strings.TrimSuffix(secret, ".ics")} {
		for _, method := range []string{"GET", "HEAD", "PUT"} {
			_, err := s.raw(method, path, "", nil)
			must(t, err)
		}
	}
	secret, _ = strings.CutPrefix(strings.TrimSuffix(secret, ".ics"), "/calendar/")
	logs := s.logs.String()
	if !strings.Contains(logs, "/auth/login") {
		t.Fatal("nothing was logged, so the test shows nothing")
	}
	for _, secret := range []string{"passw0rd 123", "wrong-password-1", "ann@example.com", "secretly", secret,
		key[:20], unknownKey[:20], fmt.Sprint(a.at("accessToken")), fmt.Sprint(a.at("refreshToken"))} {
		if strings.Contains(logs, secret) {
			t.Errorf("the logs hold %q", secret)
		}
	}
}

func TestSigningOutWithAnExpiredAccessTokenEndsTheSession(t *testing.T) {
	t.Parallel()
	s := start(t)
	refresh := s.registerAnn().at("refreshToken")
	past := s.signerAt(func() time.Time { return time.Now().Add(-time.Hour) })
	expired, _, err := past.IssueAccess(account.User{ID: uuid.New(), Email: ann["email"], Role: account.Customer})
	must(t, err)
	s.want(s.call("GET", "/bookings", expired, nil), 401, "token_expired")
	s.want(s.call("POST", "/auth/logout", expired, map[string]any{"refreshToken": refresh}), 204, "")
	s.want(s.call("POST", "/auth/refresh", "", map[string]any{"refreshToken": refresh}), 401, "invalid_token")
}
