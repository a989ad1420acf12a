package account_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/boxoffice/boxoffice/internal/account"
)

func TestALinkVerifiesTheAddress(t *testing.T) {
	t.Parallel()
	b, letters := withLetters(t)
	ctx := t.Context()
	user, tokens := b.register(t, "ann")
	for range 2 { // the second one comes too soon
		if err := b.SendVerification(ctx, user.ID); err != nil {
			t.Fatal(err)
		}
	}
	letter := <-letters
	if letter.To != user.Email || letter.Purpose != account.VerifyPurpose || len(letters) > 0 {
		t.Fatalf("got %+v, and %d more", letter, len(letters))
	}
	wantErr(t, b.ResetPassword(ctx, letter.Token, newPassword), account.ErrInvalidLink) // a link for something else
	if claims, err := b.ParseAccess(tokens.Access); err != nil || claims.EmailVerified {
		t.Errorf("before the link: %+v, %v", claims, err)
	}
	if err := b.ConfirmEmail(ctx, letter.Token); err != nil {
		t.Fatal(err)
	}
	wantErr(t, b.ConfirmEmail(ctx, letter.Token), account.ErrInvalidLink)
	claims, err := b.ParseAccess(b.mustRefresh(t, tokens.Refresh).Access)
	if err != nil || !claims.EmailVerified {
		t.Errorf("got %+v, %v, want a verified address", claims, err)
	}
	if err := b.SendVerification(ctx, user.ID); err != nil || len(letters) > 0 {
		t.Errorf("a letter to a verified address: %v", err)
	}
	reset, err := b.NewResetLink(ctx, user.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, b.ConfirmEmail(ctx, reset), account.ErrInvalidLink)
}

func TestALinkToVerifyAnAddressExpires(t *testing.T) {
	t.Parallel()
	b, letters := withLetters(t)
	ctx := t.Context()
	user, _ := b.register(t, "ann")
	if err := b.SendVerification(ctx, user.ID); err != nil {
		t.Fatal(err)
	}
	letter := <-letters
	age := func(by string) {
		t.Helper()
		if _, err := b.pool.Exec(ctx, `update account_links set expires_at = expires_at - $1::interval`, by); err != nil {
			t.Fatal(err)
		}
	}
	age("30 minutes")
	wantErr(t, b.ConfirmEmail(ctx, letter.Token), account.ErrInvalidLink)
	age("-1 minute")
	if err := b.ConfirmEmail(ctx, letter.Token); err != nil {
		t.Error(err)
	}
}

func TestAnAddressChangesWithALinkThatIsSentThere(t *testing.T) {
	t.Parallel()
	b, letters := withLetters(t)
	ctx := t.Context()
	user, tokens := b.register(t, "ann")
	b.register(t, "bob")
	var invalid *account.InvalidError
	if err := b.RequestEmail(ctx, user.ID, "no address"); !errors.As(err, &invalid) {
		t.Errorf("got %v", err)
	}
	if err := b.RequestEmail(ctx, user.ID, " new@example.com "); err != nil {
		t.Fatal(err)
	}
	letter := <-letters
	if letter.To != "new@example.com" {
		t.Fatalf("got a letter to %s", letter.To)
	}
	if got, err := b.Get(ctx, user.ID); err != nil || got.Email != user.Email {
		t.Errorf("without the link: %+v, %v", got, err)
	}
	reset, err := b.NewResetLink(ctx, user.ID) // sent to the old address
	if err != nil {
		t.Fatal(err)
	}
	if err := b.ConfirmEmail(ctx, letter.Token); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Get(ctx, user.ID); err != nil || got.Email != "new@example.com" || !got.EmailVerified {
		t.Errorf("got %+v, %v", got, err)
	}
	if l := <-letters; l.To != user.Email || l.Purpose != account.EmailChanged || l.Token != "" {
		t.Errorf("got %+v, want a letter to the address from before", l)
	}
	wantErr(t, b.ResetPassword(ctx, reset, newPassword), account.ErrInvalidLink)
	claims, err := b.ParseAccess(b.mustRefresh(t, tokens.Refresh).Access)
	if err != nil || claims.Email != "new@example.com" {
		t.Errorf("got %+v, %v", claims, err)
	}

	if err := b.RequestEmail(ctx, user.ID, "BOB@example.com"); err != nil { // does not tell that somebody has it
		t.Fatal(err)
	}
	wantErr(t, b.ConfirmEmail(ctx, (<-letters).Token), account.ErrEmailTaken)
	wantErr(t, b.RequestEmail(ctx, uuid.New(), "x@example.com"), account.ErrNotFound)
}

func TestOperatorsAnswerForAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	ann, _ := b.register(t, "ann")
	if err := b.SetVerified(ctx, ann.ID); err != nil {
		t.Fatal(err)
	}
	bob, err := b.Create(ctx, account.User{Email: "bob@example.com", Name: "Bob"}, newPassword)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []uuid.UUID{ann.ID, bob.ID} {
		if got, err := b.Get(ctx, id); err != nil || !got.EmailVerified {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	wantErr(t, b.SetVerified(ctx, uuid.New()), account.ErrNotFound)
}
