package account

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Access tokens are believed without asking the database. Those of users who are gone must not be,
// so each process knows the few ids that were deleted within the life of a token: its own at once,
// those of other processes within [erasedEvery].
type erased struct {
	mu  sync.RWMutex
	ids map[uuid.UUID]bool
}

const (
	erasedEvery = 2 * time.Second
	// erasedFor is how long a token of a deleted user can still be valid, with room for clocks that
	// differ.
	erasedFor = AccessTTL + 5*time.Minute
)

// IsErased tells whether the user was deleted a short while ago, so that a valid access token may
// still be around.
func (a *Accounts) IsErased(id uuid.UUID) bool {
	a.erased.mu.RLock()
	defer a.erased.mu.RUnlock()
	return a.erased.ids[id]
}

// ParseAccess believes a valid access token as [Signer.ParseAccess] does, unless its user is
// erased.
func (a *Accounts) ParseAccess(token string) (Claims, error) {
	claims, err := a.signer.ParseAccess(token)
	if err == nil && a.IsErased(claims.UserID) {
		return Claims{}, fmt.Errorf("%w: the account is gone", ErrInvalidToken)
	}
	return claims, err
}

// Watch learns, until ctx ends, who was deleted by other processes.
func (a *Accounts) Watch(ctx context.Context, logger *slog.Logger) {
	ticks := time.NewTicker(erasedEvery)
	defer ticks.Stop()
	for {
		if err := a.LoadErased(ctx); err != nil && ctx.Err() == nil {
			logger.Warn("the list of deleted users could not be read", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// LoadErased reads once who was deleted a short while ago.
func (a *Accounts) LoadErased(ctx context.Context) error {
	rows, _ := a.pool.Query(ctx, `select id from erased_users where erased_at > $1`, a.now().Add(-erasedFor))
	ids, err := pgx.CollectRows(rows, pgx.RowTo[[16]byte])
	if err != nil {
		return fmt.Errorf("list deleted users: %w", err)
	}
	known := make(map[uuid.UUID]bool, len(ids))
	for _, id := range ids {
		known[id] = true
	}
	a.erased.mu.Lock()
	defer a.erased.mu.Unlock()
	a.erased.ids = known
	return nil
}

// erase deletes the row and notes the id, in one transaction.
func (a *Accounts) erase(ctx context.Context, id uuid.UUID) error {
	err := pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `delete from users where id = $1`, id) // the tokens go by cascade
		if err == nil && tag.RowsAffected() == 0 {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into erased_users (id, erased_at) values ($1, $2)
			on conflict (id) do update set erased_at = excluded.erased_at`, id, a.now())
		return err
	})
	if err != nil {
		return err
	}
	a.erased.mu.Lock()
	defer a.erased.mu.Unlock()
	ids := maps.Clone(a.erased.ids)
	if ids == nil {
		ids = map[uuid.UUID]bool{}
	}
	ids[id] = true
	a.erased.ids = ids // a list that is just being read without it holds for one interval at most
	return nil
}
