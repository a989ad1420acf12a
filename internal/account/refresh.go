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
)

// refreshToken is a row of refresh_tokens: all that is needed to write the token again. Times are
// whole seconds, as they are in a token.
type refreshToken struct {
	ID, UserID, Family              uuid.UUID
	SignedInAt, IssuedAt, ExpiresAt time.Time

	hash       []byte
	usedAt     *time.Time
	replacedBy *uuid.UUID
	revokedAt  *time.Time
}

// Refresh exchanges a refresh token for the next pair, once. It returns [ErrInvalidToken], of which
// [ErrTokenExpired] and [ErrTokenReused] are kinds.
//
// A token that was exchanged within the leeway and whose successor is still unused gets the same
// successor again: two tabs of one browser, or an answer that was lost on the way. Any other second
// use revokes all tokens of the sign-in.
func (a *Accounts) Refresh(ctx context.Context, token string) (User, Tokens, error) {
	said, err := a.signer.verify(token, a.signer.refresh, refreshAudience)
	if err == nil {
		err = expired(said.expires, a.now())
	}
	if err != nil {
		return User{}, Tokens{}, err
	}
	var (
		user   User
		tokens Tokens
		reused bool // and not an error, which would roll the revocation back
	)
	err = pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) (err error) {
		user, err = lockUser(ctx, tx, said.subject)
		if errors.Is(err, ErrNotFound) {
			return fmt.Errorf("%w: its user is gone", ErrInvalidToken)
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

// exchange decides, under the lock of the user, what a refresh token is worth. A reused one has its
// family revoked.
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
	if old.usedAt == nil {
		tokens, err = a.rotate(ctx, tx, user, old, now)
		return tokens, false, err
	}
	next, err := findByID(ctx, tx, *old.replacedBy)
	if err != nil {
		return Tokens{}, false, err
	}
	if now.Sub(*old.usedAt) <= a.leeway && next.usedAt == nil {
		tokens, err = a.repeat(user, next)
		return tokens, false, err
	}
	return Tokens{}, true, revokeFamily(ctx, tx, old.Family, now)
}

func (a *Accounts) rotate(ctx context.Context, tx pgx.Tx, user User, old refreshToken, now time.Time) (Tokens, error) {
	next := refreshToken{ID: uuid.New(), UserID: old.UserID, Family: old.Family, SignedInAt: old.SignedInAt,
		IssuedAt: now.Truncate(time.Second)}
	next.ExpiresAt = next.IssuedAt.Add(RefreshTTL)
	if end := old.SignedInAt.Add(SessionTTL); next.ExpiresAt.After(end) {
		next.ExpiresAt = end
	}
	_, err := tx.Exec(ctx, `
		update refresh_tokens
		set used_at = $2, replaced_by = $3
		where id = $1`, old.ID, now, next.ID)
	if err != nil {
		return Tokens{}, err
	}
	return a.issue(ctx, tx, user, next)
}

// issue stores the hash of a new refresh token and returns it with an access token.
func (a *Accounts) issue(ctx context.Context, db execer, user User, r refreshToken) (Tokens, error) {
	text, err := r.sign(a.signer.refresh.current())
	if err != nil {
		return Tokens{}, err
	}
	_, err = db.Exec(ctx, `
		insert into refresh_tokens (id, user_id, family, token_hash, signed_in_at, issued_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7)`,
		r.ID, r.UserID, r.Family, hashOf(text), r.SignedInAt, r.IssuedAt, r.ExpiresAt)
	if err != nil {
		return Tokens{}, err
	}
	return a.pair(user, r, text)
}

// repeat writes again a token that was handed out before; the row keeps only its hash, which tells
// by which key it was signed. When that is none of ours (a process with a newer secret made it) the
// token is refused, and as it is no sign of theft, nothing is revoked.
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
	access, expires, err := a.signer.IssueAccess(user)
	return Tokens{Access: access, AccessExpires: expires, Refresh: text, RefreshExpires: r.ExpiresAt}, err
}

func (r refreshToken) sign(k key) (string, error) {
	return k.sign(jwt.MapClaims{
		"iss": issuer, "aud": refreshAudience, "sub": r.UserID.String(), "jti": r.ID.String(),
		"iat": r.IssuedAt.Unix(), "exp": r.ExpiresAt.Unix(),
	})
}

// Logout revokes every refresh token of the sign-in that the token belongs to. Nothing happens, and
// no error, when it belongs to none or to one that was revoked before. It takes an expired token
// too: whoever wants out is let out.
func (a *Accounts) Logout(ctx context.Context, token string) error {
	err := pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) error {
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

// DeleteExpired removes the refresh tokens whose time is over and returns how many there were; it
// also forgets the ids of users who were deleted long ago. Call it now and then.
func (a *Accounts) DeleteExpired(ctx context.Context) (int64, error) {
	// Skipping locked rows, because this takes rows in an order of its own and would deadlock with a
	// revocation. The next call finds them.
	tag, err := a.pool.Exec(ctx, `
		delete from refresh_tokens
		where id in (select id from refresh_tokens where expires_at <= $1 for update skip locked)`, a.now())
	if err != nil {
		return 0, fmt.Errorf("delete expired refresh tokens: %w", err)
	}
	if _, err := a.pool.Exec(ctx, `delete from erased_users where erased_at <= $1`, a.now().Add(-erasedFor)); err != nil {
		return 0, fmt.Errorf("forget deleted users: %w", err)
	}
	return tag.RowsAffected(), nil
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

// selectRefresh asks for what scanToken reads.
const selectRefresh = `
	select id, user_id, family, token_hash, signed_in_at, issued_at, expires_at, used_at, replaced_by, revoked_at
	from refresh_tokens`

func scanToken(row pgx.Row) (refreshToken, error) {
	var r refreshToken
	err := row.Scan(&r.ID, &r.UserID, &r.Family, &r.hash, &r.SignedInAt, &r.IssuedAt, &r.ExpiresAt, &r.usedAt,
		&r.replacedBy, &r.revokedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return refreshToken{}, fmt.Errorf("%w: not one that was handed out", ErrInvalidToken)
	}
	return r, err
}

func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
