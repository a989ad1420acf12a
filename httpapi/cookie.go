package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
)

// PlainHTTP says which clients can sign in without TLS.
type PlainHTTP int

const (
	// PlainHTTPNearby is for development: everybody can sign in, and browsers on this machine and in
	// private networks keep the cookie. For other clients it is marked as Secure, so that it is never
	// sent unencrypted.
	PlainHTTPNearby PlainHTTP = iota
	// PlainHTTPRefused is for production: the cookie is always Secure, and nobody signs in without
	// TLS but from this machine, where a proxy may be that says nothing of TLS.
	PlainHTTPRefused
	// PlainHTTPAllowed is for networks that are trusted.
	PlainHTTPAllowed
)

// Browsers accept the prefix __Host- on a cookie that came over https for exactly this host, so
// nobody can plant one from a sibling domain or over plain HTTP.
const (
	refreshCookieName     = "boxoffice_refresh"
	hostRefreshCookieName = "__Host-boxoffice_refresh"
)

// refreshCookies set the cookie with the refresh token, which scripts can't read, under the name for
// plain HTTP or TLS, and clear the other one, which browsers would otherwise send too.
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

// usesCookie is for an operation that accepts, sets or clears the refresh cookie. It refuses requests
// from other sites' pages, with or without the cookie: the answer would sign the visitor in or out.
// SameSite=Strict alone would accept those of sibling domains.
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

// signsIn is for an operation that takes a password and sets the refresh cookie. It refuses plain HTTP
// where the browser would drop the cookie and the password could be read on the way.
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

// signsOut is for an operation that clears the refresh cookie, even when it fails: the browser must not
// sign its next user in with it.
func (a *api) signsOut(op *huma.Operation) {
	a.usesCookie(op)
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		for _, c := range clearedCookies() {
			ctx.AppendHeader("Set-Cookie", c.String())
		}
		next(ctx)
	})
}
