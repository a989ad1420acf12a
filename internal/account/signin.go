package account

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/boxoffice/boxoffice/eventstore"
)

// Registration is the input of a new user. Space around e-mail and name is trimmed; the password is
// used as it is.
type Registration struct {
	Email, Password, Name string
	// Key is the idempotency key, or empty. Repeating a registration with the same key, e-mail, name
	// and password signs the user in.
	Key string
}

// fingerprint identifies a registration. It leaves out the password, which must be stored as a slow
// hash only.
func (r Registration) fingerprint() []byte {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(r.Email)) + "\x00" + strings.TrimSpace(r.Name)))
	return sum[:]
}

// Register creates a customer and signs them in. It returns an [*InvalidError] with every invalid
// field, [ErrEmailTaken], [ErrKeyReused], or [ErrBusy].
func (a *Accounts) Register(ctx context.Context, r Registration) (User, Tokens, error) {
	user, err := a.newUser(User{Email: r.Email, Name: r.Name}, r.Password, a.checkNewPassword)
	if err != nil {
		return User{}, Tokens{}, err
	}
	if r.Key != "" {
		if user, tokens, err := a.registerAgain(ctx, r); !errors.Is(err, ErrNotFound) {
			return user, tokens, err
		}
	}
	// Before the transaction, so that nobody holds a connection while waiting for a slot.
	hash, err := a.hasher.hash(ctx, r.Password)
	if err != nil {
		return User{}, Tokens{}, fmt.Errorf("hash the password: %w", err)
	}
	var tokens Tokens
	err = eventstore.Commit(ctx, a.pool, func(tx pgx.Tx) error {
		if err := insertUser(ctx, tx, user, hash); err != nil {
			return err
		}
		if r.Key != "" {
			_, err := tx.Exec(ctx, `
				insert into registration_keys (name, fingerprint, user_id, created_at)
				values ($1, $2, $3, $4)`, r.Key, r.fingerprint(), user.ID, user.CreatedAt)
			if err != nil {
				return err
			}
		}
		tokens, err = a.signInWith(ctx, tx, user)
		return err
	})
	if r.Key != "" && (errors.Is(err, ErrEmailTaken) || violates(err, "registration_keys_pkey")) {
		// Another process may have completed the same registration.
		if user, tokens, err := a.registerAgain(ctx, r); !errors.Is(err, ErrNotFound) {
			return user, tokens, err
		}
	}
	if err != nil {
		return User{}, Tokens{}, fmt.Errorf("register: %w", err)
	}
	return user, tokens, nil
}

// registerAgain signs in the user who registered with the key before, or returns [ErrNotFound].
func (a *Accounts) registerAgain(ctx context.Context, r Registration) (User, Tokens, error) {
	var fingerprint, hash []byte
	user, err := scanUser(a.pool.QueryRow(ctx, `
		select u.id, u.email, u.name, u.role, u.created_at, u.email_verified_at is not null, u.token_version,
			 u.password_hash, k.fingerprint
		from registration_keys k
		join users u on u.id = k.user_id
		where k.name = $1`, r.Key), &hash, &fingerprint)
	if err != nil {
		return User{}, Tokens{}, err
	}
	isSame := bytes.Equal(fingerprint, r.fingerprint())
	if isSame {
		if isSame, err = a.hasher.matches(ctx, hash, r.Password); err != nil {
			return User{}, Tokens{}, fmt.Errorf("compare the password: %w", err)
		}
	}
	if !isSame {
		return User{}, Tokens{}, ErrKeyReused
	}
	tokens, err := a.signIn(ctx, user)
	tokens.Replayed = err == nil
	return user, tokens, err
}

// ForgetKeys deletes the idempotency keys of registrations before then and returns how many there
// were.
func (a *Accounts) ForgetKeys(ctx context.Context, then time.Time) (int64, error) {
	tag, err := a.pool.Exec(ctx, `delete from registration_keys where created_at < $1`, then)
	if err != nil {
		return 0, fmt.Errorf("forget keys: %w", err)
	}
	return tag.RowsAffected(), nil
}

// Login signs a user in. It returns [ErrInvalidCredentials] after the same work whether the e-mail
// or the password is wrong, or [ErrBusy].
func (a *Accounts) Login(ctx context.Context, email, password string) (User, Tokens, error) {
	user, hash, err := a.credentials(ctx, strings.TrimSpace(email))
	if err != nil {
		return User{}, Tokens{}, fmt.Errorf("log in: %w", err)
	}
	ok, err := a.hasher.matches(ctx, hash, password)
	if err != nil {
		return User{}, Tokens{}, fmt.Errorf("compare the password: %w", err)
	}
	if !ok {
		return User{}, Tokens{}, ErrInvalidCredentials
	}
	tokens, err := a.signIn(ctx, user)
	if err != nil {
		return User{}, Tokens{}, fmt.Errorf("log in: %w", err)
	}
	return user, tokens, nil
}

