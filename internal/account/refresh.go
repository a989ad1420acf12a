package account

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// refreshToken is a row of refresh_tokens, from which the token can be signed again. Times are
// whole seconds, as in a token.
type refreshToken struct {
	ID, UserID, Family              uuid.UUID
	SignedInAt, IssuedAt, ExpiresAt time.Time

	device     string
	hash       []byte
	usedFor    *time.Duration // since it was used, by the database's clock; nil: it was not
	replacedBy *uuid.UUID
	revokedAt  *time.Time
}

// Refresh exchanges a refresh token for the next pair of tokens, once. It returns
// [ErrInvalidToken]; [ErrTokenExpired] and [ErrTokenReused] wrap it.
//
// A token that was exchanged within the leeway, by the database's clock, and whose successor is
// still unused, returns the same successor again: the cause is a second tab, or a lost answer. Any
// other second use revokes all tokens of the sign-in.
func (a *Accounts) Refresh(ctx context.Context, token string) (User, Tokens, error) {
	c, err := a.signer.verify(token, a.signer.refresh, refreshAudience)
	if err == nil {
		err = expired(c.expires, a.now())
	}
	if err != nil {
		return User{}, Tokens{}, err
	}
	var (
		user   User
		tokens Tokens
		reused bool // not an error, which would roll back the revocation
	)
	err = eventstore.Commit(ctx, a.pool, func(tx pgx.Tx) (err error) {
		user, err = lockUser(ctx, tx, c.subject)
		if errors.Is(err, ErrNotFound) {
			return fmt.Errorf("%w: its user was deleted", ErrInvalidToken)
		}
		if err != nil {
			return err
		}
		tokens, reused, err = a.exchange(ctx, tx, user, token)
		return err
	})
	if err == nil && reused {
		err = ErrTokenReused
	}
	if err != nil {
		return User{}, Tokens{}, fmt.Errorf("refresh: %w", err)
	}
	return user, tokens, nil
}

// exchange rotates the token, repeats its successor or, when it was reused, revokes its family. The
// caller holds the lock of the user.
func (a *Accounts) exchange(
	ctx context.Context, tx pgx.Tx, user User, token string,
) (tokens Tokens, reused bool, err error) {
	old, err := findByHash(ctx, tx, user.ID, token)
	if err != nil {
		return Tokens{}, false, err
	}
	if old.revokedAt != nil {
		return Tokens{}, false, fmt.Errorf("%w: revoked", ErrInvalidToken)
	}
	now := a.now()
	if old.usedFor == nil {
		tokens, err = a.rotate(ctx, tx, user, old, now)
		return tokens, false, err
	}
	next, err := findByID(ctx, tx, *old.replacedBy)
	if err != nil {
		return Tokens{}, false, err
	}
	if *old.usedFor <= a.leeway && next.usedFor == nil {
		tokens, err = a.repeat(user, next)
		return tokens, false, err
	}
	return Tokens{}, true, revokeFamily(ctx, tx, old.Family, now)
}

func (a *Accounts) rotate(ctx context.Context, tx pgx.Tx, user User, old refreshToken, now time.Time) (Tokens, error) {
	next := refreshToken{ID: uuid.New(), UserID: old.UserID, Family: old.Family, SignedInAt: old.SignedInAt,
		IssuedAt: now.Truncate(time.Second), device: old.device}
	next.ExpiresAt = next.IssuedAt.Add(RefreshTTL)
	if end := old.SignedInAt.Add(SessionTTL); next.ExpiresAt.After(end) {
		next.ExpiresAt = end
	}
	_, err := tx.Exec(ctx, `
		update refresh_tokens
		set used_at = clock_timestamp(), replaced_by = $2
		where id = $1`, old.ID, next.ID)
	if err != nil {
		return Tokens{}, err
	}
	return a.issue(ctx, tx, user, next)
}

