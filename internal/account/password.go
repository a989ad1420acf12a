package account

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	minPassword      = 8
	maxPasswordBytes = 72 // bcrypt ignores the rest
)

// commonPasswords are those of leaks that the rules of [checkPassword] would let through, one a
// line, in lower case: NIST SP 800-63B asks for such a list.
//
//go:embed common_passwords.txt
var commonPasswords string

// checkPassword returns the message for the user, empty when the password is valid. Letters and
// digits of every script count. A password is compared as typed: its Unicode is not normalised.
func checkPassword(password string) (message string) {
	switch {
	case password == "":
		return "Enter a password."
	case len(password) > maxPasswordBytes:
		return "Use at most 72 characters; accented letters and symbols count for two or more."
	case strings.ContainsRune(password, 0):
		return "Use a password without NUL characters."
	case utf8.RuneCountInString(password) < minPassword,
		!strings.ContainsFunc(password, unicode.IsLetter),
		!strings.ContainsFunc(password, unicode.IsDigit):
		return "Use at least 8 characters, with at least one letter and one number."
	}
	return ""
}

// checkNewPassword is checkPassword for a password that somebody chooses.
func (a *Accounts) checkNewPassword(password string) (message string) {
	if message := checkPassword(password); message != "" {
		return message
	}
	if password != a.trialPassword && isCommon(password) {
		return "Use another password: this one is among the first that attackers try."
	}
	return ""
}

func isCommon(password string) bool {
	return slices.Contains(strings.Fields(commonPasswords), strings.ToLower(password))
}

// CheckPassword returns [ErrInvalidCredentials], in the same time whether the user does not exist or
// the password is wrong, or [ErrBusy].
func (a *Accounts) CheckPassword(ctx context.Context, id uuid.UUID, password string) error {
	_, err := a.checkPasswordOf(ctx, id, password)
	return err
}

// checkPasswordOf is CheckPassword, and returns the hash of the password.
func (a *Accounts) checkPasswordOf(ctx context.Context, id uuid.UUID, password string) (hash []byte, err error) {
	err = a.pool.QueryRow(ctx, `
		select (select password_hash from users where id = $1)`, id).Scan(&hash)
	if err != nil {
		return nil, fmt.Errorf("check the password of user %s: %w", id, err)
	}
	ok, err := a.hasher.matches(ctx, hash, password)
	if err != nil {
		return nil, fmt.Errorf("compare the password: %w", err)
	}
	if !ok {
		return nil, ErrInvalidCredentials
	}
	return hash, nil
}

// ChangePassword ends all sessions of the user, and signs them in again. It returns
// [ErrInvalidCredentials] when the old password is wrong, an [*InvalidError] about the field
// newPassword, or [ErrBusy].
func (a *Accounts) ChangePassword(ctx context.Context, id uuid.UUID, old, password string) (User, Tokens, error) {
	if err := invalid(FieldError{"newPassword", a.checkNewPassword(password)}); err != nil {
		return User{}, Tokens{}, err
	}
	oldHash, err := a.checkPasswordOf(ctx, id, old)
	if err != nil {
		return User{}, Tokens{}, err
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return User{}, Tokens{}, fmt.Errorf("hash the password: %w", err)
	}
	var tokens Tokens
	user, err := a.changeAccess(ctx, id, func(tx pgx.Tx, user User) error {
		var isSame bool
		err := tx.QueryRow(ctx, `select password_hash = $2 from users where id = $1`, id, string(oldHash)).Scan(&isSame)
		if err == nil && !isSame { // somebody else has changed it in the meantime
			err = ErrInvalidCredentials
		}
		if err == nil {
			err = a.storePassword(ctx, tx, id, hash)
		}
		if err == nil {
			tokens, err = a.signInWith(ctx, tx, user)
		}
		return err
	})
	if errors.Is(err, ErrNotFound) { // deleted in the meantime
		err = ErrInvalidCredentials
	}
	if err != nil {
		return User{}, Tokens{}, fmt.Errorf("change the password of user %s: %w", id, err)
	}
	a.notify(ctx, user, PasswordChanged)
	return user, tokens, nil
}

// SetPassword ends all sessions of the user. It is for operators, who know no old password. The
// errors are an [*InvalidError] and [ErrNotFound].
func (a *Accounts) SetPassword(ctx context.Context, id uuid.UUID, password string) error {
	if err := invalid(FieldError{"password", a.checkNewPassword(password)}); err != nil {
		return err
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return fmt.Errorf("hash the password: %w", err)
	}
	_, err = a.changeAccess(ctx, id, func(tx pgx.Tx, _ User) error { return a.storePassword(ctx, tx, id, hash) })
	if err != nil {
		return fmt.Errorf("set the password of user %s: %w", id, err)
	}
	return nil
}

// storePassword also ends the user's sessions and takes the power from links that were sent.
func (a *Accounts) storePassword(ctx context.Context, tx pgx.Tx, id uuid.UUID, hash []byte) error {
	if _, err := tx.Exec(ctx, `update users set password_hash = $2 where id = $1`, id, string(hash)); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `delete from account_links where user_id = $1`, id); err != nil {
		return err
	}
	return a.revokeAll(ctx, tx, id, uuid.Nil)
}

// SetRole changes the rights of a user at once. The errors are an [*InvalidError] and [ErrNotFound].
func (a *Accounts) SetRole(ctx context.Context, id uuid.UUID, role Role) error {
	if err := invalid(FieldError{"role", checkRole(role)}); err != nil {
		return err
	}
	_, err := a.changeAccess(ctx, id, func(tx pgx.Tx, _ User) error {
		_, err := tx.Exec(ctx, `update users set role = $2 where id = $1`, id, role)
		return err
	})
	if err != nil {
		return fmt.Errorf("set the role of user %s: %w", id, err)
	}
	return nil
}
