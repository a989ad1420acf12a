package account_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/boxoffice/boxoffice/internal/account"
)

// letters are what the accounts of withLetters send, while the test runs.
func withLetters(t *testing.T) (bundle, chan account.Letter) {
	t.Helper()
	letters := make(chan account.Letter, 10)
	b := setupWith(t, account.Options{Deliver: func(_ context.Context, l account.Letter) error {
		letters <- l
		return nil
	}})
	ctx, stop := context.WithCancel(context.Background())
	var sending sync.WaitGroup
	sending.Go(func() { b.SendLetters(ctx, slog.New(slog.DiscardHandler)) })
	t.Cleanup(func() { stop(); sending.Wait() })
	return b, letters
}

func TestAForgottenPasswordIsReplacedWithALinkThatWorksOnce(t *testing.T) {
	t.Parallel()
	b, letters := withLetters(t)
	ctx := t.Context()
	user, tokens := b.register(t, "ann")
	if err := b.ForgotPassword(t.Context(), " ANN@example.com "); err != nil {
		t.Fatal(err)
	}
	letter := <-letters
	if letter.User.ID != user.ID || len(letter.Token) < 26 {
		t.Fatalf("got a letter to %+v with a token of %d characters", letter.User, len(letter.Token))
	}
	if strings.Contains(b.dump(t), letter.Token) {
		t.Error("the token is in the database")
	}
	if err := b.ResetPassword(ctx, letter.Token, "short"); err == nil {
		t.Error("a short password was accepted")
	}
	oneWins(t, account.ErrInvalidLink, b.raceFor(t, user.ID, func() error {
		return b.ResetPassword(ctx, letter.Token, newPassword)
	}))
	if b.accepts(tokens.Access) {
		t.Error("an access token from before is accepted")
	}
	wantErr(t, b.refreshErr(t, tokens.Refresh), account.ErrInvalidToken)
	if _, _, err := b.Login(ctx, user.Email, newPassword); err != nil {
		t.Error(err)
	}
	wantErr(t, b.ResetPassword(ctx, "unknown", newPassword), account.ErrInvalidLink)
}

func TestALinkExpiresAndEndsWithAnotherChangeOfThePassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	user, _ := b.register(t, "ann")
	expired, err := b.NewResetLink(ctx, user.ID)
	if err != nil {
		t.Fatal(err)
	}
	age := func(by string) {
		t.Helper()
		if _, err := b.pool.Exec(ctx, `update account_links set expires_at = expires_at - $1::interval`, by); err != nil {
			t.Fatal(err)
		}
	}
	age("30 minutes")
	wantErr(t, b.ResetPassword(ctx, expired, newPassword), account.ErrInvalidLink)
	good, err := b.NewResetLink(ctx, user.ID)
	if err != nil {
		t.Fatal(err)
	}
	age("29 minutes")
	if _, err := b.DeleteExpired(ctx); err != nil {
		t.Fatal(err)
	}
	if n := b.count(t, "account_links"); n != 1 {
		t.Errorf("%d links are left, want the good one", n)
	}
	other, err := b.NewResetLink(ctx, user.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.ResetPassword(ctx, good, newPassword); err != nil {
		t.Error(err)
	}
	wantErr(t, b.ResetPassword(ctx, other, goodPassword), account.ErrInvalidLink)
	_, err = b.NewResetLink(ctx, account.User{}.ID)
	wantErr(t, err, account.ErrNotFound)
}

func TestNobodyGetsMoreThanOneLetterAMinuteAndStrangersNone(t *testing.T) {
	t.Parallel()
	b, letters := withLetters(t)
	b.register(t, "ann")
	b.register(t, "zoe")
	for _, email := range []string{"ann@example.com", "ann@example.com", "nobody@example.com", "no address", "",
		strings.Repeat("a", 60_000) + "@example.com", "zoe@example.com"} {
		if err := b.ForgotPassword(t.Context(), email); err != nil {
			t.Fatalf("%.20q: %v", email, err)
		}
	}
	for _, want := range []string{"ann@example.com", "zoe@example.com"} { // they are sent one after the other
		if l := <-letters; l.To != want {
			t.Errorf("got a letter to %s, want %s", l.To, want)
		}
	}
}

