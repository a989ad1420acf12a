package httpapi

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/httpapi/middleware"
	"github.com/boxoffice/boxoffice/httpapi/problem"
	"github.com/boxoffice/boxoffice/internal/account"
)

func TestOnlyFailedLoginsOfPossibleEmailsAreCounted(t *testing.T) {
	t.Parallel()
	limiter, err := middleware.NewLimiter(middleware.Limits{Login: middleware.Limit{Requests: 3, Window: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(limiter.Close)
	a := &api{Options: Options{Limiter: limiter}}
	ctx := t.Context()
	fails := func(context.Context) error { return account.ErrInvalidCredentials }
	for range 10 {
		if err := a.limitingGuesses(ctx, "ann@example.com", func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
		err := a.limitingGuesses(ctx, "ann@example.com", func(context.Context) error { return account.ErrBusy })
		if !errors.Is(err, account.ErrBusy) {
			t.Fatal(err)
		}
		long := func(context.Context) error {
			t.Error("a password is hashed for an e-mail that nobody can have")
			return nil
		}
		err = a.limitingGuesses(ctx, strings.Repeat("x", 60_000)+"@example.com", long)
		if !errors.Is(err, account.ErrInvalidCredentials) {
			t.Errorf("got %v", err)
		}
	}
	for range 3 {
		if err := a.limitingGuesses(ctx, " Ann@example.com", fails); !errors.Is(err, account.ErrInvalidCredentials) {
			t.Errorf("got %v", err)
		}
	}
	var limited *problem.Problem
	if err := a.limitingGuesses(ctx, "ann@example.com", fails); !errors.As(err, &limited) || limited.Status != 429 {
		t.Errorf("the fourth failed login got %v", err)
	}
}
