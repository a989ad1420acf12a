package account_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"

	"github.com/boxoffice/boxoffice/internal/account"
)

func TestRegistrationMakesACustomerAndSignsThemIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, tokens, err := b.Register(t.Context(),
		account.Registration{Email: " User@Example.com ", Password: goodPassword, Name: " John Doe "})
	if err != nil {
		t.Fatal(err)
	}
	want := account.User{
		ID: user.ID, Email: "User@Example.com", Name: "John Doe", Role: account.Customer,
		CreatedAt: b.clock.Now().Truncate(time.Microsecond),
	}
	if user != want || user.ID == uuid.Nil {
		t.Errorf("got user %+v, want %+v", user, want)
	}
	if got, err := b.Get(t.Context(), user.ID); err != nil || got != user {
		t.Errorf("get: got %+v, %v, want %+v", got, err, user)
	}
	claims, err := b.signer.ParseAccess(tokens.Access)
	if err != nil || claims.UserID != user.ID || claims.Email != user.Email || claims.Role != account.Customer {
		t.Errorf("access token: got claims %+v, %v", claims, err)
	}
	issued := b.clock.Now().Truncate(time.Second)
	if got, want := tokens.AccessExpires, issued.Add(15*time.Minute); !got.Equal(want) || !claims.ExpiresAt.Equal(want) {
		t.Errorf("access token expires at %s (claim %s), want %s", got, claims.ExpiresAt, want)
	}
	if got, want := tokens.RefreshExpires, issued.Add(7*24*time.Hour); !got.Equal(want) {
		t.Errorf("refresh token expires at %s, want %s", got, want)
	}
	b.mustRefresh(t, tokens.Refresh)
}

func TestPasswordsAndRefreshTokensAreStoredHashed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, tokens := b.register(t, "alice")
	stored := b.dump(t)
	for what, secret := range map[string]string{"password": goodPassword, "refresh token": tokens.Refresh,
		"access token": tokens.Access} {
		if strings.Contains(stored, secret) {
			t.Errorf("the database holds the %s in clear", what)
		}
	}
	var hash []byte
	if err := b.pool.QueryRow(t.Context(), `select password_hash from users`).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	if err := bcrypt.CompareHashAndPassword(hash, []byte(goodPassword)); err != nil {
		t.Errorf("the stored hash is not the password's: %v", err)
	}
}

func TestEmailBelongsToOneUserInWhateverCase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.register(t, "Alice.INFO")
	r := account.Registration{Email: "aLICE.info@EXAMPLE.com", Password: goodPassword, Name: "Somebody else"}
	_, _, err := b.Register(t.Context(), r)
	wantErr(t, err, account.ErrEmailTaken)
	r.Email = "alice.info2@example.com"
	if _, _, err := b.Register(t.Context(), r); err != nil {
		t.Errorf("another e-mail was refused: %v", err)
	}
}

func TestConcurrentRegistrationsOfOneEmailHaveOneWinner(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const people = 10
	oneWins(t, account.ErrEmailTaken, atOnce(people, func(i int) error {
		email := "alice@example.com"
		_, _, err := b.Register(t.Context(), account.Registration{
			Email: strings.ToUpper(email[:i%6]) + email[i%6:], Password: goodPassword, Name: fmt.Sprint("Alice ", i),
		})
		return err
	}))
	if users, tokens := b.count(t, "users"), b.count(t, "refresh_tokens"); users != 1 || tokens != 1 {
		t.Errorf("%d users and %d refresh tokens, want 1 each", users, tokens)
	}
}

func TestLoginTakesTheEmailInWhateverCaseAndThePasswordExactly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, _ := b.register(t, "Alice")
	for _, email := range []string{"Alice@example.com", "alice@EXAMPLE.COM", "  ALICE@example.com\n"} {
		got, tokens, err := b.Login(t.Context(), email, goodPassword)
		if err != nil || got != user {
			t.Errorf("%q: got %+v, %v, want %+v", email, got, err, user)
			continue
		}
		if claims, err := b.signer.ParseAccess(tokens.Access); err != nil || claims.UserID != user.ID {
			t.Errorf("%q: access token says %+v, %v", email, claims, err)
		}
		b.mustRefresh(t, tokens.Refresh)
	}
	for _, password := range []string{"", strings.ToUpper(goodPassword), goodPassword + " ", " " + goodPassword,
		goodPassword[1:], goodPassword + "\x00"} {
		_, tokens, err := b.Login(t.Context(), user.Email, password)
		if err != account.ErrInvalidCredentials || tokens != (account.Tokens{}) { //nolint:errorlint // not wrapped
			t.Errorf("password %q: got error %v, want %v", password, err, account.ErrInvalidCredentials)
		}
	}
}