// issue stores the hash of a new refresh token and returns it with an access token.
func (a *Accounts) issue(ctx context.Context, tx pgx.Tx, user User, r refreshToken) (Tokens, error) {
	text, err := r.sign(a.signer.refresh.current())
	if err != nil {
		return Tokens{}, err
	}
	_, err = tx.Exec(ctx, `
		insert into refresh_tokens (id, user_id, family, token_hash, signed_in_at, issued_at, expires_at, device)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		r.ID, r.UserID, r.Family, hashOf(text), r.SignedInAt, r.IssuedAt, r.ExpiresAt, r.device)
	if err != nil {
		return Tokens{}, err
	}
	return a.pair(user, r, text)
}

// repeat signs a token again that was issued before. The row has only its hash, which shows with
// which key it was signed. A token by an unknown key (of a process with a newer secret) is refused;
// since that is no sign of theft, nothing is revoked.
func (a *Accounts) repeat(user User, r refreshToken) (Tokens, error) {
	for _, k := range a.signer.refresh.list {
		text, err := r.sign(k)
		if err != nil {
			return Tokens{}, err
		}
		if string(hashOf(text)) == string(r.hash) {
			return a.pair(user, r, text)
		}
	}
	return Tokens{}, fmt.Errorf("%w: its successor was signed by an unknown key", ErrInvalidToken)
}

func (a *Accounts) pair(user User, r refreshToken, text string) (Tokens, error) {
	access, expires, err := a.signer.issueAccess(user, r.Family)
	return Tokens{Access: access, AccessExpires: expires, Refresh: text, RefreshExpires: r.ExpiresAt}, err
}

func (r refreshToken) sign(k key) (string, error) {
	return k.sign(jwt.MapClaims{
		"iss": issuer, "aud": refreshAudience, "sub": r.UserID.String(), "jti": r.ID.String(),
		"iat": r.IssuedAt.Unix(), "exp": r.ExpiresAt.Unix(),
	})
}

// Logout revokes every refresh token of the sign-in that the token belongs to. It accepts expired
// tokens. An unknown or revoked token is no error.
func (a *Accounts) Logout(ctx context.Context, token string) error {
	err := eventstore.Commit(ctx, a.pool, func(tx pgx.Tx) error {
		var userID, family uuid.UUID
		err := tx.QueryRow(ctx, `
			select user_id, family
			from refresh_tokens
			where token_hash = $1`, hashOf(token)).Scan(&userID, &family)
		if err != nil {
			return err
		}
		if _, err := lockUser(ctx, tx, userID); err != nil {
			return err
		}
		return revokeFamily(ctx, tx, family, a.now())
	})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("log out: %w", err)
	}
	return nil
}

// DeleteExpired deletes expired refresh tokens, returns how many there were, and deletes
// revocations of access tokens, links that have expired, and API keys that ended 90 days ago. Call it periodically.
func (a *Accounts) DeleteExpired(ctx context.Context) (int64, error) {
	// Skip locked rows: this locks rows in another order than a revocation, and would deadlock with
	// it. The next call finds them.
	tag, err := a.pool.Exec(ctx, `
		delete from refresh_tokens
		where id in (select id from refresh_tokens where expires_at <= $1 for update skip locked)`, a.now())
	if err != nil {
		return 0, fmt.Errorf("delete expired refresh tokens: %w", err)
	}
	_, err = a.pool.Exec(ctx, `delete from access_revocations where revoked_at <= $1`, a.now().Add(-revokedFor))
	if err == nil {
		_, err = a.pool.Exec(ctx, `delete from account_links where expires_at <= now()`)
	}
	if err == nil {
		err = a.deleteOldKeys(ctx)
	}
	if err != nil {
		return 0, fmt.Errorf("delete old revocations, links and API keys: %w", err)
	}
	return tag.RowsAffected(), nil
}

// revokeAll ends all sessions of a user, except one of them if it is not zero.
func (a *Accounts) revokeAll(ctx context.Context, tx pgx.Tx, userID, except uuid.UUID) error {
	_, err := tx.Exec(ctx, `
		update refresh_tokens
		set revoked_at = $2
		where user_id = $1 and revoked_at is null and family <> $3`, userID, a.now(), except)
	return err
}

func revokeFamily(ctx context.Context, tx pgx.Tx, family uuid.UUID, now time.Time) error {
	_, err := tx.Exec(ctx, `
		update refresh_tokens
		set revoked_at = $2
		where family = $1 and revoked_at is null`, family, now)
	return err
}

func findByHash(ctx context.Context, tx pgx.Tx, userID uuid.UUID, token string) (refreshToken, error) {
	return scanToken(tx.QueryRow(ctx, selectRefresh+`
		where token_hash = $1 and user_id = $2`, hashOf(token), userID))
}

func findByID(ctx context.Context, tx pgx.Tx, id uuid.UUID) (refreshToken, error) {
	return scanToken(tx.QueryRow(ctx, selectRefresh+`
		where id = $1`, id))
}

// selectRefresh selects the columns that scanToken reads.
const selectRefresh = `
	select id, user_id, family, token_hash, signed_in_at, issued_at, expires_at, device,
		clock_timestamp() - used_at, replaced_by, revoked_at
	from refresh_tokens`

func scanToken(row pgx.Row) (refreshToken, error) {
	var r refreshToken
	err := row.Scan(&r.ID, &r.UserID, &r.Family, &r.hash, &r.SignedInAt, &r.IssuedAt, &r.ExpiresAt, &r.device,
		&r.usedFor, &r.replacedBy, &r.revokedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return refreshToken{}, fmt.Errorf("%w: never issued", ErrInvalidToken)
	}
	return r, err
}

func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
