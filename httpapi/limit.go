package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/internal/account"
)

// limitedPerUser lets each user ask for an operation so often.
func (a *api) limitedPerUser(op *huma.Operation) {
	a.limited(op, a.Limiter.Booking, func(ctx huma.Context) string { return claimsOf(ctx.Context()).UserID.String() })
}

// limitedPerAddress lets each network ask for an operation so often.
func (a *api) limitedPerAddress(op *huma.Operation) {
	a.limited(op, a.Limiter.Address, func(ctx huma.Context) string {
		return middleware.ClientOf(ctx.Context()).Network()
	})
}

// limited refuses requests beyond the limit, and reports in every answer how much is left.
func (a *api) limited(op *huma.Operation, counter *middleware.Counter, keyOf func(huma.Context) string) {
	op.Errors = append(op.Errors, http.StatusTooManyRequests)
	if counter == nil {
		return
	}
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		used := counter.Take(keyOf(ctx))
		if p := used.Problem(); p != nil {
			a.writeError(ctx, p)
			return
		}
		used.Headers(ctx.SetHeader)
		next(ctx)
	})
}

// guessing runs a login. Only failed ones count against the e-mail, so nobody who knows the
// password runs into the limit. It counts before the password is compared, so that many guesses at
// once can't slip through.
func (a *api) guessing(email string, login func() error) error {
	email = strings.ToLower(strings.TrimSpace(email))
	if len(email) > account.MaxEmailBytes {
		return account.ErrInvalidCredentials // nobody can have it, and it is not worth a hash
	}
	counter := a.Limiter.Login
	if counter == nil {
		return login()
	}
	if p := counter.Take(email).Problem(); p != nil {
		return p
	}
	err := login()
	if !errors.Is(err, account.ErrInvalidCredentials) {
		counter.GiveBack(email)
	}
	return err
}