func TestLoginDoesNotTellWhatWasWrongAndRunsBcryptOnceInAnyCase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	longest := strings.Repeat("a", 71) + "1"
	_, _, err := b.Register(t.Context(), account.Registration{Email: "long@example.com", Password: longest, Name: "Long"})
	if err != nil {
		t.Fatal(err)
	}
	runs := 0
	account.OnHash(b.Accounts, func() { runs++ })
	for _, try := range []struct{ name, email, password string }{
		{"wrong password", "long@example.com", "wrongPassword1"},
		{"no password", "long@example.com", ""},
		{"unknown e-mail", "nobody@example.com", longest},
		{"not an e-mail", "nobody", longest},
		{"bytes that are not text", "\x00\xff@example.com", longest},
		{"right up to where bcrypt stops reading", "long@example.com", longest + "x"},
		{"huge", "long@example.com", strings.Repeat(longest, 1000)},
	} {
		runs = 0
		_, _, err := b.Login(t.Context(), try.email, try.password)
		if err != account.ErrInvalidCredentials { //nolint:errorlint // bare, see above
			t.Errorf("%s: got error %v, want %v", try.name, err, account.ErrInvalidCredentials)
		}
		if runs != 1 {
			t.Errorf("%s: bcrypt ran %d times, want once", try.name, runs)
		}
	}
	runs = 0
	if _, _, err := b.Login(t.Context(), "long@example.com", longest); err != nil || runs != 1 {
		t.Errorf("right password: got error %v after %d runs, want none after 1", err, runs)
	}
	if bcrypt.CompareHashAndPassword([]byte(storedHash(t, b)), []byte(longest+"x")) != nil {
		t.Error("bcrypt reads further than 72 bytes by now; the guard against longer passwords proves nothing here")
	}
}

func TestTheDummyHashCostsWhatAStoredOneCosts(t *testing.T) {
	t.Parallel()
	b := setupWith(t, account.Options{Cost: bcrypt.MinCost + 1, WeakCost: true})
	b.register(t, "alice")
	dummy, err := bcrypt.Cost(account.DummyHash(b.Accounts))
	if err != nil {
		t.Fatal(err)
	}
	stored, err := bcrypt.Cost([]byte(storedHash(t, b)))
	if err != nil || dummy != stored || stored != bcrypt.MinCost+1 {
		t.Errorf("dummy costs %d, stored hash %d, %v; want %d both", dummy, stored, err, bcrypt.MinCost+1)
	}
}

func storedHash(t *testing.T, b bundle) (hash string) {
	t.Helper()
	if err := b.pool.QueryRow(t.Context(), `select password_hash from users limit 1`).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestAUserWhoIsDeletedDuringLoginIsNotSignedIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, _ := b.register(t, "alice")
	account.OnHash(b.Accounts, func() {
		if err := b.Delete(t.Context(), user.ID); err != nil {
			t.Error(err)
		}
	})
	_, _, err := b.Login(t.Context(), user.Email, goodPassword)
	wantErr(t, err, account.ErrInvalidCredentials)
}

func TestErrorsDoNotContainThePassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, _ := b.register(t, "alice")
	const secret = "hunter2hunter2"
	tooLong := strings.Repeat(secret, 6)
	var errs []error
	for _, password := range []string{secret, tooLong, secret[:7]} {
		_, _, registered := b.Register(t.Context(), account.Registration{Email: user.Email, Password: password, Name: "x"})
		_, _, again := b.Register(t.Context(), account.Registration{Email: user.Email, Password: password, Name: "Alice"})
		_, _, login := b.Login(t.Context(), user.Email, password)
		_, ensured := b.Ensure(t.Context(), account.User{Email: "new@example.com", Name: "x"}, password)
		errs = append(errs, registered, again, login, ensured)
	}
	b.pool.Close()
	_, _, registered := b.Register(t.Context(),
		account.Registration{Email: "new@example.com", Password: secret, Name: "Alice"})
	_, _, login := b.Login(t.Context(), user.Email, secret)
	errs = append(errs, registered, login)
	for i, err := range errs {
		if err == nil {
			t.Errorf("attempt %d went well, which this test does not expect", i)
		} else if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, secret[:7]) {
			t.Errorf("the error tells the password: %s", text)
		}
	}
}

func TestADatabaseFailureIsNotReportedAsWrongCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, tokens := b.register(t, "alice")
	b.pool.Close()
	_, _, login := b.Login(t.Context(), "alice@example.com", goodPassword)
	refresh := b.refreshErr(t, tokens.Refresh)
	for _, err := range []error{login, refresh, b.Logout(t.Context(), tokens.Refresh)} {
		if err == nil || errors.Is(err, account.ErrInvalidCredentials) || errors.Is(err, account.ErrInvalidToken) {
			t.Errorf("got error %v, want one of the database", err)
		}
	}
}
