// Package account manages users, their passwords, and their access and refresh tokens.
//
// Users are rows of ordinary tables and not part of the log, because personal data must be
// erasable; records of the log carry user ids only. HTTP (cookies, status codes, rate limits) and
// the rights of each role are elsewhere.
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
	// ErrEmailTaken means that another user has the e-mail address, in upper or lower case.
	ErrEmailTaken = errors.New("e-mail is already registered")
	// ErrInvalidCredentials does not say whether the e-mail or the password is wrong.
	ErrInvalidCredentials = errors.New("invalid credentials")
	// ErrKeyReused means that the idempotency key belongs to another registration.
	ErrKeyReused = errors.New("the key was used for another registration")
	// ErrInvalidLink means that the token of a link is unknown, was used, or has expired.
	ErrInvalidLink = errors.New("invalid link")
	// ErrNoSession means that the user has no such session, or that it has ended.
	ErrNoSession = errors.New("no such session")
	// ErrNotFound means that the user does not exist or was deleted.
	ErrNotFound = errors.New("user not found")
)

// Options configure [Accounts]. The zero value is fit for production.
type Options struct {
	// Cost is the cost of bcrypt, 10 to 16; 10 when zero.
	Cost int
	// WeakCost lets Cost be less than 10. It is for tests, whose passwords protect nothing.
	WeakCost bool
	// HashSlots limits how many passwords are hashed at once; half of GOMAXPROCS when zero, so that a
	// rush of logins leaves processors for bookings.
	HashSlots int
	// HashQueue limits how many more may wait for a slot, before [ErrBusy]; 256 when zero, 20 s of
	// work for one slot.
	HashQueue int
	// ReuseLeeway is how long after its rotation a refresh token still returns its successor, while
	// that is unused: the answer may have been lost. 5 min when zero, never when negative.
	ReuseLeeway time.Duration
	// TrialPassword may be chosen though it is common, where a system is only tried. Empty: none may.
	TrialPassword string
	// Deliver takes letters to users; nil: they are dropped.
	Deliver func(context.Context, Letter) error
}

// Accounts registers users, signs them in, and renews their sessions. It is safe for concurrent
// use.
type Accounts struct {
	trialPassword string
	pool          *pgxpool.Pool
	signer        *Signer
	hasher        *hasher
	leeway        time.Duration
	revocations   revocations
	keys          *keyCache
	deliver       func(context.Context, Letter) error
	requests      chan string // e-mail addresses whose owners have forgotten the password
}

// New returns the accounts in the database of pool, which must be configured with
// eventstore.ConfigureCommits. The clock is the signer's. Methods that write return
// eventstore.ErrOutcomeUnknown when it can't be known whether the write is durable.
func New(pool *pgxpool.Pool, signer *Signer, options Options) (*Accounts, error) {
	hasher, err := newHasher(options)
	if err != nil {
		return nil, fmt.Errorf("set up accounts: %w", err)
	}
	keys, err := newKeyCache()
	if err != nil {
		return nil, fmt.Errorf("set up accounts: %w", err)
	}
	deliver := options.Deliver
	if deliver == nil {
		deliver = func(context.Context, Letter) error { return nil }
	}
	return &Accounts{
		trialPassword: options.TrialPassword,
		pool:          pool,
		signer:        signer,
		hasher:        hasher,
		leeway:        cmp.Or(options.ReuseLeeway, 5*time.Minute),
		keys:          keys,
		deliver:       deliver,
		requests:      make(chan string, maxRequests),
	}, nil
}

// PendingHashes returns how many passwords are being hashed or wait for it, and the limit for
// [ErrBusy].
func (a *Accounts) PendingHashes() (pending, limit int) {
	return a.hasher.queue.pending()
}

// now has the precision of the database, so that times that are returned equal those that are read
// later.
func (a *Accounts) now() time.Time {
	return a.signer.now().UTC().Truncate(time.Microsecond)
}

// violates reports whether err is a violation of the constraint or unique index of that name.
func violates(err error, constraint string) bool {
	var refusal *pgconn.PgError
	return errors.As(err, &refusal) && refusal.ConstraintName == constraint
}
