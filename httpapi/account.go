package httpapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

type changePasswordInput struct {
	Delivery
	Body struct {
		Password    string `json:"password" doc:"The password that is to be replaced"`
		NewPassword string `json:"newPassword" doc:"By the rules of POST /auth/register"`
	}
}

// changePassword answers like a sign-in, because it ends the session of the request too.
func (a *api) changePassword(ctx context.Context, in *changePasswordInput) (out *sessionOutput, err error) {
	claims := claimsOf(ctx)
	err = a.limitingGuesses(ctx, claims.Email, func(ctx context.Context) error {
		user, tokens, err := a.Accounts.ChangePassword(ctx, claims.UserID, in.Body.Password, in.Body.NewPassword)
		out = a.session(ctx, in.Delivery, user, tokens)
		return err
	})
	if errors.Is(err, account.ErrInvalidCredentials) {
		return nil, errWrongPassword
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

type forgotPasswordInput struct {
	Body struct {
		Email string `json:"email" example:"user@example.com"`
	}
}

func (a *api) forgotPassword(ctx context.Context, in *forgotPasswordInput) (*struct{}, error) {
	return nil, a.Accounts.ForgotPassword(ctx, in.Body.Email)
}

type resetPasswordInput struct {
	Body struct {
		Token    string `json:"token" doc:"From the link; it works once, for 30 minutes"`
		Password string `json:"password" doc:"By the rules of POST /auth/register"`
	}
}

func (a *api) resetPassword(ctx context.Context, in *resetPasswordInput) (*struct{}, error) {
	return nil, a.Accounts.ResetPassword(hashingContext(ctx), in.Body.Token, in.Body.Password)
}

// UserSession is one of the user's sign-ins.
type UserSession struct {
	ID         uuid.UUID `json:"id" format:"uuid"`
	Device     string    `json:"device" example:"Firefox on Windows" doc:"Empty when it is not known"`
	SignedInAt time.Time `json:"signedInAt"`
	LastUsedAt time.Time `json:"lastUsedAt" doc:"When its tokens were renewed, about every 15 minutes of use"`
	Current    bool      `json:"current" doc:"Whether the access token of this request belongs to it"`
}

type sessionsOutput struct {
	Body struct {
		Data []UserSession `json:"data"`
	}
}

func (a *api) listSessions(ctx context.Context, _ *struct{}) (*sessionsOutput, error) {
	claims := claimsOf(ctx)
	sessions, err := a.Accounts.Sessions(ctx, claims.UserID)
	if err != nil {
		return nil, err
	}
	out := new(sessionsOutput)
	out.Body.Data = make([]UserSession, len(sessions))
	for i, s := range sessions {
		out.Body.Data[i] = UserSession{
			ID: s.ID, Device: s.Device, SignedInAt: s.SignedInAt, LastUsedAt: s.LastUsedAt, Current: s.ID == claims.SessionID,
		}
	}
	return out, nil
}

func (a *api) endOtherSessions(ctx context.Context, _ *struct{}) (*struct{}, error) {
	claims := claimsOf(ctx)
	return nil, unlessGone(a.Accounts.EndOtherSessions(ctx, claims.UserID, claims.SessionID))
}

type endSessionInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

func (a *api) endSession(ctx context.Context, in *endSessionInput) (*struct{}, error) {
	return nil, unlessGone(a.Accounts.EndSession(ctx, claimsOf(ctx).UserID, in.ID))
}

// unlessGone makes the error for a deleted user that of an invalid token.
func unlessGone(err error) error {
	if errors.Is(err, account.ErrNotFound) {
		return fmt.Errorf("%w: the account is gone", account.ErrInvalidToken)
	}
	return err
}
