package account_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

func TestACostBelow10MustBeAskedForAsWeak(t *testing.T) {
	t.Parallel()
	signer := newSigner(t, newClock(), account.Secrets{})
	for _, c := range []struct {
		name    string
		options account.Options
		ok      bool
	}{
		{"default", account.Options{}, true},
		{"10", account.Options{Cost: 10}, true},
		{"9", account.Options{Cost: 9}, false},
		{"the least that bcrypt has", account.Options{Cost: bcrypt.MinCost}, false},
		{"the least, asked for as weak", account.Options{Cost: bcrypt.MinCost, WeakCost: true}, true},
		{"less than bcrypt has", account.Options{Cost: bcrypt.MinCost - 1, WeakCost: true}, false},
		{"slower than anybody waits", account.Options{Cost: 17}, false},
		{"no slots", account.Options{HashSlots: -1}, false},
		{"no queue", account.Options{HashQueue: -1}, false},
	} {
		if _, err := account.New(nil, signer, c.options); (err == nil) != c.ok {
			t.Errorf("%s: got error %v, want accepted %v", c.name, err, c.ok)
		}
	}
	accounts, err := account.New(nil, signer, account.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dummy := account.DummyHash(accounts)
	if cost, err := bcrypt.Cost(dummy); err != nil || cost != 10 {
		t.Errorf("default cost is %d, %v, want 10", cost, err)
	}
	// It is compared to its end, as a hash of the database is.
	stored, err := bcrypt.GenerateFromPassword([]byte(goodPassword), bcrypt.MinCost)
	if err != nil || len(dummy) != len(stored) || !bytes.HasPrefix(dummy, stored[:4]) {
		t.Errorf("the dummy hash is %s, a stored one %s, %v", dummy, stored, err)
	}
	err = bcrypt.CompareHashAndPassword(dummy, []byte(goodPassword))
	if !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		t.Errorf("comparing with the dummy hash: %v", err)
	}
}

// occupied returns a bundle whose only slot is taken until release is called, with an empty queue.
func occupied(t *testing.T, queue int) (b bundle, release func()) {
	t.Helper()
	b = setupWith(t, account.Options{HashSlots: 1, HashQueue: queue})
	entered, leave := make(chan struct{}, 100), make(chan struct{})
	account.OnHash(b.Accounts, func() {
		entered <- struct{}{}
		<-leave
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _, _ = b.Login(context.WithoutCancel(t.Context()), "first@example.com", goodPassword)
	}()
	<-entered
	release = sync.OnceFunc(func() { close(leave); <-done })
	t.Cleanup(release)
	return b, release
}

func TestWhenTheQueueIsFullTheNextIsToldThatWeAreBusy(t *testing.T) {
	t.Parallel()
	const queue = 3
	b, release := occupied(t, queue)
	waiters := make(chan error, queue)
	for range queue {
		go func() {
			_, _, err := b.Login(context.WithoutCancel(t.Context()), "waiting@example.com", goodPassword)
			waiters <- err
		}()
	}
	waittest.For(t, "everyone is in the queue", func() bool { return account.Hashing(b.Accounts) == 1+queue })

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // a request that waits fails here
	defer cancel()
	_, _, login := b.Login(ctx, "late@example.com", goodPassword)
	wantErr(t, login, account.ErrBusy)
	_, _, register := b.Register(ctx, good())
	wantErr(t, register, account.ErrBusy)

	release()
	for range queue {
		wantErr(t, <-waiters, account.ErrInvalidCredentials) // they were served
	}
	if n := account.Hashing(b.Accounts); n != 0 {
		t.Errorf("%d are still counted as waiting", n)
	}
	if got := refusedFields(t, b, good()); got != nil {
		t.Errorf("with an empty queue the registration was refused for %q", got)
	}
}

func TestWhoGivesUpLeavesTheQueue(t *testing.T) {
	t.Parallel()
	b, release := occupied(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, _, err := b.Login(ctx, "impatient@example.com", goodPassword)
		gone <- err
	}()
	waittest.For(t, "the impatient one is in the queue", func() bool { return account.Hashing(b.Accounts) == 2 })
	cancel()
	wantErr(t, <-gone, context.Canceled)
	if n := account.Hashing(b.Accounts); n != 1 {
		t.Errorf("%d are counted, want only the one in the slot", n)
	}
	release()
}
