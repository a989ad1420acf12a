package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// FeedKind says what a calendar feed shows. Its text is stored.
type FeedKind string

// The kinds of calendar feeds.
const (
	BookingsFeed FeedKind = "bookings" // the user's own
	EventsFeed   FeedKind = "events"   // that the user organizes
)

// Feed is a calendar that can be read with a secret alone.
type Feed struct {
	Kind      FeedKind
	Token     string // a secret; empty: it was made with a secret of tokens that is not known any more
	CreatedAt time.Time
}

// ErrNoFeed means that a token is not that of a calendar feed, or not any more.
var ErrNoFeed = errors.New("no such calendar feed")

// feedToken is the token of a calendar feed, see [key.linkToken].
func (k key) feedToken(id uuid.UUID) string { return k.tokenFor("boxoffice calendar", id) }

// Feeds are the calendar feeds of a user.
func (a *Accounts) Feeds(ctx context.Context, user uuid.UUID) ([]Feed, error) {
	rows, _ := a.pool.Query(ctx, `
		select id, kind, token_hash, created_at
		from calendar_feeds
		where user_id = $1
		order by kind`, user)
	feeds, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f Feed, err error) {
		var id uuid.UUID
		var hash []byte
		if err = row.Scan((*[16]byte)(&id), &f.Kind, &hash, &f.CreatedAt); err != nil {
			return f, err
		}
		for _, key := range a.signer.access.list {
			if token := key.feedToken(id); string(hashOf(token)) == string(hash) {
				f.Token = token
			}
		}
		return f, nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the calendar feeds of user %s: %w", user, err)
	}
	return feeds, nil
}

// NewFeed makes a calendar feed. The user's older one of the kind ends. It returns [ErrNotFound] when
// there is no such user.
func (a *Accounts) NewFeed(ctx context.Context, user uuid.UUID, kind FeedKind) (Feed, error) {
	id := uuid.New()
	f := Feed{Kind: kind, Token: a.signer.access.current().feedToken(id)}
	err := eventstore.Commit(ctx, a.pool, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			insert into calendar_feeds (id, user_id, kind, token_hash, created_at)
			select $1, u.id, $3, $4, now()
			from users u
			where u.id = $2
			on conflict (user_id, kind) do update
			set id = excluded.id, token_hash = excluded.token_hash, created_at = excluded.created_at
			returning created_at`, id, user, kind, hashOf(f.Token)).Scan(&f.CreatedAt)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Feed{}, ErrNotFound
	}
	if err != nil {
		return Feed{}, fmt.Errorf("make a calendar feed for user %s: %w", user, err)
	}
	return f, nil
}

// EndFeed ends a calendar feed, if there is one.
func (a *Accounts) EndFeed(ctx context.Context, user uuid.UUID, kind FeedKind) error {
	err := eventstore.Commit(ctx, a.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `delete from calendar_feeds where user_id = $1 and kind = $2`, user, kind)
		return err
	})
	if err != nil {
		return fmt.Errorf("end a calendar feed of user %s: %w", user, err)
	}
	return nil
}

// FeedOf returns whose calendar feed a token is for, and of which kind, or [ErrNoFeed].
func (a *Accounts) FeedOf(ctx context.Context, token string) (User, FeedKind, error) {
	var kind FeedKind
	user, err := scanUser(a.pool.QueryRow(ctx, `
		select `+userColumns+`, kind
		from users
		join (select user_id, kind from calendar_feeds where token_hash = $1) feed on feed.user_id = users.id`,
		hashOf(token)), &kind)
	if errors.Is(err, ErrNotFound) {
		return User{}, "", ErrNoFeed
	}
	if err != nil {
		return User{}, "", fmt.Errorf("find a calendar feed: %w", err)
	}
	return user, kind, nil
}
