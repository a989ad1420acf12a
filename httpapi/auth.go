package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

type claimsKey struct{}

// claimsOf gives who the request speaks for. Behind the guard they are always there.
func claimsOf(ctx context.Context) account.Claims {
	claims, _ := ctx.Value(claimsKey{}).(account.Claims)
	return claims
}

// roles is what a guarded operation carries in its metadata.
type roles []account.Role

const rolesKey = "roles"

// guard lets nobody in without a valid access token, except to operations that are marked as public.
func (a *api) guard(ctx huma.Context, next func(huma.Context)) {
	allowed, isGuarded := ctx.Operation().Metadata[rolesKey].(roles)
	if !isGuarded {
		next(ctx)
		return
	}
	scheme, token, _ := strings.Cut(ctx.Header("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	claims, err := a.Signer.ParseAccess(token)
	if err == nil && len(allowed) > 0 && !slices.Contains(allowed, claims.Role) {
		err = errForbidden
	}
	if err != nil {
		a.writeError(ctx, err)
		return
	}
	next(huma.WithValue(ctx, claimsKey{}, claims))
}

// User is a person as the API shows them.
type User struct {
	ID    uuid.UUID    `json:"id" format:"uuid"`
	Email string       `json:"email" format:"email"`
	Name  string       `json:"name"`
	Role  account.Role `json:"role" enum:"customer,organizer,auditor"`
}

// Session is the answer to whoever signs in.
type Session struct {
	User         User   `json:"user"`
	AccessToken  string `json:"accessToken" doc:"JWT for the Authorization header, valid for 15 minutes"`
	RefreshToken string `json:"refreshToken" doc:"JWT for POST /auth/refresh, valid for 7 days and only once"`
}

type sessionOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      Session
}

func sessionOf(user account.User, tokens account.Tokens) *sessionOutput {
	return &sessionOutput{
		SetCookie: refreshCookie(tokens.Refresh, tokens.RefreshExpires),
		Body: Session{
			User:        User{ID: user.ID, Email: user.Email, Name: user.Name, Role: user.Role},
			AccessToken: tokens.Access, RefreshToken: tokens.Refresh,
		},
	}
}

const refreshCookieName = "boxoffice_refresh"

// refreshCookie keeps the refresh token where no script of the browser can read it. Browsers count localhost as secure.
func refreshCookie(token string, expires time.Time) http.Cookie {
	return http.Cookie{
		Name: refreshCookieName, Value: token, Path: "/auth", Expires: expires,
		HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode,
	}
}

type registerInput struct {
	Body struct {
		Email    string `json:"email" example:"user@example.com"`
		Password string `json:"password" example:"securePassword123" doc:"At least 8 characters with a letter and a digit, at most 72 bytes"`
		Name     string `json:"name" example:"John Doe"`
	}
}

func (a *api) register(ctx context.Context, in *registerInput) (*sessionOutput, error) {
	user, tokens, err := a.Accounts.Register(ctx, account.Registration{Email: in.Body.Email, Password: in.Body.Password, Name: in.Body.Name})
	if err != nil {
		return nil, err
	}
	return sessionOf(user, tokens), nil
}

type loginInput struct {
	Body struct {
		Email    string `json:"email" example:"user@example.com"`
		Password string `json:"password" example:"securePassword123"`
	}
}

func (a *api) login(ctx context.Context, in *loginInput) (*sessionOutput, error) {
	user, tokens, err := a.Accounts.Login(ctx, in.Body.Email, in.Body.Password)
	if err != nil {
		return nil, err
	}
	return sessionOf(user, tokens), nil
}

type refreshInput struct {
	Cookie string `cookie:"boxoffice_refresh"`
	Body   *struct {
		RefreshToken string `json:"refreshToken,omitempty" doc:"Taken from the cookie when it is left out"`
	} `required:"false"`
}

func (a *api) refresh(ctx context.Context, in *refreshInput) (*sessionOutput, error) {
	token := in.Cookie
	if in.Body != nil && in.Body.RefreshToken != "" {
		token = in.Body.RefreshToken
	}
	user, tokens, err := a.Accounts.Refresh(ctx, token)
	if err != nil {
		return nil, err
	}
	return sessionOf(user, tokens), nil
}
