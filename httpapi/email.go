package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// verified refuses users whose e-mail address is not verified, where that is required. It comes after
// [api.signedIn].
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
	if err := a.confirmPassword(ctx, in.Body.Password); err != nil {
		return nil, err
	}
	return nil, unlessGone(a.Accounts.RequestEmail(ctx, claimsOf(ctx).UserID, in.Body.Email))
}

type confirmEmailInput struct {
	Body struct {
		Token string `json:"token" doc:"From the link; it works once, for 30 minutes"`
	}
}

func (a *api) confirmEmail(ctx context.Context, in *confirmEmailInput) (*struct{}, error) {
	return nil, a.Accounts.ConfirmEmail(ctx, in.Body.Token)
}
