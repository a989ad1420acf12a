package account_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

// watched is another process, which learns of revocations.
func (b bundle) watched(t *testing.T) bundle {
	t.Helper()
	other := b.process(t, account.Secrets{})
	ctx, stop := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { other.Watch(ctx, slog.New(slog.DiscardHandler)) })
	t.Cleanup(func() { stop(); watching.Wait() })
	return other
}

func (b bundle) accepts(token string) bool {
	_, err := b.ParseAccess(token)
	return err == nil
}

func TestChangesOfAUserRevokeOlderAccessTokensInEveryProcess(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b bundle, u account.User) error{
		"password set": func(b bundle, u account.User) error {
			return b.SetPassword(t.Context(), u.ID, "another passw0rt")
		},
		"password changed": func(b bundle, u account.User) error {
			_, _, err := b.ChangePassword(t.Context(), u.ID, goodPassword, "another passw0rt")
			return err
		},
		"role":         func(b bundle, u account.User) error { return b.SetRole(t.Context(), u.ID, account.Organizer) },
		"all sessions": func(b bundle, u account.User) error { return b.EndAllSessions(t.Context(), u.ID) },
		"deletion":     func(b bundle, u account.User) error { return b.Delete(t.Context(), u.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			other := b.watched(t)
			user, tokens := b.register(t, "ann")
			_, bobs := b.register(t, "bob")
			if !b.accepts(tokens.Access) || !other.accepts(tokens.Access) {
				t.Fatal("the token is refused before the change")
			}
			if err := change(b, user); err != nil {
				t.Fatal(err)
			}
			if b.accepts(tokens.Access) {
				t.Error("the process that made the change accepts the token")
			}
			changed := time.Now()
			waittest.For(t, "the other process refuses the token", func() bool { return !other.accepts(tokens.Access) })
			if took := time.Since(changed); took > 5*time.Second { // one second, unless the machine is busy
				t.Errorf("the other process accepted it for %s", took)
			}
			if !b.accepts(bobs.Access) || !other.accepts(bobs.Access) {
				t.Error("somebody else's token is refused")
			}
		})
	}
}

// The clock stands still, so a comparison of times could not tell the tokens apart.
func TestATokenOfTheSameSecondIsAcceptedAfterTheChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, before := b.register(t, "ann")
	if err := b.SetRole(t.Context(), user.ID, account.Organizer); err != nil {
		t.Fatal(err)
	}
	after := b.mustRefresh(t, before.Refresh) // a change of the role ends no session
	claims, err := b.ParseAccess(after.Access)
	if err != nil || claims.Role != account.Organizer {
		t.Errorf("got %+v, %v, want an organizer", claims, err)
	}
	if b.accepts(before.Access) {
		t.Error("the customer's token is accepted")
	}
}

func TestRevocationsAreKeptForAsLongAsTokensLast(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	user, tokens := b.register(t, "bob")
	if err := b.Delete(ctx, user.ID); err != nil {
		t.Fatal(err)
	}
	again, err := b.Ensure(ctx, user, goodPassword) // as seeding does
	if err != nil || again.ID != user.ID {
		t.Fatalf("got %+v, %v", again, err)
	}
	if err := b.LoadRevocations(ctx); err != nil || !b.accepts(tokens.Access) {
		t.Errorf("a user who is back is refused: %v", err)
	}
	if err := b.Delete(ctx, user.ID); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(account.AccessTTL - time.Second)
	if err := b.LoadRevocations(ctx); err != nil || b.accepts(tokens.Access) {
		t.Errorf("forgotten too early: %v", err)
	}
	b.clock.advance(6 * time.Minute)
	if _, err := b.DeleteExpired(ctx); err != nil {
		t.Fatal(err)
	}
	if n := b.count(t, "access_revocations"); n != 0 {
		t.Errorf("%d revocations are left", n)
	}
}

// A program of the previous version writes and reads erased_users during a rolling update.
func TestThePreviousVersionAndThisOneKnowOfEachOthersDeletions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	ann, tokens := b.register(t, "ann")
	_, err := b.pool.Exec(ctx, `
		insert into erased_users (id, erased_at) values ($1, $2)
		on conflict (id) do update set erased_at = excluded.erased_at`, ann.ID, b.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.LoadRevocations(ctx); err != nil || b.accepts(tokens.Access) {
		t.Errorf("a user whom the previous version has deleted is accepted: %v", err)
	}
	bob, _ := b.register(t, "bob")
	carol, _ := b.register(t, "carol")
	if err := b.Delete(ctx, bob.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.SetRole(ctx, carol.ID, account.Auditor); err != nil {
		t.Fatal(err)
	}
	if n := b.count(t, "erased_users"); n != 2 {
		t.Errorf("the previous version sees %d deleted users, want ann and bob", n)
	}
	if _, err := b.pool.Exec(ctx, `delete from erased_users where id = $1`, bob.ID); err != nil {
		t.Error(err)
	}
}
