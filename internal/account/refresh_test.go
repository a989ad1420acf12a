package account_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

const (
	leeway = 5 * time.Minute
	day    = 24 * time.Hour
)

func TestRefreshReturnsTheUserAndANewPair(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, first := b.register(t, "alice")
	b.clock.advance(16 * time.Minute)
	_, err := b.signer.ParseAccess(first.Access)
	wantErr(t, err, account.ErrTokenExpired)

	got, second, err := b.Refresh(t.Context(), first.Refresh)
	if err != nil || got != user {
		t.Fatalf("got %+v, %v, want %+v", got, err, user)
	}
	if claims, err := b.signer.ParseAccess(second.Access); err != nil || claims.UserID != user.ID {
		t.Errorf("new access token: %+v, %v", claims, err)
	}
	if second.Refresh == first.Refresh || !second.RefreshExpires.After(first.RefreshExpires) {
		t.Error("the refresh token is not a new one")
	}
	b.mustRefresh(t, second.Refresh)
}

func TestRefreshTellsWhatTheUserIsNow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, tokens := b.register(t, "alice")
	if _, err := b.pool.Exec(t.Context(), `update users set role = 'organizer', email = 'new@example.com'`); err != nil {
		t.Fatal(err)
	}
	claims, err := b.signer.ParseAccess(b.mustRefresh(t, tokens.Refresh).Access)
	if err != nil || claims.Role != account.Organizer || claims.Email != "new@example.com" {
		t.Errorf("got %+v, %v, want the new role and e-mail", claims, err)
	}
}

func TestAReusedRefreshTokenRevokesItsFamilyAndNoOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, first := b.register(t, "alice")
	_, otherDevice, err := b.Login(t.Context(), user.Email, goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	second := b.mustRefresh(t, first.Refresh)
	b.age(t, leeway+time.Second)

	reused := b.refreshErr(t, first.Refresh)
	wantErr(t, reused, account.ErrTokenReused)
	wantErr(t, reused, account.ErrInvalidToken)

	err = b.refreshErr(t, second.Refresh)
	wantErr(t, err, account.ErrInvalidToken)
	if errors.Is(err, account.ErrTokenReused) {
		t.Error("the revoked successor was called reused")
	}
	wantErr(t, b.refreshErr(t, first.Refresh), account.ErrInvalidToken)
	b.mustRefresh(t, otherDevice.Refresh)
}

func TestWithinTheLeewayTheSameSuccessorIsReturned(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, first := b.register(t, "alice")
	second := b.mustRefresh(t, first.Refresh)
	b.clock.advance(time.Minute)
	b.age(t, leeway-time.Minute)
	again := b.mustRefresh(t, first.Refresh)
	if again.Refresh != second.Refresh || !again.RefreshExpires.Equal(second.RefreshExpires) {
		t.Error("got another successor, want the same")
	}
	if _, err := b.signer.ParseAccess(again.Access); err != nil || again.Access == second.Access {
		t.Errorf("want an access token of this moment: %v", err)
	}
	if n := b.count(t, "refresh_tokens"); n != 2 {
		t.Errorf("got %d rows, want 2", n)
	}
	b.mustRefresh(t, second.Refresh)
}

// age makes the use of refresh tokens older, by the database's clock.
func (b bundle) age(tb testing.TB, by time.Duration) {
	tb.Helper()
	if _, err := b.pool.Exec(tb.Context(), `update refresh_tokens set used_at = used_at - $1::interval`, by); err != nil {
		tb.Fatal(err)
	}
}

// The clock of a process does not matter: one is an hour ahead.
func TestALostAnswerSignsNobodyOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, first := b.register(t, "alice")
	lost := b.mustRefresh(t, first.Refresh)
	b.age(t, time.Minute)
	b.clock.advance(time.Hour)
	again := b.mustRefresh(t, first.Refresh)
	if again.Refresh != lost.Refresh {
		t.Error("got another successor, want the one that was lost")
	}
	b.age(t, time.Minute)
	next := b.mustRefresh(t, again.Refresh)
	wantErr(t, b.refreshErr(t, first.Refresh), account.ErrTokenReused) // its successor was used
	wantErr(t, b.refreshErr(t, next.Refresh), account.ErrInvalidToken)
}

