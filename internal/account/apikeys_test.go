package account_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/boxoffice/boxoffice/internal/account"
	"github.com/boxoffice/boxoffice/internal/dbtest"
	"github.com/boxoffice/boxoffice/internal/waittest"
)

func fieldsOf(err error) (fields []string) {
	var invalid *account.InvalidError
	if errors.As(err, &invalid) {
		for _, f := range invalid.Fields {
			fields = append(fields, f.Field)
		}
	}
	return fields
}

// newKey makes a key of the user, with every scope unless some are named.
func (b bundle) newKey(t *testing.T, user uuid.UUID, scopes ...account.Scope) (account.APIKey, string) {
	t.Helper()
	if len(scopes) == 0 {
		scopes = account.Scopes()
	}
	key, text, err := b.CreateKey(t.Context(), user, account.NewKey{Name: "a program", Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return key, text
}

// lookups counts the searches for keys.
type lookups struct{ atomic.Int64 }

func (l *lookups) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if strings.Contains(q.SQL, "key_hash = $1") {
		l.Add(1)
	}
	return ctx
}

func (*lookups) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func counted(t *testing.T) (bundle, *lookups) {
	t.Helper()
	l := new(lookups)
	b := setup(t)
	b.pool = dbtest.Connect(t, b.pool.Config().ConnString(), func(c *pgxpool.Config) { c.ConnConfig.Tracer = l })
	return b.process(t, account.Secrets{}), l
}

// admits tells whether a key is accepted.
func (b bundle) admits(t *testing.T, key string) bool {
	t.Helper()
	_, err := b.ParseKey(t.Context(), key)
	return err == nil
}

func TestAKeyStandsForItsUserWithItsScopes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, _ := b.register(t, "ann")
	key, text := b.newKey(t, ann.ID, account.ScopeBook, account.ScopeRead, account.ScopeBook)
	claims, err := b.ParseKey(t.Context(), text)
	if err != nil || claims.UserID != ann.ID || claims.Email != ann.Email || claims.Role != account.Customer ||
		claims.KeyID != key.ID || !claims.ExpiresAt.Equal(b.clock.Now().Truncate(time.Microsecond).Add(account.AccessTTL)) {
		t.Errorf("got %+v, %v", claims, err)
	}
	for _, scope := range account.Scopes() {
		want := scope == account.ScopeRead || scope == account.ScopeBook
		if claims.Allows(scope) != want {
			t.Errorf("%s is allowed: %v, want %v", scope, !want, want)
		}
	}
	if slices.ContainsFunc([]string{"", "unknown"}, func(s string) bool { return claims.Allows(account.Scope(s)) }) {
		t.Error("the key can be used for what has no scope")
	}
	if strings.Contains(b.dump(t), text) {
		t.Error("the database holds the key")
	}
}

// Scanners for leaked secrets go by this expression and the checksum.
func TestKeysHaveTheDocumentedForm(t *testing.T) {
	t.Parallel()
	b, asked := counted(t)
	ann, _ := b.register(t, "ann")
	key, text := b.newKey(t, ann.ID)
	if !regexp.MustCompile(`^bx_live_[0-9A-Za-z]{49}$`).MatchString(text) || key.Prefix != text[:12] {
		t.Errorf("got %q, shown as %q", text, key.Prefix)
	}
	mistyped := []byte(text)
	mistyped[20] ^= 1
	for _, wrong := range []string{"", "bx_live_", text[:len(text)-1], text + "0", string(mistyped), "bx_test_" + text[8:],
		strings.ToUpper(text), "bx_live_" + strings.Repeat("0", 49), "bx_live_" + strings.Repeat("é", 49)} {
		_, err := b.ParseKey(t.Context(), wrong)
		wantErr(t, err, account.ErrInvalidToken)
	}
	if asked := asked.Load(); asked != 0 {
		t.Errorf("keys that can't be right were looked up %d times", asked)
	}
	_, err := b.ParseKey(t.Context(), account.MakeKey())
	wantErr(t, err, account.ErrInvalidToken)
	if asked := asked.Load(); asked != 1 {
		t.Errorf("an unknown key took %d look-ups, want 1", asked)
	}
	if b.KnowsKey(account.MakeKey()) || b.KnowsKey(text) {
		t.Error("a key is known that was not used")
	}
}

func TestAKeyIsLookedUpOnceASecond(t *testing.T) {
	t.Parallel()
	b, asked := counted(t)
	ann, _ := b.register(t, "ann")
	_, text := b.newKey(t, ann.ID)
	for _, err := range atOnce(50, func(int) error { _, err := b.ParseKey(t.Context(), text); return err }) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if asked := asked.Load(); asked != 1 {
		t.Errorf("50 requests took %d look-ups, want 1", asked)
	}
	b.clock.advance(time.Second - time.Microsecond)
	if !b.admits(t, text) || asked.Load() != 1 {
		t.Error("it was looked up again within the second")
	}
	b.clock.advance(time.Microsecond)
	if !b.admits(t, text) || asked.Load() != 2 {
		t.Error("it was not looked up after a second")
	}
}

func TestWhatEndsAKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(b bundle, u account.User, key account.APIKey) error
		ends   bool
	}{
		"it is revoked": {func(b bundle, u account.User, key account.APIKey) error {
			return b.RevokeKey(t.Context(), u.ID, key.ID)
		}, true},
		"the account is deleted": {func(b bundle, u account.User, _ account.APIKey) error {
			return b.Delete(t.Context(), u.ID)
		}, true},
		"an operator revokes": {func(b bundle, u account.User, _ account.APIKey) error {
			return b.EndAllSessions(t.Context(), u.ID)
		}, true},
		"the other sessions end": {func(b bundle, u account.User, _ account.APIKey) error {
			return b.EndOtherSessions(t.Context(), u.ID, uuid.New())
		}, false},
		"the password is changed": {func(b bundle, u account.User, _ account.APIKey) error {
			_, _, err := b.ChangePassword(t.Context(), u.ID, goodPassword, "another passw0rt")
			return err
		}, false},
		"the password is set": {func(b bundle, u account.User, _ account.APIKey) error {
			return b.SetPassword(t.Context(), u.ID, "another passw0rt")
		}, false},
		"the role is changed": {func(b bundle, u account.User, _ account.APIKey) error {
			return b.SetRole(t.Context(), u.ID, account.Auditor)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			other := b.process(t, account.Secrets{}) // which reads no revocations
			ann, _ := b.register(t, "ann")
			bob, _ := b.register(t, "bob")
			key, text := b.newKey(t, ann.ID)
			_, bobs := b.newKey(t, bob.ID)
			if !b.admits(t, text) || !other.admits(t, text) {
				t.Fatal("the key is refused before the change")
			}
			if err := c.change(b, ann, key); err != nil {
				t.Fatal(err)
			}
			if b.admits(t, text) == c.ends {
				t.Errorf("the process that made the change accepts the key: %v", c.ends)
			}
			b.clock.advance(time.Second)
			if other.admits(t, text) == c.ends {
				t.Errorf("another process accepts the key after a second: %v", c.ends)
			}
			if !b.admits(t, bobs) || !other.admits(t, bobs) {
				t.Error("somebody else's key is refused")
			}
		})
	}
}

func TestAKeyHasTheRoleOfItsUserAtTheMoment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, _ := b.register(t, "ann")
	_, text := b.newKey(t, ann.ID)
	if !b.admits(t, text) {
		t.Fatal("the key is refused")
	}
	if err := b.SetRole(t.Context(), ann.ID, account.Organizer); err != nil {
		t.Fatal(err)
	}
	claims, err := b.ParseKey(t.Context(), text)
	if err != nil || claims.Role != account.Organizer || b.IsRevoked(claims) {
		t.Errorf("got %+v, %v, want an organizer at once", claims, err)
	}
}

// A WebSocket asks so, of claims that it got when it was opened.
func TestAnotherProcessLearnsThatAKeyWasRevoked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.watched(t)
	ann, _ := b.register(t, "ann")
	key, text := b.newKey(t, ann.ID)
	_, still := b.newKey(t, ann.ID)
	claims, err := other.ParseKey(t.Context(), text)
	stillClaims, err2 := other.ParseKey(t.Context(), still)
	if err != nil || err2 != nil || other.IsRevoked(claims) {
		t.Fatalf("got %+v, %v, %v", claims, err, err2)
	}
	if err := b.RevokeKey(t.Context(), ann.ID, key.ID); err != nil {
		t.Fatal(err)
	}
	if !b.IsRevoked(claims) {
		t.Error("the process that revoked the key does not know")
	}
	waittest.For(t, "the other process knows", func() bool { return other.IsRevoked(claims) })
	if other.IsRevoked(stillClaims) {
		t.Error("another key of the user is revoked too")
	}
	err = b.RevokeKey(t.Context(), ann.ID, key.ID)
	wantErr(t, err, account.ErrNoKey)
	err = b.RevokeKey(t.Context(), uuid.New(), key.ID)
	wantErr(t, err, account.ErrNoKey)
}

