package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/httpapi/client"
)

// user is one of those who want a ticket. api is a connection of their own.
type user struct {
	id    uuid.UUID
	email string
	api   *client.Client
}

const (
	// Hashing a password costs the server about 50 ms of a processor. More at once would only wait
	// there.
	signingIn = 4
	// Connections are opened a few at a time, so that they don't overflow the server's backlog.
	connecting = 32
	// The users' password is of this program's own, so that it fits whatever -password says.
	userPassword = "two-tickets-10-people"
)

// signIn signs the users in, and registers those who are new.
func signIn(ctx context.Context, shared *client.Client, users int, progress io.Writer) ([]*user, error) {
	all := make([]*user, users)
	steps := newSteps(progress, "signing users in", users)
	var known atomic.Bool // the last one had an account already: then the next one probably has, too
	err := parallel(ctx, users, signingIn, func(ctx context.Context, i int) error {
		email, name := fmt.Sprintf("concurrency-%02d@example.com", i+1), fmt.Sprintf("Concurrency %02d", i+1)
		own := client.New(shared.Base())
		s, had, err := enter(ctx, shared.As(""), email, name, known.Load())
		if err != nil {
			return fmt.Errorf("sign %s in: %w", email, err)
		}
		known.Store(had)
		all[i] = &user{id: s.User.ID, email: email, api: own.As(s.AccessToken)}
		steps.step()
		return nil
	})
	return all, err
}

// enter logs in or registers, in the order that is more likely to succeed at once: each try costs
// the server a hash.
func enter(ctx context.Context, a *client.Client, email, name string, known bool) (s session, had bool, err error) {
	if known {
		s, err = a.Login(ctx, email, userPassword)
		if client.CodeOf(err) != "invalid_credentials" {
			return s, true, err
		}
	}
	s, err = a.Register(ctx, email, userPassword, name)
	if client.CodeOf(err) != "email_taken" {
		return s, false, err
	}
	if !known {
		s, err = a.Login(ctx, email, userPassword)
		if client.CodeOf(err) != "invalid_credentials" {
			return s, true, err
		}
	}
	return s, true, errors.New("the account exists and has another password than this program gives it")
}

// connect opens each user's connection by asking for their bookings. It returns the events for
// which any of them holds a ticket.
func connect(ctx context.Context, users []*user, progress io.Writer) (map[uuid.UUID]bool, error) {
	var (
		taken = map[uuid.UUID]bool{}
		mutex sync.Mutex
		steps = newSteps(progress, "opening connections", len(users))
	)
	err := parallel(ctx, len(users), connecting, func(ctx context.Context, i int) error {
		bookings, err := bookings(ctx, users[i].api)
		if err != nil {
			return err
		}
		mutex.Lock()
		defer mutex.Unlock()
		for _, b := range bookings {
			taken[b.EventID] = true
		}
		steps.step()
		return nil
	})
	return taken, err
}

// answer is what one of the simultaneous requests came to: a booking, or an error.
type answer struct {
	user   *user
	booked booked
	err    error
	took   time.Duration
}

// storm sends one booking for each user, all at the same moment, and returns when the last answer
// is there.
func storm(ctx context.Context, users []*user, eventID uuid.UUID) []answer {
	answers := make([]answer, len(users))
	for _, u := range users {
		u.api.Waits = 0
	}
	allAtOnce(len(users), func(i int) {
		started := time.Now()
		b, err := book(ctx, users[i].api, eventID)
		answers[i] = answer{users[i], b, err, time.Since(started)}
	})
	return answers
}

// allAtOnce calls do for 0 … n-1 at the same moment, and returns when all have returned.
func allAtOnce(n int, do func(i int)) {
	var (
		barrier     = make(chan struct{})
		ready, done sync.WaitGroup
	)
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-barrier
			do(i)
		})
	}
	ready.Wait()
	close(barrier)
	done.Wait()
}

// parallel calls do for 0 … n-1, width at a time. The first error stops the rest.
func parallel(ctx context.Context, n, width int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		next    atomic.Int64
		workers sync.WaitGroup
	)
	for range min(n, width) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// steps tells how far something long has come, once a second.
type steps struct {
	out   io.Writer
	what  string
	total int

	mutex sync.Mutex
	done  int
	told  time.Time
}

func newSteps(out io.Writer, what string, total int) *steps {
	return &steps{out: out, what: what, total: total, told: time.Now()}
}

func (s *steps) step() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.done++
	if now := time.Now(); now.Sub(s.told) >= time.Second {
		s.told = now
		_, _ = fmt.Fprintf(s.out, "%s: %d of %d\n", s.what, s.done, s.total)
	}
}
