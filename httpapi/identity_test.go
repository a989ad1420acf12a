package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

const cookieMode = "Refresh-Token-Mode"

// refreshCookie is the cookie of an answer, as a browser would send it back.
func (a answer) refreshCookie() string {
	cookie, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
	return cookie
}

func TestInCookieModeNoScriptSeesTheRefreshToken(t *testing.T) {
	t.Parallel()
	s := start(t)
	registered := s.want(s.call("POST", "/auth/register", "", ann, cookieMode, "cookie"), 201, "")
	login := s.want(s.call("POST", "/auth/login", "", map[string]string{"email": ann["email"],
		"password": ann["password"]}, cookieMode, "cookie"), 200, "")
	refreshed := s.want(s.call("POST", "/auth/refresh", "", nil, "Cookie", login.refreshCookie(), cookieMode, "cookie"),
		200, "")
	for _, a := range []answer{registered, login, refreshed} {
		_, token, _ := strings.Cut(a.refreshCookie(), "=")
		if token == "" || strings.Contains(string(a.raw), token) || a.at("refreshToken") != nil {
			t.Errorf("the body holds the token of the cookie, or there is none: %s", a.raw)
		}
	}
	s.want(s.call("POST", "/auth/login", "", ann, cookieMode, "pigeon"), 400, "validation_failed")
}

func TestTheRefreshCookieIsNotAcceptedFromOtherSites(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.want(s.call("POST", "/auth/register", "", ann), 201, "")
	for _, path := range []string{"/auth/refresh", "/auth/logout"} {
		access := token.at("accessToken").(string)
		for _, headers := range [][]string{
			{"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-site"},
			{"Origin", "https://evil.example"},
		} {
			s.want(s.call("POST", path, access, nil, append(headers, "Cookie", token.refreshCookie())...), 403, "cross_origin")
		}
	}
	// The answers would sign the visitor in or out, so it needs no cookie to do harm.
	for _, path := range []string{"/auth/register", "/auth/login", "/auth/refresh", "/auth/logout"} {
		a := s.want(s.call("POST", path, "", ann, "Origin", "https://evil.example"), 403, "cross_origin")
		if cookies := a.header["Set-Cookie"]; len(cookies) > 0 {
			t.Errorf("%s sets %q for another site", path, cookies)
		}
	}
	s.saysOnceWhyBrowsersAreRefused()
	allowed := s.want(s.call("POST", "/auth/refresh", "", nil, "Cookie", token.refreshCookie(), "Sec-Fetch-Site",
		"same-site", "Origin", "http://localhost:3000"), 200, "")
	s.want(s.call("POST", "/auth/refresh", "", nil, "Cookie", allowed.refreshCookie(), "Sec-Fetch-Site", "same-origin"),
		200, "")
}

// saysOnceWhyBrowsersAreRefused checks that the log tells operators what to set, and can't be
// filled by anybody.
func (s *system) saysOnceWhyBrowsersAreRefused() {
	s.Helper()
	log := s.logs.String()
	if n := strings.Count(log, "FRONTEND_ORIGIN"); n != 1 || !strings.Contains(log,
		`"host":"`+strings.TrimPrefix(s.url, "http://")) {
		s.Errorf("the log has %d lines about foreign origins, want one that names the host:\n%s", n, log)
	}
}

func TestSigningOutEndsTheSignIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	login := func() answer {
		return s.want(s.call("POST", "/auth/login", "", map[string]string{"email": ann["email"],
			"password": ann["password"]}), 200, "")
	}
	s.want(s.call("POST", "/auth/register", "", ann), 201, "")
	here, there := login(), login()
	access := here.at("accessToken").(string)

	out := s.want(s.call("POST", "/auth/logout", access, nil, "Cookie", here.refreshCookie()), 204, "")
	out.cleared(t)
	s.want(s.call("POST", "/auth/refresh", "", nil, "Cookie", here.refreshCookie()), 401, "invalid_token")
	// Another sign-in of the same person goes on, until it is ended too; a token that is worth nothing
	// is no reason to fail.
	s.want(s.call("POST", "/auth/refresh", "", map[string]any{"refreshToken": there.at("refreshToken")}), 200, "")
	s.want(s.call("POST", "/auth/logout", access, map[string]any{"refreshToken": there.at("refreshToken")}), 204, "")
	s.want(s.call("POST", "/auth/logout", access, map[string]any{"refreshToken": "nonsense"}), 204, "")
	s.want(s.call("POST", "/auth/logout", access, nil), 204, "")
	s.want(s.call("POST", "/auth/refresh", "", map[string]any{"refreshToken": there.at("refreshToken")}), 401,
		"invalid_token")
}

