package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/scripts/chaos/history"
)

// signups are accounts that people make during a run. One that was confirmed can be signed in to,
// and is there in the end.
type signups struct {
	mu         sync.Mutex
	confirmed  []signup
	restores   int // begun and ended
	violations []history.Violation
}

type signup struct {
	email             string
	invoked, answered time.Duration
}

// beginRestore notes that accounts are about to be lost by intent.
func (s *signups) beginRestore() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restores++
}

// endRestore drops the accounts that may not have been in a dump that was begun then, and has been
// restored now.
func (s *signups) endRestore(dumped time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restores++
	for len(s.confirmed) > 0 && s.confirmed[len(s.confirmed)-1].invoked >= dumped-requestTimeout {
		s.confirmed = s.confirmed[:len(s.confirmed)-1]
	}
}

func (s *signups) restoreCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.restores
}

// run goes on until ctx ends, one account at a time.
func (s *signups) run(ctx context.Context, base string, r *recorder) error {
	c, err := newCaller(base, r, account.Customer)
	if err != nil {
		return err
	}
	for pause(ctx, 500*time.Millisecond) {
		email, password := uuid.NewString()+"@example.com", "aPassword123"
		invoked, restores := c.recorder.now(), s.restoreCount()
		r, err := c.send(http.MethodPost, "/auth/register", uuid.NewString(), c.token, map[string]string{
			"email": email, "password": password, "name": "Somebody",
		})
		if err != nil || !s.confirms("register", r, http.StatusCreated) {
			continue // perhaps it was done, but nobody was told so
		}
		s.mu.Lock()
		isLost := s.restores != restores // perhaps
		if !isLost {
			s.confirmed = append(s.confirmed, signup{email, invoked, c.recorder.now()})
		}
		s.mu.Unlock()
		if isLost {
			continue
		}
		r, err = c.send(http.MethodPost, "/auth/login", uuid.NewString(), c.token, map[string]string{
			"email": email, "password": password,
		})
		if err == nil && s.restoreCount() == restores {
			s.confirms("sign in", r, http.StatusOK)
		}
	}
	return nil
}

// confirms tells whether the answer confirms what was asked for. The only other answer allowed is: not
// now.
func (s *signups) confirms(what string, r *reply, confirmation int) bool {
	if r.status != confirmation && (r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "") {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.violations = append(s.violations, history.Violation{
			Rule: history.StrangeReply, Detail: fmt.Sprintf("%s: %d %s", what, r.status, r.Code),
		})
	}
	return r.status == confirmation
}

// check adds the accounts that were confirmed and are not there, or while the standby was frozen.
func (s *signups) check(ctx context.Context, pool *pgxpool.Pool, frozen []history.Span) ([]history.Violation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.confirmed) == 0 {
		return s.violations, nil
	}
	rows, _ := pool.Query(ctx, `select email from users`)
	stored, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	violations := s.violations
	for _, c := range s.confirmed {
		if slices.ContainsFunc(frozen, func(f history.Span) bool { return f.From <= c.invoked && c.answered <= f.To }) {
			violations = append(violations, history.Violation{Rule: history.Unreplicated, Detail: "account " + c.email})
		}
		if !slices.Contains(stored, c.email) {
			violations = append(violations, history.Violation{Rule: history.Lost, Detail: "account " + c.email})
		}
	}
	return violations, nil
}
