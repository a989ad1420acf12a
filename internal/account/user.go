package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
	// Admin may do at every event what its organizers may.
	Admin Role = "admin"
)

// Known reports whether r is one of the roles.
func (r Role) Known() bool {
	switch r {
	case Customer, Organizer, Auditor, Admin:
		return true
	}
	return false
}

func checkRole(role Role) (message string) {
	if role.Known() {
		return ""
	}
	return "Choose customer, organizer, auditor or admin."
}

// User is a person who can sign in. The e-mail is as they typed it; it is compared without regard
// to case.
type User struct {
	ID        uuid.UUID
	Email     string
	Name      string
	Role      Role
	CreatedAt time.Time
	// EmailVerified says that the user has proved to receive mail at the address.
	EmailVerified bool

	tokenVersion int
}

// userColumns are those that scanUser reads.
const userColumns = "id, email, name, role, created_at, email_verified_at is not null, token_version"

// List returns all users by their e-mail addresses; with a role, only those who have it.
func (a *Accounts) List(ctx context.Context, role Role) ([]User, error) {
	rows, _ := a.pool.Query(ctx, `
		select `+userColumns+`
		from users
		where $1 in ('', role)
		order by lower(email collate "C")`, role)
	users, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (User, error) { return scanUser(row) })
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return users, nil
}

// Find returns the user with that e-mail address or id, or [ErrNotFound].
func (a *Accounts) Find(ctx context.Context, emailOrID string) (User, error) {
	if id, err := uuid.Parse(emailOrID); err == nil {
		return a.Get(ctx, id)
	}
	user, _, err := a.credentials(ctx, strings.TrimSpace(emailOrID))
	if err == nil && user.ID == uuid.Nil {
		err = ErrNotFound
	}
	return user, err
}

// Get returns the user with that id, or [ErrNotFound].
func (a *Accounts) Get(ctx context.Context, id uuid.UUID) (User, error) {
	user, err := scanUser(a.pool.QueryRow(ctx, `
		select `+userColumns+`
		from users
		where id = $1`, id))
	if err != nil {
		return User{}, fmt.Errorf("get user %s: %w", id, err)
	}
	return user, nil
}

// Named returns those of the users that there are, by their ids.
func (a *Accounts) Named(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]User, error) {
	keys := make([][16]byte, len(ids))
	for i, id := range ids {
		keys[i] = id
	}
	rows, _ := a.pool.Query(ctx, `
		select `+userColumns+`
		from users
		where id = any($1)`, keys)
	users, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (User, error) { return scanUser(row) })
	if err != nil {
		return nil, fmt.Errorf("find users: %w", err)
	}
	named := make(map[uuid.UUID]User, len(users))
	for _, u := range users {
		named[u.ID] = u
	}
	return named, nil
}

// Delete erases the user: e-mail, name, password hash and refresh tokens. It returns [ErrNotFound]
// when there is no such user. Records with the user's id stay in the log.
func (a *Accounts) Delete(ctx context.Context, id uuid.UUID) error {
	if err := a.erase(ctx, id); err != nil {
		return fmt.Errorf("delete user %s: %w", id, err)
	}
	return nil
}

// lockUser reads the user and locks the row until the transaction ends. Every transaction that
// changes tokens of the user takes this lock first, so they cannot deadlock, and none misses a
// token that another is adding.
func lockUser(ctx context.Context, tx pgx.Tx, id uuid.UUID) (User, error) {
	return scanUser(tx.QueryRow(ctx, `
		select `+userColumns+`
		from users
		where id = $1
		for no key update`, id))
}

func insertUser(ctx context.Context, tx pgx.Tx, user User, passwordHash []byte) error {
	_, err := tx.Exec(ctx, `
		insert into users (id, email, name, role, password_hash, created_at, updated_at, email_verified_at)
		values ($1, $2, $3, $4, $5, $6, $6, case when $7 then $6::timestamptz end)`,
		user.ID, user.Email, user.Name, user.Role, string(passwordHash), user.CreatedAt, user.EmailVerified)
	if violates(err, "users_one_email") {
		return ErrEmailTaken
	}
	return err
}

// scanUser reads [userColumns], and further columns into more.
func scanUser(row pgx.Row, more ...any) (User, error) {
	var user User
	err := row.Scan(append([]any{
		&user.ID, &user.Email, &user.Name, &user.Role, &user.CreatedAt, &user.EmailVerified,
		&user.tokenVersion,
	}, more...)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return User{}, ErrNotFound
	}
	if err != nil {
		return User{}, err
	}
	user.CreatedAt = user.CreatedAt.UTC()
	return user, nil
}
