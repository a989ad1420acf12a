package account

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// revocations are the lowest token versions of users whose access tokens were revoked lately.
// Access tokens are accepted without reading the database, so each process keeps the revocations
// within the lifetime of a token: its own at once, those of other processes within
// [revocationsEvery]. Versions, unlike times, depend on no clock.
type revocations struct {
	mu     sync.RWMutex
	lowest map[uuid.UUID]int
	keys   map[uuid.UUID]bool // API keys that were revoked lately
}

const (
	// revocationsEvery leaves a busy database the rest of the second that is promised.
	revocationsEvery = 800 * time.Millisecond
	// revokedFor is how long a revoked token can still be valid, with a margin for clock skew.
	revokedFor = AccessTTL + 5*time.Minute
	// everyVersion revokes all tokens, those to come too: the user was deleted.
	everyVersion = math.MaxInt32
)

func (r *revocations) of(id uuid.UUID) (lowest int) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.lowest[id]
}

func (r *revocations) addKey(id uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys == nil {
		r.keys = map[uuid.UUID]bool{}
	}
	r.keys[id] = true // as in add
}

func (r *revocations) ofKey(id uuid.UUID) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.keys[id]
}

func (r *revocations) erased() (ids []uuid.UUID) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for id, lowest := range r.lowest {
		if lowest == everyVersion {
			ids = append(ids, id)
		}
	}
	return ids
}

func (r *revocations) add(id uuid.UUID, lowest int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lowest == nil {
		r.lowest = map[uuid.UUID]int{}
	}
	r.lowest[id] = lowest // a list that was read before may replace it, for one interval at most
}

// ParseAccess is [Signer.ParseAccess], and refuses tokens that were revoked since they were issued:
// those of deleted users, and those from before a change of the password or the role.
func (a *Accounts) ParseAccess(token string) (Claims, error) {
	claims, err := a.signer.ParseAccess(token)
	if err == nil && a.IsRevoked(claims) {
		return Claims{}, fmt.Errorf("%w: revoked", ErrInvalidToken)
	}
	return claims, err
}

// IsRevoked tells whether the token or API key that makes these claims was revoked since it was
// parsed. Of a key whose user has changed it says so too: ParseKey gives the claims of now.
func (a *Accounts) IsRevoked(claims Claims) bool {
	return claims.version < a.revocations.of(claims.UserID) ||
		claims.KeyID != uuid.Nil && a.revocations.ofKey(claims.KeyID)
}

// Erased are the users who were deleted lately: some of their requests may still be on their way, in
// this process or in another one.
func (a *Accounts) Erased() []uuid.UUID { return a.revocations.erased() }

// Watch reads, until ctx ends, which access tokens other processes have revoked.
func (a *Accounts) Watch(ctx context.Context, logger *slog.Logger) {
	ticks := time.NewTicker(revocationsEvery)
	defer ticks.Stop()
	failing := false
	for {
		err := a.LoadRevocations(ctx)
		if err != nil && !failing && ctx.Err() == nil { // once, not every time
			logger.Warn("revoked access tokens could not be read", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// LoadRevocations reads once which access tokens and API keys were revoked recently.
func (a *Accounts) LoadRevocations(ctx context.Context) error {
	rows, _ := a.pool.Query(ctx, `
		select user_id, token_version, false
		from access_revocations
		where revoked_at > $1
		union all
		select id, 0, true
		from api_keys
		where revoked_at > $1`, a.now().Add(-revokedFor))
	lowest, keys := map[uuid.UUID]int{}, map[uuid.UUID]bool{}
	var (
		id      uuid.UUID
		version int
		isKey   bool
	)
	_, err := pgx.ForEachRow(rows, []any{&id, &version, &isKey}, func() error {
		if isKey {
			keys[id] = true
		} else {
			lowest[id] = version
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list revoked access tokens: %w", err)
	}
	a.revocations.mu.Lock()
	defer a.revocations.mu.Unlock()
	a.revocations.lowest, a.revocations.keys = lowest, keys
	return nil
}

// changeAccess changes something of a user, after which access tokens from before are refused. The
// changes of one user follow each other. It returns the user with the version of new tokens, and
// [ErrNotFound] when there is no such user.
func (a *Accounts) changeAccess(ctx context.Context, id uuid.UUID, change func(pgx.Tx, User) error) (User, error) {
	var user User
	err := eventstore.Commit(ctx, a.pool, func(tx pgx.Tx) (err error) {
		user, err = scanUser(tx.QueryRow(ctx, `
			update users
			set token_version = token_version + 1, updated_at = $2
			where id = $1
			returning `+userColumns, id, a.now()))
		if err != nil {
			return err
		}
		if err := change(tx, user); err != nil {
			return err
		}
		return a.revokeAccess(ctx, tx, id, user.tokenVersion)
	})
	if err != nil {
		return User{}, err
	}
	a.revocations.add(id, user.tokenVersion)
	return user, nil
}

func (a *Accounts) revokeAccess(ctx context.Context, tx pgx.Tx, id uuid.UUID, lowest int) error {
	_, err := tx.Exec(ctx, `
		insert into access_revocations (user_id, token_version, revoked_at)
		values ($1, $2, $3)
		on conflict (user_id) do update
		set token_version = excluded.token_version, revoked_at = excluded.revoked_at`, id, lowest, a.now())
	return err
}

// erase deletes the row and revokes the access tokens, in one transaction.
func (a *Accounts) erase(ctx context.Context, id uuid.UUID) error {
	err := eventstore.Commit(ctx, a.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `delete from users where id = $1`, id) // the tokens go by cascade
		if err == nil && tag.RowsAffected() == 0 {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		return a.revokeAccess(ctx, tx, id, everyVersion)
	})
	if err == nil {
		a.revocations.add(id, everyVersion)
	}
	return err
}
