package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// LinkTTL is how long the token of a link works. It works once.
const LinkTTL = 30 * time.Minute

// maxRequests bounds the letters that wait to be written.
const maxRequests = 1000

// Purpose is what a letter is for. That of a link is stored.
type Purpose string

// The purposes of links.
const (
	ResetPurpose  Purpose = "reset_password" // see [Accounts.ResetPassword]
	VerifyPurpose Purpose = "verify_email"   // see [Accounts.ConfirmEmail]
)

// The purposes of letters without a link, which tell somebody what may have been done by another.
const (
	PasswordChanged Purpose = "password_changed"
	EmailChanged    Purpose = "email_changed" // to the address from before
)

// Letter is an e-mail, mostly with a link.
type Letter struct {
	User    User
	To      string // the address: another than the user's, when it is changed
	Purpose Purpose
	Link    uuid.UUID // see [Accounts.Link]; zero: it has none
	Token   string    // of the link: a secret
}

// ForgotPassword has a letter sent to the user with this e-mail address, if there is one, by
// [Accounts.SendLetters]. It only takes the address and does not look for the user, so neither the
// answer nor its time tells whether there is one. It returns [ErrBusy] when too many letters wait.
func (a *Accounts) ForgotPassword(ctx context.Context, email string) error {
	if _, err := a.pool.Exec(ctx, `select from users limit 1`); err != nil { // no letter could be written
		return fmt.Errorf("take a request for a letter: %w", err)
	}
	email = strings.TrimSpace(email)
	if checkEmail(email) != "" {
		return nil // nobody has it
	}
	select {
	case a.requests <- email:
		return nil
	default:
		return ErrBusy
	}
}

// SendLetters sends, until ctx ends, the letters of [Accounts.ForgotPassword].
func (a *Accounts) SendLetters(ctx context.Context, logger *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case email := <-a.requests:
			if err := a.sendReset(ctx, email); err != nil && ctx.Err() == nil {
				logger.Warn("a letter about a forgotten password was not sent", "error", err)
			}
		}
	}
}

func (a *Accounts) sendReset(ctx context.Context, email string) error {
	user, _, err := a.credentials(ctx, email)
	if err != nil || user.ID == uuid.Nil {
		return err
	}
	return a.send(ctx, user, user.Email, ResetPurpose)
}

// send sends one letter a minute at most, so that nobody's mailbox is filled.
func (a *Accounts) send(ctx context.Context, user User, to string, purpose Purpose) error {
	link, token, err := a.newLink(ctx, user.ID, to, purpose, time.Minute)
	if err != nil || token == "" {
		return err
	}
	return a.deliver(ctx, Letter{User: user, To: to, Purpose: purpose, Link: link, Token: token})
}

// notify sends a letter about something that has been done, as well as that can be.
func (a *Accounts) notify(ctx context.Context, user User, purpose Purpose) {
	_ = a.deliver(ctx, Letter{User: user, To: user.Email, Purpose: purpose})
}

// Link returns the token of a link and the address that it is for, so that letters can wait to be
// sent without the secret. It returns [ErrInvalidLink] when the link was used or has expired.
func (a *Accounts) Link(ctx context.Context, id uuid.UUID) (token, email string, err error) {
	for _, key := range a.signer.access.list {
		token = key.linkToken(id)
		err = a.pool.QueryRow(ctx, `
			select email from account_links where token_hash = $1 and expires_at > now()`, hashOf(token)).Scan(&email)
		if !errors.Is(err, pgx.ErrNoRows) {
			break
		}
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return "", "", ErrInvalidLink
	}
	if err != nil {
		return "", "", fmt.Errorf("find a link: %w", err)
	}
	return token, email, nil
}

// linkToken is the token of a link. Only those who have the secret of access tokens can make it, and
// they could sign in as anybody anyway.
func (k key) linkToken(id uuid.UUID) string { return k.tokenFor("boxoffice link", id) }

func (k key) tokenFor(purpose string, id uuid.UUID) string {
	mac := hmac.New(sha256.New, k.secret)
	mac.Write([]byte(purpose + "\x00"))
	mac.Write(id[:])
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:20])
}

// NewResetLink returns a token for [Accounts.ResetPassword], or [ErrNotFound]. It is for operators,
// who give it to the user.
func (a *Accounts) NewResetLink(ctx context.Context, id uuid.UUID) (token string, err error) {
	user, err := a.Get(ctx, id)
	if err != nil {
		return "", err
	}
	_, token, err = a.newLink(ctx, id, user.Email, ResetPurpose, 0)
	if err == nil && token == "" {
		err = ErrNotFound
	}
	return token, err
}

// newLink returns no token when there is no such user, or the last link was made within pause.
func (a *Accounts) newLink(
	ctx context.Context, id uuid.UUID, email string, purpose Purpose, pause time.Duration,
) (link uuid.UUID, token string, err error) {
	link = uuid.New()
	token = a.signer.access.current().linkToken(link)
	made := false
	err = eventstore.Commit(ctx, a.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			insert into account_links (token_hash, user_id, email, purpose, created_at, expires_at)
			select $1, u.id, $5, $6, now(), now() + $3
			from users u
			where u.id = $2 and not exists (
				select
				from account_links l
				where l.user_id = u.id and l.purpose = $6 and l.created_at > now() - $4::interval)`,
			hashOf(token), id, LinkTTL, pause, email, purpose)
		made = tag.RowsAffected() == 1
		return err
	})
	if err != nil {
		return uuid.Nil, "", fmt.Errorf("make a link for user %s: %w", id, err)
	}
	if !made {
		return uuid.Nil, "", nil
	}
	return link, token, nil
}

// ResetPassword sets the password of the user for whom the token was made, and ends their sessions.
// It returns [ErrInvalidLink], an [*InvalidError], or [ErrBusy]. The token works once, and stays
// good until then.
func (a *Accounts) ResetPassword(ctx context.Context, token, password string) error {
	if err := invalid(FieldError{"password", a.checkNewPassword(password)}); err != nil {
		return err
	}
	var id uuid.UUID
	err := a.pool.QueryRow(ctx, `
		select user_id
		from account_links
		where token_hash = $1 and purpose = $2 and expires_at > now()`, hashOf(token), ResetPurpose).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrInvalidLink // before a hash is spent on it
	}
	if err != nil {
		return fmt.Errorf("find a link: %w", err)
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return fmt.Errorf("hash the password: %w", err)
	}
	user, err := a.changeAccess(ctx, id, func(tx pgx.Tx, _ User) error {
		tag, err := tx.Exec(ctx, `
			delete from account_links where token_hash = $1 and user_id = $2 and expires_at > now()`, hashOf(token), id)
		if err == nil && tag.RowsAffected() == 0 { // used in the meantime
			err = ErrInvalidLink
		}
		if err != nil {
			return err
		}
		return a.storePassword(ctx, tx, id, hash)
	})
	if errors.Is(err, ErrNotFound) {
		return ErrInvalidLink
	}
	if err != nil {
		return fmt.Errorf("reset a password: %w", err)
	}
	a.notify(ctx, user, PasswordChanged)
	return nil
}
