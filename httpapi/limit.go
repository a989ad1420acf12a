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

// limitedPerUser limits an operation for each user, and for each API key: a program does not use up
// the limit of its user's browser.
func (a *api) limitedPerUser(counter *middleware.Counter) func(*huma.Operation) {
	return a.limited(counter, func(ctx context.Context) middleware.Usage {
		claims := claimsOf(ctx)
		if claims.KeyID == uuid.Nil {
			return counter.Take(claims.UserID.String())
		}
		return counter.TakeShared(claims.KeyID.String(), "keys of "+claims.UserID.String(), keysShare)
	})
}

// limitedPerAddress limits an operation for each network.
func (a *api) limitedPerAddress(counter *middleware.Counter) func(*huma.Operation) {
	return a.limited(counter, func(ctx context.Context) middleware.Usage {
		return counter.TakeAddress(middleware.ClientOf(ctx))
	})
}

// limited refuses requests beyond the limit, and reports in every answer how much is left. A nil
// counter limits nothing.
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

// limitedOfEvent runs a booking of some tickets, unless the network exceeds its limit for the event.
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

// hashingContext names the network of a request, by which password hashing is shared fairly, and the
// device, by which a sign-in is named.
func hashingContext(ctx context.Context) context.Context {
	client := middleware.ClientOf(ctx)
	return account.WithUserAgent(account.WithNetwork(ctx, client.Site()), client.UserAgent)
}

// confirmPassword checks the password of the user who makes a request.
func (a *api) confirmPassword(ctx context.Context, password string) error {
	claims := claimsOf(ctx)
	err := a.limitingGuesses(ctx, claims.Email, func(ctx context.Context) error {
		return a.Accounts.CheckPassword(ctx, claims.UserID, password)
	})
	if errors.Is(err, account.ErrInvalidCredentials) {
		return errWrongPassword
	}
	return err
}

// limitingGuesses runs a login. Only failed logins count against the e-mail address, so that the limit
// does not hold up users who know their password, and they count by network, so that others can't
// lock a user out. A login counts before the password is compared, so that many guesses at once can't
// exceed the limit.
func (a *api) limitingGuesses(ctx context.Context, email string, login func(context.Context) error) error {
	email = strings.ToLower(strings.TrimSpace(email))
	if len(email) > account.MaxEmailBytes {
		return account.ErrInvalidCredentials // no account has such an address
	}
	counter := a.Limiter.Login
	if counter == nil {
		return login(hashingContext(ctx))
	}
	key := email + " " + middleware.ClientOf(ctx).Site()
	if p := counter.Take(key).Problem(); p != nil {
		return p
	}
	err := login(hashingContext(ctx))
	if !errors.Is(err, account.ErrInvalidCredentials) {
		counter.GiveBack(key)
	}
	return err
}
