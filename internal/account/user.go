package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Role determines the rights of a user. Its text is stored, and is a claim of tokens.
type Role string

// The roles. Registration creates customers; [Accounts.Ensure] creates users with every role.
const (
	Customer  Role = "customer"
	Organizer Role = "organizer"
	Auditor   Role = "auditor"
)

// Known reports whether r is one of the roles.
func (r Role) Known() bool {
	switch r {
	case Customer, Organizer, Auditor:
		return true
	}
	return false
}

// User is a person who can sign in. The e-mail is as they typed it; it is compared without regard
// to case.
type User struct {
	ID        uuid.UUID
	Email     string
	Name      string
	Role      Role
	CreatedAt time.Time
}

// Get returns the user with that id, or [ErrNotFound].
func (a *Accounts) Get(ctx context.Context, id uuid.UUID) (User, error) {
	user, err := scanUser(a.pool.QueryRow(ctx, `
		select id, email, name, role, created_at
		from users
		where id = $1`, id))
	if err != nil {
		return User{}, fmt.Errorf("get user %s: %w", id, err)
	}
	return user, nil
}

// Delete erases the user: e-mail, name, password hash and refresh tokens. It returns [ErrNotFound]
// when there is no such user. Records with the user's id stay in the log. For access tokens that
// are still valid see [Accounts.IsErased].
func (a *Accounts) Delete(ctx context.Context, id uuid.UUID) error {
	if err := a.erase(ctx, id); err != nil {
		return fmt.Errorf("delete user %s: %w", id, err)
	}
	return nil
}

// Erase checks the password and deletes the user, see [Accounts.Delete]. It returns
// [ErrInvalidCredentials], in the same time whether the user does not exist or the password is
// wrong, or [ErrBusy].
func (a *Accounts) Erase(ctx context.Context, id uuid.UUID, password string) error {
	var hash []byte
	err := a.pool.QueryRow(ctx, `select password_hash from users where id = $1`, id).Scan(&hash)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("erase user %s: %w", id, err)
	}
	ok, err := a.hasher.matches(ctx, hash, password)
	if err != nil {
		return fmt.Errorf("compare the password: %w", err)
	}
	if !ok {
		return ErrInvalidCredentials
	}
	if err := a.Delete(ctx, id); err != nil && !errors.Is(err, ErrNotFound) { // another request was first
		return err
	}
	return nil
}

// lockUser reads the user and locks the row until the transaction ends. Every transaction that
// changes tokens of the user takes this lock first, so they cannot deadlock, and none misses a
// token that another is adding. Sign-ins do not wait for it: the lock of their foreign key is
// compatible with "no key update".
func lockUser(ctx context.Context, tx pgx.Tx, id uuid.UUID) (User, error) {
	return scanUser(tx.QueryRow(ctx, `
		select id, email, name, role, created_at
		from users
		where id = $1
		for no key update`, id))
}

func insertUser(ctx context.Context, tx pgx.Tx, user User, passwordHash []byte) error {
	_, err := tx.Exec(ctx, `
		insert into users (id, email, name, role, password_hash, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $6)`,
		user.ID, user.Email, user.Name, user.Role, string(passwordHash), user.CreatedAt)
	if violates(err, "users_one_email") {
		return ErrEmailTaken
	}
	return err
}

// scanUser reads id, email, name, role and created_at, and further columns into more.
func scanUser(row pgx.Row, more ...any) (User, error) {
	var user User
	err := row.Scan(append([]any{&user.ID, &user.Email, &user.Name, &user.Role, &user.CreatedAt}, more...)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return User{}, ErrNotFound
	}
	if err != nil {
		return User{}, err
	}
	user.CreatedAt = user.CreatedAt.UTC()
	return user, nil
}
