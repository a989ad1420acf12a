package account_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/account"
)

func TestOnlyThePasswordErases(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	user, _, err := b.Register(ctx, account.Registration{Email: "ann@example.com", Name: "Ann", Password: goodPassword})
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, b.Erase(ctx, user.ID, "not "+goodPassword), account.ErrInvalidCredentials)
	if b.IsErased(user.ID) {
		t.Error("erased by a wrong password")
	}
	if err := b.Erase(ctx, user.ID, goodPassword); err != nil {
		t.Fatal(err)
	}
	wantErr(t, b.Erase(ctx, user.ID, goodPassword), account.ErrInvalidCredentials)
	if _, err := b.Get(ctx, user.ID); err == nil {
		t.Error("the user is still there")
	}
	if !b.IsErased(user.ID) {
		t.Error("tokens of the user are still believed")
	}
}

func TestWhoIsErasedIsKnownToOtherProcessesForAsLongAsTokensLast(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.process(t, account.Secrets{})
	ctx, stop := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { other.Watch(ctx, slog.New(slog.DiscardHandler)) })
	defer watching.Wait()
	defer stop()
	user, err := b.Ensure(ctx, account.User{Email: "bob@example.com", Name: "Bob"}, goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(ctx, user.ID); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); !other.IsErased(user.ID); {
		if time.Now().After(deadline) {
			t.Fatal("the other process does not know")
		}
	}
	again, err := b.Ensure(ctx, user, goodPassword) // as seeding does
	if err != nil || again.ID != user.ID {
		t.Fatalf("got %+v, %v", again, err)
	}
	for _, process := range []bundle{b, other} {
		if err := process.LoadErased(ctx); err != nil || process.IsErased(user.ID) {
			t.Errorf("a user who is back is refused: %v", err)
		}
	}
	if err := b.Delete(ctx, user.ID); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(account.AccessTTL)
	if err := b.LoadErased(ctx); err != nil || !b.IsErased(user.ID) {
		t.Errorf("forgotten too early: %v", err)
	}
	b.clock.advance(6 * time.Minute)
	if _, err := b.DeleteExpired(ctx); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := b.pool.QueryRow(ctx, `select count(*) from erased_users`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d ids are left, %v", left, err)
	}
}