func TestAKeyExpires(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, _ := b.register(t, "ann")
	at := b.clock.Now().Add(time.Minute)
	wanted := account.NewKey{Name: " until then ", Scopes: account.Scopes(), ExpiresAt: &at}
	key, text, err := b.CreateKey(t.Context(), ann.ID, wanted)
	if err != nil || key.Name != "until then" {
		t.Fatalf("got %+v, %v", key, err)
	}
	claims, err := b.ParseKey(t.Context(), text)
	if err != nil || !claims.ExpiresAt.Equal(*key.ExpiresAt) {
		t.Errorf("got %+v, %v, want it to end at %s", claims, err, at)
	}
	b.clock.advance(time.Minute)
	_, err = b.ParseKey(t.Context(), text)
	wantErr(t, err, account.ErrTokenExpired)

	if keys, err := b.Keys(t.Context(), ann.ID, false); err != nil || len(keys) != 1 {
		t.Errorf("got %v, %v, want the key in the list still", keys, err)
	}
	b.clock.advance(91 * 24 * time.Hour)
	if _, err := b.DeleteExpired(t.Context()); err != nil || b.count(t, "api_keys") != 0 {
		t.Errorf("the key is there for ever: %v", err)
	}
}

func TestTheLastUseOfAKeyIsKnownToAMinute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, _ := b.register(t, "ann")
	_, text := b.newKey(t, ann.ID)
	lastUse := func() *time.Time {
		t.Helper()
		keys, err := b.Keys(t.Context(), ann.ID, false)
		if err != nil || len(keys) != 1 {
			t.Fatalf("got %v, %v", keys, err)
		}
		return keys[0].LastUsedAt
	}
	if at := lastUse(); at != nil {
		t.Errorf("it was used at %s before it was", at)
	}
	if !b.admits(t, text) {
		t.Fatal("the key is refused")
	}
	first := lastUse()
	if first == nil || !first.Equal(b.clock.Now().Truncate(time.Microsecond)) {
		t.Fatalf("got %v, want now", first)
	}
	b.clock.advance(59 * time.Second)
	if !b.admits(t, text) || !lastUse().Equal(*first) {
		t.Error("it was written within the minute")
	}
	b.clock.advance(time.Second)
	if !b.admits(t, text) || lastUse().Equal(*first) {
		t.Error("it was not written after a minute")
	}
}

// While nothing can be written, keys work for what reads.
func TestAKeyIsAcceptedWhileTheDatabaseIsReadOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, _ := b.register(t, "ann")
	_, text := b.newKey(t, ann.ID)
	if _, err := b.pool.Exec(t.Context(), `
		do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$`,
	); err != nil {
		t.Fatal(err)
	}
	b.pool.Reset()
	if !b.admits(t, text) {
		t.Error("the key is refused")
	}
}

func TestAUserHasTwentyKeysAtMost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, _ := b.register(t, "ann")
	refused := 0
	errs := atOnce(25, func(i int) error {
		_, _, err := b.CreateKey(t.Context(), ann.ID, account.NewKey{Name: fmt.Sprint(i), Scopes: account.Scopes()})
		return err
	})
	for _, err := range errs {
		if err != nil {
			wantErr(t, err, account.ErrTooManyKeys)
			refused++
		}
	}
	keys, err := b.Keys(t.Context(), ann.ID, false)
	if err != nil || refused != 5 || len(keys) != 20 {
		t.Fatalf("%d were refused, and there are %d, %v", refused, len(keys), err)
	}
	if err := b.RevokeKey(t.Context(), ann.ID, keys[0].ID); err != nil {
		t.Fatal(err)
	}
	b.newKey(t, ann.ID)
	if all, err := b.Keys(t.Context(), ann.ID, true); err != nil || len(all) != 21 {
		t.Errorf("got %d keys with the one that was revoked, %v", len(all), err)
	}
}

func TestAKeyNeedsANameScopesAndATimeToCome(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, _ := b.register(t, "ann")
	past := b.clock.Now()
	for field, wrong := range map[string]account.NewKey{
		"name":      {Name: " ", Scopes: account.Scopes()},
		"scopes":    {Name: "a"},
		"expiresAt": {Name: "a", Scopes: account.Scopes(), ExpiresAt: &past},
	} {
		_, _, err := b.CreateKey(t.Context(), ann.ID, wrong)
		if got := fieldsOf(err); !slices.Equal(got, []string{field}) {
			t.Errorf("%+v: got %v, want an error about %s", wrong, err, field)
		}
	}
	for _, wrong := range []account.NewKey{
		{Name: strings.Repeat("a", 101), Scopes: account.Scopes()}, {Name: "a\nb", Scopes: account.Scopes()},
		{Name: "a", Scopes: []account.Scope{account.ScopeRead, "everything"}},
	} {
		if _, _, err := b.CreateKey(t.Context(), ann.ID, wrong); len(fieldsOf(err)) != 1 {
			t.Errorf("%+v: got %v", wrong, err)
		}
	}
	_, _, err := b.CreateKey(t.Context(), uuid.New(), account.NewKey{Name: "a", Scopes: account.Scopes()})
	wantErr(t, err, account.ErrNotFound)
}
