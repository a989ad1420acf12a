// Package auth authenticates requests and WebSockets by an access token or an API key. Authorization
// is left to its callers.
package auth

import (
	"context"
	"errors"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/internal/account"
)

// Checker checks tokens.
type Checker struct {
	Accounts *account.Accounts
	// WrongKeys counts API keys that don't exist, by network; nil: they are not limited.
	WrongKeys *middleware.Counter
}

// Check returns what an access token or an API key stands for. network is where it comes from. The
// errors are [account.ErrInvalidToken], a [*problem.Problem] when the network has tried too many
// keys, and those of the database, which only keys need.
//
// A key counts against the limit before it is looked up, so that many at once can't exceed it, unless
// it was valid lately: wrong keys don't lock out other programs of the network.
func (c Checker) Check(ctx context.Context, network, token string) (account.Claims, error) {
	if !account.IsAPIKey(token) {
		return c.Accounts.ParseAccess(token)
	}
	if c.WrongKeys == nil || c.Accounts.KnowsKey(token) {
		return c.Accounts.ParseKey(ctx, token)
	}
	if p := c.WrongKeys.Take(network).Problem(); p != nil {
		return account.Claims{}, p
	}
	claims, err := c.Accounts.ParseKey(ctx, token)
	if !errors.Is(err, account.ErrInvalidToken) {
		c.WrongKeys.GiveBack(network)
	}
	return claims, err
}
