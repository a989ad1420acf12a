// Package account knows who people are: users, their passwords, and the tokens that speak for them.
//
// Its rows are ordinary ones and not part of the log, because personal data must be erasable;
// records of the log carry user ids only. It keeps out HTTP (cookies, status codes, rate limits)
// and says nothing about what a role may do.
//
// Start with [Accounts], which works on the database, and [Signer], which makes and checks access
// tokens without one.
package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

var (
	// ErrEmailTaken refuses a registration whose e-mail, in whatever case, belongs to somebody.
	ErrEmailTaken = errors.New("e-mail is already registered")
	// ErrInvalidCredentials does not tell whether it was the e-mail or the password.
	ErrInvalidCredentials = errors.New("invalid credentials")
	// ErrKeyReused refuses a registration under a key that stands for another one.
	ErrKeyReused = errors.New("the key was used for another registration")
	// ErrNotFound means that there is no such user, or not any more.
	ErrNotFound = errors.New("user not found")
)

// Options are the choices of an [Accounts]. The zero value is fit for production.
type Options struct {
	// Cost is the cost of bcrypt, 10 to 16; 10 when zero.
	Cost int
	// WeakCost lets Cost be less than 10. It is for tests, whose passwords protect nothing.
	WeakCost bool
	// HashSlots is how many passwords are hashed at once; half of GOMAXPROCS when zero, so that a
	// storm of logins leaves processors to bookings.
	HashSlots int
	// HashQueue is how many more may wait for a slot before [ErrBusy] is answered; 256 when zero, some
	// 20 s of work for one slot.
	HashQueue int
	// ReuseLeeway is how long a refresh token that was just rotated is answered with its successor; 10
	// s when zero, never when negative.
	ReuseLeeway time.Duration
}

// Accounts registers people, signs them in, and keeps their sessions alive. It is safe for
// concurrent use.
type Accounts struct {
	pool   *pgxpool.Pool
	signer *Signer
	hasher *hasher
	leeway time.Duration
	erased erased
}

// New returns the accounts in the database of pool. The clock is the signer's.
func New(pool *pgxpool.Pool, signer *Signer, options Options) (*Accounts, error) {
	hasher, err := newHasher(options)
	if err != nil {
		return nil, fmt.Errorf("set up accounts: %w", err)
	}
	return &Accounts{
		pool:   pool,
		signer: signer,
		hasher: hasher,
		leeway: cmp.Or(options.ReuseLeeway, 10*time.Second),
	}, nil
}

// PendingHashes is how many passwords are hashed or wait for it at the moment, and at how many
// [ErrBusy] is answered.
func (a *Accounts) PendingHashes() (pending, limit int) {
	return int(a.hasher.pending.Load()), int(a.hasher.limit)
}

// now is the present in the precision that the database keeps, so that what is returned equals what
// is read later.
func (a *Accounts) now() time.Time {
	return a.signer.now().UTC().Truncate(time.Microsecond)
}

// execer is the pool or a transaction.
type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// violates tells whether err is the database's refusal by the constraint or unique index of that
// name.
func violates(err error, constraint string) bool {
	var refusal *pgconn.PgError
	return errors.As(err, &refusal) && refusal.ConstraintName == constraint
}