// cleared checks that an answer takes the refresh cookie away, under each of its names.
func (a answer) cleared(t *testing.T) {
	t.Helper()
	cookies := a.header["Set-Cookie"]
	if len(cookies) != 2 || !strings.HasPrefix(cookies[0], "boxoffice_refresh=; Path=/auth;") ||
		!strings.HasPrefix(cookies[1], "__Host-boxoffice_refresh=; Path=/;") || !strings.Contains(cookies[1], "Secure") {
		t.Errorf("the cookies are not cleared: %q", cookies)
	}
	for _, c := range cookies {
		if !strings.Contains(c, "Expires=Thu, 01 Jan 1970") || !strings.Contains(c, "Max-Age=0") {
			t.Errorf("the cookie stays: %q", c)
		}
	}
}

func TestSigningOutNeedsNoValidAccessToken(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.want(s.call("POST", "/auth/register", "", ann), 201, "")
	for name, access := range map[string]string{
		"none": "", "expired": s.tokenUntil(uuid.New(), time.Now().Add(-time.Minute)), "nonsense": "nonsense",
	} {
		for _, inCookie := range []bool{true, false} {
			login := s.want(s.call("POST", "/auth/login", "", map[string]string{"email": ann["email"],
				"password": ann["password"]}), 200, "")
			refresh := map[string]any{"refreshToken": login.at("refreshToken")}
			var out answer
			if inCookie {
				out = s.call("POST", "/auth/logout", access, nil, "Cookie", login.refreshCookie())
			} else {
				out = s.call("POST", "/auth/logout", access, refresh)
			}
			if out.status != 204 {
				t.Errorf("access token %s: got %d %s", name, out.status, out.raw)
			}
			out.cleared(t)
			s.want(s.call("POST", "/auth/refresh", "", refresh), 401, "invalid_token")
		}
	}
}

func TestSigningOutEndsEverySignInThatTheBrowserHolds(t *testing.T) {
	t.Parallel()
	s := start(t)
	tokens := []any{s.want(s.call("POST", "/auth/register", "", ann), 201, "").at("refreshToken")}
	for range 2 {
		login := s.call("POST", "/auth/login", "", map[string]string{"email": ann["email"], "password": ann["password"]})
		tokens = append(tokens, s.want(login, 200, "").at("refreshToken"))
	}
	s.want(s.call("POST", "/auth/logout", "", map[string]any{"refreshToken": tokens[0]},
		"Cookie", fmt.Sprintf("boxoffice_refresh=%s; __Host-boxoffice_refresh=%s", tokens[1], tokens[2])), 204, "")
	for _, token := range tokens {
		s.want(s.call("POST", "/auth/refresh", "", map[string]any{"refreshToken": token}), 401, "invalid_token")
	}
}

func TestTheCookieIsClearedEvenWhenTheSignInCannotBeEnded(t *testing.T) {
	t.Parallel()
	s := start(t)
	login := s.want(s.call("POST", "/auth/register", "", ann), 201, "")
	_, err := s.pool.Exec(t.Context(), `alter table refresh_tokens rename to broken`)
	must(t, err)
	s.want(s.call("POST", "/auth/logout", "", nil, "Cookie", login.refreshCookie()), 500, "internal").cleared(t)
}

func TestPeopleCanAskWhoTheyAre(t *testing.T) {
	t.Parallel()
	s := start(t)
	registered := s.want(s.call("POST", "/auth/register", "", ann), 201, "")
	me := s.want(s.call("GET", "/auth/me", registered.at("accessToken").(string), nil), 200, "")
	if me.at("id") != registered.at("user", "id") || me.at("email") != ann["email"] || me.at("role") != "customer" ||
		me.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %s, %v", me.raw, me.header)
	}
	s.want(s.call("GET", "/auth/me", s.tokenOf(uuid.New(), account.Customer), nil), 401, "invalid_token")
}

func TestARegistrationCanBeRepeatedWithItsKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	first := s.want(s.call("POST", "/auth/register", "", ann, "Idempotency-Key", "k1"), 201, "")
	again := s.want(s.call("POST", "/auth/register", "", ann, "Idempotency-Key", "k1"), 201, "")
	if first.at("user", "id") != again.at("user", "id") {
		t.Errorf("two accounts: %s and %s", first.raw, again.raw)
	}
	s.want(s.call("GET", "/auth/me", again.at("accessToken").(string), nil), 200, "")
	for field, value := range map[string]string{"password": "password124", "name": "Other", "email": "other@example.com"} {
		other := map[string]string{"email": ann["email"], "password": ann["password"], "name": ann["name"]}
		other[field] = value
		s.want(s.call("POST", "/auth/register", "", other, "Idempotency-Key", "k1"), 422, "idempotency_key_reused")
	}
	s.want(s.call("POST", "/auth/register", "", ann, "Idempotency-Key", "k2"), 409, "email_taken")
	s.want(s.call("POST", "/auth/register", "", ann), 409, "email_taken")
}

func TestOneOfManyRegistrationsWithAKeyMakesTheAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	ids := map[any]bool{}
	for _, a := range s.together(6, func(int) (answer, error) {
		return s.try(http.MethodPost, "/auth/register", "", ann, "Idempotency-Key", "k")
	}) {
		ids[s.want(a, 201, "").at("user", "id")] = true
	}
	if len(ids) != 1 {
		t.Errorf("%d accounts", len(ids))
	}
}
