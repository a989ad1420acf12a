package account_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/migrations"
)

func TestAnUnknownUserIsNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.Get(t.Context(), uuid.New())
	wantErr(t, err, account.ErrNotFound)
	wantErr(t, b.Delete(t.Context(), uuid.New()), account.ErrNotFound)
}

func TestDeleteErasesEverythingAboutTheUser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, tokens := b.register(t, "zaphod")
	tokens = b.mustRefresh(t, tokens.Refresh)
	other, otherTokens := b.register(t, "trillian")
	traces := []string{"zaphod", user.ID.String(), storedHashOf(t, b, user.ID)}
	before := b.dump(t)
	for _, trace := range traces {
		if !strings.Contains(before, trace) {
			t.Fatalf("%q is not in the database before the deletion; the test would prove nothing", trace)
		}
	}

	if err := b.Delete(t.Context(), user.ID); err != nil {
		t.Fatal(err)
	}

	after := b.dump(t)
	for _, trace := range traces {
		if strings.Contains(after, trace) && trace != user.ID.String() { // the id stays for a while
			t.Errorf("%q is still in the database", trace)
		}
	}
	_, err := b.Get(t.Context(), user.ID)
	wantErr(t, err, account.ErrNotFound)
	wantErr(t, b.refreshErr(t, tokens.Refresh), account.ErrInvalidToken)
	_, _, err = b.Login(t.Context(), user.Email, goodPassword)
	wantErr(t, err, account.ErrInvalidCredentials)
	if err := b.Logout(t.Context(), tokens.Refresh); err != nil {
		t.Errorf("log out after the deletion: %v", err)
	}

	if _, err := b.Get(t.Context(), other.ID); err != nil {
		t.Errorf("the other user: %v", err)
	}
	b.mustRefresh(t, otherTokens.Refresh)
	if again, _ := b.register(t, "zaphod"); again.ID == user.ID {
		t.Error("who comes back is not the user who left")
	}

	b.clock.advance(2 * account.AccessTTL)
	if _, err := b.DeleteExpired(t.Context()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.dump(t), user.ID.String()) {
		t.Error("the id is still in the database")
	}
}

func storedHashOf(t *testing.T, b bundle, id uuid.UUID) (hash string) {
	t.Helper()
	if err := b.pool.QueryRow(t.Context(), `select password_hash from users where id = $1`, id).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestEnsureMakesTheUserThatIsMissing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wanted := aUser()
	made, err := b.Ensure(t.Context(), wanted, "password123")
	if err != nil || made.ID != wanted.ID || made.Role != account.Organizer {
		t.Fatalf("got %+v, %v, want %+v", made, err, wanted)
	}
	got, tokens, err := b.Login(t.Context(), wanted.Email, "password123")
	if err != nil || got != made {
		t.Fatalf("log in: got %+v, %v, want %+v", got, err, made)
	}
	if claims, err := b.signer.ParseAccess(tokens.Access); err != nil || claims.Role != account.Organizer {
		t.Errorf("access token says %+v, %v, want an organizer", claims, err)
	}
	plain, err := b.Ensure(t.Context(), account.User{Email: "bob@example.com", Name: "Bob"}, "password123")
	if err != nil || plain.ID == uuid.Nil || plain.Role != account.Customer {
		t.Errorf("without id and role: got %+v, %v, want a customer with some id", plain, err)
	}
}

func TestEnsureChangesNothingAboutTheUserThatIsThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	there, _ := b.register(t, "alice")
	hash := storedHash(t, b)
	account.OnHash(b.Accounts, func() { t.Error("a password was hashed for nothing") })
	for name, wanted := range map[string]account.User{
		"same id":     {ID: there.ID, Email: "other@example.com", Name: "Other", Role: account.Auditor},
		"same e-mail": {ID: uuid.New(), Email: "ALICE@example.com", Name: "Other", Role: account.Auditor},
	} {
		got, err := b.Ensure(t.Context(), wanted, "anotherPassword1")
		if err != nil || got != there {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, there)
		}
	}
	if storedHash(t, b) != hash || b.count(t, "users") != 1 {
		t.Error("the user was changed, or another one made")
	}
}

func TestEnsureAtOnceMakesOneUser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, err := range atOnce(5, func(int) error {
		got, err := b.Ensure(context.WithoutCancel(t.Context()), aUser(), "password123")
		if err == nil && got.ID != aUser().ID {
			return errors.New("another id")
		}
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	if n := b.count(t, "users"); n != 1 {
		t.Errorf("got %d users, want 1", n)
	}
}

func TestEnsureChecksWhatItStores(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.Ensure(t.Context(), account.User{Email: "x", Name: "x", Role: "root"}, "x")
	var invalid *account.InvalidError
	if !errors.As(err, &invalid) || len(invalid.Fields) != 4 {
		t.Errorf("got error %v, want one that lists 4 fields", err)
	}
}

func TestTheDatabaseRefusesAnUnknownRole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.register(t, "alice")
	if _, err := b.pool.Exec(t.Context(), `update users set role = 'auditor'`); err != nil {
		t.Errorf("a known role: %v", err)
	}
	_, err := b.pool.Exec(t.Context(), `update users set role = 'root'`)
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) || refusal.Code != "23514" {
		t.Errorf("got error %v, want a check violation", err)
	}
}

func TestMigrationGoesDownAndUpAgain(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	if _, err := migrations.Down(t.Context(), url, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := migrations.Up(t.Context(), url); err != nil {
		t.Fatal(err)
	}
}
