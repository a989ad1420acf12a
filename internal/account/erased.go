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

	"github.com/boxoffice/boxoffice/eventstore"
)

// erased is the set of recently deleted users. Access tokens are accepted without reading the
// database, so each process keeps the ids that were deleted within the lifetime of a token and
// refuses theirs: its own deletions at once, those of other processes within [erasedEvery].
type erased struct {
	mu  sync.RWMutex
	ids map[uuid.UUID]bool
}

const (
	erasedEvery = 2 * time.Second
	// erasedFor is how long a token of a deleted user can still be valid, with a margin for clock
	// skew.
	erasedFor = AccessTTL + 5*time.Minute
)

// IsErased reports whether the user was deleted recently, so that an access token may still be
// valid.
func (a *Accounts) IsErased(id uuid.UUID) bool {
	a.erased.mu.RLock()
	defer a.erased.mu.RUnlock()
	return a.erased.ids[id]
}

// ParseAccess is [Signer.ParseAccess], and refuses tokens of deleted users.
func (a *Accounts) ParseAccess(token string) (Claims, error) {
	claims, err := a.signer.ParseAccess(token)
	if err == nil && a.IsErased(claims.UserID) {
		return Claims{}, fmt.Errorf("%w: the account was deleted", ErrInvalidToken)
	}
	return claims, err
}

// Watch reads, until ctx ends, which users other processes have deleted.
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

// LoadErased reads once which users were deleted recently.
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

// erase deletes the row and records the id, in one transaction.
func (a *Accounts) erase(ctx context.Context, id uuid.UUID) error {
	err := eventstore.Commit(ctx, a.pool, func(tx pgx.Tx) error {
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
	a.erased.ids = ids // LoadErased may overwrite it with an older list, for one interval at most
	return nil
}