func TestWithinTheLeewayATokenWhoseSuccessorWasUsedIsReused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, first := b.register(t, "alice")
	third := b.mustRefresh(t, b.mustRefresh(t, first.Refresh).Refresh)
	b.clock.advance(time.Second)
	wantErr(t, b.refreshErr(t, first.Refresh), account.ErrTokenReused)
	wantErr(t, b.refreshErr(t, third.Refresh), account.ErrInvalidToken)
}

func TestFiveTabsAtOnceGetOneSuccessor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, first := b.register(t, "alice")
	var successors [5]string
	for _, err := range atOnce(len(successors), func(i int) error {
		_, tokens, err := b.Refresh(t.Context(), first.Refresh)
		successors[i] = tokens.Refresh
		return err
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range successors {
		if s != successors[0] {
			t.Errorf("got successors that differ: %q", successors)
		}
	}
	if n := b.count(t, "refresh_tokens"); n != 2 {
		t.Errorf("got %d rows, want the first and its one successor", n)
	}
	b.mustRefresh(t, successors[0])
}

// The negative control of the test above: without leeway, tabs at once look like theft.
func TestWithoutLeewayFiveTabsAtOnceRevokeTheFamily(t *testing.T) {
	t.Parallel()
	b := setupWith(t, account.Options{ReuseLeeway: -1})
	_, first := b.register(t, "alice")
	var winner string
	oneWins(t, account.ErrInvalidToken, atOnce(5, func(int) error {
		_, tokens, err := b.Refresh(t.Context(), first.Refresh)
		if err == nil {
			winner = tokens.Refresh // at most one writes
		}
		return err
	}))
	wantErr(t, b.refreshErr(t, winner), account.ErrInvalidToken)
}

func TestLogoutRevokesTheFamilyAndMayBeRepeated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, first := b.register(t, "alice")
	_, otherDevice, err := b.Login(t.Context(), user.Email, goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	second := b.mustRefresh(t, first.Refresh)
	for range 2 {
		if err := b.Logout(t.Context(), second.Refresh); err != nil {
			t.Fatal(err)
		}
	}
	wantErr(t, b.refreshErr(t, second.Refresh), account.ErrInvalidToken)
	wantErr(t, b.refreshErr(t, first.Refresh), account.ErrInvalidToken) // within the leeway, but revoked
	b.mustRefresh(t, otherDevice.Refresh)
	for _, nonsense := range []string{"", "nonsense", second.Access, second.Refresh + "x"} {
		if err := b.Logout(t.Context(), nonsense); err != nil {
			t.Errorf("log out with %.20q: %v", nonsense, err)
		}
	}
}

func TestLogoutWithAnOlderTokenOfTheFamilyRevokesItToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, first := b.register(t, "alice")
	b.clock.advance(6 * day)
	second := b.mustRefresh(t, first.Refresh)
	b.clock.advance(2 * day) // the first is expired by now
	if err := b.Logout(t.Context(), first.Refresh); err != nil {
		t.Fatal(err)
	}
	wantErr(t, b.refreshErr(t, second.Refresh), account.ErrInvalidToken)
}

func TestNoTokenSurvivesALogoutThatRacesWithARefresh(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, tokens := b.register(t, "alice")
	for round := range 25 {
		var next account.Tokens
		for i, err := range atOnce(2, func(i int) (err error) {
			if i == 0 {
				return b.Logout(t.Context(), tokens.Refresh)
			}
			_, next, err = b.Refresh(t.Context(), tokens.Refresh)
			return err
		}) {
			if err != nil && (i == 0 || !errors.Is(err, account.ErrInvalidToken)) {
				t.Fatal(err)
			}
		}
		if next.Refresh != "" {
			if err := b.refreshErr(t, next.Refresh); !errors.Is(err, account.ErrInvalidToken) {
				t.Fatalf("round %d: after the logout the new token got %v, want %v", round, err, account.ErrInvalidToken)
			}
		}
		var err error
		if _, tokens, err = b.Login(t.Context(), "alice@example.com", goodPassword); err != nil {
			t.Fatal(err)
		}
	}
}