// Ensure creates a user, for seeding, unless one with the id or the e-mail exists: then it changes
// nothing, not even the password, and returns the existing one, whose id and role may differ.
// Without an id it picks one; without a role it creates a customer.
func (a *Accounts) Ensure(ctx context.Context, wanted User, password string) (User, error) {
	user, err := a.newUser(wanted, password, checkPassword)
	if err != nil {
		return User{}, err
	}
	found, err := a.findAny(ctx, user)
	if !errors.Is(err, ErrNotFound) {
		return found, err // checked first, because seeding runs at every start and hashing is slow
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return User{}, fmt.Errorf("hash the password: %w", err)
	}
	err = eventstore.Commit(ctx, a.pool, func(tx pgx.Tx) error {
		if err := insertUser(ctx, tx, user, hash); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `delete from access_revocations where user_id = $1`, user.ID) // the id is in use again
		return err
	})
	if errors.Is(err, ErrEmailTaken) || violates(err, "users_pkey") {
		return a.findAny(ctx, user) // another process was first
	}
	if err != nil {
		return User{}, fmt.Errorf("create user %s: %w", user.ID, err)
	}
	return user, nil
}

// Create makes a user, for operators. Without a password nobody can sign in as the user before one is
// set with a link. The errors are an [*InvalidError] and [ErrEmailTaken].
func (a *Accounts) Create(ctx context.Context, wanted User, password string) (User, error) {
	check := a.checkNewPassword
	if password == "" {
		check = func(string) string { return "" }
	}
	wanted.EmailVerified = true // the operator answers for it
	user, err := a.newUser(wanted, password, check)
	if err != nil {
		return User{}, err
	}
	hash, err := a.hasher.hash(ctx, cmp.Or(password, rand.Text()))
	if err != nil {
		return User{}, fmt.Errorf("hash the password: %w", err)
	}
	err = eventstore.Commit(ctx, a.pool, func(tx pgx.Tx) error { return insertUser(ctx, tx, user, hash) })
	if err != nil {
		return User{}, fmt.Errorf("create user %s: %w", user.ID, err)
	}
	return user, nil
}

// WithPassword returns the users with these e-mails who have the given password. It finds accounts
// with a well-known password.
func (a *Accounts) WithPassword(ctx context.Context, emails []string, password string) ([]User, error) {
	var found []User
	for _, email := range emails {
		user, hash, err := a.credentials(ctx, email)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", email, err)
		}
		if hash == nil {
			continue
		}
		isSame, err := a.hasher.matches(ctx, hash, password)
		if err != nil {
			return nil, fmt.Errorf("compare the password of %s: %w", email, err)
		}
		if isSame {
			found = append(found, user)
		}
	}
	return found, nil
}

// newUser fills in and checks a user to be stored. The error is an [*InvalidError].
func (a *Accounts) newUser(user User, password string, check func(string) string) (User, error) {
	user.Email = strings.TrimSpace(user.Email)
	user.Name = strings.TrimSpace(user.Name)
	user.Role = cmp.Or(user.Role, Customer)
	user.CreatedAt = a.now()
	if user.ID == uuid.Nil {
		user.ID = uuid.New()
	}
	return user, invalid(
		FieldError{"email", checkEmail(user.Email)},
		FieldError{"password", check(password)},
		FieldError{"name", checkName(user.Name)},
		FieldError{"role", checkRole(user.Role)},
	)
}

// credentials returns the user with that e-mail and the password hash, which is nil when there is
// no such user.
func (a *Accounts) credentials(ctx context.Context, email string) (User, []byte, error) {
	if checkEmail(email) != "" {
		return User{}, nil, nil // nobody has it, and the database rejects bytes that are not UTF-8
	}
	var hash []byte
	user, err := scanUser(a.pool.QueryRow(ctx, `
		select `+userColumns+`, password_hash
		from users
		where lower(email collate "C") = lower($1::text collate "C")`, email), &hash)
	if errors.Is(err, ErrNotFound) {
		return User{}, nil, nil
	}
	return user, hash, err
}

func (a *Accounts) findAny(ctx context.Context, like User) (User, error) {
	user, err := scanUser(a.pool.QueryRow(ctx, `
		select `+userColumns+`
		from users
		where id = $1 or lower(email collate "C") = lower($2::text collate "C")
		order by id = $1 desc
		limit 1`, like.ID, like.Email))
	if err != nil {
		return User{}, fmt.Errorf("find user %s: %w", like.ID, err)
	}
	return user, nil
}

// signIn starts a family of refresh tokens.
func (a *Accounts) signIn(ctx context.Context, user User) (tokens Tokens, err error) {
	err = eventstore.Commit(ctx, a.pool, func(tx pgx.Tx) error {
		tokens, err = a.signInWith(ctx, tx, user)
		return err
	})
	return tokens, err
}

// signInWith fails with [ErrInvalidCredentials] when the password was changed since it was compared,
// or the user deleted. It waits for such a change, which would not see the new token.
func (a *Accounts) signInWith(ctx context.Context, tx pgx.Tx, user User) (Tokens, error) {
	var isSame bool
	err := tx.QueryRow(ctx, `select token_version = $2 from users where id = $1 for share`,
		user.ID, user.tokenVersion).Scan(&isSame)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !isSame {
		return Tokens{}, ErrInvalidCredentials
	}
	if err != nil {
		return Tokens{}, err
	}
	now := a.now().Truncate(time.Second)
	return a.issue(ctx, tx, user, refreshToken{
		ID: uuid.New(), UserID: user.ID, Family: uuid.New(), SignedInAt: now, IssuedAt: now, ExpiresAt: now.Add(RefreshTTL),
		device: deviceOf(ctx),
	})
}
