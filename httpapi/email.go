package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/boxoffice/boxoffice/internal/account"
)

// verified refuses those whose e-mail address is not verified, where that is required. It stands
// behind [api.signedIn].
func (a *api) verified(op *huma.Operation) {
	op.Errors = append(op.Errors, http.StatusForbidden)
	if !a.RequireVerifiedEmail {
		return
	}
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		if !claimsOf(ctx.Context()).EmailVerified {
			a.writeError(ctx, errEmailNotVerified)
			return
		}
		next(ctx)
	})
}

func (a *api) sendVerification(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, unlessGone(a.Accounts.SendVerification(ctx, claimsOf(ctx).UserID))
}

type changeEmailInput struct {
	Body struct {
		Email    string `json:"email" doc:"A letter with a link is sent there; the address changes with the link" example:"new@example.com"`
		Password string `json:"password" doc:"The password of the account"`
	}
}

func (a *api) changeEmail(ctx context.Context, in *changeEmailInput) (*struct{}, error) {
	claims := claimsOf(ctx)
	err := a.guessing(ctx, claims.Email, func(ctx context.Context) error {
		return a.Accounts.CheckPassword(ctx, claims.UserID, in.Body.Password)
	})
	if errors.Is(err, account.ErrInvalidCredentials) {
		return nil, errWrongPassword
	}
	if err != nil {
		return nil, err
	}
	return nil, unlessGone(a.Accounts.RequestEmail(ctx, claims.UserID, in.Body.Email))
}

type confirmEmailInput struct {
	Body struct {
		Token string `json:"token" doc:"From the link; it works once, for 30 minutes"`
	}
}

func (a *api) confirmEmail(ctx context.Context, in *confirmEmailInput) (*struct{}, error) {
	return nil, a.Accounts.ConfirmEmail(ctx, in.Body.Token)
}
