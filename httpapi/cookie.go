package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
)

// PlainHTTP says who can sign in without TLS, and have the cookie kept by the browser.
type PlainHTTP int

const (
	// PlainHTTPNearby is for development: everybody signs in, and browsers on this machine and in
	// private networks keep the cookie. From elsewhere it is marked as Secure, so that it never
	// travels in the clear.
	PlainHTTPNearby PlainHTTP = iota
	// PlainHTTPRefused is for production: the cookie is always Secure, and nobody signs in without
	// TLS but from this machine, where a proxy may be that says nothing of TLS.
	PlainHTTPRefused
	// PlainHTTPAllowed is for those who know what their network is like.
	PlainHTTPAllowed
)

// Browsers accept the prefix __Host- on a cookie that came over https for exactly this host, so
// nobody can plant one from a sibling domain or over plain HTTP.
const (
	refreshCookieName     = "boxoffice_refresh"
	hostRefreshCookieName = "__Host-boxoffice_refresh"
)

// refreshCookies keep the refresh token where no script of the browser can read it, under the name
// that fits the way the request came, and clear the other one, which would otherwise be sent
// besides.
func (a *api) refreshCookies(ctx context.Context, token string, expires time.Time) []http.Cookie {
	from := middleware.ClientOf(ctx)
	set, remove := plainCookie(), hostCookie() //nolint:gosec // Secure is set below, by the way the request came
	if from.HTTPS {
		set, remove = remove, set
	}
	set.Value, set.Expires, set.MaxAge = token, expires, max(1, int(expires.Sub(a.Now()).Seconds()))
	set.Secure = from.HTTPS || a.PlainHTTP == PlainHTTPRefused || a.PlainHTTP == PlainHTTPNearby && !from.IsNear()
	return []http.Cookie{set, remove}
}

// clearedCookies take the refresh token from the browser, whichever way it signed in.
func clearedCookies() []http.Cookie { return []http.Cookie{plainCookie(), hostCookie()} }

// plainCookie and hostCookie are cleared ones.
func plainCookie() http.Cookie { return clearedCookie(refreshCookieName, "/auth") }

func hostCookie() http.Cookie {
	c := clearedCookie(hostRefreshCookieName, "/") //nolint:gosec // Secure is set below; the prefix asks for this path
	c.Secure = true
	return c
}

func clearedCookie(name, path string) http.Cookie {
	return http.Cookie{ //nolint:gosec // Secure is for the callers to say
		Name: name, Path: path, Expires: time.Unix(1, 0), MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

// usesCookie is for an operation that accepts, sets or clears the refresh cookie. It refuses what a
// browser sends on behalf of another site's page, with or without the cookie: the answer would sign
// the visitor in or out. SameSite=Strict does most of it, but it lets pages of sibling domains
// through.
func (a *api) usesCookie(op *huma.Operation) {
	op.Errors = append(op.Errors, http.StatusForbidden)
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		if r, _ := humachi.Unwrap(ctx); a.origins.Check(r) != nil {
			a.foreign.Refused(r)
			a.writeError(ctx, errCrossOrigin)
			return
		}
		next(ctx)
	})
}

// signsIn is for an operation that takes a password and sets the refresh cookie. It refuses plain
// HTTP where the cookie would be lost and the password be seen.
func (a *api) signsIn(op *huma.Operation) {
	a.usesCookie(op)
	if a.PlainHTTP != PlainHTTPRefused {
		return
	}
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		if from := middleware.ClientOf(ctx.Context()); !from.HTTPS && !from.Address.IsLoopback() {
			a.writeError(ctx, errPlainHTTP)
			return
		}
		next(ctx)
	})
}

// signsOut is for an operation that clears the refresh cookie, also when it fails: on this machine
// nobody may be signed in again by it, whatever the database says.
func (a *api) signsOut(op *huma.Operation) {
	a.usesCookie(op)
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		for _, c := range clearedCookies() {
			ctx.AppendHeader("Set-Cookie", c.String())
		}
		next(ctx)
	})
}