// Both wait for the lock of the user, which PostgreSQL grants in the order of the requests.
func TestALogoutIsNotUndoneByARefreshInFlight(t *testing.T) {
	t.Parallel()
	for _, order := range [][]string{{"refresh", "logout"}, {"logout", "refresh"}} {
		t.Run(order[0]+" first", func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			user, tokens := b.register(t, "alice")
			lock, err := b.pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer lock.Rollback(t.Context()) //nolint:errcheck // it is over already, unless the test has failed
			if _, err := lock.Exec(t.Context(), `select from users where id = $1 for no key update`, user.ID); err != nil {
				t.Fatal(err)
			}
			var next account.Tokens
			var refreshErr, logoutErr error
			var both sync.WaitGroup
			for i, what := range order {
				both.Go(func() {
					if what == "refresh" {
						_, next, refreshErr = b.Refresh(t.Context(), tokens.Refresh)
					} else {
						logoutErr = b.Logout(t.Context(), tokens.Refresh)
					}
				})
				waittest.For(t, what+" waits for the lock", func() bool { return b.waiting(t) == i+1 })
			}
			if err := lock.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			both.Wait()
			if logoutErr != nil {
				t.Fatal(logoutErr)
			}
			if order[0] == "refresh" {
				if refreshErr != nil {
					t.Fatal(refreshErr)
				}
				wantErr(t, b.refreshErr(t, next.Refresh), account.ErrInvalidToken)
			} else {
				wantErr(t, refreshErr, account.ErrInvalidToken)
			}
			wantErr(t, b.refreshErr(t, tokens.Refresh), account.ErrInvalidToken) // within the leeway, but revoked
			var live int
			err = b.pool.QueryRow(t.Context(), `select count(*) from refresh_tokens where revoked_at is null`).Scan(&live)
			if err != nil || live != 0 {
				t.Errorf("%d tokens are not revoked, %v", live, err)
			}
		})
	}
}

// waiting is how many statements of this database wait for a lock.
func (b bundle) waiting(tb testing.TB) (n int) {
	tb.Helper()
	err := b.pool.QueryRow(tb.Context(), `
		select count(*)
		from pg_stat_activity
		where datname = current_database() and wait_event_type = 'Lock'`).Scan(&n)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

func TestRefreshTokenExpiresAfter7Days(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, tokens := b.register(t, "alice")
	b.clock.advance(tokens.RefreshExpires.Sub(b.clock.Now()) - time.Nanosecond)
	second := b.mustRefresh(t, tokens.Refresh)
	b.clock.advance(second.RefreshExpires.Sub(b.clock.Now()))
	wantErr(t, b.refreshErr(t, second.Refresh), account.ErrTokenExpired)
}

func TestRotationKeepsASignInAliveFor30DaysAtMost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, tokens := b.register(t, "alice")
	end := b.clock.Now().Truncate(time.Second).Add(30 * day)
	for range 4 {
		b.clock.advance(6 * day)
		tokens = b.mustRefresh(t, tokens.Refresh)
	}
	if !tokens.RefreshExpires.Equal(end) {
		t.Errorf("after 24 days the token expires at %s, want %s", tokens.RefreshExpires, end)
	}
	b.clock.advance(end.Sub(b.clock.Now()) - time.Nanosecond)
	tokens = b.mustRefresh(t, tokens.Refresh)
	b.clock.advance(time.Nanosecond)
	wantErr(t, b.refreshErr(t, tokens.Refresh), account.ErrTokenExpired)
	if _, _, err := b.Login(t.Context(), "alice@example.com", goodPassword); err != nil {
		t.Errorf("signing in again: %v", err)
	}
}

