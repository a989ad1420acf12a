package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/internal/account"
)

// keysShare is how many times the limit of a user all API keys of the user have together.
const keysShare = 4

// limitedPerUser lets each user ask for an operation so often, and each API key too: a program does
// not use up what its user has in the browser.
func (a *api) limitedPerUser(counter *middleware.Counter) func(*huma.Operation) {
	return a.limited(counter, func(ctx context.Context) middleware.Usage {
		claims := claimsOf(ctx)
		if claims.KeyID == uuid.Nil {
			return counter.Take(claims.UserID.String())
		}
		return counter.TakeShared(claims.KeyID.String(), "keys of "+claims.UserID.String(), keysShare)
	})
}

// limitedPerAddress lets each network ask for an operation so often.
func (a *api) limitedPerAddress(counter *middleware.Counter) func(*huma.Operation) {
	return a.limited(counter, func(ctx context.Context) middleware.Usage {
		return counter.TakeAddress(middleware.ClientOf(ctx))
	})
}

// limited refuses requests beyond the limit, and reports in every answer how much is left. Without
// a counter nothing is limited.
func (a *api) limited(counter *middleware.Counter, take func(context.Context) middleware.Usage) func(*huma.Operation) {
	return func(op *huma.Operation) {
		op.Errors = append(op.Errors, http.StatusTooManyRequests)
		if counter == nil {
			return
		}
		op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
			used := take(ctx.Context())
			if p := used.Problem(); p != nil {
				a.writeError(ctx, p)
				return
			}
			used.Headers(ctx.SetHeader)
			next(ctx)
		})
	}
}

// limitedOfEvent runs a booking of some tickets, unless the network has so many of the event already.
func (a *api) limitedOfEvent(
	ctx context.Context, event uuid.UUID, tickets int, book func() (booking.Result, error),
) (booking.Result, error) {
	counter := a.Limiter.Event
	if counter == nil {
		return book()
	}
	key := event.String() + " " + middleware.ClientOf(ctx).Site()
	giveBack := func(taken int) {
		for range taken {
			counter.GiveBack(key)
		}
	}
	for taken := range tickets {
		if p := counter.Take(key).Problem(); p != nil {
			giveBack(taken)
			return booking.Result{}, p
		}
	}
	result, err := book()
	if err != nil {
		giveBack(tickets)
	}
	return result, err
}

// hashing has the password of a request hashed in the turn of its network, and a sign-in named for
// its device.
func hashing(ctx context.Context) context.Context {
	client := middleware.ClientOf(ctx)
	return account.WithUserAgent(account.WithNetwork(ctx, client.Site()), client.UserAgent)
}

// guessing runs a login. Only failed ones count against the e-mail, so nobody who knows the
// password runs into the limit, and only those of one network, so nobody can lock somebody else
// out. It counts before the password is compared, so that many guesses at once can't slip through.
func (a *api) guessing(ctx context.Context, email string, login func(context.Context) error) error {
	email = strings.ToLower(strings.TrimSpace(email))
	if len(email) > account.MaxEmailBytes {
		return account.ErrInvalidCredentials // nobody can have it, and it is not worth a hash
	}
	counter := a.Limiter.Login
	if counter == nil {
		return login(hashing(ctx))
	}
	key := email + " " + middleware.ClientOf(ctx).Site()
	if p := counter.Take(key).Problem(); p != nil {
		return p
	}
	err := login(hashing(ctx))
	if !errors.Is(err, account.ErrInvalidCredentials) {
		counter.GiveBack(key)
	}
	return err
}
