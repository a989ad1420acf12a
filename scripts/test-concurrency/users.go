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
func signIn(ctx context.Context, shared *client.Client, users int, out io.Writer) ([]*user, error) {
	all := make([]*user, users)
	done := newProgress(out, "signing users in", users)
	var known atomic.Bool // the last one had an account already: then the next one probably has one, too
	err := parallel(ctx, users, signingIn, func(ctx context.Context, i int) error {
		email, name := fmt.Sprintf("concurrency-%02d@example.com", i+1), fmt.Sprintf("Concurrency %02d", i+1)
		own := client.New(shared.Base())
		s, existed, err := enter(ctx, shared.As(""), email, name, known.Load())
		if err != nil {
			return fmt.Errorf("sign %s in: %w", email, err)
		}
		known.Store(existed)
		all[i] = &user{id: s.User.ID, email: email, api: own.As(s.AccessToken)}
		done.step()
		return nil
	})
	return all, err
}

// enter logs in or registers, in the order that is more likely to succeed at once: each try costs
// the server a hash.
func enter(
	ctx context.Context, a *client.Client, email, name string, known bool,
) (s client.Session, existed bool, err error) {
	if !known {
		s, err = a.Register(ctx, email, userPassword, name)
		if client.CodeOf(err) != client.EmailTaken {
			return s, false, err
		}
	}
	s, err = a.Login(ctx, email, userPassword)
	if client.CodeOf(err) != client.InvalidCredentials {
		return s, true, err
	}
	if known {
		s, err = a.Register(ctx, email, userPassword, name)
		if client.CodeOf(err) != client.EmailTaken {
			return s, false, err
		}
	}
	return s, true, errors.New("the account exists and has another password than this program gives it")
}

// connect opens each user's connection by asking for their bookings. It returns the events for
// which any of them holds a ticket.
func connect(ctx context.Context, users []*user, out io.Writer) (map[uuid.UUID]bool, error) {
	var (
		taken = map[uuid.UUID]bool{}
		mutex sync.Mutex
		done  = newProgress(out, "opening connections", len(users))
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
		done.step()
		return nil
	})
	return taken, err
}

// progress prints how far something long has come, once a second.
type progress struct {
	out   io.Writer
	what  string
	total int

	mutex   sync.Mutex
	done    int
	printed time.Time
}

func newProgress(out io.Writer, what string, total int) *progress {
	return &progress{out: out, what: what, total: total, printed: time.Now()}
}

func (p *progress) step() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.done++
	if now := time.Now(); now.Sub(p.printed) >= time.Second {
		p.printed = now
		_, _ = fmt.Fprintf(p.out, "%s: %d of %d\n", p.what, p.done, p.total)
	}
}