func TestDeleteExpiredRemovesOnlyWhatIsOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, first := b.register(t, "alice")
	b.mustRefresh(t, first.Refresh)
	b.register(t, "bob")
	b.clock.advance(5 * day)
	_, fresh := b.register(t, "carol")
	if n, err := b.DeleteExpired(t.Context()); err != nil || n != 0 {
		t.Fatalf("after 5 days: removed %d, %v, want none", n, err)
	}
	b.clock.advance(2 * day)
	if n, err := b.DeleteExpired(t.Context()); err != nil || n != 3 {
		t.Fatalf("after 7 days: removed %d, %v, want 3", n, err)
	}
	b.mustRefresh(t, fresh.Refresh)
}

func TestAForgedRefreshTokenIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, tokens := b.register(t, "alice")
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(tokens.Refresh, claims); err != nil {
		t.Fatal(err)
	}
	other, _ := b.register(t, "bob")
	for name, token := range map[string]string{
		"empty":                            "",
		"nonsense":                         "a.b.c",
		"access token":                     tokens.Access,
		"made with the access secret":      mint(t, accessSecret, claims),
		"made with another secret":         mint(t, "another secret, also 32 bytes long", claims),
		"right secret, but not handed out": mint(t, refreshSecret, with(claims, "jti", user.ID.String())),
		"somebody else's":                  mint(t, refreshSecret, with(claims, "sub", other.ID.String())),
		"for another audience":             mint(t, refreshSecret, with(claims, "aud", "boxoffice-api")),
		"of another issuer":                mint(t, refreshSecret, with(claims, "iss", "elsewhere")),
		"signature cut off":                tokens.Refresh[:len(tokens.Refresh)-43],
	} {
		if err := b.refreshErr(t, token); !errors.Is(err, account.ErrInvalidToken) || errors.Is(err, account.ErrTokenReused) {
			t.Errorf("%s: got error %v, want %v", name, err, account.ErrInvalidToken)
		}
	}
	b.mustRefresh(t, tokens.Refresh) // none of them revoked it
}

func TestRefreshSecretRotation(t *testing.T) {
	t.Parallel()
	const newSecret = "the next refresh secret of the tests"
	before := setup(t)
	during := before.process(t, account.Secrets{Refresh: []string{newSecret, refreshSecret}})
	after := before.process(t, account.Secrets{Refresh: []string{newSecret}})

	_, first := before.register(t, "alice")
	second := during.mustRefresh(t, first.Refresh) // the previous secret is accepted, the current one signs
	wantErr(t, before.refreshErr(t, second.Refresh), account.ErrInvalidToken)
	third := after.mustRefresh(t, second.Refresh)
	during.mustRefresh(t, third.Refresh)

	_, old := before.register(t, "bob")
	wantErr(t, after.refreshErr(t, old.Refresh), account.ErrInvalidToken) // the previous secret was taken off the list
	during.mustRefresh(t, old.Refresh)
}

func TestTheSameSuccessorIsReturnedAcrossASecretRotation(t *testing.T) {
	t.Parallel()
	const newSecret = "the next refresh secret of the tests"
	before := setup(t)
	during := before.process(t, account.Secrets{Refresh: []string{newSecret, refreshSecret}})

	_, first := before.register(t, "alice")
	second := before.mustRefresh(t, first.Refresh)
	if again := during.mustRefresh(t, first.Refresh); again.Refresh != second.Refresh {
		t.Error("the process with the new secret returned another successor, want the one that the previous secret signed")
	}

	third := during.mustRefresh(t, second.Refresh)
	err := before.refreshErr(t, second.Refresh)
	if !errors.Is(err, account.ErrInvalidToken) || errors.Is(err, account.ErrTokenReused) {
		t.Errorf("a process without the new secret: got error %v, want a plain %v", err, account.ErrInvalidToken)
	}
	during.mustRefresh(t, third.Refresh) // and nothing was revoked
}
