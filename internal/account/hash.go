package account

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	defaultCost      = 10 // 70 ms on a machine of 2025; also the minimum
	maxCost          = 16 // over 4 s
	defaultHashQueue = 256
)

// ErrBusy means that too many passwords are waiting to be hashed. It is safe to try again later.
var ErrBusy = errors.New("too many sign-ins at once")

// hasher runs bcrypt in a bounded number of slots with a bounded queue before them.
type hasher struct {
	cost  int
	dummy []byte // see hashOfNothing
	queue fairQueue
	onRun func() // for tests: called in the slot, before each run of bcrypt
}

func newHasher(o Options) (*hasher, error) {
	cost := cmp.Or(o.Cost, defaultCost)
	least := defaultCost
	if o.WeakCost {
		least = bcrypt.MinCost
	}
	if cost < least || cost > maxCost {
		return nil, fmt.Errorf("bcrypt cost is %d, not between %d and %d", cost, least, maxCost)
	}
	if o.HashSlots < 0 || o.HashQueue < 0 {
		return nil, errors.New("hash slots and hash queue cannot be negative")
	}
	slots := cmp.Or(o.HashSlots, max(1, runtime.GOMAXPROCS(0)/2))
	return &hasher{
		cost:  cost,
		dummy: hashOfNothing(cost),
		queue: newFairQueue(slots, cmp.Or(o.HashQueue, defaultHashQueue)),
		onRun: func() {},
	}, nil
}

// hashOfNothing has the form of a hash, and comparing a password with it takes as long, but its salt
// and hash are drawn. A real one would cost each start of the program what a sign-in costs.
func hashOfNothing(cost int) []byte {
	const saltAndHash = 22 + 31 // in characters of bcrypt's alphabet, to which those of rand.Text belong
	return fmt.Appendf(nil, "$2a$%02d$%s", cost, (rand.Text() + rand.Text() + rand.Text())[:saltAndHash])
}

// hash expects a password that [checkPassword] accepts.
func (h *hasher) hash(ctx context.Context, password string) (hash []byte, err error) {
	err = h.run(ctx, func() error {
		hash, err = bcrypt.GenerateFromPassword([]byte(password), h.cost)
		return err
	})
	return hash, err
}

// matches compares the password with the hash. Every answer takes the same time: without a hash, or
// with a password that bcrypt can't distinguish from another, it compares with the dummy. Bcrypt
// truncates long passwords, and repeats short ones with a NUL after each copy: "a" and "a\x00a"
// have the same hash.
func (h *hasher) matches(ctx context.Context, hash []byte, password string) (bool, error) {
	if hash == nil || len(password) > maxPasswordBytes || strings.ContainsRune(password, 0) {
		hash, password = h.dummy, password[:min(len(password), maxPasswordBytes)]
	}
	err := h.run(ctx, func() error { return bcrypt.CompareHashAndPassword(hash, []byte(password)) })
	if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, nil
	}
	return err == nil, err
}

func (h *hasher) run(ctx context.Context, work func() error) error {
	if err := h.queue.acquire(ctx); err != nil {
		return err
	}
	defer h.queue.release()
	h.onRun()
	return work()
}
