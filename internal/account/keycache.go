package account

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight" // requests of one key at once ask once
)

const (
	// keyTTL is for how long a key is believed without a look-up. It bounds how long a revoked key
	// works, whatever becomes of [Accounts.Watch].
	keyTTL = time.Second
	// keyReadWithin bounds a look-up, which several requests may wait for.
	keyReadWithin = 5 * time.Second
	cachedKeys    = 10_000 // some 4 MB
)

// keyCache has the API keys that were used lately, by their hashes. Strings that are no key are not
// kept.
type keyCache struct {
	entries *lru.Cache[[sha256.Size]byte, knownKey]
	reading singleflight.Group
}

type knownKey struct {
	claims    Claims
	expiresAt *time.Time
	readAt    time.Time
}

func newKeyCache() (*keyCache, error) {
	entries, err := lru.New[[sha256.Size]byte, knownKey](cachedKeys)
	if err != nil {
		return nil, err
	}
	return &keyCache{entries: entries}, nil
}

// KnowsKey tells whether a token is an API key that was used here lately. It may be revoked since.
func (a *Accounts) KnowsKey(token string) bool { return a.keys.entries.Contains(hashOfKey(token)) }

// ParseKey finds out whose API key a token is. It reads the database once a second at most. The
// claims are good for as long as those of an access token. It returns [ErrInvalidToken]:
// [ErrTokenExpired] wraps it.
//
// The search by the hash tells nothing by its time: who does not know the key can't choose its hash.
func (a *Accounts) ParseKey(ctx context.Context, token string) (Claims, error) {
	if !IsAPIKey(token) {
		return Claims{}, fmt.Errorf("%w: not the form of an API key", ErrInvalidToken)
	}
	hash, now := hashOfKey(token), a.now()
	k, isKnown := a.keys.entries.Get(hash)
	if !isKnown || now.Sub(k.readAt) >= keyTTL || a.IsRevoked(k.claims) {
		var err error
		if k, err = a.readKeyOnce(ctx, hash); err != nil {
			return Claims{}, err
		}
	}
	claims := k.claims
	claims.ExpiresAt = now.Add(AccessTTL)
	if k.expiresAt != nil && k.expiresAt.Before(claims.ExpiresAt) {
		claims.ExpiresAt = *k.expiresAt
	}
	if err := expired(claims.ExpiresAt, now); err != nil {
		return Claims{}, err
	}
	return claims, nil
}

// readKeyOnce reads a key for all requests that want it at the same time.
func (a *Accounts) readKeyOnce(ctx context.Context, hash [sha256.Size]byte) (knownKey, error) {
	found, err, _ := a.keys.reading.Do(string(hash[:]), func() (any, error) {
		// The client of the first request may leave while others wait.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keyReadWithin)
		defer cancel()
		return a.readKey(ctx, hash)
	})
	if err != nil {
		a.keys.entries.Remove(hash)
		return knownKey{}, err
	}
	k, _ := found.(knownKey)
	a.keys.entries.Add(hash, k)
	return k, nil
}
