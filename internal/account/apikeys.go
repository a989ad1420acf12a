package account

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

var (
	// ErrTooManyKeys means that the user has as many API keys as one can have.
	ErrTooManyKeys = errors.New("too many API keys")
	// ErrNoKey means that the user has no such API key, or that it was revoked.
	ErrNoKey = errors.New("no such API key")
)

const (
	// keyUsedEvery is how exactly the last use of a key is known.
	keyUsedEvery = time.Minute
	// keysKeptFor is for how long keys are kept that were revoked or have expired: who looks into what
	// a key has done wants its name.
	keysKeptFor = 90 * 24 * time.Hour
)

// keyColumns are those that scanKey reads.
const keyColumns = "id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at"

func scanKey(row pgx.CollectableRow) (k APIKey, err error) {
	err = row.Scan(&k.ID, &k.Name, &k.Prefix, &k.Scopes, &k.CreatedAt, &k.ExpiresAt, &k.LastUsedAt, &k.RevokedAt)
	return k, err
}

// CreateKey makes an API key for the user. The second result is the key, which can't be read again.
// The errors are an [*InvalidError], [ErrTooManyKeys] and [ErrNotFound].
func (a *Accounts) CreateKey(ctx context.Context, userID uuid.UUID, wanted NewKey) (APIKey, string, error) {
	wanted, err := wanted.check(a.now())
	if err != nil {
		return APIKey{}, "", err
	}
	text := makeKey()
	hash := hashOfKey(text)
	key := APIKey{
		ID: uuid.New(), Name: wanted.Name, Prefix: text[:shownOfKey], Scopes: wanted.Scopes, CreatedAt: a.now(),
		ExpiresAt: wanted.ExpiresAt,
	}
	err = eventstore.Commit(ctx, a.pool, func(tx pgx.Tx) error {
		if _, err := lockUser(ctx, tx, userID); err != nil { // one after the other, so that the count is right
			return err
		}
		var count int
		err := tx.QueryRow(ctx, `
			select count(*)
			from api_keys
			where user_id = $1 and revoked_at is null`, userID).Scan(&count)
		if err != nil {
			return err
		}
		if count >= maxKeysOfUser {
			return ErrTooManyKeys
		}
		_, err = tx.Exec(ctx, `
			insert into api_keys (id, user_id, name, prefix, key_hash, scopes, created_at, expires_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			key.ID, userID, key.Name, key.Prefix, hash[:], key.Scopes, key.CreatedAt, key.ExpiresAt)
		return err
	})
	if err != nil {
		return APIKey{}, "", fmt.Errorf("make an API key for user %s: %w", userID, err)
	}
	return key, text, nil
}

// Keys returns the user's API keys, the newest first, with those that have expired. With all it
// returns those that were revoked too.
func (a *Accounts) Keys(ctx context.Context, userID uuid.UUID, all bool) ([]APIKey, error) {
	rows, _ := a.pool.Query(ctx, `
		select `+keyColumns+`
		from api_keys
		where user_id = $1 and ($2 or revoked_at is null)
		order by created_at desc, id`, userID, all)
	keys, err := pgx.CollectRows(rows, scanKey)
	if err != nil {
		return nil, fmt.Errorf("API keys of user %s: %w", userID, err)
	}
	return keys, nil
}

// RevokeKey ends an API key of the user: here at once, and in other processes within a second. It
// returns [ErrNoKey] when there is none to end.
func (a *Accounts) RevokeKey(ctx context.Context, userID, id uuid.UUID) error {
	err := eventstore.Commit(ctx, a.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			update api_keys
			set revoked_at = $3
			where user_id = $1 and id = $2 and revoked_at is null`, userID, id, a.now())
		if err == nil && tag.RowsAffected() == 0 {
			err = ErrNoKey
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke API key %s: %w", id, err)
	}
	a.revocations.addKey(id)
	return nil
}

// revokeKeys ends all API keys of the user, whose access is changed in the same transaction.
func (a *Accounts) revokeKeys(ctx context.Context, tx pgx.Tx, userID uuid.UUID) error {
	_, err := tx.Exec(ctx, `
		update api_keys
		set revoked_at = $2
		where user_id = $1 and revoked_at is null`, userID, a.now())
	return err
}

// deleteOldKeys deletes keys that were of no use for [keysKeptFor].
func (a *Accounts) deleteOldKeys(ctx context.Context) error {
	_, err := a.pool.Exec(ctx, `
		delete from api_keys
		where revoked_at <= $1 or expires_at <= $1`, a.now().Add(-keysKeptFor))
	return err
}

// readKey reads the key with that hash as it is now, or returns [ErrInvalidToken].
func (a *Accounts) readKey(ctx context.Context, hash [sha256.Size]byte) (knownKey, error) {
	k := knownKey{readAt: a.now()}
	c := &k.claims
	var lastUsed *time.Time
	err := a.pool.QueryRow(ctx, `
		select k.id, k.scopes, k.expires_at, k.last_used_at,
			u.id, u.email, u.role, u.email_verified_at is not null, u.token_version
		from api_keys k join users u on u.id = k.user_id
		where k.key_hash = $1 and k.revoked_at is null`, hash[:]).
		Scan(&c.KeyID, &c.Scopes, &k.expiresAt, &lastUsed, &c.UserID, &c.Email, &c.Role, &c.EmailVerified, &c.version)
	if errors.Is(err, pgx.ErrNoRows) {
		return knownKey{}, fmt.Errorf("%w: there is no such API key", ErrInvalidToken)
	}
	if err != nil {
		return knownKey{}, fmt.Errorf("read an API key: %w", err)
	}
	if lastUsed == nil || k.readAt.Sub(*lastUsed) >= keyUsedEvery {
		a.recordUse(ctx, c.KeyID, k.readAt)
	}
	return k, nil
}

// recordUse stores when a key was used. That is worth no error to the request, and no wait for a
// standby: if it fails, the next request tries again.
func (a *Accounts) recordUse(ctx context.Context, id uuid.UUID, at time.Time) {
	_ = pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `set local synchronous_commit = off`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			update api_keys
			set last_used_at = $2
			where id = $1 and (last_used_at is null or last_used_at <= $3)`, id, at, at.Add(-keyUsedEvery))
		return err
	})
}

// Allows tells whether the token may be used for a scope: an access token for all of them, an API
// key for its own.
func (c Claims) Allows(scope Scope) bool {
	return c.KeyID == uuid.Nil || slices.Contains(c.Scopes, scope)
}
