package account

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/mileusna/useragent" // it knows the browsers, which change with the years
)

// Session is a sign-in that has not ended: a family of refresh tokens.
type Session struct {
	ID         uuid.UUID
	Device     string // such as "Firefox on Windows"; empty: unknown
	SignedInAt time.Time
	LastUsedAt time.Time // when its tokens were renewed, about every 15 minutes of use
}

type userAgentKey struct{}

// WithUserAgent says from what program a request comes, by the header that has this name. It names
// the device of a sign-in.
func WithUserAgent(ctx context.Context, header string) context.Context {
	return context.WithValue(ctx, userAgentKey{}, header)
}

// deviceOf keeps no more of the header than a person needs to recognise the device.
func deviceOf(ctx context.Context) string {
	header, _ := ctx.Value(userAgentKey{}).(string)
	agent := useragent.Parse(header)
	browser, system := agent.Name, agent.OS
	if !slices.Contains(browsers(), browser) { // whatever the client writes there
		browser = ""
	}
	if !slices.Contains(systems(), system) {
		system = ""
	}
	switch {
	case browser == "":
		return system
	case system == "":
		return browser
	}
	return browser + " on " + system
}

func browsers() []string {
	return []string{useragent.Chrome, useragent.Edge, useragent.Firefox, useragent.Opera, useragent.Safari}
}

func systems() []string {
	return []string{useragent.Android, useragent.ChromeOS, useragent.IOS, useragent.Linux, useragent.MacOS,
		useragent.Windows}
}

// Sessions returns the user's sessions, the one that was used last first.
func (a *Accounts) Sessions(ctx context.Context, userID uuid.UUID) ([]Session, error) {
	// The newest token of a family is the one that was not exchanged.
	rows, _ := a.pool.Query(ctx, `
		select family, device, signed_in_at, issued_at
		from refresh_tokens
		where user_id = $1 and used_at is null and revoked_at is null and expires_at > $2
		order by issued_at desc, family`, userID, a.now())
	sessions, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Session, err error) {
		err = row.Scan(&s.ID, &s.Device, &s.SignedInAt, &s.LastUsedAt)
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("sessions of user %s: %w", userID, err)
	}
	return sessions, nil
}

// EndSession ends a session of the user, or returns [ErrNoSession]. Access tokens of the others have
// to be renewed.
func (a *Accounts) EndSession(ctx context.Context, userID, session uuid.UUID) error {
	_, err := a.changeAccess(ctx, userID, func(tx pgx.Tx, _ User) error {
		tag, err := tx.Exec(ctx, `
			update refresh_tokens
			set revoked_at = $3
			where user_id = $1 and family = $2 and revoked_at is null`, userID, session, a.now())
		if err == nil && tag.RowsAffected() == 0 {
			err = ErrNoSession
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("end a session of user %s: %w", userID, err)
	}
	return nil
}

// EndOtherSessions ends all sessions of the user but one, whose access token has to be renewed. It
// returns [ErrNotFound] when there is no such user.
func (a *Accounts) EndOtherSessions(ctx context.Context, userID, session uuid.UUID) error {
	_, err := a.changeAccess(ctx, userID, func(tx pgx.Tx, _ User) error {
		return a.revokeAll(ctx, tx, userID, session)
	})
	if err != nil {
		return fmt.Errorf("end sessions of user %s: %w", userID, err)
	}
	return nil
}

// EndAllSessions ends all sessions of the user, and all API keys: it is for an account in wrong
// hands. It returns [ErrNotFound] when there is no such user.
func (a *Accounts) EndAllSessions(ctx context.Context, userID uuid.UUID) error {
	_, err := a.changeAccess(ctx, userID, func(tx pgx.Tx, _ User) error {
		if err := a.revokeKeys(ctx, tx, userID); err != nil {
			return err
		}
		return a.revokeAll(ctx, tx, userID, uuid.Nil)
	})
	if err != nil {
		return fmt.Errorf("end all sessions of user %s: %w", userID, err)
	}
	return nil
}
