package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/domain"
	"github.com/boxoffice/boxoffice/httpapi/auth"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/httpapi/problem"
	"github.com/boxoffice/boxoffice/internal/account"
)

type claimsKey struct{}

// claimsOf returns the claims of an operation that is [api.signedIn].
func claimsOf(ctx context.Context) account.Claims {
	claims, _ := ctx.Value(claimsKey{}).(account.Claims)
	return claims
}

// noKeys is the scope of what API keys can't be used for: the account itself.
const noKeys account.Scope = ""

// signedIn requires a valid access token or an API key with the scope, and one of the roles if there
// are any.
func (a *api) signedIn(scope account.Scope, allowed ...account.Role) func(*huma.Operation) {
	return func(op *huma.Operation) {
		op.Security = []map[string][]string{{"bearer": {}}}
		op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests)
		op.Extensions = map[string]any{}
		if len(allowed) > 0 {
			op.Extensions["x-roles"] = allowed
		}
		if scope != noKeys {
			op.Extensions["x-scope"] = scope
		}
		op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
			claims, err := a.identify(ctx.Context(), ctx.Header("Authorization"))
			if err == nil && len(allowed) > 0 && !slices.Contains(allowed, claims.Role) {
				err = errForbidden
			}
			if err == nil && !claims.Allows(scope) {
				err = insufficient(scope)
			}
			if err != nil {
				a.writeError(ctx, err)
				return
			}
			next(huma.WithValue(ctx, claimsKey{}, claims))
		})
	}
}

// insufficient refuses an API key without the scope: RFC 6750, section 3.1.
func insufficient(scope account.Scope) error {
	if scope == noKeys {
		return errSessionRequired
	}
	p := problem.New(http.StatusForbidden, "insufficient_scope",
		fmt.Sprintf("This API key can't be used for this, because it doesn't have the scope %s", scope)).
		With("WWW-Authenticate", fmt.Sprintf(`Bearer error="insufficient_scope", scope="%s"`, scope))
	p.Scope = string(scope)
	return p
}

type refusedKey struct{}

// identify returns the claims of a request. A token that [api.admit] has refused is not looked up again.
func (a *api) identify(ctx context.Context, header string) (account.Claims, error) {
	if err, ok := ctx.Value(refusedKey{}).(error); ok {
		return account.Claims{}, err
	}
	checker := auth.Checker{Accounts: a.Accounts, WrongKeys: a.Limiter.WrongKeys}
	return checker.Check(ctx, middleware.ClientOf(ctx).Site(), bearer(header))
}

// bearer is the token of an Authorization header; empty: there is none.
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

// User is a person as the API shows them.
type User struct {
	ID    uuid.UUID    `json:"id" format:"uuid"`
	Email string       `json:"email" format:"email"`
	Name  string       `json:"name"`
	Role  account.Role `json:"role" enum:"customer,organizer,auditor,admin"`
	// EmailVerified matters where REQUIRE_VERIFIED_EMAIL is set.
	EmailVerified bool `json:"emailVerified" doc:"Whether the user has proved to receive mail at the address"`
	HasEventRole  bool `json:"hasEventRole,omitempty" doc:"Whether the user is a co-organizer of an event, or sells or checks in there"`
}

// Session is the answer to a sign-in.
type Session struct {
	User         User   `json:"user"`
	AccessToken  string `json:"accessToken" doc:"JWT for the Authorization header, valid for 15 minutes"`
	RefreshToken string `json:"refreshToken,omitempty" doc:"JWT for POST /auth/refresh, valid for 7 days and only once. Absent in cookie mode"`
}

type sessionOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      Session
}

type registerOutput struct {
	Replayed  string        `header:"Idempotency-Replayed" doc:"true when an earlier request with the same key made the account"`
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      Session
}

const refreshTokenMode = "Refresh-Token-Mode" //nolint:gosec // the name of a header

// Delivery is how the client receives its refresh token.
type Delivery struct {
	RefreshTokenMode string `header:"Refresh-Token-Mode" enum:"body,cookie" default:"body" doc:"cookie: the refresh token is sent in an HttpOnly cookie only, which scripts can't read"`
}

func (a *api) session(ctx context.Context, d Delivery, user account.User, tokens account.Tokens) *sessionOutput {
	out := &sessionOutput{
		SetCookie: a.refreshCookies(ctx, tokens.Refresh, tokens.RefreshExpires),
		Body:      Session{User: a.userOf(ctx, user), AccessToken: tokens.Access, RefreshToken: tokens.Refresh},
	}
	if d.RefreshTokenMode == "cookie" {
		out.Body.RefreshToken = ""
	}
	return out
}

func (a *api) userOf(ctx context.Context, user account.User) User {
	return User{
		ID: user.ID, Email: user.Email, Name: user.Name, Role: user.Role, EmailVerified: user.EmailVerified,
		HasEventRole: user.ID != uuid.Nil && a.hasEventRole(ctx, user.ID),
	}
}