// Nothing reads the requests.
func TestTooManyRequestsForLettersAreRefusedWhoeverTheyAreFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.register(t, "ann")
	for range 1000 {
		if err := b.ForgotPassword(t.Context(), "nobody@example.com"); err != nil {
			t.Fatal(err)
		}
	}
	wantErr(t, b.ForgotPassword(t.Context(), "nobody@example.com"), account.ErrBusy)
	wantErr(t, b.ForgotPassword(t.Context(), "ann@example.com"), account.ErrBusy)
}

func TestWithoutAPasswordAUserSignsInAfterALink(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	user, err := b.Create(ctx, account.User{Email: "olga@example.com", Name: "Olga", Role: account.Organizer}, "")
	if err != nil || user.Role != account.Organizer {
		t.Fatalf("got %+v, %v", user, err)
	}
	_, _, err = b.Login(ctx, user.Email, "")
	wantErr(t, err, account.ErrInvalidCredentials)
	token, err := b.NewResetLink(ctx, user.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.ResetPassword(ctx, token, newPassword); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Login(ctx, user.Email, newPassword); err != nil {
		t.Error(err)
	}
	_, err = b.Create(ctx, account.User{Email: "OLGA@example.com", Name: "Olga"}, newPassword)
	wantErr(t, err, account.ErrEmailTaken)
	organizers, err := b.List(ctx, account.Organizer)
	if err != nil || len(organizers) != 1 || organizers[0].ID != user.ID {
		t.Errorf("got organizers %+v, %v", organizers, err)
	}
	for _, name := range []string{"Olga@Example.com", user.ID.String()} {
		if found, err := b.Find(ctx, name); err != nil || found.ID != user.ID {
			t.Errorf("find %s: %+v, %v", name, found, err)
		}
	}
	_, err = b.Find(ctx, "nobody@example.com")
	wantErr(t, err, account.ErrNotFound)
}

func TestALetterCanWaitWithoutItsSecret(t *testing.T) {
	t.Parallel()
	b, letters := withLetters(t)
	ctx := t.Context()
	user, _ := b.register(t, "ann")
	if err := b.RequestEmail(ctx, user.ID, "new@example.com"); err != nil {
		t.Fatal(err)
	}
	letter := <-letters
	token, email, err := b.Link(ctx, letter.Link)
	if err != nil || token != letter.Token || email != "new@example.com" {
		t.Errorf("got %q, %q, %v", token, email, err)
	}
	if text := b.dump(t); strings.Contains(text, letter.Token) || strings.Contains(text, letter.Link.String()) {
		t.Error("the database says enough to make the token")
	}
	if err := b.ConfirmEmail(ctx, token); err != nil {
		t.Fatal(err)
	}
	_, _, err = b.Link(ctx, letter.Link)
	wantErr(t, err, account.ErrInvalidLink)
}

func TestAChangedPasswordIsTold(t *testing.T) {
	t.Parallel()
	b, letters := withLetters(t)
	ctx := t.Context()
	user, _ := b.register(t, "ann")
	told := func(how string) {
		t.Helper()
		if l := <-letters; l.To != user.Email || l.Purpose != account.PasswordChanged || l.Token != "" {
			t.Errorf("%s: got %+v", how, l)
		}
	}
	if _, _, err := b.ChangePassword(ctx, user.ID, goodPassword, newPassword); err != nil {
		t.Fatal(err)
	}
	told("with the old one")
	token, err := b.NewResetLink(ctx, user.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.ResetPassword(ctx, token, newPassword+"2"); err != nil {
		t.Fatal(err)
	}
	told("with a link")
}
