package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// SendVerification sends the user a letter with a link for [Accounts.ConfirmEmail], unless the
// address is verified or the last letter was sent within a minute. It returns [ErrNotFound].
func (a *Accounts) SendVerification(ctx context.Context, id uuid.UUID) error {
	user, err := a.Get(ctx, id)
	if err != nil || user.EmailVerified {
		return err
	}
	return a.send(ctx, user, user.Email, VerifyPurpose)
}

// RequestEmail sends a letter to another address, which becomes the user's with the link in it. It
// returns an [*InvalidError] or [ErrNotFound], and does not tell whether somebody has the address.
func (a *Accounts) RequestEmail(ctx context.Context, id uuid.UUID, email string) error {
	email = strings.TrimSpace(email)
	if err := invalid(FieldError{"email", checkEmail(email)}); err != nil {
		return err
	}
	user, err := a.Get(ctx, id)
	if err != nil {
		return err
	}
	return a.send(ctx, user, email, VerifyPurpose)
}

// ConfirmEmail makes the address that a link was sent to the user's, and verified. All other links of
// the user end, those to the address from before among them. Access tokens have the new address when
// they are renewed. It returns [ErrInvalidLink], or [ErrEmailTaken] when somebody else has the
// address by now.
func (a *Accounts) ConfirmEmail(ctx context.Context, token string) error {
	var before User
	err := eventstore.Commit(ctx, a.pool, func(tx pgx.Tx) error {
		var (
			id    uuid.UUID
			email string
		)
		err := tx.QueryRow(ctx, `
			delete from account_links
			where token_hash = $1 and purpose = $2 and expires_at > now()
			returning user_id, email`, hashOf(token), VerifyPurpose).Scan(&id, &email)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrInvalidLink
		}
		if err != nil {
			return err
		}
		if before, err = lockUser(ctx, tx, id); err != nil {
			return err
		}
		if before.Email == email { // nobody has to be told
			before = User{}
		}
		_, err = tx.Exec(ctx, `
			update users
			set email = $2, email_verified_at = $3, updated_at = $3
			where id = $1`, id, email, a.now())
		if violates(err, "users_one_email") {
			return ErrEmailTaken
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `delete from account_links where user_id = $1`, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("confirm an e-mail address: %w", err)
	}
	if before.Email != "" {
		a.notify(ctx, before, EmailChanged)
	}
	return nil
}

// SetVerified says that an operator knows the address to be the user's. It returns [ErrNotFound].
func (a *Accounts) SetVerified(ctx context.Context, id uuid.UUID) error {
	err := eventstore.Commit(ctx, a.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `update users set email_verified_at = $2, updated_at = $2 where id = $1`, id, a.now())
		if err == nil && tag.RowsAffected() == 0 {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("verify the address of user %s: %w", id, err)
	}
	return nil
}