// hasEventRole only decides what clients offer, so nobody is kept from signing in if it can't be read.
func (a *api) hasEventRole(ctx context.Context, user uuid.UUID) bool {
	a.Service.WaitForAnswered(ctx)
	has, err := a.Events.HasRole(ctx, user)
	if err != nil && ctx.Err() == nil {
		a.Logger.Warn("roles at events could not be read", "error", err)
	}
	return has
}

type registerInput struct {
	Delivery
	Idempotent
	Proof
	Body struct {
		Email    string `json:"email" example:"user@example.com"`
		Password string `json:"password" example:"securePassword123" doc:"At least 8 characters with a letter and a digit, at most 72 bytes, and none of the most common ones. It is compared as it was typed"`
		Name     string `json:"name" example:"John Doe"`
	}
}

func (a *api) register(ctx context.Context, in *registerInput) (*registerOutput, error) {
	if a.RegisterWithProofOfWork {
		if proved, err := a.redeem(ctx, in.Proof, "register", in.key); err != nil {
			return nil, err
		} else if !proved {
			return nil, domain.ErrProofOfWorkRequired
		}
	}
	user, tokens, err := a.Accounts.Register(hashingContext(ctx), account.Registration{
		Email: in.Body.Email, Password: in.Body.Password, Name: in.Body.Name, Key: in.key,
	})
	if err != nil {
		return nil, err
	}
	if a.RequireVerifiedEmail && !tokens.Replayed {
		if err := a.Accounts.SendVerification(ctx, user.ID); err != nil { // it can be asked for again
			a.Logger.Warn("a letter to verify an address was not sent", "error", err)
		}
	}
	signedIn := a.session(ctx, in.Delivery, user, tokens)
	out := &registerOutput{SetCookie: signedIn.SetCookie, Body: signedIn.Body}
	if tokens.Replayed {
		out.Replayed = "true"
	}
	return out, nil
}

type loginInput struct {
	Delivery
	Body struct {
		Email    string `json:"email" example:"user@example.com"`
		Password string `json:"password" example:"securePassword123"`
	}
}

func (a *api) login(ctx context.Context, in *loginInput) (out *sessionOutput, err error) {
	err = a.limitingGuesses(ctx, in.Body.Email, func(ctx context.Context) error {
		user, tokens, err := a.Accounts.Login(ctx, in.Body.Email, in.Body.Password)
		out = a.session(ctx, in.Delivery, user, tokens)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// HeldToken is where a client sends its refresh token.
type HeldToken struct {
	HostCookie string `cookie:"__Host-boxoffice_refresh"`
	Cookie     string `cookie:"boxoffice_refresh"`
	Body       *struct {
		RefreshToken string `json:"refreshToken,omitempty" doc:"Taken from the cookie when it is left out"`
	} `required:"false"`
}

// tokens are those that the client sends, in order of precedence.
func (h HeldToken) tokens() []string {
	var shown []string
	if h.Body != nil {
		shown = append(shown, h.Body.RefreshToken)
	}
	shown = append(shown, h.HostCookie, h.Cookie)
	shown = slices.DeleteFunc(shown, func(token string) bool { return token == "" })
	return slices.Compact(shown)
}

type refreshInput struct {
	Delivery
	HeldToken
}

func (a *api) refresh(ctx context.Context, in *refreshInput) (*sessionOutput, error) {
	token := ""
	if shown := in.tokens(); len(shown) > 0 {
		token = shown[0]
	}
	user, tokens, err := a.Accounts.Refresh(ctx, token)
	if err != nil {
		return nil, err
	}
	return a.session(ctx, in.Delivery, user, tokens), nil
}

type logoutInput struct{ HeldToken }

// logout ends the session of each refresh token that the client sends. It needs no access token,
// because that may have expired, and accepts invalid tokens, because they have no session to end.
func (a *api) logout(ctx context.Context, in *logoutInput) (*struct{}, error) {
	for _, token := range in.tokens() {
		if err := a.Accounts.Logout(ctx, token); err != nil {
			return nil, err
		}
	}
	return nil, nil //nolint:nilnil // there is nothing to say
}

func (a *api) me(ctx context.Context, _ *struct{}) (*struct{ Body User }, error) {
	user, err := a.Accounts.Get(ctx, claimsOf(ctx).UserID)
	if err != nil {
		return nil, unlessGone(err)
	}
	return &struct{ Body User }{a.userOf(ctx, user)}, nil
}

type eraseInput struct {
	Body struct {
		Password string `json:"password" doc:"The password of the account"`
	}
}

type eraseOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
}

// erase deletes the user's account with all personal data. It first returns the tickets of events that
// have not begun: if it fails in between, the account still exists, and it can be repeated.
func (a *api) erase(ctx context.Context, in *eraseInput) (*eraseOutput, error) {
	if err := a.confirmPassword(ctx, in.Body.Password); err != nil {
		return nil, err
	}
	claims := claimsOf(ctx)
	err := a.Service.CancelUpcoming(ctx, booking.Request{Actor: claims.UserID, CorrelationID: middleware.RequestID(ctx)})
	if err != nil {
		return nil, err
	}
	err = a.Accounts.Delete(ctx, claims.UserID)
	if err != nil && !errors.Is(err, account.ErrNotFound) { // another request was first
		return nil, err
	}
	return &eraseOutput{clearedCookies()}, nil
}
