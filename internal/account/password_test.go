package account_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

const newPassword = "an0ther password"

func TestChangingThePasswordAsksForTheOldOneAndEndsOtherSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	user, first := b.register(t, "ann")
	_, second, err := b.Login(ctx, user.Email, goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = b.ChangePassword(ctx, user.ID, "not "+goodPassword, newPassword)
	wantErr(t, err, account.ErrInvalidCredentials)
	var invalid *account.InvalidError
	_, _, err = b.ChangePassword(ctx, user.ID, goodPassword, "short")
	if !errors.As(err, &invalid) || invalid.Fields[0].Field != "newPassword" {
		t.Errorf("got %v, want an invalid newPassword", err)
	}
	if !b.accepts(first.Access) {
		t.Fatal("a change that was refused has ended the session")
	}
	_, tokens, err := b.ChangePassword(ctx, user.ID, goodPassword, newPassword)
	if err != nil {
		t.Fatal(err)
	}
	if !b.accepts(tokens.Access) {
		t.Error("the new session's token is refused")
	}
	b.mustRefresh(t, tokens.Refresh)
	for _, old := range []string{first.Refresh, second.Refresh} {
		wantErr(t, b.refreshErr(t, old), account.ErrInvalidToken)
	}
	_, _, err = b.Login(ctx, user.Email, goodPassword)
	wantErr(t, err, account.ErrInvalidCredentials)
	if _, _, err := b.Login(ctx, user.Email, newPassword); err != nil {
		t.Error(err)
	}
	_, _, err = b.ChangePassword(ctx, uuid.New(), goodPassword, newPassword)
	wantErr(t, err, account.ErrInvalidCredentials)
}

// The login has compared the old password and waits; then the password changes.
func TestALoginDuringAChangeOfThePasswordLeavesNoSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	user, _ := b.register(t, "ann")
	release := b.lockUser(t, user.ID)
	changed, loggedIn := make(chan error, 1), make(chan error, 1)
	go func() {
		_, _, err := b.ChangePassword(ctx, user.ID, goodPassword, newPassword)
		changed <- err
	}()
	waittest.For(t, "the change waits", func() bool { return b.waiting(t) == 1 })
	go func() {
		_, _, err := b.Login(ctx, user.Email, goodPassword)
		loggedIn <- err
	}()
	waittest.For(t, "the login waits", func() bool { return b.waiting(t) == 2 })
	release()
	if err := <-changed; err != nil {
		t.Fatal(err)
	}
	wantErr(t, <-loggedIn, account.ErrInvalidCredentials)
	if sessions, err := b.Sessions(ctx, user.ID); err != nil || len(sessions) != 1 {
		t.Errorf("got sessions %v, %v, want only that of the change", sessions, err)
	}
}

// Both have compared the old password.
func TestOfTwoChangesOfAPasswordOneWins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	user, _ := b.register(t, "ann")
	oneWins(t, account.ErrInvalidCredentials, b.raceFor(t, user.ID, func() error {
		_, _, err := b.ChangePassword(ctx, user.ID, goodPassword, newPassword)
		return err
	}))
}

func TestCommonPasswordsAreRefusedWhereOneIsChosen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	user, _ := b.register(t, "ann")
	for _, common := range []string{"password123", "PassWord123", "1q2w3e4r", "qwerty123", "P@ssw0rd"} {
		_, _, registered := b.Register(ctx, account.Registration{Email: "new@example.com", Name: "New", Password: common})
		_, _, changed := b.ChangePassword(ctx, user.ID, goodPassword, common)
		_, created := b.Create(ctx, account.User{Email: "new@example.com", Name: "New"}, common)
		for _, err := range []error{registered, changed, created, b.SetPassword(ctx, user.ID, common),
			b.ResetPassword(ctx, "unknown", common)} {
			var invalid *account.InvalidError
			if !errors.As(err, &invalid) || !strings.Contains(err.Error(), "attackers") {
				t.Errorf("%s: got %v, want that it is refused", common, err)
			}
		}
	}
	// Who has one already can sign in.
	if _, err := b.Ensure(ctx, account.User{Email: "old@example.com", Name: "Old"}, "password123"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Login(ctx, "old@example.com", "password123"); err != nil {
		t.Error(err)
	}
}

func TestEveryCommonPasswordIsOneThatTheOtherRulesLetThrough(t *testing.T) {
	t.Parallel()
	for _, line := range strings.Split(strings.TrimSpace(account.CommonPasswords), "\n") {
		if message := account.CheckPassword(line); message != "" || line != strings.ToLower(line) {
			t.Errorf("%q has no use: %s", line, message)
		}
	}
}

// "é" is one character or two, and they are different passwords.
func TestAPasswordIsComparedAsTyped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const composed, decomposed = "caf\u00e9 password 1", "cafe\u0301 password 1"
	_, _, err := b.Register(t.Context(), account.Registration{Email: "ann@example.com", Name: "Ann", Password: composed})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Login(t.Context(), "ann@example.com", composed); err != nil {
		t.Error(err)
	}
	_, _, err = b.Login(t.Context(), "ann@example.com", decomposed)
	wantErr(t, err, account.ErrInvalidCredentials)
}

func TestOnlyKnownRolesAreSet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, _ := b.register(t, "ann")
	var invalid *account.InvalidError
	if err := b.SetRole(t.Context(), user.ID, "root"); !errors.As(err, &invalid) {
		t.Errorf("got %v", err)
	}
	wantErr(t, b.SetRole(t.Context(), uuid.New(), account.Auditor), account.ErrNotFound)
}
