package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

// keyRoutes are for the API keys of a user. They accept no API key: a leaked one must not create
// others.
func keyRoutes(a *api) {
	route(a, op("GET /auth/keys", "listKeys", "List one's own API keys", 200),
		a.listKeys, a.signedIn(noKeys), a.needsDatabase)
	route(a, op("POST /auth/keys", "createKey", "Make an API key for a program", 201, 400, 403, 409),
		a.createKey, a.signedIn(noKeys), a.limitedPerAddress(a.Limiter.Address), a.needsDatabase)
	route(a, op("DELETE /auth/keys/{id}", "revokeKey", "Revoke one of one's own API keys", 204, 400, 404),
		a.revokeKey, a.signedIn(noKeys), a.needsDatabase)
}

// APIKey is one of the user's API keys.
type APIKey struct {
	ID         uuid.UUID       `json:"id" format:"uuid" doc:"The metadata of what was done with it has this keyId"`
	Name       string          `json:"name" example:"Ticket printer"`
	Prefix     string          `json:"prefix" example:"bx_live_3fQz" doc:"How the key begins"`
	Scopes     []account.Scope `json:"scopes" nullable:"false" enum:"read,book,manage,check_in,audit"`
	CreatedAt  time.Time       `json:"createdAt"`
	ExpiresAt  *time.Time      `json:"expiresAt,omitempty" doc:"Absent: it does not expire"`
	LastUsedAt *time.Time      `json:"lastUsedAt,omitempty" doc:"To a minute. Absent: it was not used yet"`
}

func apiKeyOf(k account.APIKey) APIKey {
	return APIKey{
		ID: k.ID, Name: k.Name, Prefix: k.Prefix, Scopes: k.Scopes, CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt,
		LastUsedAt: k.LastUsedAt,
	}
}

// NewAPIKey is an API key with the key itself.
type NewAPIKey struct {
	APIKey
	Key string `json:"key" doc:"For the Authorization header, as Bearer. It is told only here"`
}

type keysOutput struct {
	Body struct {
		Data []APIKey `json:"data" nullable:"false"`
	}
}

func (a *api) listKeys(ctx context.Context, _ *struct{}) (*keysOutput, error) {
	keys, err := a.Accounts.Keys(ctx, claimsOf(ctx).UserID, false)
	if err != nil {
		return nil, err
	}
	out := new(keysOutput)
	out.Body.Data = make([]APIKey, len(keys))
	for i, k := range keys {
		out.Body.Data[i] = apiKeyOf(k)
	}
	return out, nil
}

type createKeyInput struct {
	Body struct {
		Name      string          `json:"name" example:"Ticket printer" doc:"At most 100 characters"`
		Scopes    []account.Scope `json:"scopes" nullable:"false" enum:"read,book,manage,check_in,audit" doc:"What the key can be used for. It never allows more than the user's role does"`
		ExpiresAt *time.Time      `json:"expiresAt,omitempty" doc:"Absent: it does not expire"`
		Password  string          `json:"password" doc:"The password of the account"`
	}
}

func (a *api) createKey(ctx context.Context, in *createKeyInput) (*struct{ Body NewAPIKey }, error) {
	if err := a.confirmPassword(ctx, in.Body.Password); err != nil {
		return nil, err
	}
	claims := claimsOf(ctx)
	key, text, err := a.Accounts.CreateKey(ctx, claims.UserID, account.NewKey{
		Name: in.Body.Name, Scopes: in.Body.Scopes, ExpiresAt: in.Body.ExpiresAt,
	})
	if err != nil {
		return nil, unlessGone(err)
	}
	a.Logger.Info("an API key was made", "user", claims.UserID, "key", key.ID)
	return &struct{ Body NewAPIKey }{NewAPIKey{apiKeyOf(key), text}}, nil
}

type revokeKeyInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

func (a *api) revokeKey(ctx context.Context, in *revokeKeyInput) (*struct{}, error) {
	user := claimsOf(ctx).UserID
	if err := a.Accounts.RevokeKey(ctx, user, in.ID); err != nil {
		return nil, err
	}
	a.Logger.Info("an API key was revoked", "user", user, "key", in.ID)
	return nil, nil //nolint:nilnil // there is nothing to say
}
