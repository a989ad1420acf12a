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

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/scripts/chaos/history"
)

// signups are accounts that people make during a run. One that was confirmed must be there in the end.
type signups struct {
	mu         sync.Mutex
	confirmed  []string // emails
	violations []history.Violation
}

// run goes on until ctx ends, one account at a time.
func (s *signups) run(ctx context.Context, base string) error {
	c, err := newCaller(base, nil, account.Customer)
	if err != nil {
		return err
	}
	for pause(ctx, 500*time.Millisecond) {
		email := uuid.NewString() + "@example.com"
		r, err := c.send(http.MethodPost, "/auth/register", uuid.NewString(), c.token, map[string]string{
			"email": email, "password": "aPassword123", "name": "Somebody",
		})
		if err == nil { // else nobody was told anything
			s.note(email, r)
		}
	}
	return nil
}

func (s *signups) note(email string, r *reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.status == http.StatusCreated:
		s.confirmed = append(s.confirmed, email)
	case r.status == http.StatusServiceUnavailable && r.header.Get("Retry-After") != "":
	default:
		s.violations = append(s.violations, history.Violation{
			Rule: history.StrangeReply, Detail: fmt.Sprintf("register: %d %s", r.status, r.Code),
		})
	}
}

// check adds the accounts that were confirmed and are not there.
func (s *signups) check(ctx context.Context, conn *pgx.Conn) ([]history.Violation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, _ := conn.Query(ctx, `select email from users`)
	stored, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	violations := s.violations
	for _, email := range s.confirmed {
		if !slices.Contains(stored, email) {
			violations = append(violations, history.Violation{Rule: history.Lost, Detail: "account " + email})
		}
	}
	return violations, nil
}
