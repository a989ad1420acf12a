package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/boxoffice/boxoffice/httpapi/client"
)

// answer is what one of the simultaneous requests came to: a booking, or an error.
type answer struct {
	user   *user
	booked client.BookingChange
	err    error
	took   time.Duration
}

// bookAtOnce sends one booking for each user, all at the same moment, and returns when the last
// answer is there.
func bookAtOnce(ctx context.Context, users []*user, eventID uuid.UUID) []answer {
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
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(width)
	for i := range n {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return do(ctx, i)
		})
	}
	return group.Wait()
}

// together calls do for each of some users at the same moment, and tells what came of each.
func together[V any](users []*user, do func(i int, u *user) (V, error)) (values []V, errs []error) {
	values, errs = make([]V, len(users)), make([]error, len(users))
	allAtOnce(len(users), func(i int) { values[i], errs[i] = do(i, users[i]) })
	return values, errs
}

// all is together where everybody has to succeed.
func all[V any](what string, users []*user, do func(i int, u *user) (V, error)) ([]V, error) {
	values, errs := together(users, do)
	return values, errAll(what, errs)
}

func errAll(what string, errs []error) error {
	failed := slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })
	if len(failed) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %d of %d failed: %w", what, len(failed), len(errs), failed[0])
}

// split tells who got tickets, and fails if anybody was refused for another reason than that there are
// no more.
func split(users []*user, errs []error) (got, refused []*user, err error) {
	for i, u := range users {
		switch {
		case errs[i] == nil:
			got = append(got, u)
		case client.CodeOf(errs[i]) == client.SoldOut:
			refused = append(refused, u)
		default:
			return nil, nil, fmt.Errorf("%s: %w", u.email, errs[i])
		}
	}
	return got, refused, nil
}

// book has no Idempotency-Key: each user sends one request, and what became of it is what is judged.
func book(ctx context.Context, c *client.Client, eventID uuid.UUID) (b client.BookingChange, err error) {
	err = c.Do(ctx, http.MethodPost, "/book", map[string]uuid.UUID{"eventId": eventID}, &b, http.StatusCreated)
	return b, err
}
